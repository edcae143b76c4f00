package workspace

import (
	"cmp"
	"slices"

	"rosterd/scim"
)

// roles returns the role groups, highest rank first.
func (v *View) roles() []*group {
	var out []*group
	v.groups.Scan(func(_ uint32, g *group) bool {
		if g.Kind == Role {
			out = append(out, g)
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b *group) int { return cmp.Compare(b.Rank, a.Rank) })
	return out
}

// effectiveRole returns the name of the highest-ranked role that the user is
// in and that counts, else the default role. Externals are guests.
func (v *View) effectiveRole(u *user) string {
	if u.Kind == External {
		return RoleGuest
	}
	var best *group
	for _, ord := range u.groups {
		g, _ := v.groups.Get(ord)
		if g.Kind != Role || best != nil && g.Rank <= best.Rank {
			continue
		}
		if m, _ := g.members.Get(u.ord); !m.held {
			best = g
		}
	}
	if best == nil {
		return v.settings.DefaultRole
	}
	return best.Name
}

// hasAdmin reports whether somebody who is not in gone is an active admin.
func (v *View) hasAdmin(gone map[ResourceID]bool) bool {
	admins := v.adminRole()
	found := false
	admins.members.Scan(func(ord uint32, m membership) bool {
		u := v.user(ord)
		found = !m.held && u.active && u.Kind == Member && !gone[u.id]
		return !found
	})
	return found
}

// guardAdmins refuses an admin's own edit that would remove the last active
// admin. A connection's write is never refused for it: a dismissed person must
// not keep access; the log says that nobody is left (product.md section 3).
func (d *decision) guardAdmins() *scim.Error {
	if !slices.ContainsFunc(d.events, removesPeople) {
		return nil
	}
	gone := map[ResourceID]bool{}
	for _, ev := range d.events {
		switch ev := ev.(type) {
		case UserDeleted:
			gone[ev.ID] = true
		case UserChanged:
			gone[ev.ID] = !ev.Active()
		case MemberRemoved:
			admins := d.view.adminRole()
			gone[ev.User] = gone[ev.User] || ev.Group == admins.id && (ev.Held || d.lastSource(admins, ev))
		}
	}
	if !d.view.hasAdmin(nil) || d.view.hasAdmin(gone) || d.adds(RoleAdmin, gone) {
		return nil
	}
	if d.env.Actor == ActorOperator {
		return scim.Errorf(409, "", "this would remove the last active admin of the workspace; make somebody else an admin first")
	}
	d.emit(NoAdmin{})
	return nil
}

func removesPeople(ev Event) bool {
	switch ev.(type) {
	case UserDeleted, UserChanged, MemberRemoved:
		return true
	}
	return false
}

// lastSource reports whether the events take every source of a membership.
func (d *decision) lastSource(g *group, ev MemberRemoved) bool {
	u := d.view.userByID(ev.User)
	removed := 0
	for _, other := range d.events {
		if r, ok := other.(MemberRemoved); ok && r.Group == ev.Group && r.User == ev.User {
			removed++
		}
	}
	return u != nil && removed >= len(d.view.sourcesOf(g, u))
}

// adds reports whether the events put somebody who stays into the role.
func (d *decision) adds(role string, gone map[ResourceID]bool) bool {
	g := d.view.groupByName(Role, role)
	for _, ev := range d.events {
		if add, ok := ev.(MemberAdded); ok && add.Group == g.id && !add.Held && !gone[add.User] {
			if u := d.view.userByID(add.User); u == nil || u.active {
				return true
			}
		}
	}
	return false
}

func (d *decision) roleCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case CreateRole:
		if err := d.checkRole(nil, c.Name, c.Rank); err != nil {
			return Result{}, err
		}
		id := d.mint()
		d.emit(GroupCreated{ID: id, GroupDoc: GroupDoc{Kind: Role, Name: c.Name, Rank: c.Rank, Assignable: c.Assignable}})
		return Result{ID: id, Created: true, Changed: true}, nil
	case ChangeRole:
		return d.changeRole(c)
	}
	c := cmd.(DeleteRole)
	g, err := d.role(c.ID)
	if err != nil {
		return Result{}, err
	}
	return d.removeGroup(g)
}

func (d *decision) role(id ResourceID) (*group, *scim.Error) {
	g := d.view.groupByID(id)
	if g == nil || g.Kind != Role {
		return nil, scim.Errorf(404, "", "there is no role %v", id)
	}
	return g, nil
}

func (d *decision) changeRole(c ChangeRole) (Result, *scim.Error) {
	g, err := d.role(c.ID)
	if err != nil {
		return Result{}, err
	}
	doc := g.GroupDoc
	var changes []Change
	if c.Name != nil && *c.Name != doc.Name {
		changes = append(changes, Change{"name", scim.Text(doc.Name), scim.Text(*c.Name)})
		doc.Name = *c.Name
	}
	if c.Rank != nil && *c.Rank != doc.Rank {
		changes = append(changes, Change{"rank", scim.Integer(int64(doc.Rank)), scim.Integer(int64(*c.Rank))})
		doc.Rank = *c.Rank
	}
	if g.Builtin && len(changes) > 0 {
		return Result{}, scim.Errorf(409, "", "role %q is built in: its name and rank are fixed; only scimAssignable can change", g.Name)
	}
	if c.Assignable != nil && *c.Assignable != doc.Assignable {
		changes = append(changes, Change{"scimAssignable", scim.Boolean(doc.Assignable), scim.Boolean(*c.Assignable)})
		doc.Assignable = *c.Assignable
	}
	if len(changes) == 0 {
		return Result{ID: c.ID}, nil
	}
	if err := d.checkRole(g, doc.Name, doc.Rank); err != nil {
		return Result{}, err
	}
	d.emit(GroupChanged{ID: g.id, Version: g.version + 1, GroupDoc: doc, Changes: changes})
	d.followDefault(g.Name, doc.Name)
	return Result{ID: c.ID, Changed: true}, nil
}

// followDefault keeps the default role the default when it is renamed.
func (d *decision) followDefault(from, to string) {
	if from == to || d.view.settings.DefaultRole != from {
		return
	}
	next, err := ParseSettings(d.view.settings, scim.Object{{Name: "defaultRole", Value: scim.Text(to)}})
	assert(err == nil, "default role %q: %v", to, err)
	d.emit(WorkspaceChanged{Settings: next.Object(), Changes: d.view.settings.Diff(next)})
}

// checkRole refuses a name that is taken or reserved and a rank that is out of
// bounds or taken: equal ranks would leave the effective role to chance. self
// is the role that is being changed, or nil.
func (d *decision) checkRole(self *group, name string, rank int) *scim.Error {
	if name == "" || len(name) > maxNameLen {
		return scim.Errorf(400, "", "name: write 1 to %d bytes", maxNameLen)
	}
	if fold(name) == fold(RoleGuest) {
		return scim.Errorf(409, scim.Uniqueness, "role name %q is reserved: externals hold it", name)
	}
	if g := d.view.groupByDisplay(d.view.settings.Groups.RolePrefix + name); g != nil && g != self {
		return scim.Errorf(409, scim.Uniqueness, "displayName %q is taken by group %v", d.view.display(g), g.id)
	}
	if self != nil && self.Builtin {
		return nil
	}
	if rank < RankMin || rank >= RankAdmin {
		return scim.Errorf(400, "", "rank: write %d to %d; Admin has %d and User %d", RankMin, RankAdmin-1, RankAdmin, RankUser)
	}
	for _, g := range d.view.roles() {
		if g.Rank == rank && g != self {
			return scim.Errorf(409, scim.Uniqueness, "rank %d is taken by role %q", rank, g.Name)
		}
	}
	return nil
}

// nextRank returns the rank of a role that SCIM creates: below every other, so
// that a pushed group raises nobody before an admin ranks it. At the bottom of
// the range it reports false.
func (v *View) nextRank() (int, bool) {
	roles := v.roles()
	rank := min(roles[len(roles)-1].Rank, RankUser) - 1
	return rank, rank >= RankMin
}
