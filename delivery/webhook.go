package delivery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Hook is one attempt to deliver one message to one endpoint.
type Hook struct {
	URL     string
	Secrets []string  // newest first; the message is signed with each
	ID      string    // the same for every attempt, so that the receiver can tell a repetition
	At      time.Time // of this attempt: receivers refuse what is minutes old
	Body    []byte    // JSON
}

// Config is how webhooks are delivered.
type Config struct {
	AllowPrivate bool           // also http, and addresses that are not public
	Timeout      time.Duration  // of an attempt, from resolving the name to the answer; 0: 15 s
	UserAgent    string         // "": rosterd
	RootCAs      *x509.CertPool // nil: the system's
}

// Webhooks delivers webhooks as the Standard Webhooks specification 1.0.0 has
// them. It is safe for concurrent use; a slow endpoint delays no other.
type Webhooks struct {
	cfg       Config
	dialer    *net.Dialer
	transport *http.Transport
}

// Bounds on what is kept for, and taken from, an endpoint.
const (
	maxAnswer     = 64 << 10
	maxIdle       = 100
	idleTimeout   = 30 * time.Second
	maxRetryAfter = time.Hour
)

// NewWebhooks returns a Webhooks. Close it at the end.
func NewWebhooks(cfg Config) *Webhooks {
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "rosterd")
	dialer := &net.Dialer{}
	if !cfg.AllowPrivate {
		dialer.Control = guard
	}
	return &Webhooks{
		cfg:    cfg,
		dialer: dialer,
		// No Proxy: one that the environment names would resolve and connect in
		// our place, past the guard.
		transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxAnswer,
			DisableCompression:     true,
		},
	}
}

// Close drops the idle connections. Deliveries under way go on.
func (w *Webhooks) Close() { w.transport.CloseIdleConnections() }

// Deliver makes one attempt. It returns nil once the endpoint has answered with
// a status of 200 to 299, and an *Error otherwise.
func (w *Webhooks) Deliver(ctx context.Context, h Hook) error {
	ctx, cancel := limit(ctx, w.cfg.Timeout)
	defer cancel()
	request, refusal := w.request(ctx, h)
	if refusal != nil {
		return refusal
	}
	// The transport and not a http.Client, which would follow redirects and put
	// the whole URL into its errors.
	answer, err := w.transport.RoundTrip(request)
	if err != nil {
		return broken(ctx, request.URL.Host, w.cfg.Timeout, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return rejected(request.URL.Host, answer, h.At)
	}
	// Read so that the connection can serve again. The status has been given:
	// a body that breaks off changes nothing.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	return nil
}

// request builds the signed request.
func (w *Webhooks) request(ctx context.Context, h Hook) (*http.Request, *Error) {
	if err := CheckURL(h.URL, true); err != nil {
		return nil, permanent(err.Error())
	}
	if err := CheckURL(h.URL, w.cfg.AllowPrivate); err != nil {
		return nil, &Error{Text: err.Error()} // allowed when it was registered, and perhaps again
	}
	if !ids.MatchString(h.ID) {
		return nil, permanent("the id of the message cannot be sent as a header")
	}
	signature, ok := sign(h.Secrets, h.ID, h.At, h.Body)
	if !ok {
		return nil, permanent("the endpoint has no usable signing secret; rotate it")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(h.Body))
	if err != nil {
		return nil, permanent("the URL cannot be requested")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", w.cfg.UserAgent)
	r.Header.Set("Webhook-Id", h.ID)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(h.At.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	return r, nil
}

// rejected explains an answer that is no success. Only 410 is final: the others
// also come from an endpoint that is being deployed or repaired.
func rejected(host string, answer *http.Response, now time.Time) *Error {
	e := &Error{
		Status:     answer.StatusCode,
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"), now),
		Text:       fmt.Sprintf("%s answered %d", host, answer.StatusCode),
	}
	if name := http.StatusText(answer.StatusCode); name != "" {
		e.Text += " " + name
	}
	switch {
	case answer.StatusCode == http.StatusGone:
		e.Permanent, e.Gone = true, true
		e.Text += ": it wants no more deliveries"
	case answer.StatusCode/100 == 3:
		e.Text += ", a redirect; redirects are not followed, so register the final URL"
	}
	return e
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds or a
// date. The other side's wish is bounded, so that it cannot hold a message back
// until it is too old to be delivered.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}
