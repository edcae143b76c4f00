package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/actors"
	"rosterd/invoice"
	"rosterd/ledger"
	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

var rewrite = flag.Bool("rewrite", false, "write the answers into testdata; read the difference before committing")

// A rig is a server on loopback, freshly started, with the workspace acme. It
// is open for SCIM and has the connections entra, okta, onelogin, strict and
// default, whose tokens are their names behind "rsd_test_".
type rig struct {
	t       testing.TB
	journal *journaltest.Memory
	sys     *actors.System
	srv     *Server
	addr    string
	done    chan error
	sent    int    // requests
	client  string // the dialect of who is called client

	mu  sync.Mutex
	now time.Time // guarded by mu
	ids []string  // in the order in which they were seen
	// cursors were answered, in this order
	cursors []string
}

const operatorToken = "operator-token-of-the-tests"

var epoch = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// restful is a store with a backup that says so.
type restful struct{ *journaltest.Memory }

func (restful) Backup(w io.Writer) error {
	_, err := io.WriteString(w, "backup")
	return err
}

// testSeller has all that an e-invoice needs.
var testSeller = ledger.Seller{
	Name: "Rosterd GmbH", Street: "Lindenstraße 1", PostalCode: "10969", City: "Berlin", Country: "DE", VATID: "DE123456789",
	Contact: "Billing", Phone: "+49 30 1234567", Email: "billing@rosterd.example.com", IBAN: "DE89370400440532013000", PaymentDays: 14,
}

// testHooks delivers nothing: couriers have their own tests.
type testHooks struct{}

func (testHooks) CheckURL(url string) error {
	if !strings.HasPrefix(url, "https://") {
		return errors.New("write an https URL")
	}
	return nil
}

func (testHooks) NewSecret() string { return "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==" }

func (testHooks) Replay(context.Context, workspace.ID, string) (delivered, dead int, err error) {
	return 0, 0, nil
}

// testIssuer stands for the net: one issuer answers, one names another.
func testIssuer(_ context.Context, issuer string) (wrong bool, detail string) {
	switch issuer {
	case "https://id.example.com":
		return false, ""
	case "https://wrong.example.com":
		return true, "the discovery document names another issuer"
	}
	return false, "the issuer was not checked: it cannot be reached"
}

func newRig(t testing.TB, tune func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, journal: journaltest.NewMemory(), now: epoch, done: make(chan error, 1)}
	var err error
	entropy := byte(0)
	r.sys, err = actors.New(actors.Config{
		Journal: r.journal, Now: r.clock, Idle: time.Hour, PerWorkspace: 100, Total: 200, SnapshotEvery: 1000,
		Window: 30 * time.Minute, Seller: testSeller, Gaps: invoice.Missing,
		Entropy: func() [10]byte { entropy++; return [10]byte{9: entropy} }, Log: zerolog.New(io.Discard),
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Workspaces: r.sys, Store: restful{r.journal}, Now: r.clock, OperatorHash: sha256.Sum256([]byte(operatorToken)), CursorKey: sha256.Sum256([]byte("cursors")),
		Webhooks: testHooks{}, CheckIssuer: testIssuer, Ready: func() error { return nil }, Log: zerolog.New(io.Discard), PublicURL: "https://scim.example.com",
		MaxBody: 64 << 10, MaxGroupBody: 128 << 10, MaxConnections: 100, Limits: scim.DefaultLimits,
	}
	if tune != nil {
		tune(&cfg)
	}
	if r.srv, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	go func() { r.done <- r.srv.Serve(l) }()
	t.Cleanup(r.close)
	r.prepare()
	return r
}

func (r *rig) close() {
	ctx := context.Background()
	// Shutdown looks for open connections ten times a second, and those of the
	// last requests have ended as good as now.
	for i := 0; i < 100_000 && r.srv.http.GetOpenConnectionsCount() > 0; i++ {
		runtime.Gosched()
	}
	if err := errors.Join(r.srv.Shutdown(ctx), r.sys.Stop(ctx), <-r.done); err != nil {
		r.t.Error(err)
	}
	r.journal.Close()
}

// clock stands still but for tick.
func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) tick(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

var dialects = []string{"entra", "okta", "onelogin", "strict", "default"}

// prepare makes the workspace by commands, so that the clients' requests stand
// alone in the files.
func (r *rig) prepare() {
	r.t.Helper()
	settings, err := scim.Decode([]byte(`{"name":"Acme GmbH","plan":"enterprise","sso":{"issuer":"https://id.example.com","clientId":"c"},"seats":{"purchased":1000},"scim":{"enabled":true}}`), scim.DefaultLimits)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(workspace.CreateWorkspace{Settings: settings})
	for _, d := range dialects {
		if d != "default" {
			r.do(workspace.CreateConnection{ID: d, Name: d, Dialect: d})
		}
		r.do(workspace.CreateToken{ID: d, Name: d, Connection: d, Hash: sha256.Sum256([]byte("rsd_test_" + d)), Read: true, Write: true})
		r.do(workspace.UseToken{ID: d}) // so that no request of the first minute makes a note
	}
}

func (r *rig) do(cmd workspace.Command) workspace.Result {
	r.t.Helper()
	res, _, err := r.sys.Do(context.Background(), "acme", workspace.Envelope{Actor: workspace.ActorOperator}, cmd)
	if err != nil {
		r.t.Fatalf("%T: %v", cmd, err)
	}
	return res
}

// An answer is one HTTP response.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool // the server said that it closes the connection
}

// send sends one request on a connection of its own, and wants a resource that
// it is answered to be as /Schemas says. who is a dialect,
// "client", "operator", or "-" for nobody; headers are "Name:value", and a
// Content-Type without a value is none at all.
func (r *rig) send(who, method, target, body string, headers ...string) answer {
	r.t.Helper()
	var out bytes.Buffer
	r.sent++
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Request-Id: r%d\r\n", method, target, r.addr, r.sent)
	if who == "client" {
		who = r.client
	}
	switch who {
	case "-":
	case "operator":
		fmt.Fprintf(&out, "Authorization: Bearer %s\r\n", operatorToken)
	default:
		fmt.Fprintf(&out, "Authorization: Bearer rsd_test_%s\r\n", who)
	}
	typed := false
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		typed = typed || strings.EqualFold(name, "Content-Type")
		if value != "" {
			fmt.Fprintf(&out, "%s: %s\r\n", name, value)
		}
	}
	if body != "" {
		if !typed {
			out.WriteString("Content-Type: application/scim+json\r\n")
		}
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(body))
	}
	out.WriteString("\r\n" + body)
	a := r.raw(out.Bytes(), method)
	r.obey(target, body, a)
	return a
}

// raw sends bytes and reads one response.
func (r *rig) raw(request []byte, method string) answer {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		r.t.Fatal(err)
	}
	// A server that refuses early may close before it has read everything.
	_, _ = c.Write(request)
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		r.t.Fatalf("no answer to %.80q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && len(body) > 0 {
		if _, err := scim.Decode(body, scim.DefaultLimits); err != nil { // a key that stands twice is one
			r.t.Errorf("%.80q: the answer is no JSON object: %v\n%s", request, err, body)
		}
	}
	return answer{res.StatusCode, res.Header, string(body), res.Close}
}

var (
	idForm    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aliasForm = regexp.MustCompile(`[#$][0-9]+`)

	cursorForm = regexp.MustCompile(`"nextCursor":"([^"]+)"`)
)

// alias writes #n for the n-th id that an answer showed, and $n for the n-th
// cursor.
func (r *rig) alias(text string) string {
	text = cursorForm.ReplaceAllStringFunc(text, func(next string) string {
		r.cursors = append(r.cursors, cursorForm.FindStringSubmatch(next)[1])
		return `"nextCursor":"$` + strconv.Itoa(len(r.cursors)) + `"`
	})
	return idForm.ReplaceAllStringFunc(text, func(id string) string {
		i := slices.Index(r.ids, id)
		if i < 0 {
			i = len(r.ids)
			r.ids = append(r.ids, id)
		}
		return "#" + strconv.Itoa(i+1)
	})
}

func (r *rig) unalias(text string) string {
	return aliasForm.ReplaceAllStringFunc(text, func(a string) string {
		n, _ := strconv.Atoi(a[1:])
		switch {
		case a[0] == '$' && n >= 1 && n <= len(r.cursors):
			return r.cursors[n-1]
		case a[0] == '#' && n >= 1 && n <= len(r.ids):
			return r.ids[n-1]
		}
		return "00000000-0000-7000-8000-000000000000"
	})
}

// TestExchanges plays testdata/exchanges/*.txt, each against a server of its
// own. A line "> who METHOD target [Header:value]" and the lines under it are a
// request; lines with "< " are the answer: status and headers, then the body. A
// line "= 10m" lets the clock go on.
func TestExchanges(t *testing.T) {
	golden(t, "testdata/exchanges/*.txt", func(t *testing.T, text string) string { return newRig(t, nil).play(text) })
}

// play returns text with the answers that the server gives now.
func (r *rig) play(text string) string {
	return script(text, func(request, body string) string {
		if pause, ok := strings.CutPrefix(request, "= "); ok {
			d, err := time.ParseDuration(pause)
			if err != nil {
				r.t.Fatal(err)
			}
			r.tick(d)
			return ""
		}
		f := strings.Fields(r.unalias(request))
		r.tick(time.Second)
		return r.show(r.send(f[0], f[1], f[2], r.unalias(body), f[3:]...))
	})
}

// golden plays files and wants of each what it says already.
func golden(t *testing.T, pattern string, play func(t *testing.T, text string) string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compareLines(t, got, string(text))
		})
	}
}

// compareLines fails at the first line in which got is not what is wanted.
func compareLines(t *testing.T, got, want string) {
	t.Helper()
	wantLines := strings.Split(strings.TrimRight(want, "\n"), "\n")
	gotLines := strings.Split(strings.TrimRight(got, "\n"), "\n")
	for i, line := range gotLines {
		if i >= len(wantLines) || line != wantLines[i] {
			t.Fatalf("line %d: got\n%s", i+1, line)
		}
	}
	if len(gotLines) < len(wantLines) {
		t.Fatalf("line %d is missing:\n%s", len(gotLines)+1, wantLines[len(gotLines)])
	}
}

// script returns text with what answer gives now for each request: a line that
// begins with "> ", and the lines under it, its body; or one that begins with
// "= ", which it is given whole.
func script(text string, answer func(request, body string) string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "< ") || line == "<" {
			continue
		}
		out.WriteString(line + "\n")
		if strings.HasPrefix(line, "= ") {
			out.WriteString(answer(line, ""))
			continue
		}
		request, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		var body []string
		for i+1 < len(lines) && lines[i+1] != "" && !strings.ContainsAny(lines[i+1][:1], "<>=") {
			i++
			body = append(body, lines[i])
			out.WriteString(lines[i] + "\n")
		}
		out.WriteString(answer(request, strings.Join(body, "\n")))
	}
	return out.String()
}

// show writes an answer as the files have it.
func (r *rig) show(a answer) string {
	text := "< " + strconv.Itoa(a.status)
	for _, name := range []string{"Content-Type", "Location", "ETag", "Allow", "Retry-After", "WWW-Authenticate"} {
		if v := a.header.Get(name); v != "" {
			text += " " + name + ":" + v
		}
	}
	text += "\n"
	if a.header.Get("X-Request-Id") == "" {
		text += "< without a request id\n"
	}
	if a.body != "" {
		text += "< " + a.body + "\n"
	}
	return r.alias(text)
}
