package workspace

import (
	"fmt"
	"strings"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// compare holds everything that the naive model knows against the machine after
// one request, of which commits are what it made.
func (p *play) compare(commits []Commit) {
	p.t.Helper()
	n, b := p.law, p.state.View().Books()
	p.same("what the books say", strings.Join(posted(commits), "\n"), strings.Join(n.said, "\n"))
	for _, c := range commits {
		if !c.At.Equal(n.now) {
			p.fail("a commit of %v at %v", c.At, n.now)
		}
	}
	p.same("seats", fmt.Sprintf("%d purchased, %d booked, %d seated, %d free, %d waiting, %d releasing",
		b.Purchased, b.Booked, b.Seated(), b.Free(), b.Waiting(), b.Releasing),
		fmt.Sprintf("%d purchased, %d booked, %d seated, %d free, %d waiting, %d releasing",
			n.purchased(), n.booked(), n.seated(), n.free(), len(n.queue()), n.releasing))
	p.head()
	p.same("window", previewText(p.state.View()), n.preview())
	p.people()
	p.invoices(b)
	p.invariants(b)
}

// head compares what sums the workspace up for gauges and the due index.
func (p *play) head() {
	p.t.Helper()
	n, h := p.law, p.state.View().Head()
	due, _ := n.due()
	var since, ends time.Time
	for _, q := range n.queue() {
		if since.IsZero() || q.since.Before(since) {
			since = q.since
		}
	}
	if w := n.open(); w != nil {
		ends = w.ends
	}
	p.same("head", fmt.Sprintf("%d %d %d %d, waiting since %s, window until %s, %d invoices, due %s", h.Purchased, h.Booked, h.Seated, h.Waiting,
		stamp(h.WaitingSince), stamp(h.WindowEnds), h.Invoices, stamp(h.Due)),
		fmt.Sprintf("%d %d %d %d, waiting since %s, window until %s, %d invoices, due %s", n.purchased(), n.booked(), n.seated(), len(n.queue()),
			stamp(since), stamp(ends), len(n.invoices), stamp(due)))
}

func (p *play) same(what, got, want string) {
	p.t.Helper()
	if got != want {
		p.fail("%s:\n got %s\nwant %s", what, got, want)
	}
}

// posted says what the ledger entered, but for places in the queue.
func posted(commits []Commit) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, c := range commits {
		for _, ev := range c.Events {
			ev, ok := ev.(Posted)
			if !ok {
				continue
			}
			switch e := ev.Entry.(type) {
			case ledger.SeatTaken:
				say("takes %v", ResourceID(e.Person))
			case ledger.SeatBooked:
				say("books %v", ResourceID(e.Person))
			case ledger.SeatAwaited:
				say("waits %v", ResourceID(e.Person))
			case ledger.SeatReleased:
				say("releases %v", ResourceID(e.Person))
			case ledger.WindowOpened:
				say("opens until %s", stamp(e.Window.Ends))
			case ledger.WindowClosed:
				say("closed %s at %s, %d extra", stamp(e.Opened), stamp(e.Closed), e.Extra)
			case ledger.InvoiceIssued:
				say("invoice %s, due %s", e.Invoice.Number, stamp(e.Due))
			case ledger.SeatsPurchased:
				say("purchased %d", e.Seats)
			case ledger.ReleasePlanned:
				say("releasing %d", e.Seats)
			case ledger.PeriodClosed:
				say("period %s: %d purchased, %d booked, %d seated, %d waiting, %d released",
					stamp(e.At), e.Purchased, e.Booked, e.Seated, e.Waiting, e.Released)
			}
		}
	}
	return out
}

// people compares how everybody stands.
func (p *play) people() {
	p.t.Helper()
	n, v := p.law, p.state.View()
	if v.users.Len() != len(n.people) {
		p.fail("%d people, want %d", v.users.Len(), len(n.people))
	}
	for _, want := range n.people {
		u := v.userByID(want.id)
		if u == nil {
			p.fail("there is no %s", want.name)
		}
		p.same(want.name, fmt.Sprintf("active %t, admin %t, %s", u.Active(), u.needsSeat() && v.isAdmin(u.ord), seatText(v, want.id)),
			fmt.Sprintf("active %t, admin %t, %s", want.active, want.isAdmin(), want.seatText()))
		if want.state == "waiting" && u.seat.First != want.isAdmin() {
			p.fail("%s waits with the admins: %t", want.name, u.seat.First)
		}
	}
}

// seatText is the seat object of somebody, as every answer has it.
func seatText(v *View, id ResourceID) string {
	u, _ := v.As("", "").User(id)
	return string(scim.AppendObject(nil, u.SeatObject()))
}

func (p *naivePerson) seatText() string {
	if p.state == "" {
		return `{"state":"none"}`
	}
	text := fmt.Sprintf(`{"state":%q`, p.state)
	if p.source != "" {
		text += fmt.Sprintf(`,"source":%q`, p.source)
	}
	text += fmt.Sprintf(`,"since":%q`, stamp(p.since))
	if p.bill != nil && p.bill.invoice != nil {
		text += fmt.Sprintf(`,"invoice":%q`, p.bill.invoice.number)
	}
	return text + "}"
}

// invoices compares the new ones. Those before are compared again at the end:
// an invoice is never changed.
func (p *play) invoices(b *ledger.Books) {
	p.t.Helper()
	if got, want := b.InvoiceCount(), len(p.law.invoices); got != want {
		p.fail("%d invoices, want %d", got, want)
	}
	b.Invoices(uint32(p.read), func(inv *ledger.Invoice) bool {
		p.same("invoice", invoiceText(inv), p.law.invoices[p.read].text)
		p.read++
		return true
	})
}

// invoiceText says what naive.issue says.
func invoiceText(inv *ledger.Invoice) string {
	about := ""
	if inv.Kind == ledger.Correction {
		about = fmt.Sprintf(" corrects %s of %s: %s", inv.Corrects, inv.Corrected, inv.Reason)
	}
	return fmt.Sprintf("%d %s %s issued %s (%s) in %s to %s%s%s", inv.Serial, inv.Number, inv.Currency, stamp(inv.IssuedAt), inv.Issued, inv.Language,
		inv.Buyer.Name, about, figures(inv))
}

// figures says what naiveFigures says.
func figures(inv *ledger.Invoice) string {
	var out strings.Builder
	for _, l := range inv.Lines {
		fmt.Fprintf(&out, "\n%d [%s, %s) %d seats %s to %s, %d of %d days at %d %s %s%% %s: %d", l.Window, stamp(l.Opened), stamp(l.Closed),
			l.Seats, l.From, l.To, l.Days, l.PeriodDays, l.Unit, l.Tax.Category, l.Tax.Rate, l.Tax.Reason, l.Amount)
	}
	for _, t := range inv.Taxes {
		fmt.Fprintf(&out, "\ntax %s %s%% %s on %d: %d", t.Tax.Category, t.Tax.Rate, t.Tax.Reason, t.Basis, t.Amount)
	}
	fmt.Fprintf(&out, "\nnet %d, VAT %d, gross %d", inv.Net, inv.VAT, inv.Gross)
	return out.String()
}

// previewText says what naive.preview says.
func previewText(v *View) string {
	inv, open := v.Preview()
	if !open {
		return "no window"
	}
	b := v.Books()
	return fmt.Sprintf("[%s, %s) %d extra%s", stamp(b.Open.Opened), stamp(b.Open.Ends), max(0, b.Seated()-b.Purchased), figures(&inv))
}

// invariants are those of product.md section 2, on what the machine itself
// counts, and its own audit.
func (p *play) invariants(b *ledger.Books) {
	p.t.Helper()
	v := p.state.View()
	members := int64(0)
	v.eachUser(func(u *user) bool {
		if u.Active() && u.Kind == Member {
			members++
		}
		return true
	})
	seated, free, waiting := b.Seated(), b.Free(), b.Waiting()
	if seated+free != b.Purchased+b.Booked || seated+waiting != members || waiting > 0 && free > 0 || free < 0 || b.Booked > 0 && b.Open == nil {
		p.fail("%d seated, %d free, %d purchased, %d booked, %d waiting, %d active members", seated, free, b.Purchased, b.Booked, waiting, members)
	}
	if wrong := append(v.Recount(), b.Audit()...); len(wrong) > 0 {
		p.fail("recount: %s", strings.Join(wrong, "\n"))
	}
}

// unchanged compares every invoice once more with what it said when it was
// issued.
func (p *play) unchanged() {
	p.read = 0
	p.invoices(p.state.View().Books())
}
