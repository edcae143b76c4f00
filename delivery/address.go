package delivery

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

const maxURL = 2048

// CheckURL says what is wrong with the URL that an admin registers for a
// webhook, or returns nil. It looks at the text alone; what a host name
// resolves to is checked at each delivery. With allowPrivate, http and
// addresses that are not public are allowed. No error repeats the URL, which
// may hold a token.
func CheckURL(raw string, allowPrivate bool) error {
	if len(raw) > maxURL {
		return fmt.Errorf("the URL has %d bytes; at most %d are allowed", len(raw), maxURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || strings.Contains(raw, " "):
		return errors.New("this is not a URL; write it like https://example.com/hooks")
	case u.Scheme == "http" && !allowPrivate:
		return errors.New("http is not encrypted; use https")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the URL must begin with https://")
	case u.Hostname() == "":
		return errors.New("the URL has no host; write it like https://example.com/hooks")
	case u.User != nil:
		return errors.New("the URL holds a user name or password; leave them out, every delivery is signed instead")
	case strings.Contains(raw, "#"):
		return errors.New("the URL has a fragment (#...), which is never sent; leave it out")
	case !portOK(u.Port()):
		return errors.New("the port of the URL is not between 1 and 65535")
	case allowPrivate:
		return nil
	}
	return checkHost(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."))
}

func portOK(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// checkHost refuses hosts that need no resolver to be known as not public, and
// numbers that some resolvers take for an IPv4 address (0x7f000001, 127.1).
func checkHost(host string) error {
	last := host[strings.LastIndexByte(host, '.')+1:]
	number := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost"):
		return errors.New("the URL points to this machine; deliveries go to public addresses only")
	case err == nil && addr.Zone() != "":
		return errors.New("the URL points to a link-local address; deliveries go to public addresses only")
	case err == nil && refusal(addr) != "":
		return fmt.Errorf("the URL points to %s, a %s address; deliveries go to public addresses only", addr, refusal(addr))
	case err != nil && number:
		return errors.New("the host of the URL is a number; write a name, or an IPv4 address like 192.0.2.1")
	}
	return nil
}

// errNotPublic is what guard refuses with.
var errNotPublic = errors.New("the address is not public")

// guard is a net.Dialer's Control. It sees the address that is about to be
// connected to, so no resolver can answer one thing to a check and another to
// the connection.
func guard(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || refusal(ap.Addr()) != "" {
		return errNotPublic
	}
	return nil
}

// A network is a range that no delivery may go to.
type network struct {
	prefix netip.Prefix
	what   string
}

// refused are the special-purpose ranges of RFC 6890 and its registries, and
// what clouds put on public addresses for their machines alone.
var refused = []network{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier's private"}, // RFC 6598; Alibaba's metadata
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "cloud metadata"}, // Azure
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},       // most clouds' metadata
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"}, // Oracle's metadata
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "reserved"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmark"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("2001::/23"), "reserved"}, // Teredo, benchmark, ORCHID
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "reserved"}, // 6to4: any IPv4 address within
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("fc00::/7"), "private"}, // AWS's and Google's metadata
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: ends with an IPv4 address
	global = netip.MustParsePrefix("2000::/3")     // all that IANA has given to IPv6 unicast
)

// refusal says what kind of address a delivery may not go to; "": it is public.
func refusal(addr netip.Addr) string {
	addr = addr.WithZone("").Unmap()
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, n := range refused {
		if n.prefix.Contains(addr) {
			return n.what
		}
	}
	if addr.Is6() && !global.Contains(addr) {
		return "reserved"
	}
	return ""
}
