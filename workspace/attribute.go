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

func (t memberAttributes) has(a *scim.Attribute) bool {
	return t.core && a == scim.UserRoles || t.role && a == scim.ExtRole || t.teams && a == scim.ExtTeams
}

func (t memberAttributes) of(kind GroupKind) bool {
	return kind == Team && t.teams || kind == Role && (t.core || t.role)
}

// keep returns doc with role, roles and teams of before where t does not have
// them.
func (t memberAttributes) keep(doc, before scim.Object) scim.Object {
	list := slices.DeleteFunc(valuesOf(before), func(x named) bool { return t.has(x.attr) })
	list = append(list, slices.DeleteFunc(valuesOf(doc), func(x named) bool { return !t.has(x.attr) })...)
	return withValues(doc, list)
}

// attributesOf returns the attributes that doc has.
func attributesOf(doc scim.Object) memberAttributes {
	ext := doc.Get(scim.URNRosterdUser).Obj()
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

// resolve returns what w leaves of role, roles and teams: what was named before
// where w does not mention the attribute, else what its document names. A value
// names the group that has the name today, else the one that it named when the
// sender sent it last: a group may be renamed between a client's read and its
// write. A team that there is not is made; a role that there is not is refused,
// unless it was deleted after the sender had named it. What is wrong with a
// name does not keep a leaver in.
func (d *decision) resolve(u *user, w write) ([]named, *scim.Error) {
	var before, out []named
	if u != nil {
		before = d.view.namedBy(d.naming(u))
	}
	for _, a := range []*scim.Attribute{scim.UserRoles, scim.ExtRole, scim.ExtTeams} {
		list, touched := before, w.touched.has(a)
		if touched {
			list = valuesOf(w.doc)
		}
		for _, x := range list {
			if x.attr != a {
				continue
			}
			if touched && x.text() != "" {
				err := d.find(&x, before, out)
				if err != nil && !w.leaves {
					return nil, err
				}
				if err != nil {
					d.omit(err.Detail)
					continue
				}
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// find sets the group that x names. before is what the sender named last, and
// others are what it names in the same write.
func (d *decision) find(x *named, before, others []named) *scim.Error {
	x.g = d.view.groupNamed(x.kind(), x.text())
	if i := slices.IndexFunc(others, x.like); x.g == nil && i >= 0 {
		x.g = others[i].g // a team that the write makes
	}
	known := slices.IndexFunc(before, x.like)
	if x.g == nil && known >= 0 {
		x.g, x.id = before[known].g, before[known].id
	}
	switch {
	case x.g != nil:
		x.id = x.g.id
	case x.kind() == Role && known >= 0: // deleted, and the sender does not know
	case x.kind() == Role:
		return scim.Errorf(400, scim.InvalidValue, "role %q: there is no such role that can be assigned; the roles are %s", x.text(), d.roleNames())
	case d.view.groupByDisplay(x.text()) != nil:
		return scim.Errorf(400, scim.InvalidValue, "teams: %q is a role, not a team", x.text())
	default:
		x.g = d.newGroup(GroupDoc{Kind: Team, Name: strings.Clone(x.text())})
		x.id = x.g.id
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

// counts reports whether x puts u into its group after w: w names it, or the
// sender has u in it and a re-hire does not change that.
func (d *decision) counts(x named, u *user, w write) bool {
	if x.g == nil || w.touched.has(x.attr) {
		return x.g != nil
	}
	return slices.Contains(d.view.sourcesOf(x.g, u), d.attributeSource()) && !contains(d.left, x.g)
}

// shownAfter returns what the sender will see of values after w.
func (d *decision) shownAfter(u *user, w write, values []named) []named {
	var out []named
	for _, x := range values {
		if x.text() == "" || d.counts(x, u, w) {
			out = append(out, d.view.today(x))
		}
	}
	return out
}

// setMemberships emits what the attributes role, roles and teams make of the
// memberships of u (M10).
func (d *decision) setMemberships(u *user, w write, values []named) {
	for _, kind := range []GroupKind{Role, Team} {
		if !w.touched.of(kind) {
			continue
		}
		var list []*group
		for _, x := range values {
			if x.kind() == kind && d.counts(x, u, w) && !contains(list, x.g) {
				list = append(list, x.g)
			}
		}
		d.setNamed(u, kind, list)
	}
}

// setNamed makes list the groups of a kind that the sender's attributes put u
// into, and the groups themselves where they are not there.
func (d *decision) setNamed(u *user, kind GroupKind, list []*group) {
	src := d.attributeSource()
	for _, ord := range u.groups {
		if g, _ := d.view.groups.Get(ord); g.Kind == kind && !contains(list, g) {
			d.dropMember(g, u, src)
		}
	}
	for _, g := range list {
		if d.view.groupByID(g.id) == nil {
			d.emit(GroupCreated{ID: g.id, GroupDoc: g.GroupDoc})
		}
		d.addMember(g, u, src)
	}
}

func contains(list []*group, g *group) bool {
	return slices.ContainsFunc(list, func(x *group) bool { return x.id == g.id })
}
