package workspace

import (
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/scim/patch"
)

// The attributes role, roles and teams name groups. What counts is the
// membership; what was sent is kept beside the group that it named, so that an
// answer can repeat it, and a group may be renamed or deleted meanwhile
// (docs/adr/0009).

// A Naming is what one connection sent last as role, roles and teams of a
// user.
type Naming struct {
	Connection string       // empty: an admin
	Sent       scim.Record  // these attributes, as they were sent
	Groups     []ResourceID // by value, those of roles first, then role, then teams
}

// A named value is one value of role, roles or teams.
type named struct {
	attr  *scim.Attribute
	value scim.Value // an element of roles, or a text
	id    ResourceID // of the group that it names; zero: it names none
	g     *group     // that group; nil: there is none any more
}

// text returns the name in x.
func (x named) text() string {
	if x.value.Kind() == scim.Complex {
		return x.value.Obj().Get("value").Str()
	}
	return x.value.Str()
}

// renamed returns x with another name.
func (x named) renamed(name string) named {
	if x.value.Kind() == scim.Complex {
		x.value = scim.ObjectOf(x.value.Obj().With("value", scim.Text(name))...)
	} else {
		x.value = scim.Text(name)
	}
	return x
}

func (x named) kind() GroupKind {
	if x.attr == scim.ExtTeams {
		return Team
	}
	return Role
}

// like reports whether x and y are of a kind and have the same name.
func (x named) like(y named) bool { return x.kind() == y.kind() && fold(x.text()) == fold(y.text()) }

// valuesOf lists what doc names, in the order of Naming.Groups.
func valuesOf(doc scim.Object) []named {
	var out []named
	add := func(a *scim.Attribute, list ...scim.Value) {
		for _, v := range list {
			out = append(out, named{attr: a, value: v})
		}
	}
	ext := doc.Get(scim.URNRosterdUser).Obj()
	add(scim.UserRoles, doc.Get(scim.UserRoles.Name).List()...)
	if role := ext.Get(scim.ExtRole.Name); role.Str() != "" {
		add(scim.ExtRole, role)
	}
	for _, team := range ext.Get(scim.ExtTeams.Name).List() {
		if team.Str() != "" { // strict takes it for a value, but it names nothing
			add(scim.ExtTeams, team)
		}
	}
	return out
}

// withValues returns doc with list in the place of what it names.
func withValues(doc scim.Object, list []named) scim.Object {
	if len(list) == 0 && !attributesOf(doc).any() {
		return doc
	}
	return replaceValues(doc, list)
}

// replaceValues is apart from withValues because its frame is large: most writes
// name nothing, and the stack of an actor's goroutine would grow for it.
func replaceValues(doc scim.Object, list []named) scim.Object {
	of := func(a *scim.Attribute) scim.Value {
		var out []scim.Value
		for _, x := range list {
			if x.attr == a {
				out = append(out, x.value)
			}
		}
		return scim.ListOf(out...)
	}
	role := scim.Value{}
	if list := of(scim.ExtRole).List(); len(list) > 0 {
		role = list[0]
	}
	ext := doc.Get(scim.URNRosterdUser).Obj().With(scim.ExtRole.Name, role).With(scim.ExtTeams.Name, of(scim.ExtTeams))
	doc = doc.With(scim.UserRoles.Name, of(scim.UserRoles))
	return doc.With(scim.URNRosterdUser, scim.ObjectOf(ext...))
}

// namedBy returns what n holds.
func (v *View) namedBy(n Naming) []named {
	o, err := n.Sent.Object(scim.User)
	out := valuesOf(o)
	assert(err == nil && len(out) == len(n.Groups), "%d values, %d groups: %v", len(out), len(n.Groups), err)
	for i := range out {
		out[i].id = n.Groups[i]
		out[i].g = v.groupByID(n.Groups[i])
	}
	return out
}

// withNaming returns list in which connection's entry holds values, sorted by
// connection.
func withNaming(list []Naming, connection string, values []named) []Naming {
	out := slices.DeleteFunc(slices.Clone(list), func(n Naming) bool { return n.Connection == connection })
	if len(values) == 0 {
		return out
	}
	n := Naming{Connection: connection, Sent: scim.Encode(scim.User, withValues(nil, values))}
	for _, x := range values {
		n.Groups = append(n.Groups, x.id)
	}
	i, _ := slices.BinarySearchFunc(out, connection, func(n Naming, c string) int { return strings.Compare(n.Connection, c) })
	return slices.Insert(out, i, n)
}

// visible returns the values of n that an answer repeats, as they were sent:
// those whose group the connection still has u in, and elements of roles that
// name nothing.
func (v *View) visible(u *user, n Naming) []named {
	src := Source{Connection: n.Connection, Attribute: true}
	return slices.DeleteFunc(v.namedBy(n), func(x named) bool {
		return x.text() != "" && (x.g == nil || !slices.Contains(v.sourcesOf(x.g, u), src))
	})
}

// shown returns the visible values of n with names of today.
func (v *View) shown(u *user, n Naming) []named {
	out := v.visible(u, n)
	for i, x := range out {
		out[i] = v.today(x)
	}
	return out
}

// today returns x as it was sent as long as that names its group, else with
// the name that the group has now.
func (v *View) today(x named) named {
	if x.g == nil || fold(x.text()) == fold(x.g.Name) || v.groupNamed(x.kind(), x.text()) == x.g {
		return x
	}
	return x.renamed(x.g.Name)
}

// groupNamed returns the group that a value of role or roles, or of teams,
// names today.
func (v *View) groupNamed(kind GroupKind, name string) *group {
	if kind == Team {
		return v.groupByName(Team, name)
	}
	if g := v.groupByName(Role, name); g != nil {
		return g
	}
	if g := v.groupByDisplay(name); g != nil && g.Kind == Role {
		return g
	}
	if id, ok := ParseResourceID(name); ok {
		if g := v.groupByID(id); g != nil && g.Kind == Role {
			return g
		}
	}
	return nil
}

// namesShown returns the values of a, one of role, roles and teams, that
// connection named; of everybody's, each once, if all is set.
func (v *View) namesShown(u *user, connection string, all bool, a *scim.Attribute) []scim.Value {
	var out []scim.Value
	for _, n := range u.Named {
		if !all && n.Connection != connection {
			continue
		}
		for _, x := range v.shown(u, n) {
			if x.attr == a && !slices.ContainsFunc(out, x.value.Equal) {
				out = append(out, x.value)
			}
		}
	}
	return out
}

// names returns role, roles or teams as the reader's connection sees it. An
// admin sees the union.
func (x UserView) names(a *scim.Attribute) scim.Value {
	out := x.r.v.namesShown(x.u, x.r.connection, x.r.connection == "", a)
	if a == scim.ExtRole && len(out) > 0 {
		return out[0]
	}
	return scim.ListOf(out...)
}

// everybodys is a user as filters see it: role, roles and teams are those of
// all connections, as groups are.
type everybodys struct{ UserView }

// Derived returns what the server computes.
func (x everybodys) Derived(a *scim.Attribute) scim.Value {
	switch a {
	case scim.UserRoles, scim.ExtRole, scim.ExtTeams:
		return scim.ListOf(x.r.v.namesShown(x.u, "", true, a)...)
	}
	return x.UserView.Derived(a)
}

// naming returns what the sender named last of u.
func (d *decision) naming(u *user) Naming {
	for _, n := range u.Named {
		if n.Connection == d.env.Connection {
			return n
		}
	}
	return Naming{Connection: d.env.Connection}
}

// object returns the attributes of u as the sender sees them.
func (d *decision) object(u *user) scim.Object {
	return withValues(u.object(), d.view.shown(u, d.naming(u)))
}

// patchable returns what ops are applied to. A group that has another name than
// the sender sent stands there under the one that ops use, so that what was
// added by a name can be removed by it.
func (d *decision) patchable(u *user, ops []patch.Op) scim.Object {
	out := d.view.visible(u, d.naming(u))
	for i, x := range out {
		if !mentioned(ops, x) || d.view.groupNamed(x.kind(), x.text()) != nil {
			out[i] = d.view.today(x)
		}
	}
	return withValues(u.object(), out)
}

// mentioned reports whether ops hold the name in x.
func mentioned(ops []patch.Op, x named) bool {
	is := func(text string) bool { return fold(text) == fold(x.text()) }
	return slices.ContainsFunc(ops, func(op patch.Op) bool {
		return op.Path.Ref.Attr == x.attr && (valueHolds(op.Value, is) || op.Path.Filter != nil && filterHolds(op.Path.Filter, is))
	})
}

func valueHolds(v scim.Value, is func(string) bool) bool {
	switch v.Kind() {
	case scim.String:
		return is(v.Str())
	case scim.List:
		return slices.ContainsFunc(v.List(), func(e scim.Value) bool { return valueHolds(e, is) })
	case scim.Complex:
		return slices.ContainsFunc(v.Obj(), func(a scim.Attr) bool { return valueHolds(a.Value, is) })
	}
	return false
}

func filterHolds(x filter.Expr, is func(string) bool) bool {
	switch x := x.(type) {
	case filter.And:
		return filterHolds(x.L, is) || filterHolds(x.R, is)
	case filter.Or:
		return filterHolds(x.L, is) || filterHolds(x.R, is)
	case filter.Not:
		return filterHolds(x.X, is)
	case filter.Compare:
		return is(x.Value.Str())
	}
	return false
}
