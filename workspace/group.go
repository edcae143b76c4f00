package workspace

import (
	"strings"

	"github.com/tidwall/btree"
)

// Ranks of the built-in roles. Roles of a workspace lie below Admin.
const (
	RankAdmin = 1000
	RankUser  = 0
	RankMin   = -1000 // the least rank of a role
)

// Names of the roles that every workspace has. Guest is what externals hold;
// it is no group and nobody can be put into it.
const (
	RoleAdmin = "Admin"
	RoleUser  = "User"
	RoleGuest = "Guest"
)

// A group is one role or team at rest. Its members are keyed by the ordinal
// of the user. It is cloned before a change when a View may share it.
type group struct {
	id       ResourceID
	ord      uint32
	gen      uint64 // generation of the State that may change it in place
	version  uint64
	created  int64 // Unix milliseconds, as modified
	modified int64
	GroupDoc
	members *btree.Map[uint32, membership]
}

func newMembers() *btree.Map[uint32, membership] { return new(btree.Map[uint32, membership]) }

// own returns the group with ordinal ord as one that may be changed in place.
func (s *State) own(ord uint32) *group {
	g, ok := s.view.groups.Get(ord)
	assert(ok, "no group %d", ord)
	if g.gen == s.gen {
		return g
	}
	clone := *g
	clone.gen, clone.members = s.gen, g.members.Copy()
	s.view.groups.Set(ord, &clone)
	return &clone
}

func (s *State) reindexGroup(before, after *group) {
	if before != nil {
		before.hints(func(h uint32) { s.view.groupIndex.remove(h, before.ord) })
	}
	if after != nil {
		if after.Builtin && after.Name == RoleAdmin {
			s.view.admins = after.ord
		}
		after.hints(func(h uint32) {
			for x := &s.view.groupIndex; !x.insert(h, after.ord); {
				x.makeRoom(h, s.groupStays)
			}
		})
	}
}

// groupStays reports whether the group is to be found under hint.
func (s *State) groupStays(hint, ord uint32) bool {
	g, ok := s.view.groups.Get(ord)
	stays := false
	if ok {
		g.hints(func(h uint32) { stays = stays || h == hint })
	}
	return stays
}

func (g *group) hints(yield func(uint32)) {
	yield(hintOf(keyID, "", string(g.id[:])))
	yield(hintOf(keyName, "", fold(g.Name)))
	for _, x := range g.External {
		yield(hintOf(keyExternal, x.Connection, x.Value))
	}
}

func (v *View) groupByID(id ResourceID) *group {
	return v.groupWith(hintOf(keyID, "", string(id[:])), func(g *group) bool { return g.id == id })
}

// groupByName returns the group of a kind with the given own name, that is
// without the prefix of roles.
func (v *View) groupByName(kind GroupKind, name string) *group {
	key := fold(name)
	return v.groupWith(hintOf(keyName, "", key), func(g *group) bool {
		return g.Kind == kind && fold(g.Name) == key
	})
}

// adminRole returns the role Admin, which every workspace that exists has and
// nobody can rename or delete.
func (v *View) adminRole() *group {
	g, _ := v.groups.Get(v.admins)
	return g
}

// groupByDisplay returns the group that SCIM shows as displayName.
func (v *View) groupByDisplay(displayName string) *group {
	if g := v.groupByName(Team, displayName); g != nil {
		return g
	}
	prefix := v.settings.Groups.RolePrefix
	if n := len(prefix); n <= len(displayName) && strings.EqualFold(displayName[:n], prefix) {
		return v.groupByName(Role, displayName[n:])
	}
	return nil
}

// display returns the displayName that SCIM shows for g.
func (v *View) display(g *group) string {
	if g.Kind == Role {
		return v.settings.Groups.RolePrefix + g.Name
	}
	return g.Name
}

func (v *View) groupWith(hint uint32, is func(*group) bool) *group {
	var room ordinals
	for _, ord := range v.groupIndex.under(hint, &room) {
		if g, ok := v.groups.Get(ord); ok && is(g) {
			return g
		}
	}
	return nil
}

// sourcesOf returns who set the membership of u in g; nil: u is no member.
func (v *View) sourcesOf(g *group, u *user) []Source {
	m, ok := g.members.Get(u.ord)
	if !ok {
		return nil
	}
	return v.sources.of(m)
}
