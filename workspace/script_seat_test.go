package workspace

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rosterd/ledger"
)

// seats prints how the books stand.
func (w *world) seats() string {
	b := w.state.View().Books()
	out := fmt.Sprintf("purchased %d booked %d seated %d free %d waiting %d", b.Purchased, b.Booked, b.Seated(), b.Free(), b.Waiting())
	if inv, open := w.state.View().Preview(); open {
		out += fmt.Sprintf("; window until %s, %s net", b.Open.Ends.Format(time.DateTime), ledger.Money{Currency: inv.Currency, Minor: inv.Net})
	}
	if at := b.NextDue(w.state.view.settings.terms("acme", Host{})); at.Sub(w.now) < 24*time.Hour {
		out += "; due " + at.Format(time.DateTime)
	}
	return out + "\n"
}

// invoice prints an invoice.
func (w *world) invoice(number string) string {
	inv, ok := w.state.View().Books().Invoice(number)
	if !ok {
		return "none\n"
	}
	money := func(n int64) string { return ledger.Money{Currency: inv.Currency, Minor: n}.String() }
	out := fmt.Sprintf("issued %v", inv.Issued)
	if inv.Corrects != "" {
		out += " corrects " + inv.Corrects
	}
	for _, l := range inv.Lines {
		out += fmt.Sprintf("\n  window %d: %d seats %v to %v, %d of %d days: %s", l.Window, l.Seats, l.From, l.To, l.Days, l.PeriodDays, money(l.Amount))
	}
	return fmt.Sprintf("%s\n  net %s, VAT %s, gross %s\n", out, money(inv.Net), money(inv.VAT), money(inv.Gross))
}

// seatCommand reads a command about seats, or returns nil.
func (w *world) seatCommand(verb string, arg func(int) string) Command {
	switch verb {
	case "purchase":
		n, _ := strconv.ParseInt(arg(1), 10, 64)
		return PurchaseSeats{Seats: n, BilledBy: arg(2)}
	case "release":
		n, _ := strconv.ParseInt(arg(1), 10, 64)
		return ReleaseSeats{Seats: n}
	case "close":
		return CloseWindow{}
	case "correct": // correct NUMBER SEATS REASON
		count, reason, _ := strings.Cut(arg(2), " ")
		n, _ := strconv.ParseInt(count, 10, 64)
		return CorrectInvoice{Number: arg(1), Seats: n, Reason: reason}
	case "breakglass":
		return SetBreakGlass{ID: w.id(arg(1)), On: arg(2) != "off"}
	case "tick":
		return Tick{}
	}
	return nil
}

// noGaps stands for package invoice, which knows what an e-invoice needs.
func noGaps(_ ledger.Seller, b ledger.Buyer, _ ledger.Tax) []string {
	if b.Country == "" {
		return []string{"billing.buyer.country"}
	}
	return nil
}
