package workspace

import (
	"fmt"
	"strconv"

	"rosterd/ledger"
	"rosterd/scim"
)

// posted writes the line of an entry of the ledger. It reports false for what
// is no news: a place in the queue that changed.
func (e *LogEntry) posted(ev Posted) bool {
	if p, ok := personOf(ev.Entry); ok {
		e.about("seat.taken", "User", ResourceID(p).String(), ev.Name)
	}
	switch x := ev.Entry.(type) {
	case ledger.SeatTaken:
	case ledger.SeatBooked:
		e.Kind = "seat.booked"
	case ledger.SeatAwaited:
		e.Kind = "seat.waiting"
		e.Detail = "no seat is free; the person is active and gets the next one in turn"
	case ledger.SeatReleased:
		e.Kind = "seat.released"
	case ledger.SeatMoved:
		return false
	case ledger.WindowOpened:
		e.about("window.opened", "Workspace", "", "")
		e.Detail = "extra seats are booked; what is still in use at " + stamp(x.Window.Ends) + " is invoiced"
	case ledger.WindowClosed:
		e.about("window.closed", "Workspace", "", "")
		e.Detail = fmt.Sprintf("open from %s to %s; %d extra seats are purchased", stamp(x.Opened), stamp(x.Closed), x.Extra)
		e.Changes = []Change{{Path: "extra", To: scim.Integer(x.Extra)}}
	case ledger.InvoiceIssued:
		e.invoice(&x.Invoice)
	case ledger.SeatsPurchased:
		e.seats("purchased", x.Total, x.Seats, "seats were purchased")
		if x.BilledBy != "" {
			e.Detail += ", billed by " + x.BilledBy
		}
	case ledger.ReleasePlanned:
		e.seats("releasing", x.Total, x.Seats, "seats are given back at the end of the billing period")
	case ledger.PeriodClosed:
		e.about("period.closed", "Workspace", "", "")
		e.Detail = "the billing period ended at " + stamp(x.At)
		e.Changes = counts(x)
	}
	return true
}

func (e *LogEntry) seats(path string, total, n int64, what string) {
	e.about("workspace.changed", "Workspace", "", "")
	e.Changes = []Change{{Path: "seats." + path, From: scim.Integer(total - n), To: scim.Integer(total)}}
	e.Detail = strconv.FormatInt(n, 10) + " " + what
}

// counts are what the next period is billed from.
func counts(x ledger.PeriodClosed) []Change {
	var out []Change
	for _, c := range []struct {
		path string
		n    int64
	}{{"purchased", x.Purchased}, {"booked", x.Booked}, {"seated", x.Seated}, {"waiting", x.Waiting}, {"released", x.Released}} {
		out = append(out, Change{Path: c.path, To: scim.Integer(c.n)})
	}
	return out
}

func (e *LogEntry) invoice(inv *ledger.Invoice) {
	e.about("invoice.issued", "Invoice", inv.Number, inv.Number)
	gross := ledger.Money{Currency: inv.Currency, Minor: inv.Gross}
	e.Detail = inv.Number + " of " + gross.String() + " was issued"
	if inv.Kind == ledger.Correction {
		e.Kind = "invoice.corrected"
		e.Detail = inv.Number + " of " + gross.String() + " corrects " + inv.Corrects + ": " + inv.Reason
	}
	e.Changes = []Change{{Path: "gross", To: MoneyValue(gross)}}
}

// MoneyValue is the JSON of an amount: {"currency":"EUR","minor":129900}.
func MoneyValue(m ledger.Money) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "currency", Value: scim.Text(string(m.Currency))},
		scim.Attr{Name: "minor", Value: scim.Integer(m.Minor)},
	)
}

// delivery writes the line of what couriers and their endpoints do.
func (e *LogEntry) delivery(ev Event) {
	e.about("workspace.changed", "Workspace", "", "")
	switch ev := ev.(type) {
	case IssuerChecked:
		e.Changes = []Change{{Path: "sso.checked", To: scim.Boolean(ev.Detail == "")}}
		e.Detail = "the discovery document of " + ev.Issuer + " names it as its issuer"
		if ev.Detail != "" {
			e.Detail = ev.Detail
		}
	case WebhookCreated:
		e.about("workspace.changed", subjectWebhook, ev.ID, ev.URL)
		e.Detail = "the webhook was created"
	case WebhookRotated:
		e.about("workspace.changed", subjectWebhook, ev.ID, ev.URL)
		e.Detail = "the webhook got a new secret; the former one signs beside it for a day"
	case WebhookDeleted:
		e.about("workspace.changed", subjectWebhook, ev.ID, ev.URL)
		e.Detail = "the webhook was deleted"
	case DeliveryDied:
		e.about(kindDead, subjectWebhook, ev.Consumer, "")
		e.Detail = fmt.Sprintf("the message about entry %d was given up: %s", ev.Seq, ev.Detail)
	case DeliveryRevived:
		e.about("workspace.changed", subjectWebhook, ev.Consumer, "")
		e.Detail = fmt.Sprintf("the message about entry %d is settled: it was delivered, or the log no longer holds its entry", ev.Seq)
	case MailSent:
		e.about(kindMail, "Workspace", "", "")
		e.Detail = fmt.Sprintf("mail about entry %d (%s) to %s", ev.Seq, ev.Notice, ev.To)
	}
}
