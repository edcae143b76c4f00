package main

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"rosterd/delivery"
	"rosterd/invoice"
	"rosterd/ledger"
	"rosterd/workspace"
)

// letterFiles are the words of letters. The first line of a file is the
// subject.
//
//go:embed letters/*.txt
var letterFiles embed.FS

var letterNames = map[workspace.NoticeKind]string{
	workspace.NoticeReactivated: "reactivated", workspace.NoticeWindow: "window",
	workspace.NoticeInvoice: "invoice", workspace.NoticeNoAdmin: "noadmin",
}

// letterTemplates are parsed once, with the functions of one language each.
var letterTemplates = map[string]*template.Template{"de": parseLetters("de"), "en": parseLetters("en")}

func parseLetters(language string) *template.Template {
	funcs := template.FuncMap{
		"amount": func(m ledger.Money) string { return invoice.Amount(m, language) },
		"day":    func(d ledger.Date) string { return invoice.Day(d, language) },
		"gross":  func(inv *ledger.Invoice) ledger.Money { return ledger.Money{Currency: inv.Currency, Minor: inv.Gross} },
		"clock": func(t time.Time) string {
			if language == "de" {
				return invoice.Day(ledger.DateOf(t), language) + " um " + t.Format("15:04 Uhr (MST)")
			}
			return invoice.Day(ledger.DateOf(t), language) + " at " + t.Format("15:04 (MST)")
		},
	}
	return template.Must(template.New("").Funcs(funcs).ParseFS(letterFiles, "letters/*."+language+".txt"))
}

// letter writes the mail that a notice asks for. id is the same at each
// attempt.
func letter(id string, n workspace.Notice) (delivery.Letter, error) {
	l := delivery.Letter{ID: id, To: n.To, Language: "en"}
	if workspace.German(n.Language) {
		l.Language = "de"
	}
	if n.Invoice != nil {
		var err error
		if l.Attachments, err = enclosures(n); err != nil {
			return l, err
		}
		n.EInvoice = len(l.Attachments) > 1 // the letter speaks of what is with it
	}
	n.Closes = n.Closes.In(n.Zone)
	// A line break in a name would end the subject, or begin a paragraph.
	n.Name, n.Workspace = strings.Join(strings.Fields(n.Name), " "), strings.Join(strings.Fields(n.Workspace), " ")
	var text strings.Builder
	name := letterNames[n.Kind] + "." + l.Language + ".txt"
	if err := letterTemplates[l.Language].ExecuteTemplate(&text, name, n); err != nil {
		return l, fmt.Errorf("letter %s: %w", name, err)
	}
	var body string
	l.Subject, body, _ = strings.Cut(text.String(), "\n")
	l.Text = strings.TrimSpace(body) + "\n"
	return l, nil
}

// enclosures are an invoice as PDF, and as XML where the workspace wants
// e-invoices and nothing is missing for one: the invoice itself is never lost
// for lack of it.
func enclosures(n workspace.Notice) ([]delivery.Attachment, error) {
	pdf, err := invoice.PDF(n.Invoice)
	if err != nil {
		return nil, err
	}
	out := []delivery.Attachment{{Name: n.Invoice.Number + ".pdf", Type: "application/pdf", Data: pdf}}
	if !n.EInvoice {
		return out, nil
	}
	if xml, err := invoice.XML(n.Invoice); err == nil {
		out = append(out, delivery.Attachment{Name: n.Invoice.Number + ".xml", Type: "application/xml", Data: xml})
	}
	return out, nil
}
