package ledger

import (
	"fmt"
	"time"
)

// A Price is what a seat costs, and what of it is tax: what was in force when a
// window opened.
type Price struct {
	Unit Money // one seat for one whole billing period, without tax
	Calendar
	Tax Tax
}

// A Kind tells an invoice from a correction of one.
type Kind uint8

// Kinds of invoices. Journal records store these numbers.
const (
	Original   Kind = iota
	Correction      // takes seats of an Original back; its amounts are negative
)

// An Invoice is issued once and never changed. The exported fields are a whole
// document: everything that XML and PDF show is in it.
type Invoice struct {
	Serial    uint32 // 1, 2, 3 … without a gap in each workspace, corrections among them
	Number    string // "acme-000001"
	Kind      Kind
	Corrects  string // of a Correction: the number of the Original
	Corrected Date   // of a Correction: when the Original was issued
	Reason    string // of a Correction: why
	IssuedAt  time.Time
	Issued    Date   // IssuedAt in the workspace's time zone
	Language  string // BCP 47 tag of the workspace
	Currency  Currency
	Lines     []Line
	Taxes     []TaxTotal // one per category and rate, in order of appearance
	Net       int64      // minor units, the sum of the lines
	VAT       int64      // minor units, the sum of Taxes
	Gross     int64      // minor units
	Seller    Seller
	Buyer     Buyer
}

// A Line bills the seats of one window for one billing period, or for what was
// left of it when the window opened.
type Line struct {
	Window     uint32 // ordinal of the closed window, 1 is the first
	Opened     time.Time
	Closed     time.Time
	Seats      int64 // negative on a Correction
	From, To   Date  // the days that are billed, both inclusive
	Days       int   // from From to To
	PeriodDays int   // of the whole period
	Unit       int64 // minor units, one seat for PeriodDays
	Tax        Tax
	Amount     int64 // minor units: Seats * Days * Unit / PeriodDays, rounded once
}

// Quantity returns the seat-days that the line bills.
func (l *Line) Quantity() int64 { return l.Seats * int64(l.Days) }

// A TaxTotal is the tax of one category and rate.
type TaxTotal struct {
	Tax    Tax
	Basis  int64 // minor units, the sum of the lines
	Amount int64 // minor units, taken once on Basis
}

// A Seller is who issues invoices: the daemon's configuration. Empty fields
// are unknown.
type Seller struct {
	Name, Street, PostalCode, City string
	Country                        string // ISO 3166-1 alpha-2
	VATID, TaxNumber               string
	Contact, Phone, Email          string
	Bank, IBAN, BIC                string
	PaymentDays                    int    // days until an invoice is due
	Note                           string // printed at the end, such as the register entry
}

// A Buyer is who gets invoices: a setting of the workspace. Empty fields are
// unknown.
type Buyer struct {
	Name, Street, PostalCode, City string
	Country                        string // ISO 3166-1 alpha-2
	VATID                          string
	Reference                      string // buyer reference (BT-10); a Leitweg-ID of German authorities
	Email                          string // where the invoice goes
}

// A ClosedWindow is a window that ended with seats to bill.
type ClosedWindow struct {
	Ordinal        uint32
	Opened, Closed time.Time // half open: Closed is outside
	Extra          int64     // seats to bill, above 0
	Price          Price
}

// lines bills w: one line for the rest of the billing period in which the
// window opened, and one more for each period that began before it closed.
func (w *ClosedWindow) lines(loc *time.Location) ([]Line, error) {
	var out []Line
	for day := DateOf(w.Opened.In(loc)); ; {
		from, next := w.Price.Period(day)
		l := Line{
			Window: w.Ordinal, Opened: w.Opened, Closed: w.Closed, Seats: w.Extra,
			From: day, To: next.Plus(-1), Days: day.DaysUntil(next), PeriodDays: from.DaysUntil(next),
			Unit: w.Price.Unit.Minor, Tax: w.Price.Tax,
		}
		if err := l.price(); err != nil {
			return nil, err
		}
		out = append(out, l)
		if !next.In(loc).Before(w.Closed) {
			return out, nil
		}
		day = next
	}
}

// price works out the amount of l.
func (l *Line) price() error {
	quantity, err := mulDiv(l.Seats, int64(l.Days), 1)
	if err == nil {
		l.Amount, err = mulDiv(quantity, l.Unit, int64(l.PeriodDays))
	}
	return err
}

// total works out what follows from the lines of inv.
func (inv *Invoice) total() (err error) {
	inv.Taxes, inv.Net, inv.VAT = nil, 0, 0
	for _, l := range inv.Lines {
		if inv.Net, err = add(inv.Net, l.Amount); err != nil {
			return err
		}
		t := inv.taxTotal(l.Tax)
		if t.Basis, err = add(t.Basis, l.Amount); err != nil {
			return err
		}
	}
	for i := range inv.Taxes {
		t := &inv.Taxes[i]
		if t.Amount, err = t.Tax.On(t.Basis); err != nil {
			return err
		}
		if inv.VAT, err = add(inv.VAT, t.Amount); err != nil {
			return err
		}
	}
	inv.Gross, err = add(inv.Net, inv.VAT)
	return err
}

// taxTotal returns the total of a category and rate, which it appends if there
// is none yet.
func (inv *Invoice) taxTotal(tax Tax) *TaxTotal {
	for i := range inv.Taxes {
		if t := &inv.Taxes[i]; t.Tax.Category == tax.Category && t.Tax.Rate == tax.Rate {
			return t
		}
	}
	inv.Taxes = append(inv.Taxes, TaxTotal{Tax: tax})
	return &inv.Taxes[len(inv.Taxes)-1]
}

// Bill returns the invoice of closed windows of one currency and tax category,
// without serial and parties. The error is ErrOverflow.
func Bill(windows []ClosedWindow, loc *time.Location) (Invoice, error) {
	inv := Invoice{Currency: windows[0].Price.Unit.Currency}
	for i := range windows {
		lines, err := windows[i].lines(loc)
		if err != nil {
			return Invoice{}, err
		}
		inv.Lines = append(inv.Lines, lines...)
	}
	if err := inv.total(); err != nil {
		return Invoice{}, err
	}
	return inv, nil
}

// maxWindows bounds the windows of one invoice, which is one record of the
// journal: a year of windows, one every half hour, makes nine invoices.
const maxWindows = 2000

// together returns how many of the first windows can share an invoice: one
// currency, and one tax category with its reason, since some categories exclude
// others (BR-O-11) and a total has one reason.
func together(windows []ClosedWindow) int {
	first := windows[0].Price
	for i, w := range windows {
		if i == maxWindows || w.Price.Unit.Currency != first.Unit.Currency || w.Price.Tax.Category != first.Tax.Category ||
			w.Price.Tax.Reason != first.Tax.Reason {
			return i
		}
	}
	return len(windows)
}

// numbered gives inv its serial, and the number that shows it: at most 36
// characters for a workspace id of at most 28.
func (inv *Invoice) numbered(account string, serial uint32) {
	inv.Serial, inv.Number = serial, fmt.Sprintf("%s-%06d", account, serial)
}

// seats returns the seats that inv bills: those of the first line of each
// window.
func (inv *Invoice) seats() int64 {
	n := int64(0)
	for i, l := range inv.Lines {
		if i == 0 || l.Window != inv.Lines[i-1].Window {
			n += l.Seats
		}
	}
	return n
}

// takeBack returns the lines of a correction that takes seats of inv back,
// after gone seats were taken back before: those of the newest windows first.
// What is asked for beyond the seats that are left is left out.
func (inv *Invoice) takeBack(gone, seats int64) ([]Line, error) {
	var out []Line
	for end := len(inv.Lines); end > 0 && seats > 0; {
		start := end - 1
		for start > 0 && inv.Lines[start-1].Window == inv.Lines[end-1].Window {
			start--
		}
		have := inv.Lines[start].Seats
		skip := min(gone, have)
		take := min(seats, have-skip)
		gone, seats = gone-skip, seats-take
		if take > 0 {
			part, err := negated(inv.Lines[start:end], take)
			if err != nil {
				return nil, err
			}
			out = append(part, out...)
		}
		end = start
	}
	return out, nil
}

// negated returns lines that take seats back from those of one window.
func negated(lines []Line, seats int64) ([]Line, error) {
	out := make([]Line, 0, len(lines))
	for _, l := range lines {
		l.Seats = -seats
		if err := l.price(); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}
