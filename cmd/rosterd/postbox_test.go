package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The account of the postbox. The password needs escaping in a URL.
const postUser, postPassword = "rosterd", "p/ss:w@rd"

// A postbox is a mail server on loopback that takes letters after STARTTLS and
// login only.
type postbox struct {
	url string // for smtp-url
	ca  string // file with the certificate of its authority

	mu      sync.Mutex
	letters []received // guarded by mu
}

// received is one letter, read.
type received struct {
	id, to, subject, text string
	language              string
	files                 map[string][]byte // attachments by name
}

// startPostbox runs a postbox until the test's end.
func startPostbox(t *testing.T) *postbox {
	t.Helper()
	cert, ca := selfSigned(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{url: "smtp://rosterd:p%2Fss%3Aw%40rd@" + l.Addr().String(), ca: ca}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{t: t, box: p}, nil }))
	s.Domain, s.ErrorLog = "mail.example.com", log.New(io.Discard, "", 0)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close() // knows nothing of a listener whose Serve has yet to begin
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// selfSigned makes a certificate for this machine that vouches for itself.
func selfSigned(t *testing.T) (cert tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postbox"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// environment and flags are what a daemon needs to send through the postbox.
func (p *postbox) environment() []string {
	return []string{"SSL_CERT_FILE=" + p.ca, "ROSTERD_SMTP_URL=" + p.url}
}

const mailFrom = "--mail-from=Rosterd Billing <billing@rosterd.example.com>"

// wait returns all letters once there are so many.
func (p *postbox) wait(t *testing.T, n int) []received {
	t.Helper()
	var out []received
	eventually(t, 30*time.Second, "enough letters have come", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		out = append([]received(nil), p.letters...)
		return len(out) >= n
	})
	return out
}

// A visit is one connection.
type visit struct {
	t    *testing.T
	box  *postbox
	user string
	to   string
}

// AuthMechanisms implements smtp.AuthSession.
func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != postUser || password != postPassword {
			return smtp.ErrAuthFailed
		}
		v.user = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (v *visit) Mail(string, *smtp.MailOptions) error {
	if v.user == "" {
		return smtp.ErrAuthRequired
	}
	return nil
}

// Rcpt implements smtp.Session.
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	return nil
}

// Data implements smtp.Session.
func (v *visit) Data(r io.Reader) error {
	l, err := readLetter(r)
	if err != nil {
		v.t.Errorf("a letter to %s: %v", v.to, err)
		return err
	}
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	if l.to != v.to {
		v.t.Errorf("a letter to %s came to %s", l.to, v.to)
	}
	v.box.letters = append(v.box.letters, l)
	return nil
}

// Reset implements smtp.Session.
func (v *visit) Reset() {}

// Logout implements smtp.Session.
func (v *visit) Logout() error { return nil }

// readLetter reads MIME.
func readLetter(r io.Reader) (received, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return received{}, err
	}
	out := received{id: m.Header.Get("Message-Id"), language: m.Header.Get("Content-Language"), files: map[string][]byte{}}
	to, err := mail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return out, err
	}
	out.to = to.Address
	if out.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return out, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		text, bad := io.ReadAll(quotedprintable.NewReader(m.Body))
		out.text = plainLines(text)
		return out, bad
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if err := out.part(part); err != nil {
			return out, err
		}
	}
}

func (l *received) part(part *multipart.Part) error {
	data, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	if part.FileName() == "" {
		l.text = plainLines(data)
		return nil
	}
	if part.Header.Get("Content-Transfer-Encoding") == "base64" {
		if data, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(data))); err != nil {
			return err
		}
	}
	l.files[part.FileName()] = data
	return nil
}

func plainLines(text []byte) string { return strings.ReplaceAll(string(text), "\r\n", "\n") }
