package invoice

import (
	"fmt"
	"strconv"
	"strings"

	"rosterd/ledger"
)

// Description says what l bills, in German for a BCP 47 tag of German and else
// in English: "12 Seats, 15.08.–31.08.2026 (17 von 31 Tagen)" or "12 seats,
// 15–31 August 2026 (17 of 31 days)".
func Description(l *ledger.Line, language string) string {
	w := wordsFor(language)
	noun := w.seats
	if l.Seats == 1 || l.Seats == -1 {
		noun = w.seat
	}
	return fmt.Sprintf(w.part, w.integer(l.Seats), noun, w.span(l.From, l.To), l.Days, l.PeriodDays)
}

// Amount returns an amount with its currency as a language writes it, such as
// "3.537,10 EUR" in German.
func Amount(m ledger.Money, language string) string {
	return wordsFor(language).money(m.Currency, m.Minor)
}

// Day returns a date as a language writes it: "25.11.2026" in German, "25
// November 2026" in English.
func Day(d ledger.Date, language string) string { return wordsFor(language).onDate(d) }

// money returns an amount of minor units with its currency, such as
// "3.537,10 EUR" in German.
func (w *words) money(c ledger.Currency, minor int64) string {
	return w.decimal(c, minor) + " " + string(c)
}

// decimal returns an amount of minor units without its currency.
func (w *words) decimal(c ledger.Currency, minor int64) string {
	return w.punctuated(ledger.Money{Currency: c, Minor: minor}.Decimal())
}

func (w *words) integer(n int64) string { return w.punctuated(strconv.FormatInt(n, 10)) }

// rate returns a percentage without its sign, such as "8,1" in German.
func (w *words) rate(r ledger.Rate) string { return w.punctuated(r.String()) }

// punctuated gives a decimal number the separators of the language. They are not
// taken from a table of locales, whose updates would change issued invoices.
func (w *words) punctuated(s string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		sign, s = "-", rest
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + w.amounts.thousands + whole[i:]
	}
	if dotted {
		fraction = w.amounts.decimal + fraction
	}
	return sign + whole + fraction
}

// germanDate returns a date such as 25.11.2026.
func germanDate(d ledger.Date) string { return fmt.Sprintf("%02d.%02d.%04d", d.Day, d.Month, d.Year) }

// germanSpan returns days such as 15.08.–31.08.2026.
func germanSpan(from, to ledger.Date) string {
	if from == to {
		return germanDate(to)
	}
	if from.Year != to.Year {
		return germanDate(from) + "–" + germanDate(to)
	}
	return fmt.Sprintf("%02d.%02d.–%s", from.Day, from.Month, germanDate(to))
}

// englishDate returns a date such as 25 November 2026.
func englishDate(d ledger.Date) string { return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year) }

// englishSpan returns days such as 15–31 August 2026.
func englishSpan(from, to ledger.Date) string {
	switch {
	case from == to:
		return englishDate(to)
	case from.Year != to.Year:
		return englishDate(from) + " – " + englishDate(to)
	case from.Month != to.Month:
		return fmt.Sprintf("%d %s – %s", from.Day, from.Month, englishDate(to))
	}
	return fmt.Sprintf("%d–%s", from.Day, englishDate(to))
}

// exemption says why a category bears no VAT (BT-120): the words that the law
// asks for, and the reason that the workspace gives unless it says the same.
func (w *words) exemption(t ledger.Tax) string {
	if t.Category == ledger.Standard || t.Category == ledger.ZeroRated {
		return ""
	}
	notice, reason := w.exemptions[t.Category], strings.TrimSpace(t.Reason)
	switch {
	case notice == "" || strings.Contains(strings.ToLower(reason), strings.ToLower(notice)):
		return reason
	case reason == "":
		return notice
	}
	return notice + ". " + reason
}

// period returns the first and last day that inv bills (BT-73, BT-74).
func period(inv *ledger.Invoice) (from, to ledger.Date) {
	for i, l := range inv.Lines {
		if i == 0 || l.From.Compare(from) < 0 {
			from = l.From
		}
		if i == 0 || l.To.Compare(to) > 0 {
			to = l.To
		}
	}
	return from, to
}

// due returns the day until which inv is to be paid (BT-9). There is none for
// what is nothing or paid back, or as long as the seller's terms are unknown.
func due(inv *ledger.Invoice) (ledger.Date, bool) {
	if inv.Gross <= 0 || inv.Seller.PaymentDays <= 0 {
		return ledger.Date{}, false
	}
	return inv.Issued.Plus(inv.Seller.PaymentDays), true
}
