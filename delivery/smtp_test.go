package delivery

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// TestRefusals: which reply to which command is final, and what an admin reads.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		stage     string
		code      int
		enhanced  smtp.EnhancedCode
		permanent bool
		text      string
	}{
		{"rcpt", 550, smtp.EnhancedCode{5, 1, 1}, true, "550 5.1.1 to the recipient: a matter of the address"},
		{"rcpt", 550, smtp.EnhancedCode{5, 7, 1}, true, "550 5.7.1 to the recipient: a matter of security or policy"},
		{"rcpt", 450, smtp.EnhancedCode{4, 2, 0}, false, "450 4.2.0 to the recipient: a matter of the mailbox"},
		{"rcpt", 530, smtp.EnhancedCode{5, 7, 0}, false, "530 5.7.0 to the recipient"},
		{"data", 554, smtp.EnhancedCode{5, 6, 0}, true, "554 5.6.0 to the letter: a matter of the content"},
		{"data", 552, smtp.NoEnhancedCode, true, "552 to the letter"},
		{"data", 451, smtp.EnhancedCode{4, 3, 0}, false, "451 4.3.0 to the letter"},
		{"data", 421, smtp.EnhancedCode{4, 4, 2}, false, "421 4.4.2 to the letter"},
		{"mail", 550, smtp.EnhancedCode{5, 7, 1}, false, "550 5.7.1 to the sender"},
		{"mail", 452, smtp.EnhancedCode{4, 3, 1}, false, "452 4.3.1 to the sender"},
		{"auth", 535, smtp.EnhancedCode{5, 7, 8}, false, "535 5.7.8 to the login"},
		{"auth", 454, smtp.EnhancedCode{4, 7, 0}, false, "454 4.7.0 to the login"},
		{"session", 554, smtp.EnhancedCode{5, 3, 2}, false, "554 5.3.2 to the greeting"},
	} {
		p := startPostbox(t, nil)
		p.refuse = func(stage string) error {
			if stage != c.stage {
				return nil
			}
			return &smtp.SMTPError{Code: c.code, EnhancedCode: c.enhanced, Message: "anna@example.com said hunter2?"}
		}
		e := failure(t, p.mailer("smtp://user:hunter2@").Send(t.Context(), letter()))
		if e.Permanent != c.permanent || e.Status != c.code || e.Gone || e.RetryAfter != 0 {
			t.Errorf("%s: %+v", c.stage, e)
		}
		if !strings.HasPrefix(e.Text, "the mail server answered "+c.text) || strings.Contains(e.Text, "anna") {
			t.Errorf("%s: %q, want %q", c.stage, e.Text, c.text)
		}
		if got := p.taken(); len(got) > 0 {
			t.Errorf("%s: %d letters taken", c.stage, len(got))
		}
	}
}

// TestNoPlaintext: without TLS neither letter nor password leaves, even if the
// server would take both.
func TestNoPlaintext(t *testing.T) {
	p := startPostbox(t, func(s *smtp.Server) {
		s.TLSConfig = nil
		s.AllowInsecureAuth = true
	})
	e := failure(t, p.mailer("smtp://user:hunter2@").Send(t.Context(), letter()))
	if e.Permanent || !strings.Contains(e.Text, "offers no STARTTLS") {
		t.Errorf("%+v", e)
	}
	p.keeps(t, "hunter2", "anna")
}

// TestUntrustedServer: a certificate from elsewhere ends the conversation
// before the login, however TLS is begun.
func TestUntrustedServer(t *testing.T) {
	for _, scheme := range []string{"smtp://user:hunter2@", "smtps://user:hunter2@"} {
		p := startPostbox(t, nil)
		_, p.roots = authority(t)
		e := failure(t, p.mailer(scheme).Send(t.Context(), letter()))
		if e.Permanent || !strings.Contains(e.Text, "authority that is not trusted here") {
			t.Errorf("%+v", e)
		}
		p.keeps(t, "hunter2", "anna")
	}
}

// TestLogin: what is chosen from what the server offers.
func TestLogin(t *testing.T) {
	for offer, want := range map[string]string{
		"LOGIN":                     "LOGIN",
		"LOGIN PLAIN":               "PLAIN",
		"PLAIN SCRAM-SHA-256 LOGIN": "SCRAM-SHA-256",
		"CRAM-MD5 NTLM":             "",
	} {
		p := startPostbox(t, nil)
		p.mechanisms = strings.Fields(offer)
		err := p.mailer("smtp://user:hunter2@").Send(t.Context(), letter())
		if got := p.chosen(); got != want {
			t.Errorf("offered %s: chose %q, want %q: %v", offer, got, want, err)
		}
		switch {
		case want == "":
			if e := failure(t, err); e.Permanent || !strings.Contains(e.Text, "offers no login by") {
				t.Errorf("%+v", e)
			}
		case want != "SCRAM-SHA-256" && err != nil: // the test's server cannot end that one
			t.Errorf("%s: %v", want, err)
		}
	}
}

// script is a mail server that says its lines whatever it hears, one after each
// line it reads, and hangs up after the last. A "." reads the letter.
func script(t *testing.T, lines ...string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		text := textproto.NewConn(c)
		for _, line := range lines {
			if line == "." {
				_, err = text.ReadDotLines()
			} else {
				err = text.PrintfLine("%s", line)
			}
			if err != nil {
				t.Error(err)
				return
			}
			if line != "." && !strings.HasPrefix(line, "354") {
				_, _ = text.ReadLine()
			}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// scripted is a Mailer for a script, by way of a relay on this machine.
func scripted(t *testing.T, port string, timeout time.Duration) *Mailer {
	t.Helper()
	m, err := NewMailer(MailConfig{URL: "smtp://127.0.0.1:" + port + "?starttls=off", From: "billing@example.com", Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTakenIsTaken: once the server has taken the letter, nothing that goes
// wrong makes it be sent again.
func TestTakenIsTaken(t *testing.T) {
	port := script(t, "220 relay", "250 relay", "250 sender", "250 recipient", "354 go on", ".", "250 taken")
	if err := scripted(t, port, 0).Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
}

// TestBrokenConversations: the server hangs up, speaks another language, or
// serves nobody.
func TestBrokenConversations(t *testing.T) {
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"closed the connection without an answer", []string{"220 relay", "250 relay", "250 sender"}},
		{"closed the connection without an answer", []string{"220 relay", "250 relay", "250 sender", "250 recipient", "354 go on", "."}},
		{"connection", []string{"220 relay", "250 relay", "250 sender", "250 recipient", "354 go on"}}, // reset or closed, as it happens
		{"answered 451 to the letter", []string{"220 relay", "250 relay", "250 sender", "250 recipient", "451 no room"}},
		{"did not answer as expected", []string{"HTTP/1.1 400 Bad Request"}},
		{"answered 554 to the connection", []string{"554 no service here"}},
	} {
		e := failure(t, scripted(t, script(t, c.lines...), 0).Send(t.Context(), letter()))
		if e.Permanent || !strings.Contains(e.Text, c.want) {
			t.Errorf("%+v, want %q", e, c.want)
		}
	}
}

// TestSilentServer: an attempt ends with its timeout or with its caller.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // whose backlog connects, and which says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	e := failure(t, scripted(t, port, 20*time.Millisecond).Send(t.Context(), letter()))
	if e.Text != "127.0.0.1 gave no answer within 20ms" || e.Permanent {
		t.Errorf("%+v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	accepted := make(chan net.Conn, 2)
	go func() {
		defer cancel()
		defer close(accepted)
		for range cap(accepted) { // the second is the one that is to be stopped
			if c, err := l.Accept(); err == nil {
				accepted <- c
			}
		}
	}()
	stopped := scripted(t, port, 0).Send(ctx, letter())
	if failure(t, stopped); !errors.Is(stopped, context.Canceled) {
		t.Error(stopped)
	}
	for c := range accepted {
		c.Close()
	}
}

// TestNobodyListens: neither by name nor by address.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	e := failure(t, scripted(t, port, 0).Send(t.Context(), letter()))
	if e.Permanent || e.Text != "the connection to 127.0.0.1 failed: connection refused" {
		t.Errorf("%+v", e)
	}
}

// keeps fails if any of the words went over the wire, as it is or in base64.
func (p *postbox) keeps(t *testing.T, words ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wire.Len() == 0 {
		t.Error("nothing was said at all")
	}
	for _, word := range append(words, base64.StdEncoding.EncodeToString([]byte("\x00user\x00hunter2"))) {
		if bytes.Contains(p.wire.Bytes(), []byte(word)) {
			t.Errorf("%q went over the wire", word)
		}
	}
}
