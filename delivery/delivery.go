// Package delivery carries what the couriers bring: webhooks over HTTPS and
// letters over SMTP. One call is one attempt. Order, repetition and dead
// letters are the caller's; every failure is an *Error, which says what a
// caller needs to know for that.
package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"regexp"
	"syscall"
	"time"
)

// Error is why an attempt failed. Its text is for admins and logs: it names
// hosts and status codes, and never a URL's path or query, a recipient, a
// password, a secret or what the other side wrote.
type Error struct {
	// Permanent says that repeating the same attempt cannot help. Anything else
	// may pass, because time does or because somebody mends a configuration.
	Permanent bool
	// Gone says that the endpoint wants no more deliveries at all (HTTP 410).
	Gone bool
	// Status is the HTTP status or the SMTP reply code; 0: there was no answer.
	Status int
	// RetryAfter is how long the other side asked to be left alone, at most an
	// hour; 0: it did not ask.
	RetryAfter time.Duration
	// Text is one sentence without a full stop.
	Text string

	cause error
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Unwrap returns the context's error if the caller's context ended the attempt,
// and nil otherwise: other causes may hold what must not be shown.
func (e *Error) Unwrap() error { return e.cause }

// permanent is a failure that lies in what was to be delivered.
func permanent(text string) *Error { return &Error{Permanent: true, Text: text} }

// errSlow is the cause of a context whose attempt took too long, as opposed to
// one whose caller gave up.
var errSlow = errors.New("the attempt took too long")

// limit bounds an attempt.
func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errSlow)
}

// broken explains an attempt at host that ended without an answer. ctx is the
// attempt's, from limit.
func broken(ctx context.Context, host string, timeout time.Duration, err error) *Error {
	switch {
	case ctx.Err() == nil:
		return &Error{Text: trouble(host, err)}
	case errors.Is(context.Cause(ctx), errSlow):
		return &Error{Text: host + " gave no answer within " + timeout.String()}
	}
	return &Error{Text: "stopped before " + host + " answered", cause: ctx.Err()}
}

// trouble says in an admin's words what a network error means. It passes no
// error's own text on but those of the system and of TLS alerts, which are
// from fixed lists.
func trouble(host string, err error) string {
	var (
		dns   *net.DNSError
		cert  *tls.CertificateVerificationError
		op    *net.OpError
		errno syscall.Errno
	)
	switch {
	case errors.Is(err, errNotPublic):
		return host + " resolves to an address that is not public; deliveries go to public addresses only"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host name of " + host + " does not exist"
	case errors.As(err, &dns):
		return "the host name of " + host + " cannot be resolved at the moment"
	case errors.As(err, &cert):
		return "the certificate of " + host + " " + flaw(cert.Err)
	case errors.As(err, &op) && op.Op == "remote error": // how crypto/tls marks an alert
		return "the TLS handshake with " + host + " failed: " + op.Err.Error()
	case errors.As(err, &errno):
		return "the connection to " + host + " failed: " + errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return host + " closed the connection without an answer"
	}
	return host + " did not answer as expected; check the host, the port and whether it speaks TLS there"
}

// flaw says what is wrong with a certificate.
func flaw(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown):
		return "is signed by an authority that is not trusted here"
	case errors.As(err, &name):
		return "is for another host name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has expired or is not valid yet"
	}
	return "is not valid"
}

// ids are what a delivery may be called. No dot: the signature of a webhook
// sets the id apart from what follows with one. No space, bracket or line
// break: it becomes a header and a Message-ID.
var ids = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
