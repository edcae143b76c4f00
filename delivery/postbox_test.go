package delivery

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// authority makes a certificate authority, and a certificate of it for this
// machine.
func authority(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	sign := func(cert, parent *x509.Certificate, of, by *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, cert, parent, &of.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, leafKey := key(), key()
	ca = sign(ca, ca, caKey, caKey)
	leaf := sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, ca, leafKey, caKey)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey}, pool
}

// A postbox is a mail server with an account, user and hunter2, that keeps what
// it takes and what it hears before TLS.
type postbox struct {
	t          *testing.T
	port, tls  string // of STARTTLS, and of TLS from the start
	roots      *x509.CertPool
	mechanisms []string
	refuse     func(stage string) error // session, auth, mail, rcpt or data

	mu        sync.Mutex
	letters   []taken      // guarded by mu
	mechanism string       // guarded by mu; the login that was tried last
	wire      bytes.Buffer // guarded by mu
}

// taken is a letter with its envelope.
type taken struct {
	login, from, to string
	utf8            bool
	data            []byte
}

// startPostbox starts a postbox after setup has changed what it offers.
func startPostbox(t *testing.T, setup func(*smtp.Server)) *postbox {
	t.Helper()
	cert, roots := authority(t)
	p := &postbox{t: t, roots: roots, mechanisms: []string{sasl.Plain}, refuse: func(string) error { return nil }}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{p: p}, p.refuse("session") }))
	s.Domain, s.ErrorLog, s.EnableSMTPUTF8 = "mail.example.com", quiet, true
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	if setup != nil {
		setup(s)
	}
	var serving sync.WaitGroup
	var listeners []net.Listener
	listen := func(wrap func(net.Listener) net.Listener) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
		serving.Go(func() {
			if err := s.Serve(wrap(l)); err != nil {
				t.Error(err)
			}
		})
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return port
	}
	p.port = listen(func(l net.Listener) net.Listener { return &tap{l, p} })
	p.tls = listen(func(l net.Listener) net.Listener {
		return tls.NewListener(&tap{l, p}, &tls.Config{Certificates: []tls.Certificate{cert}})
	})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, l := range listeners { // Close knows none whose Serve has yet to begin
			l.Close()
		}
		serving.Wait()
	})
	return p
}

// mailer is a Mailer for the postbox. prefix is a URL up to the host.
func (p *postbox) mailer(prefix string) *Mailer {
	p.t.Helper()
	port := p.port
	if strings.HasPrefix(prefix, "smtps") {
		port = p.tls
	}
	m, err := NewMailer(MailConfig{URL: prefix + "127.0.0.1:" + port, From: "Rechnungsstelle Süd <billing@example.com>", RootCAs: p.roots})
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *postbox) taken() []taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.letters
}

func (p *postbox) chosen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mechanism
}

// A tap notes what is read from the connections that it accepts.
type tap struct {
	net.Listener
	p *postbox
}

func (l *tap) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &tapped{c, l.p}, err
}

type tapped struct {
	net.Conn
	p *postbox
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.wire.Write(b[:n])
	return n, err
}

// A visit is one connection's session.
type visit struct {
	p       *postbox
	current taken
}

func (v *visit) AuthMechanisms() []string { return v.p.mechanisms }

func (v *visit) Auth(mechanism string) (sasl.Server, error) {
	v.p.mu.Lock()
	v.p.mechanism = mechanism
	v.p.mu.Unlock()
	check := func(_, user, password string) error {
		if user != "user" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		v.current.login = user
		return v.p.refuse("auth")
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(check), nil
	case sasl.Login:
		return &login{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (v *visit) Mail(from string, o *smtp.MailOptions) error {
	v.current.from, v.current.utf8 = from, o.UTF8
	return v.p.refuse("mail")
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.current.to = to
	return v.p.refuse("rcpt")
}

func (v *visit) Data(r io.Reader) (err error) {
	if v.current.data, err = io.ReadAll(r); err != nil {
		return err
	}
	if err := v.p.refuse("data"); err != nil {
		return err
	}
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.p.letters = append(v.p.letters, v.current)
	return nil
}

func (v *visit) Reset() { v.current = taken{login: v.current.login} }

func (v *visit) Logout() error { return nil }

// login is the server's side of the mechanism LOGIN, which go-sasl has not.
type login struct {
	check func(identity, user, password string) error
	heard []string
}

func (l *login) Next(response []byte) ([]byte, bool, error) {
	if response != nil {
		l.heard = append(l.heard, string(response))
	}
	switch len(l.heard) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check("", l.heard[0], l.heard[1])
}
