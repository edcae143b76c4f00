package workspace

import (
	"bytes"
	"fmt"
	"slices"

	"rosterd/ledger"
	"rosterd/scim"
)

// Apply folds ev, one event of a commit with envelope env, into s. It cannot
// fail: an event that cannot follow s is a corrupt journal or a bug, and
// panics.
func (s *State) Apply(env Envelope, ev Event) {
	v := &s.view
	if v.settings == nil && !isBirth(ev) {
		violated("%T before the workspace exists", ev)
	}
	if env.At.Before(v.at) {
		violated("time runs backwards: %v after %v", env.At, v.at)
	}
	v.seq++
	v.at = env.At
	switch ev := ev.(type) {
	case WorkspaceCreated:
		assert(v.settings == nil, "created twice")
		v.created = env.At
		s.applySettings(env, ev.Settings)
		v.books = ledger.New(ledger.Position{Purchased: v.settings.seats.purchased, Period: env.At})
		s.redue()
	case WorkspaceChanged:
		s.applySettings(env, ev.Settings)
	case ConnectionCreated, ConnectionChanged, ConnectionDeleted, TokenCreated, TokenRevoked, TokenUsed:
		s.applyAccess(env, ev)
	case UserCreated, UserChanged, UserDeleted, UserSynced:
		s.applyUser(env, ev)
	case GroupCreated, GroupChanged, GroupDeleted:
		s.applyGroup(env, ev)
	case MemberAdded, MemberRemoved, MemberAllowed:
		s.applyMember(env, ev)
	case RequestRefused:
		s.applyRefused(env, ev)
	case Posted:
		s.applyPosted(env, ev)
	case WebhookCreated, WebhookRotated, WebhookDeleted, DeliveryDied, DeliveryRevived:
		s.applyDelivery(env, ev)
	case BreakGlassSet:
		s.applyBreakGlass(ev)
	case IssuerChecked:
		v.issuer = IssuerCheck{Issuer: ev.Issuer, At: env.At, Detail: ev.Detail}
	case NoAdmin, MailSent, ProbableDuplicate: // lines of the log; the head is computed
	case Answered:
		s.applyAnswered(env.At, ev)
	default:
		panic(fmt.Sprintf("workspace: unknown event %T", ev))
	}
	v.mark(env, ev)
}

func isBirth(ev Event) bool { _, ok := ev.(WorkspaceCreated); return ok }

// storedSettings reads settings that were checked when they were stored, by
// the rules of that day.
func storedSettings(doc scim.Object) *Settings {
	whole, err := canonical(settingsSpec, doc, "")
	assert(err == nil, "stored settings: %v", err)
	return newSettings(whole)
}

func (s *State) applySettings(env Envelope, doc scim.Object) {
	v, next := &s.view, storedSettings(doc)
	before := v.settings
	v.gate = v.gate.Next(next, env.At)
	v.settings = next
	v.version++
	if before == nil {
		return
	}
	if before.price.Calendar != next.price.Calendar || before.Zone.String() != next.Zone.String() {
		v.books.Period = env.At // a calendar counts from when it is set, not back
	}
	s.redue()
}

func (s *State) applyUser(env Envelope, ev Event) {
	v := &s.view
	at := millis(env.At)
	switch ev := ev.(type) {
	case UserCreated:
		if bytes.Compare(ev.ID[:], v.lastID[:]) <= 0 {
			violated("user %v is not newer than %v", ev.ID, v.lastID)
		}
		v.lastID = ev.ID
		u := &user{id: ev.ID, ord: v.users.next, version: 1, created: at, modified: at, UserDoc: ev.UserDoc}
		u.active = ev.Active()
		u.sync(env)
		s.putUser(nil, u)
	case UserChanged:
		before := s.mustUser(ev.ID)
		if ev.Version != before.version+1 {
			violated("user %v version %d follows %d", ev.ID, ev.Version, before.version)
		}
		u := *before
		u.version, u.modified, u.UserDoc = ev.Version, at, ev.UserDoc
		u.active = ev.Active()
		u.sync(env)
		s.putUser(before, &u)
	case UserDeleted:
		u := s.mustUser(ev.ID)
		for _, ord := range u.groups {
			g := s.own(ord)
			g.members.Delete(u.ord)
			g.version, g.modified = g.version+1, at
		}
		s.reindex(u, nil)
		s.count(u, -1)
		s.view.users.Delete(u.ord)
	case UserSynced:
		before := s.mustUser(ev.ID)
		u := *before
		u.synced, u.syncedBy = at, ev.Connection
		s.putUser(before, &u)
	}
}

// sync notes a connection's write, which confirms what it wrote.
func (u *user) sync(env Envelope) {
	if env.Actor == ActorToken {
		u.synced, u.syncedBy = millis(env.At), env.Connection
	}
}

func (s *State) mustUser(id ResourceID) *user {
	u := s.view.userByID(id)
	if u == nil {
		violated("no user %v", id)
	}
	return u
}

func (s *State) mustGroup(id ResourceID) *group {
	g := s.view.groupByID(id)
	if g == nil {
		violated("no group %v", id)
	}
	return s.own(g.ord)
}

func (s *State) applyGroup(env Envelope, ev Event) {
	v := &s.view
	at := millis(env.At)
	switch ev := ev.(type) {
	case GroupCreated:
		assert(bytes.Compare(ev.ID[:], v.lastID[:]) > 0, "group %v is not newer than %v", ev.ID, v.lastID)
		v.lastID = ev.ID
		g := &group{
			id: ev.ID, ord: v.groups.next, gen: s.gen, version: 1, created: at, modified: at,
			GroupDoc: ev.GroupDoc, members: newMembers(),
		}
		s.view.groups.Set(g.ord, g)
		s.reindexGroup(nil, g)
	case GroupChanged:
		g := s.mustGroup(ev.ID)
		assert(ev.Version == g.version+1, "group %v version %d follows %d", ev.ID, ev.Version, g.version)
		s.reindexGroup(g, nil)
		release := ev.Assignable && !g.Assignable
		g.version, g.modified, g.GroupDoc = ev.Version, at, ev.GroupDoc
		s.reindexGroup(nil, g)
		if release {
			s.releaseHeld(g, at)
		}
	case GroupDeleted:
		g := s.mustGroup(ev.ID)
		g.members.Scan(func(ord uint32, _ membership) bool {
			s.leave(ord, g.ord, at)
			return true
		})
		s.reindexGroup(g, nil)
		s.view.groups.Delete(g.ord)
	}
}

// releaseHeld makes every held membership of g count.
func (s *State) releaseHeld(g *group, at int64) {
	var held []uint32
	g.members.Scan(func(ord uint32, m membership) bool {
		if m.held {
			held = append(held, ord)
		}
		return true
	})
	for _, ord := range held {
		m, _ := g.members.Get(ord)
		m.held = false
		g.members.Set(ord, m)
		u := s.view.user(ord)
		s.regroup(u, u.groups, at)
	}
}

func (s *State) applyMember(env Envelope, ev Event) {
	at := millis(env.At)
	switch ev := ev.(type) {
	case MemberAdded:
		g, u := s.mustGroup(ev.Group), s.mustUser(ev.User)
		m, was := g.members.Get(u.ord)
		m.sources, s.view.sources = s.view.sources.intern(withSource(s.view.sources.of(m), ev.Source))
		g.version, g.modified = g.version+1, at
		if !was {
			s.enter(u, g.ord, at)
		} else if m.held != ev.Held {
			s.regroup(u, u.groups, at)
		}
		m.held = ev.Held
		g.members.Set(u.ord, m)
	case MemberRemoved:
		g, u := s.mustGroup(ev.Group), s.mustUser(ev.User)
		m, was := g.members.Get(u.ord)
		left := withoutSource(s.view.sources.of(m), ev.Source)
		assert(was && len(left) < len(s.view.sources.of(m)), "%v is no member of %v by %v", ev.User, ev.Group, ev.Source)
		g.version, g.modified = g.version+1, at
		if len(left) == 0 {
			g.members.Delete(u.ord)
			s.leave(u.ord, g.ord, at)
			return
		}
		m.sources, s.view.sources = s.view.sources.intern(left)
		if m.held != ev.Held {
			s.regroup(u, u.groups, at)
		}
		m.held = ev.Held
		g.members.Set(u.ord, m)
	case MemberAllowed:
		g, u := s.mustGroup(ev.Group), s.mustUser(ev.User)
		m, was := g.members.Get(u.ord)
		assert(was && m.held, "%v is not held in %v", ev.User, ev.Group)
		m.held = false
		g.members.Set(u.ord, m)
		g.version, g.modified = g.version+1, at
		s.regroup(u, u.groups, at)
	}
}

// enter and leave keep the user's own list of groups, which is part of what
// User.groups shows, so they make a version of the user. So does a membership
// that begins or ceases to be held: it is part of what effectiveRole shows.
func (s *State) enter(u *user, group uint32, at int64) {
	i, found := slices.BinarySearch(u.groups, group)
	if found {
		violated("user %v is in group %d twice", u.id, group)
	}
	s.regroup(u, slices.Insert(slices.Clone(u.groups), i, group), at)
}

func (s *State) leave(ord, group uint32, at int64) {
	u := s.view.user(ord)
	assert(u != nil, "no user %d", ord)
	i, found := slices.BinarySearch(u.groups, group)
	assert(found, "user %v is not in group %d", u.id, group)
	s.regroup(u, slices.Delete(slices.Clone(u.groups), i, i+1), at)
}

func (s *State) regroup(before *user, groups []uint32, at int64) {
	u := *before
	u.groups, u.version, u.modified = groups, before.version+1, at
	s.setUser(&u)
}
