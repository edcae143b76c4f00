package delivery

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// MailConfig is how letters are sent.
type MailConfig struct {
	// URL is the mail server: smtps://user:password@host:465 (TLS from the first
	// byte) or smtp://user:password@host:587 (STARTTLS, without which nothing is
	// sent). User and password may be missing. ?starttls=off is for a relay on
	// the same machine, which often has no certificate, and where nobody can
	// listen in: it is accepted for a loopback host only, and not together with
	// a password.
	URL     string
	From    string         // an address, with or without a name
	Timeout time.Duration  // of an attempt; 0: one minute, as some servers scan before they answer
	RootCAs *x509.CertPool // nil: the system's
}

// Mailer sends letters, each over a connection of its own: they are few. It is
// safe for concurrent use.
type Mailer struct {
	server
	from    *mail.Address
	domain  string // of from
	timeout time.Duration
	tls     *tls.Config
}

// A server is what an SMTP URL says.
type server struct {
	host, port     string
	implicit       bool // TLS from the first byte
	clear          bool // no TLS at all
	user, password string
}

// NewMailer returns a Mailer. Its errors are about the command line: they begin
// with the flag's name and hold no password.
func NewMailer(cfg MailConfig) (*Mailer, error) {
	s, err := parseServer(cfg.URL)
	if err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, errors.New("mail-from: not an e-mail address; write it like billing@example.com or Billing <billing@example.com>")
	}
	if strings.ContainsFunc(from.Address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("mail-from: the address must be ASCII without spaces; write a domain with umlauts in its xn-- form")
	}
	from.Name = plain(from.Name)
	return &Mailer{
		server:  s,
		from:    from,
		domain:  from.Address[strings.LastIndexByte(from.Address, '@')+1:],
		timeout: cmp.Or(cfg.Timeout, time.Minute),
		tls:     &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.host, RootCAs: cfg.RootCAs},
	}, nil
}

// parseServer never repeats the URL in an error, nor what url.Parse says of
// it: both may hold the password.
func parseServer(raw string) (server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return server{}, errors.New("smtp-url: not a URL; write smtp://user:password@host:587, with special characters of user and password percent-encoded")
	}
	s := server{host: u.Hostname(), port: u.Port(), implicit: u.Scheme == "smtps", user: u.User.Username()}
	s.password, _ = u.User.Password()
	switch {
	case s.port == "" && s.implicit:
		s.port = "465"
	case s.port == "":
		s.port = "587"
	}
	query, err := url.ParseQuery(u.RawQuery)
	s.clear = query.Get("starttls") == "off"
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return s, errors.New("smtp-url: must begin with smtp:// (STARTTLS) or smtps:// (TLS from the start)")
	case s.host == "":
		return s, errors.New("smtp-url: has no host; write smtp://user:password@host:587")
	case !portOK(s.port):
		return s, errors.New("smtp-url: the port is not between 1 and 65535")
	case (s.user == "") != (s.password == ""):
		return s, errors.New("smtp-url: has only one of user and password; give both or neither")
	case strings.Trim(u.Path, "/") != "" || strings.Contains(raw, "#"):
		return s, errors.New("smtp-url: nothing may follow the port; percent-encode / and # in user and password")
	case err != nil || len(query) > 1 || u.RawQuery != "" && u.RawQuery != "starttls=off":
		return s, errors.New("smtp-url: the only parameter is starttls=off; percent-encode ? in user and password")
	case s.clear && (s.implicit || !onLoopback(s.host)):
		return s, errors.New("smtp-url: starttls=off is only for smtp:// and a relay on this machine (localhost)")
	case s.clear && s.password != "":
		return s, errors.New("smtp-url: with starttls=off there can be no password: it would be sent unencrypted")
	}
	return s, nil
}

func onLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// dial connects, and speaks TLS from the start if the URL wants that.
func (m *Mailer) dial(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(m.host, m.port)
	if m.implicit {
		return (&tls.Dialer{Config: m.tls}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}
