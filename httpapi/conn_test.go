package httpapi

import (
	"bytes"
	"fmt"
	"net"
	"reflect"
	"runtime"
	"testing"
	"time"
)

// A recorder is a connection that notes the deadlines that it is given, in
// seconds since its beginning.
type recorder struct {
	net.Conn
	began time.Time
	set   []string
}

func (r *recorder) Read([]byte) (int, error) { return 0, nil }

func (r *recorder) SetReadDeadline(t time.Time) error  { return r.note("read", t) }
func (r *recorder) SetWriteDeadline(t time.Time) error { return r.note("write", t) }

func (r *recorder) note(what string, t time.Time) error {
	if t.IsZero() {
		r.set = append(r.set, what+" never")
	} else {
		r.set = append(r.set, fmt.Sprint(what, " ", t.Sub(r.began).Seconds()))
	}
	return nil
}

// TestDeadlines: a deadline that counts is never later than it was asked for, and
// at most deadlineSlack earlier; an earlier one counts at once.
func TestDeadlines(t *testing.T) {
	below := &recorder{began: time.Unix(1000, 0)}
	c := &conn{Conn: below}
	reads := func(seconds float64) {
		if err := c.SetReadDeadline(below.began.Add(time.Duration(seconds * float64(time.Second)))); err != nil {
			t.Error(err)
		}
	}
	writes := func(seconds float64) {
		if err := c.SetWriteDeadline(below.began.Add(time.Duration(seconds * float64(time.Second)))); err != nil {
			t.Error(err)
		}
	}
	read := func() {
		if _, err := c.Read(nil); err != nil {
			t.Error(err)
		}
	}
	for _, step := range []struct {
		do   func()
		want []string
	}{
		{read, nil},
		{func() { reads(120); reads(30) }, nil}, // nothing is read yet
		{read, []string{"read 30"}},
		{func() { reads(120); read() }, []string{"read 120"}},
		{func() { reads(31); reads(120.5); read() }, nil},
		{func() { reads(121); read() }, []string{"read 121"}},
		{func() { reads(120.9); read() }, []string{"read 120.9"}},
		{func() { _ = c.SetReadDeadline(time.Time{}); read(); read() }, []string{"read never"}},
		{func() { reads(122); read() }, []string{"read 122"}},
		{func() { writes(60) }, []string{"write 60"}},
		{func() { writes(60.9) }, nil},
		{func() { writes(61) }, []string{"write 61"}},
		{func() { writes(-999) }, []string{"write -999"}}, // a stream is cut off
		{func() { _ = c.SetDeadline(time.Time{}) }, []string{"write never"}},
		{func() { writes(62); read() }, []string{"write 62", "read never"}},
	} {
		below.set = nil
		if step.do(); !reflect.DeepEqual(below.set, step.want) {
			t.Errorf("set %q, want %q", below.set, step.want)
		}
	}
}

// TestTokensOfOneConnection: each request of a connection is let in by its own
// token, whatever the one before it had; proxies send those of many clients over
// one connection.
func TestTokensOfOneConnection(t *testing.T) {
	r := newRig(t, nil)
	c := newCaller(t, r)
	me := request("GET", "/scim/v2/Users?count=1", "")
	with := func(header string) []byte {
		return bytes.Replace(me, []byte("Authorization: Bearer rsd_test_entra"), []byte(header), 1)
	}
	long := "Authorization: Bearer " + string(bytes.Repeat([]byte("x"), 2*bearerKept))
	for _, step := range []struct {
		request []byte
		status  int
	}{
		{me, 200}, {me, 200},
		{with("Authorization: Bearer rsd_test_entrb"), 401},
		{with("Authorization: Bearer rsd_test_entr"), 401},
		{with("Authorization: Bearer rsd_test_okta"), 200},
		{with("authorization: bearer  rsd_test_okta "), 200},
		{with("Accept-Language: de"), 401},
		{with("Authorization: Basic rsd_test_okta"), 401},
		{with("Authorization: Bearer "), 401},
		{with(long), 401},
		{me, 200},
	} {
		c.send(step.request, step.status)
	}
}

// TestIdleConnectionsKeepNoAnswers: the buffer of a long answer serves the next
// one, of whichever connection, or is garbage. Identity providers leave dozens of
// connections open.
func TestIdleConnectionsKeepNoAnswers(t *testing.T) {
	r := newRig(t, nil)
	get := request("GET", "/scim/v2/Groups/"+r.group(r.people(2000)), "")
	live := func() int {
		var m runtime.MemStats
		for range 2 { // a pool forgets what it holds at the second
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	callers := make([]*caller, 64)
	for i := range callers {
		callers[i] = newCaller(t, r)
		callers[i].send(request("GET", "/scim/v2/Users?count=1", ""), 200)
	}
	before, length := live(), 0
	for _, c := range callers {
		length = len(c.send(get, 200))
	}
	if grown := live() - before; grown > 8*length {
		t.Errorf("%d idle connections hold %d bytes more than before each was answered with %d", len(callers), grown, length)
	}
}
