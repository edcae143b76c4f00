package ledger

import (
	"fmt"
	"time"

	"github.com/tidwall/btree"
)

// MaxSeats bounds the seats of a workspace, purchased and booked together.
const MaxSeats = 10_000_000

// MaxUnit bounds the price of a seat for a period, in minor units. With
// MaxSeats it keeps every amount of an invoice within 64 bits.
const MaxUnit = 1_000_000_000

// A Person is somebody who may take a seat. Persons are created in the order
// of their numbers.
type Person [16]byte

// A State says whether somebody has a seat.
type State uint8

// States. Journal records store these numbers.
const (
	None    State = iota // inactive, or in no need of a seat
	Seated               // has a seat
	Waiting              // is active, and waits for one
)

// A Source says where a seat came from.
type Source uint8

// Sources. Journal records store these numbers.
const (
	Purchased Source = iota // a free seat
	Booked                  // one that was booked for this person
)

// A Seat is how somebody stands.
type Seat struct {
	State  State
	Source Source // of a seat
	First  bool   // goes before others in the queue: an admin
	Billed uint32 // ordinal of the window that billed the seat; 0: none did
	Since  int64  // Unix milliseconds: when the seat was taken or the waiting began
	Order  uint64 // place of the taking among all that ever were
}

// Seats holds how everybody stands. Somebody who is not there has the zero
// Seat.
type Seats interface {
	Seat(Person) Seat
	SetSeat(Person, Seat)
}

// A Window is the time in which extra bookings gather.
type Window struct {
	Opened time.Time
	Ends   time.Time // the first instant that is outside
	Price  Price     // in force when it opened
	After  uint64    // Order of the newest seat that was taken before it opened
}

// A Position is what the books hold beside seats and invoices.
type Position struct {
	Purchased int64     // seats that are paid for
	Booked    int64     // extra seats of the open window
	Releasing int64     // seats to give back at the end of the period
	Period    time.Time // the newest anchor that was settled, or when counting began
	Order     uint64    // seats taken so far
	Windows   uint32    // windows closed with seats to bill so far
	Open      *Window   // nil: none is open
	Unbilled  []ClosedWindow
}

// Books are the seats of one workspace. The zero Books are not usable; see
// New. They are copied on write: Copy is O(1), and a copy never changes with
// its original.
type Books struct {
	Position
	seated   int64
	waiting  *btree.BTreeG[waiter]
	recent   *btree.Map[uint64, Person] // seated since the window opened, by Order
	invoices *btree.Map[uint32, *Invoice]
	billed   *btree.Map[uint32, uint32] // ordinal of a window to serial of its invoice
	own      tree                       // trees that no other books hold, to be changed in place
}

// A tree names one of the trees of Books, or some.
type tree uint8

const (
	treeWaiting tree = 1 << iota
	treeRecent
	treeInvoices
	treeBilled
)

// A waiter is somebody in the queue.
type waiter struct {
	first bool
	since int64
	who   Person
}

// before is the order of waiting (product.md section 2): active admins first,
// then by the instant the waiting began, then by number.
func before(a, b waiter) bool {
	switch {
	case a.first != b.first:
		return a.first
	case a.since != b.since:
		return a.since < b.since
	}
	return string(a.who[:]) < string(b.who[:])
}

// waitingDegree makes nodes of the queue small. Drafts and Views share it, so a
// write of somebody who waits copies a path of them each time.
const waitingDegree = 8

// New returns books at a position, without seats and invoices, which Restore
// and RestoreInvoice add.
func New(p Position) Books {
	return Books{
		Position: p,
		waiting:  btree.NewBTreeGOptions(before, btree.Options{NoLocks: true, Degree: waitingDegree}),
		recent:   new(btree.Map[uint64, Person]),
		invoices: new(btree.Map[uint32, *Invoice]),
		billed:   new(btree.Map[uint32, uint32]),
	}
}

// Restore adds how somebody stands, as a snapshot kept it.
func (b *Books) Restore(p Person, s Seat) {
	switch s.State {
	case Seated:
		b.seated++
		if b.Open != nil && s.Order > b.Open.After {
			change(b, treeRecent, &b.recent).Set(s.Order, p)
		}
	case Waiting:
		change(b, treeWaiting, &b.waiting).Set(waiter{s.First, s.Since, p})
	}
}

// RestoreInvoice adds an invoice, as a snapshot kept it.
func (b *Books) RestoreInvoice(inv *Invoice) {
	change(b, treeInvoices, &b.invoices).Set(inv.Serial, inv)
	if inv.Kind == Original {
		for _, l := range inv.Lines {
			change(b, treeBilled, &b.billed).Set(l.Window, inv.Serial)
		}
	}
}

// Copy returns the books as they are, in O(1). The two hold the same trees until
// one of them changes one: few of the copies of a tree that are made for a View
// or a Draft would ever be.
func (b *Books) Copy() Books {
	if b.own != 0 { // a copy that nobody changes may be copied by many at once
		b.own = 0
	}
	return *b
}

// change returns a tree of b that may be changed.
func change[T any, P interface {
	*T
	Copy() *T
}](b *Books, which tree, held *P) P {
	if b.own&which == 0 {
		shared := T(**held) // Copy marks what it copies, and others read that
		*held, b.own = P(&shared).Copy(), b.own|which
	}
	return *held
}

// Seated returns how many people have a seat.
func (b *Books) Seated() int64 { return b.seated }

// Waiting returns how many people wait for a seat.
func (b *Books) Waiting() int64 { return int64(b.waiting.Len()) }

// Free returns the seats that nobody has.
func (b *Books) Free() int64 { return b.Purchased + b.Booked - b.seated }

// WaitingSince returns when the longest waiting began; zero if nobody waits.
// Admins, who are seated first, count like everybody.
func (b *Books) WaitingSince() time.Time {
	oldest := int64(0)
	for _, from := range []waiter{{first: true}, {first: false}} {
		b.waiting.Ascend(from, func(w waiter) bool {
			if w.first == from.first && (oldest == 0 || w.since < oldest) {
				oldest = w.since
			}
			return false
		})
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(oldest).UTC()
}

// Invoice returns the invoice with the given number.
func (b *Books) Invoice(number string) (*Invoice, bool) {
	var found *Invoice
	b.invoices.Scan(func(_ uint32, inv *Invoice) bool {
		if inv.Number == number {
			found = inv
		}
		return found == nil
	})
	return found, found != nil
}

// Invoices calls yield with the invoices after a serial, oldest first, until
// it returns false.
func (b *Books) Invoices(after uint32, yield func(*Invoice) bool) {
	b.invoices.Ascend(after+1, func(_ uint32, inv *Invoice) bool { return yield(inv) })
}

// InvoiceCount returns the number of invoices, corrections among them.
func (b *Books) InvoiceCount() int { return b.invoices.Len() }

// BilledOn returns the number of the invoice that bills a seat; empty if none
// does.
func (b *Books) BilledOn(s Seat) string {
	serial, ok := b.billed.Get(s.Billed)
	if !ok {
		return ""
	}
	inv, _ := b.invoices.Get(serial)
	return inv.Number
}

// Check panics if the books break a rule: active is how many people need a
// seat. It holds after the last entry of what was decided at once.
func (b *Books) Check(active int64) {
	if b.Free() < 0 {
		violated("%d seated in %d purchased and %d booked seats", b.seated, b.Purchased, b.Booked)
	}
	if b.Waiting() != 0 && b.Free() != 0 {
		violated("%d wait beside %d free seats", b.Waiting(), b.Free())
	}
	if b.seated+b.Waiting() != active {
		violated("%d seated and %d waiting of %d active", b.seated, b.Waiting(), active)
	}
	assert(b.Booked == 0 || b.Open != nil, "%d booked seats without a window", b.Booked)
	if b.Booked < 0 || b.Releasing < 0 || b.Purchased < 0 {
		violated("negative seats: %+v", b.Position)
	}
}

// assert panics with a message unless ok: the books are corrupt, or there is a
// bug, and nothing may be billed on them.
func assert(ok bool, format string, args ...any) {
	if !ok {
		violated(format, args...)
	}
}

// violated panics like a failed assert, for checks on hot paths: the arguments
// of an assert are put together even if it holds.
func violated(format string, args ...any) { panic("ledger: " + fmt.Sprintf(format, args...)) }
