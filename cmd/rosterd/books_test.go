package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"rosterd/bench/play"
)

// A recount goes through the provisioning log of a workspace and keeps its
// seats in the simplest way that could be right. It shares nothing with the
// daemon but the log.
type recount struct {
	t      *testing.T
	terms  play.Workspace // as the workspace was created
	zone   *time.Location
	length time.Duration // of a window

	purchased, booked int64
	seated            map[string]bool
	waiting           map[string]string // person to the key of their place in the queue
	opened            time.Time         // of the open window; zero: none
	open              bool
	unbilled          *closing // closed with seats to bill, and its invoice has not come yet
	bills             []bill
	windows, late     int // that closed; of these after their end, as nobody was there
}

// A closing is a window that ended.
type closing struct {
	opened, closed time.Time
	extra          int64
	entry          shownEntry
}

// A bill is what an invoice has to say.
type bill struct {
	number string
	closing
	at time.Time
}

// recountLog reads a whole log. Every entry is checked against the rules of
// seats as it comes.
func recountLog(t *testing.T, terms play.Workspace, length time.Duration, log []shownEntry) *recount {
	t.Helper()
	zone, err := time.LoadLocation(terms.Timezone)
	if err != nil {
		t.Fatal(err)
	}
	r := &recount{
		t: t, terms: terms, zone: zone, length: length, purchased: int64(terms.Seats.Purchased),
		seated: map[string]bool{}, waiting: map[string]string{},
	}
	for _, e := range log {
		r.settled(e)
		r.entry(e)
	}
	if r.open || r.unbilled != nil {
		t.Errorf("%s: at the end a window is open (%v) or not billed (%v)", terms.ID, r.open, r.unbilled)
	}
	return r
}

func (r *recount) wrong(e shownEntry, format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("%s, entry %d (%s): %s", r.terms.ID, e.Seq, e.Kind, fmt.Sprintf(format, args...))
}

func (r *recount) free() int64 { return r.purchased + r.booked - int64(len(r.seated)) }

// settled wants what is due done before anything else happens: the invoice
// right behind its window, and the window before all that is after its end.
func (r *recount) settled(e shownEntry) {
	if r.unbilled != nil && e.Kind != "invoice.issued" {
		r.wrong(e, "the window closed by entry %d has no invoice", r.unbilled.entry.Seq)
		r.unbilled = nil
	}
	if r.open && e.Kind != "window.closed" && !e.At.Before(r.opened.Add(r.length)) {
		r.wrong(e, "at %v, in the window that opened at %v", e.At, r.opened)
	}
}

func (r *recount) entry(e shownEntry) {
	who := e.Subject.ID
	switch e.Kind {
	case "seat.taken":
		if r.free() < 1 {
			r.wrong(e, "no seat is free")
		}
		r.seat(e)
	case "seat.booked":
		if r.free() > 0 || !r.open {
			r.wrong(e, "%d seats are free, a window is open: %v", r.free(), r.open)
		}
		r.booked++
		r.seat(e)
		if limit := r.terms.Seats.Cap; limit != nil && r.purchased+r.booked > int64(*limit) {
			r.wrong(e, "%d seats are more than the cap", r.purchased+r.booked)
		}
	case "seat.waiting":
		if _, twice := r.waiting[who]; twice || r.seated[who] || r.free() > 0 {
			r.wrong(e, "%s waits", who)
		}
		// Who waits since the same millisecond is in the order of their ids.
		r.waiting[who] = e.At.UTC().Format("2006-01-02T15:04:05.000") + who
	case "seat.released":
		if _, waits := r.waiting[who]; !r.seated[who] && !waits {
			r.wrong(e, "%s has neither seat nor place", who)
		}
		delete(r.seated, who)
		delete(r.waiting, who)
	case "window.opened":
		if r.open {
			r.wrong(e, "a second window")
		}
		r.open, r.opened = true, e.At
	case "window.closed":
		r.closed(e)
	case "invoice.issued":
		r.issued(e)
	case "workspace.changed":
		for _, c := range e.Changes {
			if c.Path == "seats.purchased" {
				r.purchased = r.number(e, c)
			}
		}
	}
}

func (r *recount) number(e shownEntry, c shownChange) (n int64) {
	if err := json.Unmarshal(c.To, &n); err != nil {
		r.wrong(e, "%s: %v", c.Path, err)
	}
	return n
}

// seat gives somebody a seat: of those who wait, whoever came first.
func (r *recount) seat(e shownEntry) {
	who := e.Subject.ID
	place, waits := r.waiting[who]
	if r.seated[who] {
		r.wrong(e, "%s has a seat", who)
	}
	for other, p := range r.waiting {
		if !waits || p < place {
			r.wrong(e, "%s was before", other)
			break
		}
	}
	delete(r.waiting, who)
	r.seated[who] = true
}

// closed recounts what a window leaves to bill.
func (r *recount) closed(e shownEntry) {
	c := closing{extra: max(0, int64(len(r.seated))-r.purchased), entry: e}
	var opened, closed string
	var said int64
	if _, err := fmt.Sscanf(e.Detail, "open from %24s to %24s; %d", &opened, &closed, &said); err != nil {
		r.wrong(e, "%q: %v", e.Detail, err)
	}
	var errs [2]error
	c.opened, errs[0] = time.Parse(time.RFC3339, opened)
	c.closed, errs[1] = time.Parse(time.RFC3339, closed)
	end := r.opened.Add(r.length)
	onTime := c.closed.Equal(end) && !e.At.Before(end)
	byAdmin := c.closed.Equal(e.At) && e.At.Before(end)
	switch {
	case errs[0] != nil || errs[1] != nil || !r.open || !c.opened.Equal(r.opened) || !onTime && !byAdmin:
		r.wrong(e, "%s; open since %v, at %v", e.Detail, r.opened, e.At)
	case said != c.extra || len(e.Changes) != 1 || r.number(e, e.Changes[0]) != c.extra:
		r.wrong(e, "%s; recounted %d seated, %d purchased, %d booked", e.Detail, len(r.seated), r.purchased, r.booked)
	}
	r.purchased, r.booked, r.open = r.purchased+c.extra, 0, false
	r.windows++
	if e.At.Sub(end) > 100*time.Millisecond {
		r.late++
	}
	if c.extra > 0 {
		r.unbilled = &c
	}
}

// issued wants an invoice in the commit that closed its window.
func (r *recount) issued(e shownEntry) {
	want := fmt.Sprintf("%s-%06d", r.terms.ID, len(r.bills)+1)
	switch {
	case r.unbilled == nil:
		r.wrong(e, "%s bills nothing", e.Subject.ID)
		return
	case e.Subject.ID != want:
		r.wrong(e, "the number is %s, want %s", e.Subject.ID, want)
	case e.Seq != r.unbilled.entry.Seq+1 || !e.At.Equal(r.unbilled.entry.At) || e.RequestID != r.unbilled.entry.RequestID:
		r.wrong(e, "not in the commit of entry %d", r.unbilled.entry.Seq)
	}
	r.bills = append(r.bills, bill{number: e.Subject.ID, closing: *r.unbilled, at: e.At})
	r.unbilled = nil
}

// compare holds seats and invoices as the admin API shows them against the
// recount.
func (r *recount) compare(seats shownSeats, invoices []shownInvoice) {
	r.t.Helper()
	want := shownSeats{
		Purchased: r.purchased, Booked: r.booked, Seated: int64(len(r.seated)), Free: r.free(),
		Waiting: int64(len(r.waiting)), Active: int64(len(r.seated) + len(r.waiting)),
	}
	if seats != want {
		r.t.Errorf("%s: the seats are %+v, recounted %+v", r.terms.ID, seats, want)
	}
	if len(invoices) != len(r.bills) {
		r.t.Errorf("%s: %d invoices, the log has %d", r.terms.ID, len(invoices), len(r.bills))
		return
	}
	for i, inv := range invoices {
		if why := r.bills[i].differs(&inv, r.terms, r.zone); why != "" {
			r.t.Errorf("%s: %s: %+v, want %+v", inv.Number, why, inv, r.bills[i])
		}
	}
}

// differs says in what an invoice is not what it has to be.
func (b *bill) differs(inv *shownInvoice, terms play.Workspace, zone *time.Location) string {
	lines := linesOf(b.opened.In(zone), b.closed.In(zone), terms.Price)
	net := new(big.Int)
	for i, want := range lines {
		if i >= len(inv.Lines) {
			return "a line is missing"
		}
		got := inv.Lines[i]
		amount := rounded(big.NewRat(b.extra*want.Days*terms.Price.Minor, want.PeriodDays))
		want.Seats, want.Quantity = b.extra, b.extra*want.Days
		want.UnitPrice = shownMoney{terms.Price.Currency, terms.Price.Minor}
		want.Amount = shownMoney{terms.Price.Currency, amount.Int64()}
		if got != want {
			return fmt.Sprintf("line %d is to be %+v", i+1, want)
		}
		net.Add(net, amount)
	}
	percent, ok := new(big.Rat).SetString(terms.Price.VATPercent)
	if !ok {
		return "the percentage is none"
	}
	vat := rounded(percent.Mul(percent, new(big.Rat).SetFrac(net, big.NewInt(100))))
	sums := []shownMoney{inv.Net, inv.VAT, inv.Gross}
	for i, n := range []int64{net.Int64(), vat.Int64(), net.Int64() + vat.Int64()} {
		if sums[i] != (shownMoney{terms.Price.Currency, n}) {
			return fmt.Sprintf("net %d, VAT %d", net, vat)
		}
	}
	switch {
	case inv.Number != b.number || inv.Kind != "invoice" || !inv.IssuedAt.Equal(b.at) || inv.Date != b.at.In(zone).Format(time.DateOnly):
		return "number, kind or date"
	case len(inv.Lines) != len(lines):
		return "a line too many"
	case len(inv.Windows) != 1 || !inv.Windows[0].OpenedAt.Equal(b.opened) || !inv.Windows[0].ClosedAt.Equal(b.closed) || inv.Windows[0].Seats != b.extra:
		return "the window"
	}
	return ""
}

// linesOf returns days and periods of the lines that bill a window. It walks
// the calendar day by day.
func linesOf(opened, closed time.Time, price play.Price) (out []shownLine) {
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	for day, last := noon(opened), noon(closed.Add(-1)); !day.After(last); {
		first, next := day, day.AddDate(0, 0, 1)
		for !isAnchor(first, price) {
			first = first.AddDate(0, 0, -1)
		}
		for !isAnchor(next, price) {
			next = next.AddDate(0, 0, 1)
		}
		const h = 24 * time.Hour
		l := shownLine{Days: int64(next.Sub(day) / h), PeriodDays: int64(next.Sub(first) / h)}
		l.Period.From, l.Period.To = day.Format(time.DateOnly), next.AddDate(0, 0, -1).Format(time.DateOnly)
		out = append(out, l)
		day = next
	}
	return out
}

// isAnchor reports whether a billing period begins on a day.
func isAnchor(day time.Time, price play.Price) bool {
	if price.Interval == "year" && int(day.Month()) != price.AnchorMonth {
		return false
	}
	endOfMonth := day.AddDate(0, 0, 1).Month() != day.Month()
	return day.Day() == price.AnchorDay || endOfMonth && day.Day() < price.AnchorDay
}

// rounded rounds half away from zero.
func rounded(r *big.Rat) *big.Int {
	twice := new(big.Int).Mul(r.Num(), big.NewInt(2))
	half := twice.Add(twice, new(big.Int).Mul(big.NewInt(int64(r.Sign())), r.Denom()))
	return half.Quo(half, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
}

// TestRecount shows the recount's own arithmetic on figures computed by hand.
func TestRecount(t *testing.T) {
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	month, year := play.Price{Interval: "month", AnchorDay: 31}, play.Price{Interval: "year", AnchorDay: 29, AnchorMonth: 2}
	for _, c := range []struct {
		opened, closed string
		price          play.Price
		want           string
	}{
		{"2026-08-15T10:00:00Z", "2026-08-15T10:30:00Z", month, "2026-08-15/2026-08-30 16 of 31"},
		{"2026-02-27T23:50:00Z", "2026-02-28T00:20:00Z", month, "2026-02-27/2026-02-27 1 of 28,2026-02-28/2026-03-30 31 of 31"},
		{"2026-02-27T23:30:00Z", "2026-02-28T00:00:00Z", month, "2026-02-27/2026-02-27 1 of 28"},
		{"2027-12-31T10:00:00Z", "2027-12-31T10:30:00Z", year, "2027-12-31/2028-02-28 60 of 366"},
	} {
		got := ""
		for _, l := range linesOf(at(c.opened), at(c.closed), c.price) {
			got += fmt.Sprintf(",%s/%s %d of %d", l.Period.From, l.Period.To, l.Days, l.PeriodDays)
		}
		if got != ","+c.want {
			t.Errorf("%s: %s, want %s", c.opened, got, c.want)
		}
	}
	var sums []int64
	for _, r := range []*big.Rat{big.NewRat(1, 2), big.NewRat(-1, 2), big.NewRat(3, 2), big.NewRat(49, 100), big.NewRat(500*17*1290, 31), big.NewRat(0, 1)} {
		sums = append(sums, rounded(r).Int64())
	}
	if want := []int64{1, -1, 2, 0, 353710, 0}; !slices.Equal(sums, want) {
		t.Errorf("rounded to %v, want %v", sums, want)
	}
}
