package workspace

import (
	"fmt"
	"slices"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// This file joins the ledger to people. What a command makes of the seats
// follows from its events alone: settleSeats reads them and adds the entries
// that the ledger drafts, in the same commit.

// personSeats shows the ledger how the people of a state stand.
type personSeats struct{ s *State }

func (x personSeats) Seat(p ledger.Person) ledger.Seat { return seatIn(&x.s.view, p) }

func (x personSeats) SetSeat(p ledger.Person, seat ledger.Seat) {
	ord, at, found := x.s.view.packedUser(ResourceID(p))
	assert(found, "a seat for nobody")
	x.s.view.users.Set(ord, at.withSeat(seat))
}

// viewSeats is personSeats for a draft, which only reads.
type viewSeats struct{ v *View }

func (x viewSeats) Seat(p ledger.Person) ledger.Seat { return seatIn(x.v, p) }

func (viewSeats) SetSeat(ledger.Person, ledger.Seat) { panic("workspace: a decision writes a seat") }

func seatIn(v *View, p ledger.Person) ledger.Seat {
	_, at, found := v.packedUser(ResourceID(p))
	if !found {
		return ledger.Seat{}
	}
	return at.seat()
}

// applyPosted folds an entry of the ledger in.
func (s *State) applyPosted(env Envelope, ev Posted) {
	s.view.books.Apply(env.At, ev.Entry, personSeats{s})
	switch ev.Entry.(type) {
	case ledger.SeatTaken, ledger.SeatBooked, ledger.SeatAwaited, ledger.SeatMoved, ledger.SeatReleased:
		return
	}
	s.redue()
}

// redue works out anew when the books next change by themselves.
func (s *State) redue() {
	s.view.due = s.view.books.NextDue(s.view.settings.terms(s.view.id, Host{}))
}

// draft begins a decision of the ledger on settings.
func (v *View) draft(set *Settings, at time.Time, host Host) *ledger.Draft {
	return v.books.Draft(set.terms(v.id, host), at, viewSeats{v})
}

// fallenDue returns the events of what is due at or before at. It is settled
// before any command, and whatever becomes of the command.
func (v *View) fallenDue(at time.Time, host Host) []Event {
	behind := int64(v.members) != v.books.Seated()+v.books.Waiting()
	if !v.Exists() || v.due.After(at) && !behind {
		return nil
	}
	d := v.draft(v.settings, at, host)
	if behind {
		v.seatEverybody(d)
	}
	d.Settle()
	return v.posted(nil, d.Entries)
}

// seatEverybody gives people seats who were there before there were seats: a
// journal of an older version.
func (v *View) seatEverybody(d *ledger.Draft) {
	v.eachUser(func(u *user) bool {
		if u.needsSeat() {
			d.Activate(ledger.Person(u.id), v.isAdmin(u.ord), false)
		}
		return true
	})
}

// posted appends entries as events. Somebody who is not in the view yet is
// named by the event that creates them.
func (v *View) posted(events []Event, entries []ledger.Entry) []Event {
	people := events // without what is appended: a purchase may seat a hundred thousand
	for _, e := range entries {
		events = append(events, Posted{Entry: e, Name: v.nameFor(people, e)})
	}
	return events
}

func (v *View) nameFor(events []Event, e ledger.Entry) string {
	p, ok := personOf(e)
	if !ok {
		return ""
	}
	id := ResourceID(p)
	for i := len(events) - 1; i >= 0; i-- {
		switch ev := events[i].(type) {
		case UserCreated:
			if ev.ID == id {
				return ev.Name
			}
		case UserChanged:
			if ev.ID == id {
				return ev.Name
			}
		}
	}
	if u := v.userByID(id); u != nil {
		return u.userName()
	}
	return ""
}

// personOf returns whom an entry is about.
func personOf(e ledger.Entry) (ledger.Person, bool) {
	switch e := e.(type) {
	case ledger.SeatTaken:
		return e.Person, true
	case ledger.SeatBooked:
		return e.Person, true
	case ledger.SeatAwaited:
		return e.Person, true
	case ledger.SeatMoved:
		return e.Person, true
	case ledger.SeatReleased:
		return e.Person, true
	}
	return ledger.Person{}, false
}

// isAdmin reports whether the user with an ordinal is in the role Admin and that
// counts.
func (v *View) isAdmin(ord uint32) bool {
	admins := v.adminRole()
	m, in := admins.members.Get(ord)
	return in && !m.held
}

// settleSeats adds what the events make of the seats. A POST that finds no
// seat is refused where the workspace wants it (seats.whenFull); everybody
// else waits. Only a connection's write books: an admin who reactivates
// somebody must not buy a seat by it (product.md section 2).
func (d *decision) settleSeats(cmd Command) *scim.Error {
	if !slices.ContainsFunc(d.events, d.touchesSeats) {
		return nil
	}
	set := d.view.settings
	for _, ev := range d.events {
		if changed, ok := ev.(WorkspaceChanged); ok {
			set = storedSettings(changed.Settings)
		}
	}
	draft, books := d.view.draft(set, d.env.At, d.host), d.env.Actor == ActorToken
	moves := d.admins()
	var out []Event
	done := 0
	add := func() {
		out = d.view.posted(out, draft.Entries[done:])
		done = len(draft.Entries)
	}
	for _, ev := range d.events {
		if gone, ok := ev.(UserDeleted); ok { // while the user is still there
			draft.Deactivate(ledger.Person(gone.ID))
			add()
		}
		out = append(out, ev)
		id, doc, ok := documentOf(ev)
		switch {
		case !ok:
			continue
		case doc.Kind != Member || !doc.Active():
			draft.Deactivate(ledger.Person(id))
		case draft.Seat(ledger.Person(id)).State == ledger.None:
			if _, post := cmd.(CreateUser); post && set.WhenFullRefuse && !draft.HasSeat(books) {
				return full(draft)
			}
			draft.Activate(ledger.Person(id), moves.is(d.view, id), books)
		}
		add()
	}
	for _, m := range moves {
		draft.SetFirst(ledger.Person(m.id), m.admin)
	}
	if widened(d.view.settings, set) {
		draft.BookWaiting()
	}
	add()
	d.events = out
	return nil
}

// touchesSeats reports whether an event can change seats.
func (d *decision) touchesSeats(ev Event) bool {
	switch ev := ev.(type) {
	case UserCreated, UserDeleted, WorkspaceChanged:
		return true
	case UserChanged:
		_, u, found := d.view.packedUser(ev.ID)
		return !found || u.active() != ev.Active()
	case MemberAdded, MemberRemoved, MemberAllowed, GroupChanged:
		return d.view.books.Waiting() > 0
	}
	return false
}

// documentOf returns the document that a user's event leaves.
func documentOf(ev Event) (ResourceID, *UserDoc, bool) {
	switch ev := ev.(type) {
	case UserCreated:
		return ev.ID, &ev.UserDoc, true
	case UserChanged:
		return ev.ID, &ev.UserDoc, true
	}
	return ResourceID{}, nil, false
}

func full(d *ledger.Draft) *scim.Error {
	return scim.Errorf(403, "", "no seat is free: all %d are taken, and 1 more is needed; purchase seats, or change seats.autoBooking, seats.cap or seats.whenFull in the settings of the workspace", d.Purchased+d.Booked)
}

// widened reports whether booking was switched on, or its bound raised.
func widened(before, after *Settings) bool {
	a, b := before.seats, after.seats
	raised := a.limit != ledger.NoCap && (b.limit == ledger.NoCap || b.limit > a.limit)
	return b.autoBooking && (!a.autoBooking || raised)
}

// adminMoves are those whose being an admin an undecided command changes, in
// the order of its events.
type adminMoves []adminMove

type adminMove struct {
	id    ResourceID
	admin bool
}

// is reports whether somebody is an admin after the command.
func (m adminMoves) is(v *View, id ResourceID) bool {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].id == id {
			return m[i].admin
		}
	}
	ord, _, found := v.packedUser(id)
	return found && v.isAdmin(ord)
}

// admins reads from the events who becomes or ceases to be an admin.
func (d *decision) admins() (out adminMoves) {
	admins := d.view.adminRole()
	for _, ev := range d.events {
		switch ev := ev.(type) {
		case MemberAdded:
			if ev.Group == admins.id {
				out = append(out, adminMove{ev.User, !ev.Held})
			}
		case MemberAllowed:
			if ev.Group == admins.id {
				out = append(out, adminMove{ev.User, true})
			}
		case MemberRemoved:
			if ev.Group == admins.id && (ev.Held || d.lastSource(admins, ev) && !d.joins(admins, ev.User)) {
				out = append(out, adminMove{ev.User, false})
			}
		case GroupChanged:
			if ev.ID == admins.id && ev.Assignable && !admins.Assignable {
				out = append(out, d.released(admins)...)
			}
		}
	}
	return out
}

// joins reports whether the events give a membership a source. Then it does not
// end with the last of those that it had: a re-hire loses them all and has what
// the POST names.
func (d *decision) joins(g *group, id ResourceID) bool {
	return slices.ContainsFunc(d.events, func(ev Event) bool {
		add, ok := ev.(MemberAdded)
		return ok && add.Group == g.id && add.User == id
	})
}

// released returns those whom a role that becomes assignable makes admins.
func (d *decision) released(admins *group) (out adminMoves) {
	admins.members.Scan(func(ord uint32, m membership) bool {
		if u := d.view.user(ord); m.held {
			out = append(out, adminMove{u.id, true})
		}
		return true
	})
	return out
}

// seatCommand decides what an admin does to seats and invoices.
func (d *decision) seatCommand(cmd Command) (Result, *scim.Error) {
	draft := d.view.draft(d.view.settings, d.env.At, d.host)
	var err error
	key, status := "", 400
	switch c := cmd.(type) {
	case PurchaseSeats:
		if len(c.BilledBy) > maxNameLen {
			return Result{}, scim.Errorf(400, "", "billedBy: write at most %d bytes", maxNameLen)
		}
		err = draft.Purchase(c.Seats, c.BilledBy)
	case ReleaseSeats:
		err = draft.Release(c.Seats)
	case CloseWindow:
		err, status = draft.CloseWindow(), 409
	case CorrectInvoice:
		orig, found := draft.Invoice(c.Number)
		switch {
		case !found:
			status = 404
		case orig.Kind == ledger.Correction:
			status = 409
		case len(c.Reason) > maxReasonLen:
			return Result{}, scim.Errorf(400, "", "reason: write at most %d bytes", maxReasonLen)
		}
		err = draft.Correct(c.Number, c.Seats, c.Reason)
	}
	if err != nil {
		return Result{}, scim.Errorf(status, "", "%s", err.Error())
	}
	d.events = d.view.posted(d.events, draft.Entries)
	if inv, ok := draft.Entries[len(draft.Entries)-1].(ledger.InvoiceIssued); ok {
		key = inv.Invoice.Number
	}
	return Result{Key: key, Changed: true}, nil
}

// maxReasonLen bounds the reason of a correction, in bytes.
const maxReasonLen = 500

// Books returns the seats, windows and invoices. The caller must not change
// them.
func (v *View) Books() *ledger.Books { return &v.books }

// ActiveMembers returns how many people need a seat.
func (v *View) ActiveMembers() int64 { return int64(v.members) }

// Preview returns what the open window would bill if it ended as things stand;
// false if none is open.
func (v *View) Preview() (ledger.Invoice, bool) {
	return v.books.Preview(v.settings.terms(v.id, Host{}))
}

// AutoBooking returns seats.autoBooking, and seats.cap or ledger.NoCap.
func (s *Settings) AutoBooking() (on bool, limit int64) { return s.seats.autoBooking, s.seats.limit }

// Seat returns how the user stands.
func (x UserView) Seat() ledger.Seat { return x.u.seat }

// BilledOn returns the number of the invoice that bills the user's seat; empty
// if none does.
func (x UserView) BilledOn() string { return x.r.v.books.BilledOn(x.u.seat) }

var seatStates = [...]string{ledger.None: "none", ledger.Seated: "seated", ledger.Waiting: "waiting"}

var seatSources = [...]string{ledger.Purchased: "purchased", ledger.Booked: "booked"}

// SeatObject is what answers show of a seat: state, source, since and invoice.
func (x UserView) SeatObject() scim.Object {
	seat := x.u.seat
	o := scim.Object{{Name: "state", Value: scim.Text(seatStates[seat.State])}}
	if seat.State == ledger.Seated {
		o = append(o, scim.Attr{Name: "source", Value: scim.Text(seatSources[seat.Source])})
	}
	if seat.State != ledger.None {
		o = append(o, scim.Attr{Name: "since", Value: scim.Text(stamp(instant(seat.Since)))})
	}
	if number := x.BilledOn(); number != "" {
		o = append(o, scim.Attr{Name: "invoice", Value: scim.Text(number)})
	}
	return o
}

// Recount counts seats and invoices anew, in time proportional to the
// workspace, and returns a line for each difference.
func (v *View) Recount() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var seated, waiting, members int64
	v.eachUser(func(u *user) bool {
		switch u.seat.State {
		case ledger.Seated:
			seated++
		case ledger.Waiting:
			waiting++
		}
		if u.needsSeat() {
			members++
		}
		if u.needsSeat() != (u.seat.State != ledger.None) {
			say("user %v is active or not, and has a seat or waits or not, but not both", u.id)
		}
		return true
	})
	b := &v.books
	if seated != b.Seated() || waiting != b.Waiting() || seated+waiting != members {
		say("%d seated and %d waiting of %d active members; the books say %d and %d", seated, waiting, members, b.Seated(), b.Waiting())
	}
	if b.Free() < 0 || waiting > 0 && b.Free() != 0 {
		say("%d free seats, %d people waiting", b.Free(), waiting)
	}
	return append(out, b.Audit()...)
}
