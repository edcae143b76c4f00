package ledger

import (
	"fmt"
	"time"
)

// A Collect says which closed windows share an invoice.
type Collect uint8

// What collects windows. PerWindow is one invoice when the window closes, the
// others gather the windows of a day or a billing period.
const (
	PerWindow Collect = iota
	PerDay
	PerPeriod
)

// NoCap means that nothing but MaxSeats bounds the seats.
const NoCap = -1

// Terms are what decisions depend on beside the books: the workspace's
// settings and the daemon's configuration.
type Terms struct {
	Account     string // what invoice numbers begin with: the workspace's id
	Zone        *time.Location
	Language    string // of invoices, a BCP 47 tag
	AutoBooking bool
	Cap         int64 // the most seats that booking may lead to, or NoCap
	Collect     Collect
	Price       Price         // of windows that open from now on
	Length      time.Duration // of a window
	Seller      Seller
	Buyer       Buyer
}

// A Draft decides on a copy of the books. Its Entries, applied to the books it
// was made from, lead where the Draft is.
type Draft struct {
	Books
	Entries []Entry

	terms Terms
	now   time.Time
	seats *overlay
}

// overlay holds the seats that a Draft asked for or changed, over those that
// there are. Most drafts are about one person, who needs no map.
type overlay struct {
	base Seats
	who  Person
	seat Seat
	held bool            // seat is that of who
	more map[Person]Seat // of others; nil: none
}

func (o *overlay) Seat(p Person) Seat {
	if o.held && p == o.who {
		return o.seat
	}
	s, ok := o.more[p]
	if !ok {
		s = o.base.Seat(p)
		o.SetSeat(p, s)
	}
	return s
}

func (o *overlay) SetSeat(p Person, s Seat) {
	switch {
	case !o.held || p == o.who:
		o.who, o.seat, o.held = p, s, true
	case o.more == nil:
		o.more = map[Person]Seat{p: s}
	default:
		o.more[p] = s
	}
}

// Draft begins a decision at the instant now. seats is only read.
func (b *Books) Draft(t Terms, now time.Time, seats Seats) *Draft {
	return &Draft{Books: b.Copy(), terms: t, now: now, seats: &overlay{base: seats}}
}

func (d *Draft) post(e Entry) {
	d.Apply(d.now, e, d.seats)
	d.Entries = append(d.Entries, e)
}

// Seat returns how somebody stands in the draft.
func (d *Draft) Seat(p Person) Seat { return d.seats.Seat(p) }

// room reports whether one more seat may be booked.
func (d *Draft) room() bool {
	most := int64(MaxSeats)
	if d.terms.Cap != NoCap {
		most = min(most, d.terms.Cap)
	}
	return d.terms.AutoBooking && d.Purchased+d.Booked < most
}

// HasSeat reports whether somebody who became active now would get a seat at
// once. Only an identity provider may book.
func (d *Draft) HasSeat(mayBook bool) bool { return d.Free() > 0 || mayBook && d.room() }

// Activate gives somebody a seat, or a place in the queue. Somebody who has
// either keeps it.
func (d *Draft) Activate(p Person, first, mayBook bool) {
	switch {
	case d.Seat(p).State != None:
	case d.Free() > 0:
		d.post(SeatTaken{p})
	case mayBook && d.room():
		d.book(p)
	default:
		d.post(SeatAwaited{p, first})
	}
}

// book books a seat for somebody, in a window that opens if none is open.
func (d *Draft) book(p Person) {
	if d.Open == nil {
		d.post(WindowOpened{Window{Opened: d.now, Ends: d.now.Add(d.terms.Length), Price: d.terms.Price, After: d.Order}})
	}
	d.post(SeatBooked{p})
}

// Deactivate takes somebody's seat or place in the queue away. A seat goes to
// whoever has waited longest.
func (d *Draft) Deactivate(p Person) {
	if d.Seat(p).State == None {
		return
	}
	d.post(SeatReleased{p})
	d.promote()
}

// promote gives free seats to those who wait.
func (d *Draft) promote() {
	for d.Free() > 0 && d.Waiting() > 0 {
		w, _ := d.waiting.Min()
		d.post(SeatTaken{w.who})
	}
}

// SetFirst moves somebody who waits before or behind the others.
func (d *Draft) SetFirst(p Person, first bool) {
	if s := d.Seat(p); s.State == Waiting && s.First != first {
		d.post(SeatMoved{p, first})
	}
}

// BookWaiting books for those who wait, as far as the terms allow.
func (d *Draft) BookWaiting() {
	for d.Waiting() > 0 && d.room() {
		w, _ := d.waiting.Min()
		d.book(w.who)
	}
}

// Purchase adds seats that are paid for, and gives them to those who wait. It
// refuses less than one seat and more than cap or MaxSeats allow.
func (d *Draft) Purchase(seats int64, billedBy string) error {
	have := d.Purchased + d.Booked
	switch {
	case seats < 1 || seats > MaxSeats:
		return fmt.Errorf("seats: write 1 to %d", MaxSeats)
	case d.terms.Cap != NoCap && have+seats > d.terms.Cap:
		return fmt.Errorf("seats: %d more would make %d, and seats.cap allows %d; raise the cap first", seats, have+seats, d.terms.Cap)
	case have+seats > MaxSeats:
		return fmt.Errorf("seats: %d more would make %d; a workspace has at most %d", seats, have+seats, MaxSeats)
	}
	d.post(SeatsPurchased{seats, billedBy, d.Purchased + seats})
	d.promote()
	return nil
}

// Release gives seats back at the end of the billing period. It refuses less
// than one seat and more than are purchased.
func (d *Draft) Release(seats int64) error {
	if left := d.Purchased - d.Releasing; seats < 1 || seats > left {
		return fmt.Errorf("seats: write 1 to %d, the purchased seats that are not being released yet", left)
	}
	d.post(ReleasePlanned{seats, d.Releasing + seats})
	return nil
}

// CloseWindow closes the open window now. It refuses if none is open.
func (d *Draft) CloseWindow() error {
	if d.Open == nil {
		return fmt.Errorf("no window is open: nothing has been booked since the last one closed")
	}
	d.closeAt(d.now)
	return nil
}

func (d *Draft) closeAt(end time.Time) {
	e := WindowClosed{Opened: d.Open.Opened, Closed: end, Extra: max(0, d.seated-d.Purchased)}
	if e.Extra > 0 {
		e.Ordinal = d.Windows + 1
	}
	d.post(e)
	if d.terms.Collect == PerWindow {
		d.bill(end)
	}
}

// bill issues the invoices that are due for all windows that are not billed:
// one, unless currency or tax category changed between them.
func (d *Draft) bill(due time.Time) {
	for len(d.Unbilled) > 0 {
		inv, err := Bill(d.Unbilled[:together(d.Unbilled)], d.terms.Zone)
		assert(err == nil, "bill: %v", err) // MaxSeats and MaxUnit keep amounts in bounds
		d.issueNow(inv, due)
	}
}

// issueNow completes inv, which was due, and files it.
func (d *Draft) issueNow(inv Invoice, due time.Time) {
	inv.numbered(d.terms.Account, uint32(d.InvoiceCount())+1)
	inv.IssuedAt, inv.Issued = d.now, DateOf(d.now.In(d.terms.Zone))
	inv.Language, inv.Seller, inv.Buyer = d.terms.Language, d.terms.Seller, d.terms.Buyer
	d.post(InvoiceIssued{inv, due})
}

// Correct issues a correction that takes seats of an invoice back. It refuses
// an invoice that is not there, a correction, an empty reason, and more seats
// than are left on the invoice. Money only: the seats stay purchased until
// they are released.
func (d *Draft) Correct(number string, seats int64, reason string) error {
	orig, ok := d.Invoice(number)
	switch {
	case !ok:
		return fmt.Errorf("there is no invoice %q", number)
	case orig.Kind == Correction:
		return fmt.Errorf("%s is a correction itself; correct %s", number, orig.Corrects)
	case reason == "":
		return fmt.Errorf("reason is required")
	}
	gone := d.takenBack(number)
	if left := orig.seats() - gone; seats < 1 || seats > left {
		return fmt.Errorf("seats: write 1 to %d, the seats of %s that are not taken back yet", left, number)
	}
	lines, err := orig.takeBack(gone, seats)
	inv := Invoice{Kind: Correction, Corrects: number, Corrected: orig.Issued, Reason: reason, Currency: orig.Currency, Lines: lines}
	if err == nil {
		err = inv.total()
	}
	assert(err == nil, "correct %s: %v", number, err)
	d.issueNow(inv, d.now)
	return nil
}

// takenBack returns the seats that corrections took back from an invoice.
func (b *Books) takenBack(number string) int64 {
	n := int64(0)
	b.Invoices(0, func(inv *Invoice) bool {
		if inv.Corrects == number {
			n -= inv.seats()
		}
		return true
	})
	return n
}

// Preview returns what the open window would bill if it ended as things stand,
// without serial and parties; false if none is open.
func (b *Books) Preview(t Terms) (inv Invoice, open bool) {
	if b.Open == nil {
		return Invoice{}, false
	}
	w := ClosedWindow{Opened: b.Open.Opened, Closed: b.Open.Ends, Extra: max(0, b.seated-b.Purchased), Price: b.Open.Price}
	inv, err := Bill([]ClosedWindow{w}, t.Zone)
	assert(err == nil, "preview: %v", err)
	return inv, true
}
