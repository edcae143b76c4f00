package delivery

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"
)

const text = "Guten Tag Anna Müller,\n\nIhre Rechnung für größere Änderungen: 3.537,10 €.\n.\nEin Punkt allein beendet keinen Brief.\n"

func letter() Letter {
	return Letter{
		ID: "acme-17-billing", At: epoch, To: "anna@example.com", Subject: "Ihre Rechnung für März: 500 zusätzliche Plätze im laufenden Zeitraum",
		Text: text, Language: "de",
		Attachments: []Attachment{
			{Name: "acme-000001.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte{0, 1, 2, '\r', '\n', '.', 255}, 20_000)},
			{Name: "Prüfung.xml", Type: "application/xml; charset=utf-8", Data: []byte("<a/>")},
		},
	}
}

// A part is a decoded piece of a letter.
type part struct {
	kind, name, disposition string
	data                    []byte
}

// open reads a letter with the standard library alone.
func open(t *testing.T, data []byte) (mail.Header, []part) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		return m.Header, []part{{kind: kind, data: decoded(t, m.Header.Get("Content-Transfer-Encoding"), m.Body)}}
	}
	var parts []part
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		disposition, _, _ := strings.Cut(p.Header.Get("Content-Disposition"), ";")
		parts = append(parts, part{kind, params["name"], disposition, decoded(t, p.Header.Get("Content-Transfer-Encoding"), p)})
		if got := p.FileName(); got != params["name"] {
			t.Errorf("called %q and %q", got, params["name"])
		}
	}
}

func decoded(t *testing.T, encoding string, r io.Reader) []byte {
	t.Helper()
	switch encoding {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	default:
		t.Errorf("encoded as %q", encoding)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLetterArrives: by STARTTLS and by TLS from the start, with a login, all
// of it intact, and the same at the second attempt.
func TestLetterArrives(t *testing.T) {
	for _, scheme := range []string{"smtp://user:hunter2@", "smtps://user:hunter2@"} {
		p := startPostbox(t, nil)
		l, m := letter(), p.mailer(scheme)
		for range 2 {
			if err := m.Send(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		p.keeps(t, "hunter2", "anna")
		got := p.taken()
		if len(got) != 2 {
			t.Fatalf("%d letters", len(got))
		}
		for _, g := range got {
			if g.login != "user" || g.from != "billing@example.com" || g.to != "anna@example.com" || g.utf8 {
				t.Errorf("envelope %+v", g)
			}
			checkLetter(t, l, g.data)
		}
	}
}

func checkLetter(t *testing.T, l Letter, data []byte) {
	t.Helper()
	header, parts := open(t, data)
	for name, want := range map[string]string{
		"Message-Id": "<acme-17-billing@example.com>", "Date": "Sun, 01 Mar 2026 12:00:00 +0000", "To": "<anna@example.com>",
		"Auto-Submitted": "auto-generated", "Content-Language": "de", "Mime-Version": "1.0", "User-Agent": "", "X-Mailer": "",
	} {
		if header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, header.Get(name), want)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != l.Subject {
		t.Errorf("subject %q: %v", subject, err)
	}
	from, err := header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Rechnungsstelle Süd" || from[0].Address != "billing@example.com" {
		t.Errorf("from %v: %v", from, err)
	}
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) > 200 || bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) || !bytes.HasSuffix(line, []byte("\r\n")) && len(line) > 0 {
			t.Errorf("the line %q", line)
		}
	}
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	if got := strings.ReplaceAll(string(parts[0].data), "\r\n", "\n"); parts[0].kind != "text/plain" || got != l.Text {
		t.Errorf("%s: %q", parts[0].kind, got)
	}
	for i, a := range l.Attachments {
		got := parts[i+1]
		kind, _, _ := strings.Cut(a.Type, ";")
		if got.name != a.Name || got.kind != kind || got.disposition != "attachment" || !bytes.Equal(got.data, a.Data) {
			t.Errorf("attachment %s, %s, %s of %d bytes", got.name, got.kind, got.disposition, len(got.data))
		}
	}
}

// TestPlainLetter: no attachments, no language, no date, no login, a recipient
// outside ASCII.
func TestPlainLetter(t *testing.T) {
	p := startPostbox(t, nil)
	l := Letter{ID: "a", To: "Jürgen <jürgen@example.com>", Subject: "Hallo", Text: "x"}
	before := time.Now().Add(-time.Second) // a Date has whole seconds
	if err := p.mailer("smtp://").Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	got := p.taken()[0]
	header, parts := open(t, got.data)
	at, err := header.Date()
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("date %v: %v", at, err)
	}
	if _, ok := header["Content-Language"]; ok || len(parts) != 1 || got.login != "" || got.to != "jürgen@example.com" || !got.utf8 {
		t.Errorf("%+v %v", got, header)
	}
}

// TestNothingIsInjected: line breaks in what ends up in headers add neither
// headers nor parts, and what must have a shape is refused without it.
func TestNothingIsInjected(t *testing.T) {
	p := startPostbox(t, nil)
	const evil = "x\r\nBcc: evil@example.com\r\n\r\n<b>\n\x00\u0085\u2028y"
	l := letter()
	l.Subject, l.To = evil, `"Anna \"x\" Bcc: a" <anna@example.com>`
	l.Text = ".\r\nQUIT\r\n" + l.Text + "\xff"
	l.Attachments = []Attachment{{Name: `"` + evil + `"; filename="../../etc/passwd`, Type: "application/pdf", Data: []byte("x")}}
	m := p.mailer("smtp://")
	if err := m.Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	header, parts := open(t, p.taken()[0].data)
	if header.Get("Bcc") != "" || header.Get("Subject") != "x Bcc: evil@example.com <b> y" || len(parts) != 2 {
		t.Errorf("%v, %d parts", header, len(parts))
	}
	if len(header) != 9 {
		t.Errorf("%d headers: %v", len(header), header)
	}
	if strings.ContainsAny(parts[1].name, "\r\n/") || !strings.HasSuffix(string(parts[0].data), "\uFFFD") {
		t.Errorf("%q %q", parts[1].name, parts[0].data)
	}
	for want, spoil := range map[string]func(*Letter){
		"the recipient is not":     func(l *Letter) { l.To = "anna@example.com\r\nRCPT TO:<evil@example.com>" },
		"an e-mail address":        func(l *Letter) { l.To = "anna@example.com, evil@example.com" },
		"recipient is":             func(l *Letter) { l.To = "" },
		"cannot be a Message-ID":   func(l *Letter) { l.ID = "a>\r\nBcc: evil@example.com" },
		"id of the letter":         func(l *Letter) { l.ID = "" },
		"not a language tag":       func(l *Letter) { l.Language = "de\r\nBcc: evil@example.com" },
		"no name or no media type": func(l *Letter) { l.Attachments = []Attachment{{Name: "a.pdf", Type: "pdf\r\n/"}} },
		"an attachment of the":     func(l *Letter) { l.Attachments = []Attachment{{Name: "\r\n", Type: "application/pdf"}} },
	} {
		l := letter()
		spoil(&l)
		if e := failure(t, m.Send(t.Context(), l)); !e.Permanent || e.Status != 0 || !strings.Contains(e.Text, want) {
			t.Errorf("%+v, want %q", e, want)
		}
	}
	if len(p.taken()) != 1 {
		t.Error("a malformed letter was sent")
	}
}

// TestMailConfig: what the operator hears of a wrong command line.
func TestMailConfig(t *testing.T) {
	const from = "billing@example.com"
	for _, c := range []struct{ url, from, want string }{
		{"smtp://mail.example.com", from, ""},
		{"smtps://user:p%40ss%2Fw%23%3F@mail.example.com/", "Billing <billing@example.com>", ""},
		{"smtp://[::1]:25?starttls=off", from, ""},
		{"smtp://localhost:25/?starttls=off", from, ""},
		{"smtp://user:hunter2@mail.example.com:smtp", from, "smtp-url: not a URL"},
		{"smtp://user:hunter2%zz@mail.example.com", from, "smtp-url: not a URL"},
		{"mail.example.com:587", from, "smtp-url: must begin with smtp://"},
		{"https://user:hunter2@mail.example.com", from, "smtp-url: must begin with smtp://"},
		{"", from, "smtp-url: must begin with smtp://"},
		{"smtp://user:hunter2@", from, "smtp-url: has no host"},
		{"smtp://mail.example.com:0", from, "smtp-url: the port is not between"},
		{"smtp://mail.example.com:70000", from, "smtp-url: the port is not between"},
		{"smtp://user@mail.example.com", from, "smtp-url: has only one of user and password"},
		{"smtp://:hunter2@mail.example.com", from, "smtp-url: has only one of user and password"},
		{"smtp://mail.example.com/inbox", from, "smtp-url: nothing may follow the port"},
		{"smtp://mail.example.com#hunter2", from, "smtp-url: nothing may follow the port"},
		{"smtp://mail.example.com?tls=hunter2", from, "smtp-url: the only parameter is starttls=off"},
		{"smtp://localhost?starttls=on", from, "smtp-url: the only parameter is starttls=off"},
		{"smtp://localhost?starttls=off&starttls=off", from, "smtp-url: the only parameter is starttls=off"},
		{"smtp://localhost?%zz", from, "smtp-url: the only parameter is starttls=off"},
		{"smtp://mail.example.com?starttls=off", from, "smtp-url: starttls=off is only for"},
		{"smtps://localhost?starttls=off", from, "smtp-url: starttls=off is only for"},
		{"smtp://user:hunter2@localhost?starttls=off", from, "smtp-url: with starttls=off there can be no password"},
		{"smtp://mail.example.com", "", "mail-from: not an e-mail address"},
		{"smtp://mail.example.com", "Billing", "mail-from: not an e-mail address"},
		{"smtp://mail.example.com", "a@example.com, b@example.com", "mail-from: not an e-mail address"},
		{"smtp://mail.example.com", "billing@müller.example", "mail-from: the address must be ASCII"},
		{"smtp://mail.example.com", `"a b"@example.com`, "mail-from: the address must be ASCII without spaces"},
	} {
		m, err := NewMailer(MailConfig{URL: c.url, From: c.from})
		switch {
		case c.want == "" && (err != nil || m == nil):
			t.Errorf("%s: %v", c.url, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s, %s: %v, want %q", c.url, c.from, err, c.want)
		case err != nil && (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v", c.url, err)
		}
	}
	m, err := NewMailer(MailConfig{URL: "smtps://user:p%40ss%2Fw%23%3F@mail.example.com/", From: from})
	if err != nil || m.password != "p@ss/w#?" || m.port != "465" || !m.implicit || m.timeout != time.Minute {
		t.Errorf("%+v: %v", m, err)
	}
}
