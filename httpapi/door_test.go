package httpapi

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/metrics"
)

// dial opens a connection that the test's end closes.
func (r *rig) dial() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// inside returns a connection that was let in.
func (r *rig) inside() net.Conn {
	r.t.Helper()
	c := r.dial()
	if a := r.on(c, "GET", "/healthz"); a.status != 200 {
		r.t.Fatalf("a connection within the bounds: %d", a.status)
	}
	return c
}

// on sends a request on a connection and reads the answer.
func (r *rig) on(c net.Conn, method, target string) answer {
	r.t.Helper()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, target)
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		r.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body), res.Close}
}

// TestTooManyConnections: those beyond a bound hear why, in our own words, and
// are counted; when one leaves, the next is let in.
func TestTooManyConnections(t *testing.T) {
	for _, c := range []struct {
		reason        string
		most, mostAtI int // connections in all, and of one address
		status        int
	}{
		{"connections", 3, 0, 503},
		{"connections_per_ip", 100, 3, 429},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m := metrics.New("test", "test")
			r := newRig(t, func(cfg *Config) {
				cfg.MaxConnections, cfg.MaxConnectionsPerIP, cfg.Metrics, cfg.ServeMetrics = c.most, c.mostAtI, m, true
			})
			first, second := r.inside(), r.inside()
			r.inside()
			for range 2 {
				a := r.on(r.dial(), "GET", "/scim/v2/Users")
				if a.status != c.status || !a.closed || a.header.Get("Retry-After") != "1" || a.header.Get("X-Request-Id") == "" ||
					a.header.Get("Content-Type") != scimJSON || !strings.Contains(a.body, fmt.Sprintf(`"status":"%d"`, c.status)) {
					t.Errorf("one too many: %d %v %s", a.status, a.header, a.body)
				}
			}
			want := fmt.Sprintf(`rosterd_rejections_total{reason="%s"} 2`, c.reason)
			if text := r.on(second, "GET", "/metrics").body; !strings.Contains(text, want) {
				t.Errorf("metrics are without %s", want)
			}
			first.Close()
			for { // until the server has noticed; the test's own time limit ends it
				if a := r.on(r.dial(), "GET", "/healthz"); a.status == 200 {
					break
				}
			}
		})
	}
}

// A listener that has no file descriptors left for a while.
type exhausted struct {
	net.Listener
	fails int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.fails--; l.fails >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// TestNoFileDescriptors: the door waits for some, where fasthttp would end for
// good.
func TestNoFileDescriptors(t *testing.T) {
	var log lines
	r := newRig(t, func(c *Config) { c.Log = zerolog.New(&log) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := r.srv.ServeMetrics(&exhausted{l, 3})
	r.addr = l.Addr().String()
	if a := r.send("-", "GET", "/metrics", ""); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	if n := strings.Count(log.String(), "too many open files"); n != 3 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// selfSigned returns a certificate for the loopback address.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestTLS: HTTPS, with a bound on connections that closes those beyond it.
func TestTLS(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.PublicURL, c.MaxConnections = "", 1
		c.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	})
	c := tls.Client(r.dial(), &tls.Config{InsecureSkipVerify: true}) // what is tested is not whom the client trusts
	if a := r.on(c, "GET", "/scim/v2/ServiceProviderConfig"); a.status != 200 || !strings.Contains(a.body, `"location":"https://x/scim/v2/`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if err := tls.Client(r.dial(), &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
		t.Error("a second connection is let in")
	}
	fmt.Fprintf(c, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 3<<20)
	if a := readAfter(t, c, strings.NewReader(strings.Repeat("x", 3<<20))); a.StatusCode != 401 {
		t.Errorf("a long body of nobody: %s", a.Status)
	}
}

// readAfter sends a whole body before it reads the answer, as simple clients
// do.
func readAfter(t *testing.T, c net.Conn, body io.Reader) *http.Response {
	t.Helper()
	if _, err := io.Copy(c, body); err != nil {
		t.Fatalf("the body was not taken: %v", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("the answer is lost: %v", err)
	}
	return res
}

// TestLongBodiesGetTheirAnswer: who sends more than is read still gets the
// answer, and the log knows what was asked.
func TestLongBodiesGetTheirAnswer(t *testing.T) {
	const length = 3 << 20
	var log lines
	r := newRig(t, func(c *Config) { c.Log = zerolog.New(&log) })
	long := strings.Repeat("x", length)
	for _, c := range []struct {
		name, who, framing, body string
		status                   int
	}{
		{"length", "rsd_test_okta", fmt.Sprintf("Content-Length: %d", length), long, 413},
		{"chunked", "rsd_test_okta", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", length, long), 413},
		{"nobody", "nobody", fmt.Sprintf("Content-Length: %d", length), long, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 10 { // a reset would lose most of the answers, not all
				conn := r.dial()
				fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n", c.who, c.framing)
				if res := readAfter(t, conn, strings.NewReader(c.body)); res.StatusCode != c.status || !res.Close || res.Header.Get("X-Request-Id") == "" {
					t.Errorf("%s, close %v", res.Status, res.Close)
				}
			}
		})
	}
	var line struct {
		Method, Route string
		Status        int
	}
	for text := range strings.Lines(log.String()) {
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.Method != "POST" || line.Route != "/Users" {
			t.Errorf("%s %s", err, text)
		}
	}
	if line.Status != 401 {
		t.Errorf("the last line is of %d", line.Status)
	}
}

// TestBodiesOfSomeLength: what is bounded is the whole body, whatever its
// framing, and one that ends early changes nothing.
func TestBodiesOfSomeLength(t *testing.T) {
	r := newRig(t, nil)
	body := func(n int) string { return `{"userName":"` + strings.Repeat("u", n-15) + `"}` }
	const most = 64 << 10
	for _, c := range []struct {
		name    string
		request string
		status  int
		detail  string
	}{
		{"as long as may be", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", most, body(most)), 400, "too long"}, // the name is
		{"one more", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", most+1, body(most+1)), 413, "longer than 65536"},
		{"in two chunks", fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n5\r\n%s\r\n2d\r\n%s\r\n0\r\n\r\n", body(50)[:5], body(50)[5:]), 201, ""},
		{"one chunk too many", fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n10000\r\n%s\r\n1\r\nx\r\n0\r\n\r\n", body(most)), 413, "longer than 65536"},
		{"broken chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "no HTTP request"},
		{"no body", "Content-Length: 0\r\n\r\n", 400, ""},
	} {
		a := r.raw([]byte("POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_okta\r\n"+c.request), "POST")
		if a.status != c.status || !strings.Contains(a.body, c.detail) {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	half := r.dial() // longer than what is read before the route is known
	fmt.Fprintf(half, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_okta\r\nContent-Length: 40000\r\n\r\n%s", body(30_000))
	if err := half.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if res, err := http.ReadResponse(bufio.NewReader(half), nil); err != nil || res.StatusCode != 400 {
		t.Errorf("half a body: %v", err)
	}
	two := r.dial() // a body that nobody asks for does not become the next request
	fmt.Fprintf(two, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n%s", strings.Repeat("x", 20_000))
	for range 2 {
		if a := r.on(two, "GET", "/healthz"); a.status != 200 {
			t.Errorf("behind a body: %d", a.status)
		}
	}
}

// TestMetricsListener: a listener of its own serves /metrics and nothing else,
// with request ids.
func TestMetricsListener(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Metrics = metrics.New("test", "test") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := r.srv.ServeMetrics(l)
	r.addr = l.Addr().String()
	for target, status := range map[string]int{"/metrics": 200, "/healthz": 404, "/scim/v2/Users": 404} {
		if a := r.send("-", "GET", target, ""); a.status != status || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", target, a.status, a.header)
		}
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}
