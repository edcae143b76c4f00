package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Send makes one attempt. It returns nil once the mail server has taken the
// letter, and an *Error otherwise.
func (m *Mailer) Send(ctx context.Context, l Letter) error {
	msg, to, refusal := m.compose(l)
	if refusal != nil {
		return refusal
	}
	ctx, cancel := limit(ctx, m.timeout)
	defer cancel()
	conn, err := m.dial(ctx)
	if err != nil {
		return broken(ctx, m.host, m.timeout, err)
	}
	defer conn.Close()
	// The conversation knows no context: it ends with its connection.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	err = m.converse(conn, msg, to)
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return broken(ctx, m.host, m.timeout, err)
}

// converse hands msg over. go-mail's own Client is not used for it: it does not
// say that STARTTLS is missing in a way that a program can read, cannot be
// cancelled once it is connected, and reports a letter as failed that the
// server has taken, if the goodbye after it fails.
func (m *Mailer) converse(conn net.Conn, msg *gomail.Msg, to *mail.Address) error {
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return answered("the connection", false, err)
	}
	if err := c.Hello(m.domain); err != nil { // what the machine is called is often no domain name, as in containers
		return answered("the greeting", false, err)
	}
	if err := m.secure(c); err != nil {
		return err
	}
	// Announced where it is not needed, it makes relays refuse that lack it.
	c.SkipSMTPUTF8(!strings.ContainsFunc(to.Address, func(r rune) bool { return r > '~' }))
	if err := c.Mail(address(m.from)); err != nil {
		return answered("the sender", false, err)
	}
	if err := c.Rcpt(address(to)); err != nil {
		return answered("the recipient", true, err)
	}
	w, err := c.Data()
	if err != nil {
		return answered("the letter", true, err)
	}
	if _, err := msg.WriteTo(w); err != nil {
		return err // closing w would end, and so send, half a letter
	}
	if err := w.Close(); err != nil {
		return answered("the letter", true, err)
	}
	_ = c.Quit() // the letter is the server's now
	return nil
}

// address is an address alone, in angle brackets and quoted where it must be.
func address(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// secure starts TLS and logs in, as far as the URL wants it.
func (m *Mailer) secure(c *smtp.Client) error {
	if !m.implicit && !m.clear {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return &Error{Text: "the mail server offers no STARTTLS, so nothing was sent; use its submission port, or smtps://"}
		}
		if err := c.StartTLS(m.tls); err != nil {
			return answered("STARTTLS", false, err)
		}
	}
	if m.password == "" {
		return nil
	}
	auth := m.auth(c)
	if auth == nil {
		return &Error{Text: "the mail server offers no login by SCRAM-SHA-256, PLAIN or LOGIN"}
	}
	if err := c.Auth(auth); err != nil {
		return answered("the login", false, err)
	}
	return nil
}

// auth chooses how to log in: first the one way that does not show the server
// the password.
func (m *Mailer) auth(c *smtp.Client) smtp.Auth {
	_, offer := c.Extension("AUTH")
	offered := func(mechanism string) bool { return slices.Contains(strings.Fields(offer), mechanism) }
	switch {
	case offered("SCRAM-SHA-256"):
		return smtp.ScramSHA256Auth(m.user, m.password)
	case offered("PLAIN"):
		return smtp.PlainAuth("", m.user, m.password, m.host, false)
	case offered("LOGIN"):
		return smtp.LoginAuth(m.user, m.password, m.host, false)
	}
	return nil
}

// answered turns a refusal by the server into an *Error, and passes any other
// error on. A 5xx (RFC 5321 section 4.2.1) is permanent only where it is about
// the letter: a wrong sender, password or certificate is the operator's, would
// be every letter's end, and is mended within the day for which a letter is
// tried. The server's text is left out, since it repeats addresses.
func answered(what string, letter bool, err error) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return err
	}
	e := &Error{Status: reply.Code, Text: fmt.Sprintf("the mail server answered %d to %s", reply.Code, what)}
	if code := enhanced.FindStringSubmatch(reply.Msg); code != nil {
		e.Text = fmt.Sprintf("the mail server answered %d %s to %s: a matter of %s", reply.Code, code[0], what, subjects[code[1]])
	}
	e.Permanent = letter && reply.Code >= 500 && !slices.Contains(loginCodes, reply.Code)
	return e
}

// loginCodes are how a server asks for another login (RFC 4954 section 6), at
// whatever point it does.
var loginCodes = []int{530, 534, 535, 538}

// enhanced is a status code of RFC 3463; subjects says what its second number
// means.
var (
	enhanced = regexp.MustCompile(`^[45]\.([1-7])\.\d{1,3}\b`)
	subjects = map[string]string{
		"1": "the address",
		"2": "the mailbox",
		"3": "the receiving mail system",
		"4": "network or routing",
		"5": "the mail protocol",
		"6": "the content",
		"7": "security or policy",
	}
)
