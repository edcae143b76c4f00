package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/ledger"
	"rosterd/scim"
)

const (
	imported = 2000 // people of the import that product.md begins with
	bought   = 1500 // seats that are purchased before it
)

// importPeople pushes the people two a second, so that all of them fall into
// one window, and checks that the identity provider hears 201 for every one.
func importPeople(t *testing.T, seats string) *world {
	w := newWorld(t)
	w.open(fmt.Sprintf(`{"timezone":"Europe/Berlin","seats":{"purchased":%d%s},"price":{"minor":1290,"vatPercent":"19"}}`, bought, seats))
	entra := Envelope{Actor: ActorToken, Token: "entra", Connection: "entra"}
	for i := range imported {
		w.now = w.now.Add(500 * time.Millisecond)
		doc := scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("u%04d@example.com", i))}}
		if _, res, err := w.do(entra, CreateUser{Doc: doc}); err != nil || !res.Created {
			t.Fatalf("person %d: %+v %v", i, res, err)
		}
	}
	return w
}

// entries returns what the ledger entered since the journal had so many
// commits, and in how many commits.
func (w *world) entries(since int) (entries []ledger.Entry, commits int) {
	for _, c := range w.log[since:] {
		before := len(entries)
		for _, ev := range c.Events {
			if p, ok := ev.(Posted); ok {
				entries = append(entries, p.Entry)
			}
		}
		if len(entries) > before {
			commits++
		}
	}
	return entries, commits
}

func ofKind[E ledger.Entry](entries []ledger.Entry) (out []E) {
	for _, e := range entries {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// oneInvoice lets the open window end and wants one invoice for so many seats.
func (w *world) oneInvoice(seats int64, figures string) {
	w.t.Helper()
	before := len(w.log)
	w.now = w.now.Add(31 * time.Minute)
	w.must(Envelope{}, Tick{})
	w.must(Envelope{}, Tick{})
	entries, _ := w.entries(before)
	closed, issued := ofKind[ledger.WindowClosed](entries), ofKind[ledger.InvoiceIssued](entries)
	if len(closed) != 1 || closed[0].Extra != seats || len(issued) != 1 {
		w.t.Fatalf("windows %+v, %d invoices", closed, len(issued))
	}
	if got := strings.TrimSpace(w.invoice(issued[0].Invoice.Number)); got != figures {
		w.t.Errorf("got\n%s", got)
	}
}

// TestImportBooked is the import with automatic booking: one window, and one
// invoice for the 500 seats that were missing.
func TestImportBooked(t *testing.T) {
	w := importPeople(t, fmt.Sprintf(`,"autoBooking":true,"cap":%d`, imported))
	if got := w.seats(); !strings.HasPrefix(got, "purchased 1500 booked 500 seated 2000 free 0 waiting 0; window until") {
		t.Error(got)
	}
	entries, _ := w.entries(0)
	if opened := ofKind[ledger.WindowOpened](entries); len(opened) != 1 {
		t.Errorf("%d windows were opened", len(opened))
	}
	// 500 seats on 27 of 31 days at 12.90 are 5617.741935..., and 19 % of
	// 5617.74 are 1067.3706.
	w.oneInvoice(500, "issued 2026-01-05\n  window 1: 500 seats 2026-01-05 to 2026-01-31, 27 of 31 days: 5617.74 EUR\n"+
		"  net 5617.74 EUR, VAT 1067.37 EUR, gross 6685.11 EUR")
	if got := w.seats(); !strings.HasPrefix(got, "purchased 2000 booked 0 seated 2000 free 0 waiting 0") {
		t.Error(got)
	}
	billed := 0
	w.state.view.eachUser(func(u *user) bool {
		if w.state.view.books.BilledOn(u.seat) == "acme-000001" {
			billed++
		}
		return true
	})
	if billed != 500 {
		t.Errorf("%d people carry the number", billed)
	}
	w.agree()
}

// TestImportWaiting is the import without automatic booking: 500 wait. A
// purchase seats the first 200 of them, in order and in one commit; switching
// automatic booking on books for the other 300, in one window.
func TestImportWaiting(t *testing.T) {
	w := importPeople(t, "")
	if got := w.seats(); got != "purchased 1500 booked 0 seated 1500 free 0 waiting 500\n" {
		t.Error(got)
	}
	began, _ := w.entries(0)
	waiting := ofKind[ledger.SeatAwaited](began)
	if len(waiting) != imported-bought || len(ofKind[ledger.WindowOpened](began)) > 0 {
		t.Fatalf("%d wait", len(waiting))
	}
	before := len(w.log)
	w.must(Envelope{Actor: ActorOperator}, PurchaseSeats{Seats: 200})
	entries, commits := w.entries(before)
	want := []ledger.Entry{ledger.SeatsPurchased{Seats: 200, Total: bought + 200}}
	for _, e := range waiting[:200] {
		want = append(want, ledger.SeatTaken{Person: e.Person})
	}
	if commits != 1 || !cmp.Equal(entries, want, exact) {
		t.Errorf("%d commits with %d entries, or in another order than they waited", commits, len(entries))
	}
	before = len(w.log)
	w.must(Envelope{Actor: ActorOperator}, ChangeWorkspace{Patch: w.json(`{"seats":{"autoBooking":true,"cap":null}}`)})
	entries, commits = w.entries(before)
	booked := ofKind[ledger.SeatBooked](entries)
	if commits != 1 || len(ofKind[ledger.WindowOpened](entries)) != 1 || len(booked) != 300 || len(entries) != 301 {
		t.Fatalf("%d commits with %d entries, %d bookings among them", commits, len(entries), len(booked))
	}
	for i, e := range booked {
		if e.Person != waiting[200+i].Person {
			t.Fatalf("booking %d is out of turn", i)
		}
	}
	if got := w.seats(); !strings.HasPrefix(got, "purchased 1700 booked 300 seated 2000 free 0 waiting 0; window until") {
		t.Error(got)
	}
	// 300 seats on 27 of 31 days at 12.90 are 3370.645161..., and 19 % of
	// 3370.65 are 640.4235.
	w.oneInvoice(300, "issued 2026-01-05\n  window 1: 300 seats 2026-01-05 to 2026-01-31, 27 of 31 days: 3370.65 EUR\n"+
		"  net 3370.65 EUR, VAT 640.42 EUR, gross 4011.07 EUR")
	w.agree()
}
