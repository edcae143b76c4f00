package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/metrics"
	"rosterd/workspace"
)

// A lines collects a log that another goroutine writes.
type lines struct {
	mu  sync.Mutex
	out bytes.Buffer // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// TestTokens: who is let in, and what the others hear.
func TestTokens(t *testing.T) {
	r := newRig(t, nil)
	token := func(id string, read, write bool, expires time.Time) {
		r.do(workspace.CreateToken{
			ID: id, Name: id, Connection: "default", Hash: sha256.Sum256([]byte("rsd_test_" + id)), Read: read, Write: write, Expires: expires,
		})
	}
	token("reader", true, false, time.Time{})
	token("writer", false, true, time.Time{})
	token("brief", true, true, epoch.Add(time.Hour))
	token("doomed", true, true, time.Time{})
	const body = `{"userName":"a@example.com"}`
	for _, c := range []struct {
		who, method, body string
		status            int
		detail            string
	}{
		{"-", "GET", "", 401, "send the token"},
		{"unknown", "GET", "", 401, "not valid"},
		{"reader", "GET", "", 200, ""},
		{"reader", "POST", body, 403, `no scope \"write\"`},
		{"writer", "GET", "", 403, `no scope \"read\"`},
		{"writer", "POST", body, 201, ""},
		{"brief", "GET", "", 200, ""},
		{"doomed", "GET", "", 200, ""},
	} {
		a := r.send(c.who, c.method, "/scim/v2/Users", c.body)
		if a.status != c.status || !strings.Contains(a.body, c.detail) {
			t.Errorf("%s %s: %d %s", c.who, c.method, a.status, a.body)
		}
		if (a.status == 401) != strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") && a.status != 403 {
			t.Errorf("%s %s: WWW-Authenticate %q", c.who, c.method, a.header.Get("WWW-Authenticate"))
		}
	}
	for who, status := range map[string]int{"reader": 200, "writer": 403} { // a search reads
		if a := r.send(who, "POST", "/scim/v2/.search", `{"count":0}`); a.status != status {
			t.Errorf("%s searches: %d %s", who, a.status, a.body)
		}
	}
	r.do(workspace.RevokeToken{ID: "doomed"})
	if a := r.send("doomed", "GET", "/scim/v2/Users", ""); a.status != 401 {
		t.Errorf("revoked: %d", a.status)
	}
	r.tick(time.Hour)
	if a := r.send("brief", "GET", "/scim/v2/Users", ""); a.status != 401 || !strings.Contains(a.body, "expired at 2026-01-05T10:00:00Z") {
		t.Errorf("expired: %d %s", a.status, a.body)
	}
}

// TestRevocationReachesOpenConnections revokes a token between two requests of
// one connection.
func TestRevocationReachesOpenConnections(t *testing.T) {
	r := newRig(t, nil)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	get := func() string {
		if _, err := fmt.Fprintf(c, "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_okta\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:min(n, 12)])
	}
	if got := get(); got != "HTTP/1.1 200" {
		t.Fatal(got)
	}
	r.do(workspace.RevokeToken{ID: "okta"})
	if got := get(); got != "HTTP/1.1 401" {
		t.Error(got)
	}
}

// TestGate: each missing requirement alone, and all together, is named; what
// is switched back counts at once (M3).
func TestGate(t *testing.T) {
	set := func(r *rig, patch string) {
		r.t.Helper()
		if a := r.send("operator", "PATCH", "/api/v1/workspaces/acme", patch); a.status != 200 {
			r.t.Fatalf("%s: %d %s", patch, a.status, a.body)
		}
	}
	const all = `{"plan":"team","subscription":"cancelled","sso":null,"scim":{"enabled":false}}`
	const back = `{"plan":"enterprise","subscription":"active","sso":{"issuer":"https://id.example.com","clientId":"c"},"scim":{"enabled":true}}`
	names := map[string]string{
		`{"plan":"team"}`:              `plan must be \"enterprise\"`,
		`{"subscription":"cancelled"}`: "subscription must be active",
		`{"sso":null}`:                 "OpenID Connect SSO connection must be configured",
		`{"scim":{"enabled":false}}`:   "operator must switch SCIM on",
	}
	r := newRig(t, nil)
	r.send("default", "POST", "/scim/v2/Users", `{"userName":"a@example.com"}`)
	for patch, detail := range names {
		set(r, patch)
		if a := r.send("default", "POST", "/scim/v2/Users", `{"userName":"b@example.com"}`); a.status != 403 || !strings.Contains(a.body, detail) {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
		read, want := r.send("default", "GET", "/scim/v2/Users", "").status, 200 // the grace time
		if strings.Contains(patch, "enabled") {
			want = 403
		}
		if read != want {
			t.Errorf("%s: a read gets %d, want %d", patch, read, want)
		}
		set(r, back)
		if a := r.send("default", "GET", "/scim/v2/Users", ""); a.status != 200 {
			t.Errorf("back: %d %s", a.status, a.body)
		}
	}
	set(r, all)
	a := r.send("default", "GET", "/scim/v2/Users", "")
	for _, detail := range names {
		if a.status != 403 || !strings.Contains(a.body, detail) {
			t.Errorf("all: %d %s lacks %q", a.status, a.body, detail)
		}
	}
	if a := r.send("default", "GET", "/scim/v2/Schemas", ""); a.status != 200 {
		t.Errorf("discovery: %d", a.status)
	}
}

// TestGateNeverMet: a workspace that never met the requirements has no grace
// time.
func TestGateNeverMet(t *testing.T) {
	r := newRig(t, nil)
	for _, step := range []struct{ target, body string }{
		{"/api/v1/workspaces", `{"id":"new","name":"New","scim":{"enabled":true}}`},
		{"/api/v1/workspaces/new/tokens", `{"name":"t"}`},
	} {
		a := r.send("operator", "POST", step.target, step.body)
		if a.status != 201 {
			t.Fatalf("%s: %d %s", step.target, a.status, a.body)
		}
		var made struct{ Token string }
		if json.Unmarshal([]byte(a.body), &made); made.Token == "" {
			continue
		}
		for _, method := range []string{"GET", "DELETE"} {
			target := "/scim/v2/Users"
			if method == "DELETE" {
				target += "/2819c223-7f76-453a-919d-413861904646"
			}
			if a := r.send("-", method, target, "", "Authorization:Bearer "+made.Token); a.status != 403 {
				t.Errorf("%s: %d %s", method, a.status, a.body)
			}
		}
	}
}

// TestLimits: bodies that are too long, and bodies that never come whole.
func TestLimits(t *testing.T) {
	r := newRig(t, nil)
	long := `{"userName":"` + strings.Repeat("x", 64<<10) + `"}`
	if a := r.send("default", "POST", "/scim/v2/Users", long); a.status != 413 || !strings.Contains(a.body, `"status":"413"`) {
		t.Errorf("long: %d %s", a.status, a.body)
	}
	if a := r.send("operator", "POST", "/api/v1/workspaces", long); a.status != 413 || a.header.Get("Content-Type") != problemJSON {
		t.Errorf("long for the admin API: %d %v", a.status, a.header)
	}
	if a := r.send("default", "POST", "/scim/v2/Groups", long); a.status != 400 {
		t.Errorf("long, but under /Groups: %d", a.status)
	}
	if a := r.send("default", "POST", "/scim/v2/Users", `{"userName":"`+strings.Repeat("x", 400)+`"}`); a.status != 400 || !strings.Contains(a.body, "too long") {
		t.Errorf("a name of 400 bytes: %d %s", a.status, a.body)
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_default\r\nContent-Length: 100\r\n\r\n{\"userName\":\"half@example.com\"}")
	c.Close()
	v, err := r.sys.View(context.Background(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if h := v.Head(); h.Active != 0 {
		t.Errorf("%d people after half a request", h.Active)
	}
}

// TestSmuggling: what two servers could read in two ways is refused, and the
// connection closed (design section 8).
func TestSmuggling(t *testing.T) {
	r := newRig(t, nil)
	const auth = "Host: x\r\nAuthorization: Bearer rsd_test_default\r\n"
	for name, request := range map[string]string{
		"length and encoding": "POST /scim/v2/Users HTTP/1.1\r\n" + auth + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":         "POST /scim/v2/Users HTTP/1.1\r\n" + auth + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"space in a name":     "GET /scim/v2/Users HTTP/1.1\r\n" + auth + "X Y: 1\r\n\r\n",
		"space before colon":  "GET /scim/v2/Users HTTP/1.1\r\n" + auth + "X-Y : 1\r\n\r\n",
		"another version":     "GET /scim/v2/Users HTTP/9.9\r\n" + auth + "\r\n",
		"two hosts":           "GET /scim/v2/Users HTTP/1.1\r\n" + auth + "Host: y\r\n\r\n",
		"no request":          "nonsense\r\n\r\n",
	} {
		a := r.raw([]byte(request), "GET")
		if a.status != 400 || !a.closed {
			t.Errorf("%s: %d, closed %v: %s", name, a.status, a.closed, a.body)
		}
	}
}

// failing answers every command with one error.
type failing struct {
	Workspaces
	err error
}

func (f *failing) Do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error) {
	if f.err != nil {
		return workspace.Result{}, nil, f.err
	}
	return f.Workspaces.Do(ctx, ws, env, cmd)
}

// TestFailures: what an error below means to a client.
func TestFailures(t *testing.T) {
	var f *failing
	var log lines
	r := newRig(t, func(c *Config) {
		f = &failing{Workspaces: c.Workspaces}
		c.Workspaces, c.Log = f, zerolog.New(&log)
	})
	for _, c := range []struct {
		err    error
		status int
		retry  string
		detail string
	}{
		{workspace.ErrBusy, 429, "1", "too many requests"},
		{workspace.ErrReadOnly, 503, "60", "nothing was changed"},
		{workspace.ErrTooLarge, 413, "", "in parts"},
		{workspace.ErrUnavailable, 503, "2", "may have been made; read before"},
		{context.DeadlineExceeded, 503, "2", "may have been made; read before"},
		{errors.New("secret of the house"), 500, "", "internal error"},
	} {
		f.err = c.err
		a := r.send("default", "POST", "/scim/v2/Users", `{"userName":"a@example.com"}`)
		if a.status != c.status || a.header.Get("Retry-After") != c.retry || !strings.Contains(a.body, c.detail) || strings.Contains(a.body, "secret") {
			t.Errorf("%v: %d, Retry-After %q: %s", c.err, a.status, a.header.Get("Retry-After"), a.body)
		}
	}
	if !strings.Contains(log.String(), "secret of the house") {
		t.Error("the reason of a 500 is not in the log")
	}
}

// TestAccessLog: one line a request, without query, body or name.
func TestAccessLog(t *testing.T) {
	var log lines
	m := metrics.New("test", "test")
	r := newRig(t, func(c *Config) { c.Log, c.Metrics, c.ServeMetrics = zerolog.New(&log), m, true })
	r.send("okta", "GET", "/scim/v2/Users?filter=userName+eq+%22secret@example.com%22", "", "X-Request-Id:mine")
	r.send("okta", "POST", "/scim/v2/Users", `{"userName":"secret@example.com"}`)
	r.send("okta", "POST", "/scim/v2/Users", `{"userName":"secret@example.com"}`)
	a := r.send("-", "GET", "/metrics", "")
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds a name:\n%s", log.String())
	}
	var last struct {
		Request, Workspace, Connection, Token, Client, Method, Route, ScimType, Message string
		Status, Bytes                                                                   int
		Duration                                                                        float64
	}
	if err := json.Unmarshal([]byte(strings.Split(log.String(), "\n")[2]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Workspace != "acme" || last.Connection != "okta" || last.Token != "okta" || last.Client != "127.0.0.1" || last.Method != "POST" ||
		last.Route != "/Users" || last.Status != 409 || last.ScimType != "uniqueness" || last.Bytes == 0 || last.Request == "" {
		t.Errorf("line %+v", last)
	}
	want := `rosterd_http_requests_total{code="409",method="POST",route="/Users",surface="scim"} 1`
	if a.status != 200 || !strings.Contains(a.body, want) {
		t.Errorf("metrics: %d, without %s", a.status, want)
	}
}

// TestMadeUpMethods: a client that makes methods up makes no series.
func TestMadeUpMethods(t *testing.T) {
	m := metrics.New("test", "test")
	r := newRig(t, func(c *Config) { c.Metrics, c.ServeMetrics = m, true })
	for n := range 20 {
		for _, target := range []string{"/scim/v2/Users", "/nowhere"} {
			r.send("okta", fmt.Sprintf("M%dX", n), target, "")
		}
	}
	text := r.send("-", "GET", "/metrics", "").body
	if n := strings.Count(text, "\nrosterd_http_requests_total{"); n != 2 {
		t.Errorf("%d series of requests", n)
	}
	if !strings.Contains(text, `method="other"`) || strings.Contains(text, "M1X") {
		t.Error("the methods are not other")
	}
}

// TestOps: liveness and readiness.
func TestOps(t *testing.T) {
	var broken error
	r := newRig(t, func(c *Config) { c.Ready = func() error { return broken } })
	if a := r.send("-", "GET", "/healthz", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
	if a := r.send("-", "GET", "/readyz", ""); a.status != 200 {
		t.Errorf("readyz: %d", a.status)
	}
	broken = errors.New("disk on fire")
	if a := r.send("-", "GET", "/readyz", ""); a.status != 503 || strings.Contains(a.body, "fire") {
		t.Errorf("readyz: %d %s", a.status, a.body)
	}
	if a := r.send("-", "GET", "/metrics", ""); a.status != 404 {
		t.Errorf("metrics that are not served here: %d", a.status)
	}
}

// TestTokenUse: the use of a token is noted, a while later again.
func TestTokenUse(t *testing.T) {
	r := newRig(t, nil)
	r.tick(2 * time.Minute)
	for range 3 {
		r.send("okta", "GET", "/scim/v2/Users", "")
	}
	r.srv.tasks.Wait()
	a := r.send("operator", "GET", "/api/v1/workspaces/acme/tokens", "")
	if !strings.Contains(a.body, `"id":"okta","name":"okta","connection":"okta","scopes":["read","write"],"createdAt":"2026-01-05T09:00:00.000Z","lastUsedAt":"2026-01-05T09:02:00.000Z"`) {
		t.Errorf("tokens: %s", a.body)
	}
}

// TestCreateToken: the text of a token is shown once and works; a repeated
// request gets the same token without it.
func TestCreateToken(t *testing.T) {
	r := newRig(t, nil)
	const body = `{"name":"entra","connection":"entra","scopes":["read","write"],"expiresAt":null}`
	type made struct{ ID, Token string }
	read := func(a answer) (m made) {
		t.Helper()
		if err := json.Unmarshal([]byte(a.body), &m); err != nil || a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return m
	}
	first := read(r.send("operator", "POST", "/api/v1/workspaces/acme/tokens", body, "Idempotency-Key:k1"))
	if !strings.HasPrefix(first.Token, "rsd_") || len(first.Token) < 40 {
		t.Errorf("token %q", first.Token)
	}
	if a := r.send("-", "GET", "/scim/v2/Users", "", "Authorization:bearer "+first.Token); a.status != 200 {
		t.Errorf("with it: %d", a.status)
	}
	again := r.send("operator", "POST", "/api/v1/workspaces/acme/tokens", body, "Idempotency-Key:k1")
	if m := read(again); m.ID != first.ID || m.Token != "" {
		t.Errorf("again: %+v", m)
	}
	if a := r.send("operator", "POST", "/api/v1/workspaces/acme/tokens", `{"name":"other"}`, "Idempotency-Key:k1"); a.status != 422 {
		t.Errorf("another body: %d %s", a.status, a.body)
	}
	r.do(workspace.RevokeToken{ID: first.ID})
	if a := r.send("operator", "POST", "/api/v1/workspaces/acme/tokens", body, "Idempotency-Key:k1"); a.status != 201 || a.body != again.body {
		t.Errorf("after the revocation: %d %s", a.status, a.body)
	}
	err := r.journal.ReadLog(context.Background(), "acme", 0, func(_ uint64, _ workspace.Envelope, ev workspace.Event) bool {
		if strings.Contains(fmt.Sprintf("%+v", ev), first.Token) {
			t.Errorf("the journal holds the text of the token: %+v", ev)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

// TestIdempotencySideBySide sends one request several times at once: it is done
// once, and all get the same answer.
func TestIdempotencySideBySide(t *testing.T) {
	r := newRig(t, nil)
	const at, body = "/api/v1/workspaces/acme/users", `{"accountEmail":"a@example.com"}`
	answers := make([]string, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			req := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", at, operatorToken, len(body), body)
			a := r.raw([]byte(req), "POST")
			answers[i] = fmt.Sprint(a.status, a.body)
		})
	}
	group.Wait()
	for _, a := range answers {
		if a != answers[0] || !strings.HasPrefix(a, "201") {
			t.Errorf("%s, and %s", a, answers[0])
		}
	}
	if a := r.send("operator", "GET", at, ""); strings.Count(a.body, "accountEmail") != 1 {
		t.Errorf("%s", a.body)
	}
	r.tick(24 * time.Hour)
	if a := r.send("operator", "POST", at, body, "Idempotency-Key:k"); a.status != 409 {
		t.Errorf("a day later: %d %s", a.status, a.body)
	}
}

func TestConfigNamesWhatIsMissing(t *testing.T) {
	if _, err := New(Config{}); err == nil || err.Error() != "httpapi: Config.Workspaces is not set" {
		t.Errorf("got %v", err)
	}
}

// TestListedGate: the list of workspaces knows when a grace time is over, though
// nobody has written to the workspace since.
func TestListedGate(t *testing.T) {
	r := newRig(t, nil)
	if a := r.send("operator", "PATCH", "/api/v1/workspaces/acme", `{"plan":"team","scim":{"graceDays":2}}`); a.status != 200 {
		t.Fatal(a.body)
	}
	for _, want := range []string{"grace", "closed"} {
		for _, target := range []string{"/api/v1/workspaces", "/api/v1/workspaces/acme"} {
			if a := r.send("operator", "GET", target, ""); !strings.Contains(a.body, `"scimGate":"`+want+`"`) {
				t.Errorf("%s is not %s: %s", target, want, a.body)
			}
		}
		r.tick(48 * time.Hour)
	}
}

// TestShutdownComesFirst shuts a server down before it serves, as a signal in
// the first instant of a daemon does: Serve ends and closes what it was given.
func TestShutdownComesFirst(t *testing.T) {
	r := newRig(t, nil)
	srv, err := New(r.srv.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Serve(l); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}
