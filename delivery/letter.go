package delivery

import (
	"bytes"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Letter is one e-mail to one person.
type Letter struct {
	ID          string    // the same for every attempt; with the sender's domain it is the Message-ID
	At          time.Time // the Date; zero: that of the attempt
	To          string    // an address, with or without a name
	Subject     string
	Text        string
	Language    string // a BCP 47 tag such as de; "": not said
	Attachments []Attachment
}

// Attachment is a file that a Letter brings.
type Attachment struct {
	Name string
	Type string // a media type such as application/pdf
	Data []byte
}

// languages are tags in the shape of RFC 5646, without a look at their
// registry.
var languages = regexp.MustCompile(`^([A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*)?$`)

// compose writes a letter as MIME, and returns whom it goes to. What ends up in
// a header is either checked against a pattern or freed of control characters,
// so that no name or subject can add a header.
func (m *Mailer) compose(l Letter) (*gomail.Msg, *mail.Address, *Error) {
	to, err := mail.ParseAddress(l.To)
	switch {
	case err != nil || strings.ContainsFunc(to.Address, unicode.IsControl):
		return nil, nil, permanent("the recipient is not an e-mail address")
	case !ids.MatchString(l.ID):
		return nil, nil, permanent("the id of the letter cannot be a Message-ID")
	case !languages.MatchString(l.Language):
		return nil, nil, permanent("the language of the letter is not a language tag")
	}
	if l.At.IsZero() {
		l.At = time.Now()
	}
	to.Name = plain(to.Name)
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to)
	msg.Subject(plain(l.Subject))
	msg.SetMessageIDWithValue(l.ID + "@" + m.domain)
	msg.SetDateWithValue(l.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	if l.Language != "" {
		msg.SetGenHeader("Content-Language", l.Language)
	}
	msg.SetBodyString(gomail.TypeTextPlain, strings.ToValidUTF8(l.Text, "\uFFFD"))
	for _, a := range l.Attachments {
		if !attach(msg, a) {
			return nil, nil, permanent("an attachment of the letter has no name or no media type")
		}
	}
	return msg, to, nil
}

// attach adds a file. The library would write a name with an umlaut as an
// encoded word, which RFC 2047 section 5 forbids in a parameter; mime writes
// it as RFC 2231 has it.
func attach(msg *gomail.Msg, a Attachment) bool {
	kind, params, err := mime.ParseMediaType(a.Type)
	name := strings.NewReplacer("/", "-", `\`, "-").Replace(plain(a.Name))
	if err != nil || name == "" {
		return false
	}
	params["name"] = name
	headers := func(f *gomail.File) {
		f.Header.Set("Content-Type", mime.FormatMediaType(kind, params))
		f.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	msg.AttachReadSeeker(name, bytes.NewReader(a.Data), headers)
	return true
}

// plain makes one line of a text: runs of spaces, line breaks and other control
// characters become a single space.
func plain(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}
