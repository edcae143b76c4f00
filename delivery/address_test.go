package delivery

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// TestAddresses: which addresses a connection may go to, in every form in which
// one can be written.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		addresses, want string
	}{
		{"1.1.1.1 8.8.8.8 99.255.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.167.255.255 198.20.0.0 223.255.255.255", ""},
		{"2606:4700::1111 2a00:1450:4001::1 2001:200:: 64:ff9b::808:808 ::ffff:8.8.8.8", ""},
		{"127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::7f00:1 64:ff9b::127.0.0.1", "loopback"},
		{"10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 fd00:: fc00::1 fd00:ec2::254 ::ffff:192.168.1.1 64:ff9b::a00:1", "private"},
		{"169.254.169.254 169.254.0.1 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe", "link-local"},
		{"100.64.0.1 100.127.255.255 100.100.100.200 ::ffff:100.64.0.1", "carrier's private"},
		{"168.63.129.16 64:ff9b::a83f:8110", "cloud metadata"},
		{"0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0", "unspecified"},
		{"224.0.0.1 239.255.255.255 ff02::1 ff0e::1", "multicast"},
		{"198.18.0.1 198.19.255.255", "benchmark"},
		{"192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1", "documentation"},
		{"192.0.0.192 192.88.99.1 240.0.0.1 255.255.255.255 2001:2::1 2001::1 2002:7f00:1::1", "reserved"},
		{"::7f00:1 ::ffff:0:7f00:1 64:ff9b:1::7f00:1 100::1 5f00::1 fec0::1 4000::1", "reserved"},
	} {
		for _, text := range strings.Fields(c.addresses) {
			addr := netip.MustParseAddr(text)
			if got := refusal(addr); got != c.want {
				t.Errorf("%s: %q, want %q", text, got, c.want)
			}
			if err := guard("tcp", netip.AddrPortFrom(addr, 443).String(), nil); (err != nil) != (c.want != "") {
				t.Errorf("%s: guard says %v", text, err)
			}
		}
	}
	if err := guard("unix", "/run/docker.sock", nil); err == nil {
		t.Error("guard lets through what is no IP address")
	}
}

// TestCheckURL: what an admin hears who registers an endpoint. In the second
// list, want is what is said if only public addresses are allowed.
func TestCheckURL(t *testing.T) {
	long := "https://example.com/" + strings.Repeat("a", maxURL)
	for _, c := range []struct{ urls, want string }{
		{"https://example.com https://example.com:8443/a?b=c https://8.8.8.8/ https://[2606:4700::1111]/ https://müller.example/h HTTPS://EXAMPLE.COM", ""},
		{long, "has 2068 bytes; at most 2048"},
		{"https://[::1 https://example.com:port/ https://%zz/ https://example.com/\x7f https://[fe80::1%25eth0", "not a URL"},
		{"example.com /hooks ftp://example.com mailto:a@example.com file:///etc/passwd //example.com javascript:alert(1)", "must begin with https://"},
		{"https:///hooks https: https://:443/ https:example.com", "no host"},
		{"https://user@example.com https://user:pass@example.com https://@example.com https://:@example.com", "leave them out"},
		{"https://example.com/#top https://example.com/#", "fragment"},
		{"https://example.com:0/ https://example.com:65536/ https://example.com:443443/", "port"},
	} {
		for _, raw := range strings.Fields(c.urls) {
			for _, allow := range []bool{true, false} {
				checkSays(t, raw, allow, c.want)
			}
		}
	}
	checkSays(t, "https://example.com/a b", true, "not a URL")
	checkSays(t, "", true, "must begin with https://")
	for _, c := range []struct{ urls, want string }{
		{"http://example.com/", "use https"},
		{"https://localhost/ https://LOCALHOST:8443/ https://a.localhost/ https://localhost./", "this machine"},
		{"https://127.0.0.1/ https://127.0.0.1./ https://[::1]/ https://[::ffff:127.0.0.1]/ https://[64:ff9b::7f00:1]/", "a loopback address"},
		{"https://10.1.2.3/ https://[fd00::1]/ https://192.168.0.1:8080/", "a private address"},
		{"https://169.254.169.254/latest/meta-data/", "a link-local address"},
		{"https://[fe80::1%25eth0]/", "a link-local address"},
		{"https://0x7f000001/ https://2130706433/ https://127.1/ https://0177.0.0.1/ https://127.0.0.0x1/ https://1.2.3.4.5/ https://256.0.0.1/", "is a number"},
	} {
		for _, raw := range strings.Fields(c.urls) {
			checkSays(t, raw, true, "")
			checkSays(t, raw, false, c.want)
		}
	}
}

func checkSays(t *testing.T, raw string, allow bool, want string) {
	t.Helper()
	switch err := CheckURL(raw, allow); {
	case (err != nil) != (want != ""):
		t.Errorf("%q, private allowed %v: %v, want %q", raw, allow, err, want)
	case err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("%q, private allowed %v: %v, want %q", raw, allow, err, want)
	}
}

// FuzzCheckURL: what is let through has the shape that Deliver relies on, and
// no error repeats a token.
func FuzzCheckURL(f *testing.F) {
	for _, raw := range []string{"https://example.com/", "https://u:p@h/", "https://[::ffff:127.0.0.1]:1/", "https://0x7f.1/", "//", "https://a#", "http://[fe80::1%25e]"} {
		f.Add(raw)
	}
	const token = "hunter2secret"
	f.Fuzz(func(t *testing.T, raw string) {
		if err := CheckURL(raw+"?token="+token, false); err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("the error holds the token: %v", err)
		}
		if CheckURL(raw, false) != nil {
			return
		}
		if err := CheckURL(raw, true); err != nil {
			t.Errorf("allowed in public, refused in private: %v", err)
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(raw) > maxURL {
			t.Fatalf("let through: %+v %v", u, err)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && refusal(addr) != "" {
			t.Errorf("let through: %s", addr)
		}
	})
}
