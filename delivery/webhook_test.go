package delivery

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	epoch   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	secretA = NewSecret(bytes.Repeat([]byte{1}, minSecret))
	secretB = NewSecret(bytes.Repeat([]byte{2}, maxSecret))
)

// verify is a receiver's check, written from the text of the specification and
// sharing nothing with sign.
func verify(secret string, header http.Header, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(secret[6:])
	if err != nil {
		return false
	}
	content := header.Get("webhook-id") + "." + header.Get("webhook-timestamp") + "." + string(body)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(content))
	for _, versioned := range strings.Split(header.Get("webhook-signature"), " ") {
		version, signature, _ := strings.Cut(versioned, ",")
		got, err := base64.StdEncoding.DecodeString(signature)
		if err == nil && version == "v1" && hmac.Equal(got, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// A call is a request as the endpoint saw it.
type call struct {
	header http.Header
	method string
	path   string
	from   string
	body   []byte
}

// endpoint starts a server that notes its calls and then answers.
func endpoint(t *testing.T, answer http.HandlerFunc) (base string, calls chan call) {
	t.Helper()
	calls = make(chan call, 16)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- call{r.Header, r.Method, r.URL.RequestURI(), r.RemoteAddr, body}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func webhooks(t *testing.T, cfg Config) *Webhooks {
	t.Helper()
	w := NewWebhooks(cfg)
	t.Cleanup(w.Close)
	return w
}

func hook(url string) Hook {
	return Hook{URL: url, Secrets: []string{secretA}, ID: "acme-17-crm", At: epoch, Body: []byte(`{"seq":17}`)}
}

// failure returns the *Error of an attempt that has to fail, and sees to it
// that its text holds no password, secret or query.
func failure(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	for _, leak := range []string{"hunter2", "whsec_", "?", "\n"} {
		if strings.Contains(err.Error(), leak) {
			t.Errorf("the error holds %q: %v", leak, err)
		}
	}
	return e
}

func TestDelivery(t *testing.T) {
	base, calls := endpoint(t, status(204))
	w := webhooks(t, Config{AllowPrivate: true, UserAgent: "rosterd/1.0"})
	h := hook(base + "/hooks?token=hunter2")
	if err := w.Deliver(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	got := <-calls
	if got.method != "POST" || got.path != "/hooks?token=hunter2" || !bytes.Equal(got.body, h.Body) {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "rosterd/1.0", "Webhook-Id": "acme-17-crm",
		"Webhook-Timestamp": strconv.FormatInt(epoch.Unix(), 10), "Content-Length": "10", "Accept-Encoding": "",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	if !verify(secretA, got.header, got.body) {
		t.Errorf("the signature does not verify: %v", got.header)
	}
	if verify(secretB, got.header, got.body) || verify(secretA, got.header, []byte("{}")) {
		t.Error("the verifier takes anything")
	}
}

// TestRotation signs with all secrets: a receiver may know either.
func TestRotation(t *testing.T) {
	base, calls := endpoint(t, status(200))
	h := hook(base)
	h.Secrets = []string{secretB, secretA}
	if err := webhooks(t, Config{AllowPrivate: true}).Deliver(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	got := <-calls
	if !verify(secretA, got.header, got.body) || !verify(secretB, got.header, got.body) {
		t.Errorf("%v", got.header)
	}
	if n := len(strings.Fields(got.header.Get("Webhook-Signature"))); n != 2 {
		t.Errorf("%d signatures", n)
	}
}

// TestPublishedVector is the example that the Standard Webhooks and Svix
// libraries test themselves with.
func TestPublishedVector(t *testing.T) {
	got, ok := sign([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || !ok {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNewSecretWantsEntropy(t *testing.T) {
	for _, n := range []int{0, minSecret - 1, maxSecret + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d bytes are taken", n)
				}
			}()
			NewSecret(make([]byte, n))
		}()
	}
}

// TestMalformedHooks: what cannot be sent at all is not tried, and is final.
func TestMalformedHooks(t *testing.T) {
	base, calls := endpoint(t, status(200))
	for text, spoil := range map[string]func(*Hook){
		"signing secret":  func(h *Hook) { h.Secrets = nil },
		"usable signing":  func(h *Hook) { h.Secrets = []string{secretA, "whsec_hunter2"} },
		"rotate it":       func(h *Hook) { h.Secrets = []string{secretA[len(secretPrefix):]} },
		"id of the":       func(h *Hook) { h.ID = "a\r\nX-Evil: 1" },
		"as a header":     func(h *Hook) { h.ID = "acme.17" },
		"leave them out":  func(h *Hook) { h.URL = strings.Replace(base, "//", "//u:hunter2@", 1) },
		"not a URL":       func(h *Hook) { h.URL = base + "/%zz?hunter2" },
		"begin with http": func(h *Hook) { h.URL = "ftp://example.com/?hunter2" },
	} {
		h := hook(base)
		spoil(&h)
		e := failure(t, webhooks(t, Config{AllowPrivate: true}).Deliver(t.Context(), h))
		if !e.Permanent || e.Status != 0 || !strings.Contains(e.Text, text) {
			t.Errorf("%+v, want %q", e, text)
		}
	}
	if len(calls) > 0 {
		t.Error("the endpoint was called")
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		after  string
		want   Error
	}{
		{400, "", Error{Text: "answered 400 Bad Request"}},
		{404, "", Error{Text: "answered 404 Not Found"}},
		{410, "60", Error{Permanent: true, Gone: true, RetryAfter: time.Minute, Text: "answered 410 Gone: it wants no more deliveries"}},
		{429, "120", Error{RetryAfter: 2 * time.Minute, Text: "answered 429 Too Many Requests"}},
		{500, "", Error{Text: "answered 500 Internal Server Error"}},
		{503, epoch.Add(time.Minute).Format(http.TimeFormat), Error{RetryAfter: time.Minute, Text: "answered 503 Service Unavailable"}},
		{599, "soon", Error{Text: "answered 599"}},
	} {
		base, _ := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.after)
			http.Error(w, "?hunter2", c.status)
		})
		got := *failure(t, webhooks(t, Config{AllowPrivate: true}).Deliver(t.Context(), hook(base+"/?hunter2")))
		c.want.Status = c.status
		c.want.Text = strings.TrimPrefix(base, "http://") + " " + c.want.Text
		if got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other, strays := endpoint(t, status(200))
	for _, code := range []int{301, 302, 303, 307, 308} {
		base, calls := endpoint(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/?hunter2", code) })
		e := failure(t, webhooks(t, Config{AllowPrivate: true}).Deliver(t.Context(), hook(base)))
		if e.Status != code || e.Permanent || !strings.Contains(e.Text, "redirects are not followed") || len(calls) != 1 {
			t.Errorf("%+v after %d calls", e, len(calls))
		}
	}
	if len(strays) > 0 {
		t.Error("a redirect was followed")
	}
}

// TestSlowEndpoint: an attempt ends with its timeout or with its caller,
// whichever is first, and says which it was.
func TestSlowEndpoint(t *testing.T) {
	release := make(chan struct{})
	base, calls := endpoint(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	slow := failure(t, webhooks(t, Config{AllowPrivate: true, Timeout: 20 * time.Millisecond}).Deliver(t.Context(), hook(base)))
	if !strings.HasSuffix(slow.Text, "gave no answer within 20ms") || slow.Permanent || slow.Unwrap() != nil {
		t.Errorf("%+v", slow)
	}
	for len(calls) > 0 { // the first attempt may not have got that far
		<-calls
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-calls
		cancel()
	}()
	stopped := webhooks(t, Config{AllowPrivate: true}).Deliver(ctx, hook(base))
	if e := failure(t, stopped); !errors.Is(stopped, context.Canceled) || !strings.Contains(e.Text, "stopped before") {
		t.Errorf("%+v", e)
	}
	ctx, cancel = context.WithDeadline(t.Context(), epoch.AddDate(-10, 0, 0))
	defer cancel()
	late := webhooks(t, Config{AllowPrivate: true}).Deliver(ctx, hook(base))
	if failure(t, late); !errors.Is(late, context.DeadlineExceeded) {
		t.Errorf("%v", late)
	}
}

// TestEndlessAnswer: an answer is read up to a bound, and a connection that has
// more is given up.
func TestEndlessAnswer(t *testing.T) {
	broke := make(chan struct{})
	base, _ := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				close(broke)
				return
			}
		}
	})
	if err := webhooks(t, Config{AllowPrivate: true}).Deliver(t.Context(), hook(base)); err != nil {
		t.Error(err)
	}
	<-broke
}

// TestConnectionsServeAgain: two messages to one endpoint share a connection.
func TestConnectionsServeAgain(t *testing.T) {
	base, calls := endpoint(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "thank you") })
	w := webhooks(t, Config{AllowPrivate: true})
	for range 2 {
		if err := w.Deliver(t.Context(), hook(base)); err != nil {
			t.Fatal(err)
		}
	}
	if one, two := <-calls, <-calls; one.from != two.from {
		t.Errorf("from %s and %s", one.from, two.from)
	}
	if w.transport.Proxy != nil {
		t.Error("a proxy could connect past the guard")
	}
}

// TestTLS: certificates are checked, old versions refused.
func TestTLS(t *testing.T) {
	start := func(cfg *tls.Config) *httptest.Server {
		s := httptest.NewUnstartedServer(status(200))
		s.Config.ErrorLog = quiet
		s.TLS = cfg
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	good, old := start(nil), start(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	trust := func(s *httptest.Server) *x509.CertPool {
		pool := x509.NewCertPool()
		pool.AddCert(s.Certificate())
		return pool
	}
	if err := webhooks(t, Config{AllowPrivate: true, RootCAs: trust(good)}).Deliver(t.Context(), hook(good.URL)); err != nil {
		t.Error(err)
	}
	plain, _ := endpoint(t, status(200))
	for _, c := range []struct {
		url, want string
		roots     *x509.CertPool
	}{
		{good.URL, "authority that is not trusted here", x509.NewCertPool()},
		{strings.Replace(good.URL, "127.0.0.1", "localhost", 1), "for another host name", trust(good)},
		{old.URL, "TLS handshake", trust(old)},
		{strings.Replace(plain, "http:", "https:", 1), "whether it speaks TLS there", nil},
	} {
		e := failure(t, webhooks(t, Config{AllowPrivate: true, RootCAs: c.roots}).Deliver(t.Context(), hook(c.url)))
		if e.Permanent || !strings.Contains(e.Text, c.want) {
			t.Errorf("%+v, want %q", e, c.want)
		}
	}
}

// TestUnreachable: nobody listens, or whoever does hangs up.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			c.Close()
		}
	}()
	w, h := webhooks(t, Config{AllowPrivate: true}), hook("http://"+l.Addr().String()+"/?hunter2")
	if e := failure(t, w.Deliver(t.Context(), h)); e.Permanent || !strings.HasSuffix(e.Text, "closed the connection without an answer") {
		t.Errorf("%+v", e)
	}
	l.Close()
	<-done
	if e := failure(t, w.Deliver(t.Context(), h)); e.Permanent || !strings.HasSuffix(e.Text, "connection refused") {
		t.Errorf("%+v", e)
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "3600": time.Hour, "3601": time.Hour, "99999999999999999999": 0, "-1": 0, "1.5": 0, "soon": 0,
		epoch.Add(30 * time.Second).Format(http.TimeFormat): 30 * time.Second,
		epoch.Add(-time.Second).Format(http.TimeFormat):     0,
		epoch.AddDate(500, 0, 0).Format(http.TimeFormat):    time.Hour,
	} {
		if got := retryAfter(value, epoch); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add(epoch.Format(http.TimeFormat))
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, epoch); got < 0 || got > maxRetryAfter {
			t.Errorf("%q: %s", value, got)
		}
	})
}
