package workspace

import (
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// A Query asks for a page of a list (RFC 7644 section 3.4.2).
type Query struct {
	Filter *filter.Filter // nil: everything
	Start  int            // 1-based; less than 1 means 1 (row 49)
	Count  int            // the most items; 0 asks for the total alone
	// Expired is asked now and then during a scan; once true, the scan is
	// given up and refused with 400 tooMany.
	Expired func() bool
}

// A Page is the answer to a Query, in the order of creation. Items are at most
// Count of Total.
type Page[T any] struct {
	Total int
	Items []T
}

// scanStep is the number of resources between two looks at the deadline.
const scanStep = 256

// Users returns a page of users. A filter whose conjuncts name an id, userName,
// externalId or e-mail is served by an index; without a filter any page costs
// O(log n); anything else is a scan.
func (r Reader) Users(q Query) (Page[UserView], *scim.Error) {
	view := func(u *user) UserView { return UserView{r, u} }
	if q.Filter == nil {
		return slicePage(q, r.v.users.Len(), func(i int) UserView {
			_, u, _ := r.v.users.GetAt(i)
			return view(u)
		}), nil
	}
	c := collector[UserView]{q: q}
	if hint, ok := r.userHint(q.Filter); ok {
		r.v.userIndex.each(hint, func(ord uint32) bool {
			if u, live := r.v.users.Get(ord); live && r.matches(q.Filter, u) {
				c.add(view(u))
			}
			return true
		})
		return c.page, nil
	}
	r.v.users.Scan(func(_ uint32, u *user) bool {
		if r.matches(q.Filter, u) {
			c.add(view(u))
		}
		return c.step()
	})
	return c.page, c.refusal()
}

// matches reports whether f holds of u, its roles and teams being everybody's.
// A pushed userName is found beside the account e-mail (row 65).
func (r Reader) matches(f *filter.Filter, u *user) bool {
	return f.Match(everybodys{UserView{r, u}}) || u.Pushed != "" && f.Match(UserView{Reader{r.v, "", r.base}, u})
}

// userHint returns the hint of a conjunct that an index of users serves.
func (r Reader) userHint(f *filter.Filter) (uint32, bool) {
	for _, x := range filter.Conjuncts(f.Expr) {
		if hint, ok := r.userHintOf(x); ok {
			return hint, true
		}
	}
	return 0, false
}

func (r Reader) userHintOf(x filter.Expr) (uint32, bool) {
	if path, ok := x.(filter.ValuePath); ok && path.Ref.Attr == scim.UserEmails {
		for _, inner := range filter.Conjuncts(path.X) {
			if c, ok := inner.(filter.Compare); ok && c.Op == filter.Eq && c.Ref.Attr.Name == "value" && c.Value.Kind == scim.String {
				return hintOf(keyEmail, "", fold(c.Value.Str)), true
			}
		}
	}
	c, ok := x.(filter.Compare)
	if !ok || c.Op != filter.Eq || c.Value.Kind != scim.String {
		return 0, false
	}
	switch c.Ref.Attr {
	case scim.UserID:
		id, valid := ParseResourceID(c.Value.Str)
		return hintOf(keyID, "", string(id[:])), valid
	case scim.UserUserName:
		return hintOf(keyName, "", fold(c.Value.Str)), true
	case scim.UserExternalID:
		return hintOf(keyExternal, r.connection, c.Value.Str), r.connection != ""
	case scim.UserEmails:
		return hintOf(keyEmail, "", fold(c.Value.Str)), c.Ref.Sub != nil && c.Ref.Sub.Name == "value"
	}
	return 0, false
}

// Groups returns a page of groups. A filter whose conjuncts name an id,
// displayName, externalId or member is served by an index.
func (r Reader) Groups(q Query) (Page[GroupView], *scim.Error) {
	if q.Filter == nil {
		return slicePage(q, r.v.groups.Len(), func(i int) GroupView {
			_, g, _ := r.v.groups.GetAt(i)
			return GroupView{r: r, g: g}
		}), nil
	}
	c := collector[GroupView]{q: q}
	if candidates, rest, ok := r.groupCandidates(q.Filter); ok {
		for _, g := range candidates {
			if r.holdAll(rest, g) {
				c.add(GroupView{r: r, g: g})
			}
		}
		return c.page, nil
	}
	r.v.groups.Scan(func(_ uint32, g *group) bool {
		if r.holdAll([]filter.Expr{q.Filter.Expr}, g) {
			c.add(GroupView{r: r, g: g})
		}
		return c.step()
	})
	return c.page, c.refusal()
}

// holdAll reports whether every conjunct holds of g, its members being
// everybody's.
func (r Reader) holdAll(conjuncts []filter.Expr, g *group) bool {
	for _, x := range conjuncts {
		f := filter.Filter{Expr: x}
		if !f.Match(GroupView{r: r, g: g, union: true}) {
			return false
		}
	}
	return true
}

// groupCandidates returns the groups that one conjunct leaves, in the order of
// creation, and what is still to be checked of them. A member is looked up in
// the user's own short list, so that a group of 50,000 is not read.
func (r Reader) groupCandidates(f *filter.Filter) ([]*group, []filter.Expr, bool) {
	conjuncts := filter.Conjuncts(f.Expr)
	for i, x := range conjuncts {
		if member, ok := memberNamed(x); ok {
			return r.groupsOf(member), slices.Delete(slices.Clone(conjuncts), i, i+1), true
		}
		c, ok := x.(filter.Compare)
		if !ok || c.Op != filter.Eq || c.Value.Kind != scim.String {
			continue
		}
		if hint, ok := r.groupHint(c); ok {
			return r.groupsUnder(hint), conjuncts, true
		}
	}
	return nil, nil, false
}

// memberNamed returns the id in members.value eq "id" or members[value eq
// "id"].
func memberNamed(x filter.Expr) (string, bool) {
	path, inside := x.(filter.ValuePath)
	if inside {
		x = path.X
	}
	c, ok := x.(filter.Compare)
	attr, value := c.Ref.Attr, c.Ref.Sub
	if inside {
		attr, value = path.Ref.Attr, c.Ref.Attr
	}
	return c.Value.Str, ok && attr == scim.GroupMembers && c.Op == filter.Eq && c.Value.Kind == scim.String && value.Name == "value"
}

func (r Reader) groupsOf(member string) []*group {
	id, ok := ParseResourceID(member)
	u := r.v.userByID(id)
	if !ok || u == nil {
		return nil
	}
	var out []*group
	for _, ord := range u.groups {
		g, _ := r.v.groups.Get(ord)
		out = append(out, g)
	}
	return out
}

// groupHint serves what is eq a name; of a role, the index knows the name
// without its prefix.
func (r Reader) groupHint(c filter.Compare) (uint32, bool) {
	switch c.Ref.Attr {
	case scim.GroupID:
		id, valid := ParseResourceID(c.Value.Str)
		return hintOf(keyID, "", string(id[:])), valid
	case scim.GroupExternalID:
		return hintOf(keyExternal, r.connection, c.Value.Str), r.connection != ""
	case scim.GroupDisplayName:
		name, prefix := c.Value.Str, r.v.settings.Groups.RolePrefix
		if g := r.v.groupByDisplay(name); g != nil && g.Kind == Role && prefix != "" {
			name = strings.ToValidUTF8(name[len(prefix):], "")
		}
		return hintOf(keyName, "", fold(name)), true
	}
	return 0, false
}

func (r Reader) groupsUnder(hint uint32) []*group {
	var out []*group
	r.v.groupIndex.each(hint, func(ord uint32) bool {
		if g, ok := r.v.groups.Get(ord); ok {
			out = append(out, g)
		}
		return true
	})
	return out
}

// slicePage returns the asked part of total items.
func slicePage[T any](q Query, total int, at func(int) T) Page[T] {
	p := Page[T]{Total: total}
	first := max(q.Start, 1) - 1
	for i := first; i < total && i-first < q.Count; i++ {
		p.Items = append(p.Items, at(i))
	}
	return p
}

// A collector counts matches and keeps those of the asked page.
type collector[T any] struct {
	q       Query
	page    Page[T]
	seen    int
	expired bool
}

func (c *collector[T]) add(item T) {
	c.page.Total++
	if c.page.Total >= max(c.q.Start, 1) && len(c.page.Items) < c.q.Count {
		c.page.Items = append(c.page.Items, item)
	}
}

// step reports whether the scan may go on.
func (c *collector[T]) step() bool {
	c.seen++
	if c.seen%scanStep == 0 && c.q.Expired != nil && c.q.Expired() {
		c.expired = true
	}
	return !c.expired
}

func (c *collector[T]) refusal() *scim.Error {
	if !c.expired {
		return nil
	}
	return scim.Errorf(400, scim.TooMany, "the filter had to look at every resource and ran out of time; filter by id, userName, externalId, displayName, emails.value or members.value with eq, alone or joined with and")
}
