package workspace

import (
	"slices"
	"strings"

	"rosterd/scim"
)

// memberAttributes says which attributes that carry memberships a request
// mentions. What it does not mention changes nothing.
type memberAttributes struct{ core, role, teams bool }

func (t *memberAttributes) mark(a *scim.Attribute) {
	switch a {
	case scim.UserRoles:
		t.core = true
	case scim.ExtRole:
		t.role = true
	case scim.ExtTeams:
		t.teams = true
	case scim.UserExt:
		t.role, t.teams = true, true
	}
}

func (t memberAttributes) any() bool { return t.core || t.role || t.teams }

func (t memberAttributes) roles() bool { return t.core || t.role }

// attributesOf returns the attributes that doc has.
func attributesOf(doc scim.Object) memberAttributes {
	ext := doc.Get(scim.URNRosterdUser).Obj
	return memberAttributes{
		core:  !doc.Get("roles").IsUnassigned(),
		role:  !ext.Get(scim.ExtRole.Name).IsUnassigned(),
		teams: !ext.Get(scim.ExtTeams.Name).IsUnassigned(),
	}
}

// attributeSource is the source of memberships that the sender sets by
// attributes of a user.
func (d *decision) attributeSource() Source {
	return Source{Connection: d.env.Connection, Attribute: true}
}

// setMemberships emits what the attributes role, roles and teams of w's
// document make of the memberships of u (M10).
func (d *decision) setMemberships(u *user, w write) *scim.Error {
	if w.touched.roles() {
		named, err := d.rolesNamed(w.doc)
		if err != nil {
			return err
		}
		d.setNamed(u, Role, named)
	}
	if w.touched.teams {
		named, err := d.teamsNamed(w.doc)
		if err != nil {
			return err
		}
		d.setNamed(u, Team, named)
	}
	return nil
}

// setNamed makes named the groups of a kind that the sender's attributes put u
// into.
func (d *decision) setNamed(u *user, kind GroupKind, named []*group) {
	src := d.attributeSource()
	for _, ord := range u.groups {
		if g, _ := d.view.groups.Get(ord); g.Kind == kind && !contains(named, g) {
			d.dropMember(g, u, src)
		}
	}
	for _, g := range named {
		d.addMember(g, u, src)
	}
}

func contains(list []*group, g *group) bool {
	return slices.ContainsFunc(list, func(x *group) bool { return x.id == g.id })
}

// rolesNamed returns the roles that role and roles of doc name. An unknown one
// is refused with the list of those that there are.
func (d *decision) rolesNamed(doc scim.Object) ([]*group, *scim.Error) {
	var names []string
	if role := doc.Get(scim.URNRosterdUser).Obj.Get(scim.ExtRole.Name).Str; role != "" {
		names = append(names, role)
	}
	for _, e := range doc.Get("roles").List {
		if value := e.Obj.Get("value").Str; value != "" {
			names = append(names, value)
		}
	}
	var out []*group
	for _, name := range names {
		g := d.roleNamed(name)
		if g == nil {
			return nil, scim.Errorf(400, scim.InvalidValue, "role %q: there is no such role that can be assigned; the roles are %s", name, d.roleNames())
		}
		if !contains(out, g) {
			out = append(out, g)
		}
	}
	return out, nil
}

func (d *decision) roleNamed(name string) *group {
	if g := d.view.groupByName(Role, name); g != nil {
		return g
	}
	if g := d.view.groupByDisplay(name); g != nil && g.Kind == Role {
		return g
	}
	if id, ok := ParseResourceID(name); ok {
		if g := d.view.groupByID(id); g != nil && g.Kind == Role {
			return g
		}
	}
	return nil
}

func (d *decision) roleNames() string {
	var names []string
	for _, g := range d.view.roles() {
		names = append(names, g.Name)
	}
	return strings.Join(names, ", ")
}

// teamsNamed returns the teams that teams of doc names, unknown ones created.
func (d *decision) teamsNamed(doc scim.Object) ([]*group, *scim.Error) {
	var out []*group
	for _, v := range doc.Get(scim.URNRosterdUser).Obj.Get(scim.ExtTeams.Name).List {
		if slices.ContainsFunc(out, func(g *group) bool { return fold(g.Name) == fold(v.Str) }) {
			continue
		}
		g := d.view.groupByDisplay(v.Str)
		switch {
		case g != nil && g.Kind == Role:
			return nil, scim.Errorf(400, scim.InvalidValue, "teams: %q is a role, not a team", v.Str)
		case g == nil:
			g = d.newGroup(GroupDoc{Kind: Team, Name: v.Str})
		}
		out = append(out, g)
	}
	return out, nil
}

// newGroup emits a group that was not there. What it returns is good for
// further events of the same command only.
func (d *decision) newGroup(doc GroupDoc) *group {
	g := &group{id: d.mint(), GroupDoc: doc, members: newMembers()}
	d.emit(GroupCreated{ID: g.id, GroupDoc: doc})
	return g
}
