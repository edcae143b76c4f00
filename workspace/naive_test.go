package workspace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The naive model is product.md section 2 written down a second time, as
// plainly as it can be said, and without a look at package ledger. It keeps a
// list of people and a list of everything that happened, and counts both anew
// whenever it wants to know something. TestSimulation holds the machine
// against it.
type naive struct {
	now        time.Time
	terms      naiveTerms
	assignable bool           // the role Admin is scimAssignable
	people     []*naivePerson // oldest first
	takings    int            // seats taken so far

	initial   int64           // seats that the workspace began with
	bought    []int64         // each purchase
	released  []int64         // what each anchor gave back
	releasing int64           // to give back at the next anchor
	windows   []*naiveWindow  // all that ever were; only the last may be open
	invoices  []*naiveInvoice // corrections among them
	anchored  time.Time       // anchors after this instant are still to come
	answers   map[string]naiveAnswer
	gone      map[string]bool // connections that were deleted

	said    []string        // what the books have to say of the step
	reached map[string]bool // what a play has to come across, see mustReach
}

// naiveTerms are the settings that count.
type naiveTerms struct {
	auto     bool
	cap      int64 // -1: none
	refuse   bool
	collect  string
	zone     *time.Location
	language string
	price    naivePrice
}

// A naivePrice is what was in force when a window opened.
type naivePrice struct {
	currency                  string
	minor                     int64
	yearly                    bool
	anchorDay                 int
	anchorMonth               time.Month
	category, percent, reason string
}

type naivePerson struct {
	id       ResourceID
	name     string // account e-mail
	guest    bool
	managed  bool
	active   bool
	external map[string]string // externalId by connection
	admin    map[string]bool   // who put the person into the role Admin: see naive.join
	held     bool              // an admin has not allowed that yet

	state  string // "", seated or waiting
	source string
	since  time.Time
	taking int // place among all seats that were ever taken
	bill   *naiveWindow
}

type naiveWindow struct {
	opened, ends, closed time.Time // closed is zero while it is open
	price                naivePrice
	booked, extra        int64
	ordinal              int // among those with something to bill
	invoice              *naiveInvoice
}

const naiveLength = 30 * time.Minute

func (n *naive) reach(what string, yes bool) { n.reached[what] = n.reached[what] || yes }

func (n *naive) say(format string, args ...any) {
	n.said = append(n.said, fmt.Sprintf(format, args...))
}

func (n *naive) purchased() int64 {
	sum := n.initial
	for _, seats := range n.bought {
		sum += seats
	}
	for _, w := range n.windows {
		sum += w.extra
	}
	for _, seats := range n.released {
		sum -= seats
	}
	return sum
}

// open returns the open window, or nil.
func (n *naive) open() *naiveWindow {
	if k := len(n.windows); k > 0 && n.windows[k-1].closed.IsZero() {
		return n.windows[k-1]
	}
	return nil
}

func (n *naive) booked() int64 {
	if w := n.open(); w != nil {
		return w.booked
	}
	return 0
}

func (n *naive) with(state string) []*naivePerson {
	var out []*naivePerson
	for _, p := range n.people {
		if p.state == state {
			out = append(out, p)
		}
	}
	return out
}

func (n *naive) seated() int64 { return int64(len(n.with("seated"))) }

func (n *naive) free() int64 { return n.purchased() + n.booked() - n.seated() }

// isAdmin reports whether the role Admin counts for an active member.
func (p *naivePerson) isAdmin() bool { return p.active && !p.guest && len(p.admin) > 0 && !p.held }

// queue returns who waits: active admins first, then by the instant the
// waiting began, then by id.
func (n *naive) queue() []*naivePerson {
	out := n.with("waiting")
	slices.SortFunc(out, func(a, b *naivePerson) int {
		if a.isAdmin() != b.isAdmin() {
			if a.isAdmin() {
				return -1
			}
			return 1
		}
		return cmp.Or(a.since.Compare(b.since), slices.Compare(a.id[:], b.id[:]))
	})
	return out
}

// room reports whether one more seat may be booked.
func (n *naive) room() bool {
	return n.terms.auto && (n.terms.cap < 0 || n.purchased()+n.booked() < n.terms.cap)
}

// settle does what fell due, each as of its own instant.
func (n *naive) settle() {
	for {
		at, do := n.due()
		if at.After(n.now) {
			return
		}
		do(at)
	}
}

// due returns what happens next by itself, and when. A seat is purchased from
// the window's end, so what an anchor counts at the same instant has it.
func (n *naive) due() (at time.Time, do func(time.Time)) {
	at, do = n.anchorAfter(n.anchored), n.closePeriod
	if w := n.unbilled(); len(w) > 0 {
		if t := n.collectAt(w[0].closed); !t.After(at) {
			at, do = t, n.bill
		}
	}
	if w := n.open(); w != nil && !w.ends.After(at) {
		at, do = w.ends, n.closeWindow
	}
	return at, do
}

// unbilled returns the closed windows that an invoice still has to bill.
func (n *naive) unbilled() []*naiveWindow {
	var out []*naiveWindow
	for _, w := range n.windows {
		if w.extra > 0 && w.invoice == nil {
			out = append(out, w)
		}
	}
	return out
}

func (n *naive) closeWindow(at time.Time) {
	w := n.open()
	extra := max(0, n.seated()-n.purchased())
	w.closed, w.extra = at, extra
	n.reach("closed late", at.Before(n.now.Add(-24*time.Hour)))
	n.reach("a window that ends at an anchor", at.Equal(n.anchorAfter(at.Add(-time.Millisecond))))
	n.reach("closed early", at.Before(w.ends))
	n.reach("closed with nothing to bill", extra == 0)
	n.reach("closed with less to bill than was booked", 0 < extra && extra < w.booked)
	n.say("closed %s at %s, %d extra", stamp(w.opened), stamp(at), extra)
	if extra == 0 {
		return
	}
	for _, other := range n.windows {
		if other.extra > 0 {
			w.ordinal++
		}
	}
	last := n.with("seated")
	slices.SortFunc(last, func(a, b *naivePerson) int { return cmp.Compare(b.taking, a.taking) })
	for _, p := range last[:extra] {
		p.bill = w
	}
	if n.terms.collect == "window" {
		n.bill(at)
	}
}

func (n *naive) closePeriod(at time.Time) {
	back := min(n.releasing, max(0, n.purchased()-n.seated()))
	n.reach("released in part", 0 < back && back < n.releasing)
	n.reach("an anchor inside a window", n.open() != nil)
	n.reach("two periods at once", slices.ContainsFunc(n.said, func(s string) bool { return strings.HasPrefix(s, "period") }))
	n.released, n.releasing, n.anchored = append(n.released, back), 0, at
	n.say("period %s: %d purchased, %d booked, %d seated, %d waiting, %d released",
		stamp(at), n.purchased(), n.booked(), n.seated(), len(n.queue()), back)
}

// activate gives somebody who became active a free seat, a booked one, or a
// place in the queue. Only an identity provider books.
func (n *naive) activate(p *naivePerson, provider bool) {
	p.active = true
	switch {
	case p.guest || p.state != "":
	case n.free() > 0:
		n.seat(p, "purchased")
	case provider && n.room():
		n.book(p)
	default:
		p.state, p.since = "waiting", n.now
		n.say("waits %v", p.id)
	}
}

func (n *naive) seat(p *naivePerson, source string) {
	n.takings++
	n.reach("an admin goes first", p.isAdmin() && slices.ContainsFunc(n.with("waiting"), func(q *naivePerson) bool { return q.since.Before(p.since) }))
	n.reach("booked for somebody who waited", source == "booked" && p.state == "waiting")
	n.reach("a booked seat is taken once more", source == "purchased" && n.seated() >= n.purchased())
	p.state, p.source, p.since, p.taking = "seated", source, n.now, n.takings
	verb := map[string]string{"purchased": "takes", "booked": "books"}[source]
	n.say("%s %v", verb, p.id)
}

func (n *naive) book(p *naivePerson) {
	if n.open() == nil {
		n.windows = append(n.windows, &naiveWindow{opened: n.now, ends: n.now.Add(naiveLength), price: n.terms.price})
		n.say("opens until %s", stamp(n.now.Add(naiveLength)))
	}
	n.open().booked++
	n.seat(p, "booked")
}

// leave frees the seat of somebody who is no longer active. Whoever has waited
// longest gets it at once.
func (n *naive) leave(p *naivePerson) {
	p.active = false
	if p.state == "" {
		return
	}
	p.state, p.source, p.since, p.taking, p.bill = "", "", time.Time{}, 0, nil
	n.say("releases %v", p.id)
	n.promote()
}

func (n *naive) promote() {
	for n.free() > 0 && len(n.queue()) > 0 {
		n.seat(n.queue()[0], "purchased")
	}
}

func (n *naive) purchase(seats int64) int {
	if seats < 1 || n.terms.cap >= 0 && n.purchased()+n.booked()+seats > n.terms.cap {
		return 400
	}
	n.reach("purchased inside a window", n.open() != nil)
	n.bought = append(n.bought, seats)
	n.say("purchased %d", seats)
	n.promote()
	return 200
}

func (n *naive) release(seats int64) int {
	if seats < 1 || seats > n.purchased()-n.releasing {
		return 400
	}
	n.releasing += seats
	n.say("releasing %d", seats)
	return 200
}

func (n *naive) closeNow() int {
	if n.open() == nil {
		return 409
	}
	n.closeWindow(n.now)
	return 200
}

// set changes the terms. Switching automatic booking on, or raising the cap,
// books for those who wait.
func (n *naive) set(change func(*naiveTerms)) int {
	before, after := n.terms, n.terms
	change(&after)
	if after.cap >= 0 && after.cap < n.purchased()+n.booked() {
		return 400
	}
	n.terms = after
	if !after.price.sameCalendar(before.price) || after.zone != before.zone {
		n.anchored = n.now // a calendar counts from when it is set
	}
	due, _ := n.due()
	n.reach("billed late since invoice.collect changed", after.collect != before.collect && !due.After(n.now))
	n.reach("a price changed inside a window", after.price != before.price && n.open() != nil)
	raised := before.cap >= 0 && (after.cap < 0 || after.cap > before.cap)
	if raised || !before.auto {
		for n.room() && len(n.queue()) > 0 {
			n.book(n.queue()[0])
		}
	}
	return 200
}

func (p naivePrice) sameCalendar(q naivePrice) bool {
	return p.yearly == q.yearly && p.anchorDay == q.anchorDay && p.anchorMonth == q.anchorMonth
}
