package workspace

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// The money of the naive model: a calendar that walks day by day, and exact
// fractions.

type naiveInvoice struct {
	number   string
	issued   time.Time
	day      time.Time // issued, as a day of the workspace's time zone
	corrects *naiveInvoice
	lines    []naiveLine
	text     string // every figure, see invoiceText
}

type naiveLine struct {
	window         *naiveWindow
	seats          int64
	from, to       time.Time // days
	days, ofPeriod int64
	amount         int64
}

// A day is noon of it in UTC, so that a step is always 24 hours.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

func tomorrow(day time.Time) time.Time { return day.Add(24 * time.Hour) }

func yesterday(day time.Time) time.Time { return day.Add(-24 * time.Hour) }

// begins returns the first instant of a day in a zone: it looks every quarter
// of an hour, since no zone of today changes its clock at another minute.
func begins(day time.Time, zone *time.Location) time.Time {
	t := day.Add(-40 * time.Hour)
	for dayOf(t, zone).Before(day) {
		t = t.Add(15 * time.Minute)
	}
	return t
}

// anchors reports whether a billing period begins on a day: on the anchor day,
// or on the last day of a month that has none.
func (p naivePrice) anchors(day time.Time) bool {
	if p.yearly && day.Month() != p.anchorMonth {
		return false
	}
	last := tomorrow(day).Day() == 1
	return day.Day() == p.anchorDay || last && day.Day() < p.anchorDay
}

// anchorAfter returns the first instant after t at which a period begins.
func (n *naive) anchorAfter(t time.Time) time.Time {
	for day := dayOf(t, n.terms.zone); ; day = tomorrow(day) {
		if n.terms.price.anchors(day) {
			if at := begins(day, n.terms.zone); at.After(t) {
				return at
			}
		}
	}
}

// collectAt returns when a window that closed then is billed.
func (n *naive) collectAt(closed time.Time) time.Time {
	switch n.terms.collect {
	case "day":
		last := dayOf(closed.Add(-time.Millisecond), n.terms.zone) // closed is outside of the window
		return begins(tomorrow(last), n.terms.zone)
	case "period":
		return n.anchorAfter(closed.Add(-time.Millisecond))
	}
	return closed
}

// lines bills a window: the days from its opening day to the end of the period,
// and the whole of each period that begins before the window closes.
func (n *naive) lines(w *naiveWindow, closed time.Time, extra int64) []naiveLine {
	var out []naiveLine
	day := dayOf(w.opened, n.terms.zone)
	for {
		l := naiveLine{window: w, seats: extra, from: day, to: day, days: 1, ofPeriod: 1}
		for ; !w.price.anchors(tomorrow(l.to)); l.to = tomorrow(l.to) {
			l.days++
		}
		l.ofPeriod = l.days
		for d := day; !w.price.anchors(d); d = yesterday(d) {
			l.ofPeriod++
		}
		l.amount = rounded(ratio(l.seats*l.days*w.price.minor, l.ofPeriod))
		out = append(out, l)
		day = tomorrow(l.to)
		if !begins(day, n.terms.zone).Before(closed) {
			return out
		}
	}
}

func ratio(a, b int64) *big.Rat { return big.NewRat(a, b) }

// rounded rounds half away from zero.
func rounded(r *big.Rat) int64 {
	twice := new(big.Rat).Mul(new(big.Rat).Abs(r), ratio(2, 1))
	up := new(big.Int).Add(twice.Num(), twice.Denom()) // (2r+1)/2, floored
	whole := new(big.Int).Quo(up, new(big.Int).Mul(twice.Denom(), big.NewInt(2))).Int64()
	return whole * int64(r.Sign())
}

// bill issues what is due for all windows that are not billed: one invoice,
// unless currency or kind of tax differ.
func (n *naive) bill(due time.Time) {
	for left := n.unbilled(); len(left) > 0; left = n.unbilled() {
		inv, first := &naiveInvoice{}, left[0].price
		for _, w := range left {
			p := w.price
			n.reach("two documents for two reasons", p.currency == first.currency && p.category == first.category && p.reason != first.reason)
			if p.currency != first.currency || p.category != first.category || p.reason != first.reason {
				break
			}
			inv.lines = append(inv.lines, n.lines(w, w.closed, w.extra)...)
			w.invoice = inv
		}
		n.reach("two documents at once", len(n.unbilled()) > 0)
		n.issue(inv, due, "")
	}
}

// issue numbers an invoice and writes it down.
func (n *naive) issue(inv *naiveInvoice, due time.Time, reason string) {
	inv.number = fmt.Sprintf("acme-%06d", len(n.invoices)+1)
	inv.issued, inv.day = n.now, dayOf(n.now, n.terms.zone)
	about := ""
	if inv.corrects != nil {
		about = fmt.Sprintf(" corrects %s of %s: %s", inv.corrects.number, iso(inv.corrects.day), reason)
	}
	first, last := inv.lines[0].window, inv.lines[len(inv.lines)-1].window
	n.reach("a correction", inv.corrects != nil)
	n.reach("a correction of two windows", inv.corrects != nil && first != last)
	n.reach("an invoice of two windows", first != last)
	n.reach("an invoice of two rates", first.price.percent != last.price.percent)
	n.reach("a window of two lines", first == last && len(inv.lines) > 1)
	n.reach("a yearly price", first.price.yearly)
	price := first.price
	inv.text = fmt.Sprintf("%d %s %s issued %s (%s) in %s to Acme GmbH%s%s", len(n.invoices)+1, inv.number, price.currency,
		stamp(inv.issued), iso(inv.day), n.terms.language, about, naiveFigures(inv.lines))
	n.invoices = append(n.invoices, inv)
	n.say("invoice %s, due %s", inv.number, stamp(due))
}

// naiveFigures are the lines, the tax of each category and rate, and the sums.
func naiveFigures(lines []naiveLine) string {
	var out strings.Builder
	var taxes []naivePrice // the first price of each category and rate
	var basis []int64
	net, vat := int64(0), int64(0)
	for _, l := range lines {
		w := l.window
		fmt.Fprintf(&out, "\n%d [%s, %s) %d seats %s to %s, %d of %d days at %d %s %s%% %s: %d", w.ordinal, stamp(w.opened), stamp(w.closed),
			l.seats, iso(l.from), iso(l.to), l.days, l.ofPeriod, w.price.minor, w.price.category, w.price.percent, w.price.reason, l.amount)
		i := slices.IndexFunc(taxes, func(p naivePrice) bool { return p.category == w.price.category && p.percent == w.price.percent })
		if i < 0 {
			i = len(taxes)
			taxes, basis = append(taxes, w.price), append(basis, 0)
		}
		basis[i] += l.amount
		net += l.amount
	}
	for i, p := range taxes {
		rate, _ := new(big.Rat).SetString(p.percent)
		amount := rounded(new(big.Rat).Mul(ratio(basis[i], 100), rate))
		fmt.Fprintf(&out, "\ntax %s %s%% %s on %d: %d", p.category, p.percent, p.reason, basis[i], amount)
		vat += amount
	}
	fmt.Fprintf(&out, "\nnet %d, VAT %d, gross %d", net, vat, net+vat)
	return out.String()
}

func iso(day time.Time) string { return day.Format(time.DateOnly) }

// correct takes seats of an invoice back, those of the newest windows first.
func (n *naive) correct(number string, seats int64, reason string) int {
	i := slices.IndexFunc(n.invoices, func(inv *naiveInvoice) bool { return inv.number == number })
	if i < 0 {
		return 404
	}
	original := n.invoices[i]
	if original.corrects != nil {
		return 409
	}
	left, all := map[*naiveWindow]int64{}, int64(0)
	var windows []*naiveWindow
	for _, l := range original.lines {
		if _, seen := left[l.window]; !seen {
			left[l.window] = l.seats
			windows, all = append(windows, l.window), all+l.seats
		}
	}
	for _, c := range n.invoices {
		before := map[*naiveWindow]bool{}
		for _, l := range c.lines {
			if c.corrects == original && !before[l.window] {
				before[l.window] = true
				left[l.window] += l.seats
				all += l.seats
			}
		}
	}
	if seats < 1 || seats > all || reason == "" {
		return 400
	}
	take := map[*naiveWindow]int64{}
	for _, w := range slices.Backward(windows) {
		take[w] = min(seats, left[w])
		seats -= take[w]
	}
	inv := &naiveInvoice{corrects: original}
	for _, l := range original.lines {
		if l.seats = -take[l.window]; l.seats != 0 {
			l.amount = rounded(ratio(l.seats*l.days*l.window.price.minor, l.ofPeriod))
			inv.lines = append(inv.lines, l)
		}
	}
	n.issue(inv, n.now, reason)
	return 200
}

// preview says what the open window would bill if it ended as things stand.
func (n *naive) preview() string {
	w := n.open()
	if w == nil {
		return "no window"
	}
	as := *w
	as.closed = w.ends
	extra := max(0, n.seated()-n.purchased())
	return fmt.Sprintf("[%s, %s) %d extra%s", stamp(w.opened), stamp(w.ends), extra, naiveFigures(n.lines(&as, w.ends, extra)))
}
