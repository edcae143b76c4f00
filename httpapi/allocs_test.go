package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/metrics"
	"rosterd/scim"
	"rosterd/workspace"
)

// A caller sends requests to the server over a connection in memory, one after
// the other, so that fasthttp calls the handler as it always does and what a
// request costs is the server's alone.
type caller struct {
	net.Conn // nil: the server uses nothing of it but what is below
	t        testing.TB
	next     chan []byte // requests
	sent     chan bool   // an answer was written
	pending  []byte      // what is to be read of the request
	answer   []byte      // what was written of the answer
	began    bool        // a request was sent
}

func newCaller(t testing.TB, r *rig) *caller {
	c := &caller{t: t, next: make(chan []byte), sent: make(chan bool), answer: make([]byte, 0, 1<<20)}
	in := r.srv.door(nil).admit(c)
	ended := make(chan error, 1)
	go func() { ended <- r.srv.http.ServeConn(in) }()
	t.Cleanup(func() {
		close(c.next)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

// Read implements net.Conn. The server asks for more when it has answered.
func (c *caller) Read(p []byte) (int, error) {
	if len(c.pending) == 0 {
		if c.began {
			c.sent <- true
		}
		c.began = true
		var ok bool
		if c.pending, ok = <-c.next; !ok {
			return 0, io.EOF
		}
	}
	n := copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *caller) Write(p []byte) (int, error) {
	c.answer = append(c.answer, p...)
	return len(p), nil
}

func (c *caller) Close() error                     { return nil }
func (c *caller) RemoteAddr() net.Addr             { return callerAddr }
func (c *caller) LocalAddr() net.Addr              { return callerAddr }
func (c *caller) SetDeadline(time.Time) error      { return nil }
func (c *caller) SetReadDeadline(time.Time) error  { return nil }
func (c *caller) SetWriteDeadline(time.Time) error { return nil }

var callerAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000}

// request returns the bytes of a request as HTTP clients send one.
func request(method, target, body string) []byte {
	out := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: scim.example.com\r\nUser-Agent: client/1.0\r\nAccept: %s\r\nAuthorization: Bearer rsd_test_entra\r\n", method, target, scimJSON)
	if body != "" {
		out = fmt.Appendf(out, "Content-Type: %s\r\nContent-Length: %d\r\n", scimJSON, len(body))
	}
	return append(append(out, "\r\n"...), body...)
}

// send sends a request and returns the answer, which is valid until the next.
func (c *caller) send(request []byte, status int) []byte {
	c.answer = c.answer[:0]
	c.next <- request
	<-c.sent
	if want := [3]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)}; !bytes.HasPrefix(c.answer[len("HTTP/1.1 "):], want[:]) {
		c.t.Fatalf("%.80q: %.400s", request, c.answer)
	}
	return c.answer
}

// personBody is a person as Entra ID sends one.
func personBody(n int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"2f6a4e0c-9d7b-4a53-8c61-%012d","userName":"jordan.smith%d@contoso.example.com","active":true,"displayName":"Jordan Smith",`+
		`"emails":[{"primary":true,"type":"work","value":"jordan.smith%d@contoso.example.com"}],"name":{"formatted":"Jordan Smith","familyName":"Smith","givenName":"Jordan"},`+
		`"title":"Engineer","preferredLanguage":"en-US","phoneNumbers":[{"type":"work","value":"+49 30 1234567"},{"type":"mobile","value":"+49 170 1234567"}],`+
		`"addresses":[{"type":"work","formatted":"Lindenstraße 1, 10969 Berlin","streetAddress":"Lindenstraße 1","locality":"Berlin","postalCode":"10969","country":"DE"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Research","costCenter":"4711"}}`, n, n, n, n)
}

// newFullRig is a rig with so many people, all of whom are like personBody, with
// metrics and an access log. It returns the id of the one with a number in the
// middle.
func newFullRig(t testing.TB, people int) (r *rig, middle string) {
	r = newRig(t, func(cfg *Config) {
		cfg.PublicURL, cfg.Metrics = "", metrics.New("test", "test")
		cfg.Log = zerolog.New(io.Discard).Level(zerolog.InfoLevel).With().Timestamp().Logger()
	})
	r.do(workspace.PurchaseSeats{Seats: 1_000_000})
	env := workspace.Envelope{Actor: workspace.ActorToken, Token: "entra", Connection: "entra"}
	const at = 64
	var group sync.WaitGroup
	for first := range min(at, people) {
		group.Go(func() {
			dialect, _ := scim.DialectByName("entra")
			for n := first; n < people && !t.Failed(); n += at {
				body, err := scim.Decode([]byte(personBody(n)), scim.DefaultLimits)
				if err != nil {
					t.Error(err)
					return
				}
				cmd, err := workspace.Request{Method: "POST", Type: scim.User, Body: body}.Command(dialect, scim.DefaultLimits)
				if err != nil {
					t.Error(err)
					return
				}
				res, _, failed := r.sys.Do(context.Background(), "acme", env, cmd)
				if failed != nil {
					t.Error(failed)
					return
				}
				if n == people/2 {
					middle = res.ID.String()
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return r, middle
}

// filterFor is the address of a list with a filter.
func filterFor(path, filter string) string {
	return "/scim/v2" + path + "?filter=" + url.QueryEscape(filter)
}

// TestAllocs holds the allocations of a whole request, from its first byte on
// the connection to its line in the access log, to a ceiling.
func TestAllocs(t *testing.T) {
	const people = 100_000
	r, id := newFullRig(t, people)
	c := newCaller(t, r)
	name := fmt.Sprintf("jordan.smith%d@contoso.example.com", people/2)
	for _, x := range []struct {
		what    string
		request []byte
		want    string // in the answer
		ceiling float64
	}{
		{"GET by id", request("GET", "/scim/v2/Users/"+id, ""), name, 5},
		{"filter hit", request("GET", filterFor("/Users", `userName eq "`+name+`"`), ""), `"totalResults":1`, 12},
	} {
		if answer := c.send(x.request, 200); !bytes.Contains(answer, []byte(x.want)) {
			t.Errorf("%s: %s", x.what, answer)
		}
		n := testing.AllocsPerRun(100, func() { c.send(x.request, 200) })
		if t.Logf("%s: %v", x.what, n); n > x.ceiling {
			t.Errorf("%s: %v allocations, at most %v", x.what, n, x.ceiling)
		}
	}
	posts := make([][]byte, 102)
	for i := range posts {
		posts[i] = request("POST", "/scim/v2/Users", personBody(people+i))
	}
	i := 0
	n := testing.AllocsPerRun(len(posts)-2, func() {
		c.send(posts[i], 201)
		i++
	})
	if t.Logf("POST: %v", n); n > 80 {
		t.Errorf("POST: %v allocations, at most 80", n)
	}
}

// benchmark measures one request among ten thousand people.
func benchmark(b *testing.B, request func(id string) []byte) {
	r, id := newFullRig(b, 10_000)
	c, bytes := newCaller(b, r), request(id)
	c.send(bytes, 200)
	b.ReportAllocs()
	for b.Loop() {
		c.send(bytes, 200)
	}
}

func BenchmarkGetUser(b *testing.B) {
	benchmark(b, func(id string) []byte { return request("GET", "/scim/v2/Users/"+id, "") })
}

func BenchmarkFilterUser(b *testing.B) {
	benchmark(b, func(string) []byte {
		return request("GET", filterFor("/Users", `userName eq "jordan.smith7@contoso.example.com"`), "")
	})
}

func BenchmarkListUsers(b *testing.B) {
	benchmark(b, func(string) []byte { return request("GET", "/scim/v2/Users?count=100", "") })
}

func BenchmarkHealthz(b *testing.B) {
	benchmark(b, func(string) []byte { return request("GET", "/healthz", "") })
}

func BenchmarkCreateUser(b *testing.B) {
	r, _ := newFullRig(b, 1)
	c := newCaller(b, r)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		c.send(request("POST", "/scim/v2/Users", personBody(n)), 201)
	}
}

// BenchmarkPatchUser takes a person in and out, who has a seat while in.
func BenchmarkPatchUser(b *testing.B) {
	r, id := newFullRig(b, 10_000)
	c := newCaller(b, r)
	b.ReportAllocs()
	for in := false; b.Loop(); in = !in {
		c.send(request("PATCH", "/scim/v2/Users/"+id, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":%t}]}`, in)), 200)
	}
}

// bulkOf is a Bulk that makes so many people, like personBody from first on.
func bulkOf(first, people int) string {
	out := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`)
	for n := first; n < first+people; n++ {
		if n > first {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"method":"POST","path":"/Users","bulkId":"p%d","data":%s}`, n, personBody(n))
	}
	return string(append(out, "]}"...))
}

// BenchmarkBulk makes a hundred people with each request, and says what one
// person costs.
func BenchmarkBulk(b *testing.B) {
	const people = 100
	r, _ := newFullRig(b, 1)
	c := newCaller(b, r)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		b.StopTimer()
		next := request("POST", "/scim/v2/Bulk", bulkOf(1+n*people, people))
		b.StartTimer()
		c.send(next, 200)
		n++
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*people), "ns/person")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n*people), "allocs/person")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(n*people), "B/person")
}
