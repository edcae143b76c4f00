package ledger

import (
	"fmt"
	"time"
)

// An Entry is one fact of the books. The set is closed.
type Entry interface{ entry() }

// Entries.
type (
	// SeatTaken gives somebody, who may have waited, a free seat.
	SeatTaken struct{ Person Person }
	// SeatBooked books a seat in the open window and gives it to somebody, who
	// may have waited.
	SeatBooked struct{ Person Person }
	// SeatAwaited puts somebody into the queue. First: before those who are
	// not.
	SeatAwaited struct {
		Person Person
		First  bool
	}
	// SeatMoved changes the place of somebody in the queue.
	SeatMoved struct {
		Person Person
		First  bool
	}
	// SeatReleased takes somebody's seat, or place in the queue, away.
	SeatReleased struct{ Person Person }
	// WindowOpened opens a window, ahead of its first booking.
	WindowOpened struct{ Window Window }
	// WindowClosed ends the open window. What was seated beyond the purchased
	// seats is purchased from now on.
	WindowClosed struct {
		Ordinal uint32 // 0 if there is nothing to bill
		Opened  time.Time
		Closed  time.Time // the window's end, or when an admin closed it
		Extra   int64
	}
	// InvoiceIssued bills closed windows, or corrects an invoice.
	InvoiceIssued struct {
		Invoice Invoice
		Due     time.Time // when it was to be issued
	}
	// SeatsPurchased adds seats that are paid for elsewhere.
	SeatsPurchased struct {
		Seats    int64
		BilledBy string // who bills them, as the buyer said it
		Total    int64  // purchased from now on
	}
	// ReleasePlanned gives seats back at the end of the period.
	ReleasePlanned struct {
		Seats int64
		Total int64 // given back then
	}
	// PeriodClosed ends a billing period. The counts are those from which the
	// next one is billed.
	PeriodClosed struct {
		At                                 time.Time // the anchor
		Purchased, Booked, Seated, Waiting int64
		Released                           int64 // seats given back now
	}
)

func (SeatTaken) entry()      {}
func (SeatBooked) entry()     {}
func (SeatAwaited) entry()    {}
func (SeatMoved) entry()      {}
func (SeatReleased) entry()   {}
func (WindowOpened) entry()   {}
func (WindowClosed) entry()   {}
func (InvoiceIssued) entry()  {}
func (SeatsPurchased) entry() {}
func (ReleasePlanned) entry() {}
func (PeriodClosed) entry()   {}

// Apply folds an entry of the instant at into the books. It cannot fail: an
// entry that cannot follow is a corrupt journal or a bug, and panics.
func (b *Books) Apply(at time.Time, e Entry, seats Seats) {
	switch e := e.(type) {
	case SeatTaken:
		b.seat(at, e.Person, Purchased, seats)
	case SeatBooked:
		assert(b.Open != nil, "a booking outside of a window")
		b.Booked++
		b.seat(at, e.Person, Booked, seats)
	case SeatAwaited:
		if seats.Seat(e.Person).State != None {
			violated("%x takes a second place", e.Person)
		}
		s := Seat{State: Waiting, First: e.First, Since: at.UnixMilli()}
		change(b, treeWaiting, &b.waiting).Set(waiter{s.First, s.Since, e.Person})
		seats.SetSeat(e.Person, s)
	case SeatMoved:
		s := seats.Seat(e.Person)
		b.dequeue(e.Person, s)
		s.First = e.First
		change(b, treeWaiting, &b.waiting).Set(waiter{s.First, s.Since, e.Person})
		seats.SetSeat(e.Person, s)
	case SeatReleased:
		b.release(e.Person, seats)
	case WindowOpened:
		assert(b.Open == nil, "a second window")
		b.Open = &e.Window
	case WindowClosed:
		b.closeWindow(e, seats)
	case InvoiceIssued:
		b.issue(&e.Invoice)
	case SeatsPurchased:
		b.Purchased += e.Seats
	case ReleasePlanned:
		b.Releasing += e.Seats
	case PeriodClosed:
		b.Purchased -= e.Released
		b.Releasing, b.Period = 0, e.At
	default:
		panic(fmt.Sprintf("ledger: unknown entry %T", e))
	}
}

// seat gives somebody a seat, out of the queue or not.
func (b *Books) seat(at time.Time, p Person, from Source, seats Seats) {
	switch s := seats.Seat(p); s.State {
	case Seated:
		violated("%x takes a second seat", p)
	case Waiting:
		b.dequeue(p, s)
	}
	b.Order++
	b.seated++
	if b.Open != nil {
		change(b, treeRecent, &b.recent).Set(b.Order, p)
	}
	seats.SetSeat(p, Seat{State: Seated, Source: from, Since: at.UnixMilli(), Order: b.Order})
}

func (b *Books) dequeue(p Person, s Seat) {
	_, was := change(b, treeWaiting, &b.waiting).Delete(waiter{s.First, s.Since, p})
	assert(was, "%x is not in the queue", p)
}

func (b *Books) release(p Person, seats Seats) {
	s := seats.Seat(p)
	switch s.State {
	case Seated:
		b.seated--
		change(b, treeRecent, &b.recent).Delete(s.Order)
	case Waiting:
		b.dequeue(p, s)
	default:
		violated("%x has no seat to release", p)
	}
	seats.SetSeat(p, Seat{})
}

// closeWindow marks the people who were seated last, as many as there are
// extra seats, with the window that bills them.
func (b *Books) closeWindow(e WindowClosed, seats Seats) {
	w := b.Open
	assert(w != nil && w.Opened.Equal(e.Opened), "the window of %v is not open", e.Opened)
	assert(e.Extra == max(0, b.seated-b.Purchased), "%d extra seats of %d seated and %d purchased", e.Extra, b.seated, b.Purchased)
	if e.Extra > 0 {
		assert(e.Ordinal == b.Windows+1, "window %d follows %d", e.Ordinal, b.Windows)
		b.Windows = e.Ordinal
		closed := ClosedWindow{Ordinal: e.Ordinal, Opened: e.Opened, Closed: e.Closed, Extra: e.Extra, Price: w.Price}
		b.Unbilled = append(b.Unbilled[:len(b.Unbilled):len(b.Unbilled)], closed)
		left := e.Extra
		b.recent.Reverse(func(_ uint64, p Person) bool {
			s := seats.Seat(p)
			s.Billed = e.Ordinal
			seats.SetSeat(p, s)
			left--
			return left > 0
		})
		assert(left == 0, "%d extra seats of which nobody was seated in the window", left)
	}
	b.Purchased += e.Extra
	b.Booked, b.Open = 0, nil
	change(b, treeRecent, &b.recent).Clear()
}

// issue files an invoice. Original ones bill the oldest windows that are not
// billed yet.
func (b *Books) issue(inv *Invoice) {
	assert(inv.Serial == uint32(b.invoices.Len())+1, "invoice %d follows %d", inv.Serial, b.invoices.Len())
	change(b, treeInvoices, &b.invoices).Set(inv.Serial, inv)
	if inv.Kind == Correction {
		return
	}
	last := uint32(0)
	for _, l := range inv.Lines {
		if l.Window == last {
			continue
		}
		assert(len(b.Unbilled) > 0 && b.Unbilled[0].Ordinal == l.Window, "window %d is not the next to bill", l.Window)
		b.Unbilled = b.Unbilled[1:]
		change(b, treeBilled, &b.billed).Set(l.Window, inv.Serial)
		last = l.Window
	}
	if len(b.Unbilled) == 0 {
		b.Unbilled = nil // as books that come from a snapshot have it
	}
}
