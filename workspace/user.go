package workspace

import (
	"slices"
	"strings"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// A user is one person as a packed user is read. It is never changed in place: a
// change makes another.
type user struct {
	id       ResourceID
	ord      uint32
	version  uint64
	created  int64 // Unix milliseconds, as the two below
	modified int64
	synced   int64  // newest SCIM write or confirmation; 0: never
	syncedBy string // its connection
	active   bool   // the record's active, for those who only count
	UserDoc
	groups     []uint32 // ordinals of the groups the user is in, ascending
	lastErr    *UserError
	seat       ledger.Seat
	breakGlass bool // keeps a second way in (M14)
	enterprise bool // at rest: the record has the enterprise extension

	room      *scim.Room  // that object reads into; nil: none
	read      scim.Object // what object read of
	readOf    scim.Record
	externals [2]ExternalID // room for External, as most need it
	ordinals  [4]uint32     // room for groups
}

// needsSeat reports whether the user is active and no guest.
func (u *user) needsSeat() bool { return u.active && u.Kind == Member }

// userName returns the account e-mail.
func (d *UserDoc) userName() string { return d.Record.Attr(scim.UserUserName).Str() }

// external returns the externalId that connection gave, or "".
func external(ids []ExternalID, connection string) string {
	for _, x := range ids {
		if x.Connection == connection {
			return x.Value
		}
	}
	return ""
}

// withExternal returns ids in which connection's externalId is value, sorted
// by connection; an empty value removes it. What is kept is a copy: value may
// share its memory with the body that it came in (scim.Decoder).
func withExternal(ids []ExternalID, connection, value string) []ExternalID {
	if external(ids, connection) == value {
		return ids
	}
	out := slices.DeleteFunc(slices.Clone(ids), func(x ExternalID) bool { return x.Connection == connection })
	if value == "" {
		return out
	}
	i, _ := slices.BinarySearchFunc(out, connection, func(x ExternalID, c string) int {
		return compareSources(Source{Connection: x.Connection}, Source{Connection: c})
	})
	return slices.Insert(out, i, ExternalID{connection, strings.Clone(value)})
}

// hints appends every hint under which the user is indexed.
func (u *user) hints(dst []uint32) []uint32 {
	dst = append(dst, hintOf(keyID, "", string(u.id[:])), hintOf(keyName, "", fold(u.userName())))
	if u.Pushed != "" {
		dst = append(dst, hintOf(keyName, "", fold(u.Pushed)))
	}
	for _, x := range u.External {
		dst = append(dst, hintOf(keyExternal, x.Connection, x.Value))
	}
	u.Record.Texts(scim.UserEmails, "value", func(value string) bool {
		if value != "" {
			dst = append(dst, hintOf(keyEmail, "", fold(value)))
		}
		return true
	})
	return dst
}

// reindex replaces the entries of before by those of after; either may be nil.
func (s *State) reindex(before, after *user) {
	var oldBuf, newBuf [16]uint32
	old, now := oldBuf[:0], newBuf[:0]
	if before != nil {
		old = before.hints(old)
	}
	if after != nil {
		now = after.hints(now)
	}
	for _, h := range old {
		if !slices.Contains(now, h) {
			s.view.userIndex.remove(h, before.ord)
		}
	}
	for _, h := range now {
		if !slices.Contains(old, h) {
			for x := &s.view.userIndex; !x.insert(h, after.ord); {
				x.makeRoom(h, s.userStays)
			}
		}
	}
}

// userStays reports whether the user is to be found under hint.
func (s *State) userStays(hint, ord uint32) bool {
	var buf [16]uint32
	u := s.view.user(ord)
	return u != nil && slices.Contains(u.hints(buf[:0]), hint)
}

// putUser stores u in place of before (nil: new) and keeps index and counts.
func (s *State) putUser(before, u *user) {
	s.setUser(u) // first, since a sweep of the index asks for it
	if before == nil || !sameKeys(before, u) {
		s.reindex(before, u)
	}
	s.count(before, -1)
	s.count(u, 1)
}

// sameKeys reports whether nothing that is indexed can differ.
func sameKeys(a, b *user) bool {
	return a.Record == b.Record && a.Pushed == b.Pushed && slices.Equal(a.External, b.External)
}

func (s *State) count(u *user, n int) {
	if u == nil {
		return
	}
	if u.active {
		s.view.active += n
	}
	if u.needsSeat() {
		s.view.members += n
	}
	if u.active && u.Kind == Member && u.ManagedBy == "" {
		s.view.unmanaged += n
	}
	if u.breakGlass {
		s.view.breakGlass += n
	}
	if u.ManagedBy != "" {
		s.view.managed += n
	}
}

// userByID returns the user called id.
func (v *View) userByID(id ResourceID) *user {
	u := new(user)
	if !u.find(v, id) {
		return nil
	}
	return u
}

// userByName returns the user whose account e-mail is name in any case.
func (v *View) userByName(name string) *user {
	key := fold(name)
	return v.userWith(hintOf(keyName, "", key), func(u *user) bool { return fold(u.userName()) == key })
}

// userByExternal returns the first user to whom connection gave value.
func (v *View) userByExternal(connection, value string) *user {
	return v.userWith(hintOf(keyExternal, connection, value), func(u *user) bool {
		return external(u.External, connection) == value
	})
}

// userByEmail returns the first user with an e-mail of that value in any case.
func (v *View) userByEmail(value string) *user {
	key := fold(value)
	if key == "" {
		return nil
	}
	return v.userWith(hintOf(keyEmail, "", key), func(u *user) bool {
		found := false
		u.Record.Texts(scim.UserEmails, "value", func(held string) bool {
			found = fold(held) == key
			return !found
		})
		return found
	})
}

// userWith returns the first user under hint that is what is looked for.
func (v *View) userWith(hint uint32, is func(*user) bool) *user {
	var room ordinals
	for _, ord := range v.userIndex.under(hint, &room) {
		if u := v.user(ord); u != nil && is(u) {
			return u
		}
	}
	return nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
