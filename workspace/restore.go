package workspace

import (
	"fmt"
	"iter"
	"slices"

	"rosterd/ledger"
)

// membersPerItem bounds one SnapMembers.
const membersPerItem = 2000

// Snapshot returns the items of a snapshot of v, in the order in which Load
// wants them. Each is small enough to be written on its own.
func (v *View) Snapshot() iter.Seq[SnapshotItem] {
	return func(yield func(SnapshotItem) bool) {
		head := SnapHead{
			Seq: v.seq, At: v.at, Created: v.created, LastID: v.lastID, Settings: v.settings.Object(), Gate: v.gate,
			Version: v.version, Issuer: v.issuer, Marks: v.marks, Seats: &v.books.Position,
		}
		if !yield(head) || !v.snapAccess(yield) || !v.snapDeliveries(yield) || !v.snapInvoices(yield) || !v.snapGroups(yield) || !v.snapUsers(yield) {
			return
		}
		ok := true
		v.groups.Scan(func(_ uint32, g *group) bool {
			ok = v.snapMembers(g, yield)
			return ok
		})
		if ok {
			v.snapAnswers(yield)
		}
	}
}

func (v *View) snapAccess(yield func(SnapshotItem) bool) bool {
	for _, c := range v.connections {
		if !yield(SnapConnection{ID: c.ID, Name: c.Name, Dialect: c.Dialect.Name, Created: c.Created, Quirks: c.Quirks}) {
			return false
		}
	}
	for _, t := range v.tokens {
		if !yield(SnapToken(*t)) {
			return false
		}
	}
	return true
}

func (v *View) snapDeliveries(yield func(SnapshotItem) bool) bool {
	for _, w := range v.webhooks {
		if !yield(SnapWebhook{*w}) {
			return false
		}
	}
	for _, l := range v.dead {
		if !yield(SnapDead{*l}) {
			return false
		}
	}
	return true
}

func (v *View) snapInvoices(yield func(SnapshotItem) bool) bool {
	ok := true
	v.books.Invoices(0, func(inv *ledger.Invoice) bool {
		ok = yield(SnapInvoice{*inv})
		return ok
	})
	return ok
}

func (v *View) snapGroups(yield func(SnapshotItem) bool) bool {
	ok := true
	v.groups.Scan(func(_ uint32, g *group) bool {
		ok = yield(SnapGroup{ID: g.id, Version: g.version, Created: instant(g.created), Modified: instant(g.modified), GroupDoc: g.GroupDoc})
		return ok
	})
	return ok
}

func (v *View) snapUsers(yield func(SnapshotItem) bool) bool {
	ok := true
	v.eachUser(func(u *user) bool {
		u.External = slices.Clone(u.External)
		ok = yield(SnapUser{
			ID: u.id, Version: u.version, Created: instant(u.created), Modified: instant(u.modified),
			LastSync: instant(u.synced), SyncedBy: u.syncedBy, LastError: u.lastErr, UserDoc: u.UserDoc,
			Seat: u.seat, BreakGlass: u.breakGlass,
		})
		return ok
	})
	return ok
}

func (v *View) snapMembers(g *group, yield func(SnapshotItem) bool) bool {
	item, ok := SnapMembers{Group: g.id}, true
	g.members.Scan(func(ord uint32, m membership) bool {
		u, _ := v.users.Get(ord)
		item.Members = append(item.Members, SnapMember{User: u.id(), Sources: v.sources.of(m), Held: m.held})
		if len(item.Members) == membersPerItem {
			ok = yield(item)
			item.Members = nil
		}
		return ok
	})
	return ok && (len(item.Members) == 0 || yield(item))
}

// snapAnswers leaves out the answers that show somebody who was deleted: a
// snapshot may stay for long.
func (v *View) snapAnswers(yield func(SnapshotItem) bool) {
	v.answers.Scan(func(_ string, a answer) bool {
		id := a.Result.ID
		if !id.IsZero() && v.userByID(id) == nil && v.groupByID(id) == nil {
			a.Result.Answer = ""
		}
		return v.at.Sub(a.at) >= answersKept || yield(SnapAnswer{At: a.at, Answered: a.Answered})
	})
}

// restore puts one item of a snapshot back. Ordinals are given anew.
func (s *State) restore(item SnapshotItem) {
	v := &s.view
	switch item := item.(type) {
	case SnapHead:
		s.restoreHead(item)
	case SnapConnection:
		c := &Connection{ID: item.ID, Name: item.Name, Dialect: mustDialect(item.Dialect), Created: item.Created, Quirks: item.Quirks}
		v.connections = append(v.connections, c)
	case SnapToken:
		t := Token(item)
		v.tokens = append(v.tokens, &t)
	case SnapInvoice:
		v.books.RestoreInvoice(&item.Invoice)
	case SnapWebhook:
		v.webhooks = append(v.webhooks, &item.Webhook)
	case SnapDead:
		v.dead = append(v.dead, &item.DeadLetter)
	case SnapGroup:
		g := &group{
			id: item.ID, ord: v.groups.next, gen: s.gen, version: item.Version, created: millis(item.Created),
			modified: millis(item.Modified), GroupDoc: item.GroupDoc, members: newMembers(),
		}
		s.view.groups.Set(g.ord, g)
		s.reindexGroup(nil, g)
	case SnapUser:
		u := &user{
			id: item.ID, ord: v.users.next, version: item.Version, created: millis(item.Created), modified: millis(item.Modified),
			synced: millis(item.LastSync), syncedBy: item.SyncedBy, lastErr: item.LastError, UserDoc: item.UserDoc,
			seat: item.Seat, breakGlass: item.BreakGlass,
		}
		u.active = u.Active()
		s.putUser(nil, u)
		v.books.Restore(ledger.Person(u.id), u.seat)
	case SnapMembers:
		s.restoreMembers(item)
	case SnapAnswer:
		s.answers().Set(item.Credential+"\x00"+item.Key, answer{item.At, item.Answered})
	default:
		panic(fmt.Sprintf("workspace: unknown snapshot item %T", item))
	}
}

func (s *State) restoreHead(item SnapHead) {
	v := &s.view
	v.seq, v.at, v.created, v.lastID = item.Seq, item.At, item.Created, item.LastID
	v.settings, v.gate, v.version = storedSettings(item.Settings), item.Gate, item.Version
	v.issuer, v.marks = item.Issuer, item.Marks
	at := ledger.Position{Purchased: v.settings.seats.purchased, Period: item.At} // of a snapshot without seats
	if item.Seats != nil {
		at = *item.Seats
	}
	v.books = ledger.New(at)
	s.redue()
}

func (s *State) restoreMembers(item SnapMembers) {
	g := s.mustGroup(item.Group)
	for _, member := range item.Members {
		u := s.mustUser(member.User)
		m := membership{held: member.Held}
		m.sources, s.view.sources = s.view.sources.intern(member.Sources)
		g.members.Set(u.ord, m)
		i, found := slices.BinarySearch(u.groups, g.ord)
		assert(!found, "user %v is in group %v twice", u.id, g.id)
		u.groups = slices.Insert(u.groups, i, g.ord)
		s.setUser(u)
	}
}
