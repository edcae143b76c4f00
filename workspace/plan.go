package workspace

import (
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// Which filters an index serves:
//
//   - id, userName, externalId and emails.value eq a text, of users; an e-mail
//     also as emails[...] with such a comparison in it;
//   - id, displayName, externalId and members.value eq a text, of groups; a
//     member also as members[...];
//   - one of these joined with and to anything;
//   - several of these joined with or.
//
// Everything else is a scan, which stops at its deadline. A text that is empty
// is not in an index.

// A plan is what an index knows of an expression.
type plan struct {
	found []uint32    // the ordinals that may match, ascending
	rest  filter.Expr // what is still to be checked of them; nil: nothing
}

// serve returns the plan of x, if an index serves it. leaf plans what is
// neither And nor Or.
func serve(x filter.Expr, leaf func(filter.Expr) (plan, bool)) (plan, bool) {
	switch x := x.(type) {
	case filter.And:
		l, okL := serve(x.L, leaf)
		r, okR := serve(x.R, leaf)
		switch {
		case okL && (!okR || len(l.found) <= len(r.found)):
			return plan{l.found, both(l.rest, x.R)}, true
		case okR:
			return plan{r.found, both(x.L, r.rest)}, true
		}
		return plan{}, false
	case filter.Or:
		l, okL := serve(x.L, leaf)
		r, okR := serve(x.R, leaf)
		if !okL || !okR {
			return plan{}, false
		}
		found := slices.Concat(l.found, r.found)
		slices.Sort(found)
		p := plan{slices.Compact(found), x}
		if l.rest == nil && r.rest == nil {
			p.rest = nil
		}
		return p, true
	}
	return leaf(x)
}

// both joins what is to be checked.
func both(l, r filter.Expr) filter.Expr {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	}
	return filter.And{L: l, R: r}
}

// textual returns the comparison that x is, if it asks for a text that an index
// may hold.
func textual(x filter.Expr) (filter.Compare, bool) {
	c, ok := x.(filter.Compare)
	return c, ok && c.Op == filter.Eq && c.Value.Kind() == scim.String && c.Value.Str() != ""
}

// userPlan plans a comparison or a value path about users. All of it is to be
// checked again: a hint only says where to look.
func (r Reader) userPlan(x filter.Expr) (plan, bool) {
	if path, ok := x.(filter.ValuePath); ok && path.Ref.Attr == scim.UserEmails {
		p, ok := serve(path.X, func(inner filter.Expr) (plan, bool) {
			c, ok := textual(inner)
			if !ok || c.Ref.Attr.Name != "value" {
				return plan{}, false
			}
			return plan{r.v.userIndex.under(hintOf(keyEmail, "", fold(c.Value.Str())), new(ordinals)), inner}, true
		})
		return plan{p.found, x}, ok
	}
	c, ok := textual(x)
	if !ok {
		return plan{}, false
	}
	hint, ok := r.userHint(c.Ref, c.Value.Str())
	if !ok {
		return plan{}, false
	}
	return plan{r.v.userIndex.under(hint, new(ordinals)), x}, true
}

// userHint returns the hint under which the users are of whom ref may be text.
func (r Reader) userHint(ref scim.Ref, text string) (uint32, bool) {
	switch ref.Attr {
	case scim.UserID:
		id, _ := ParseResourceID(text)
		return hintOf(keyID, "", string(id[:])), true
	case scim.UserUserName:
		return hintOf(keyName, "", fold(text)), true
	case scim.UserExternalID:
		return hintOf(keyExternal, r.connection, text), r.connection != ""
	case scim.UserEmails:
		return hintOf(keyEmail, "", fold(text)), ref.Sub != nil && ref.Sub.Name == "value"
	}
	return 0, false
}

// groupPlan plans a comparison or a value path about groups. A member is looked
// up in the user's own short list, so that a group of 50,000 is not read.
func (r Reader) groupPlan(x filter.Expr) (plan, bool) {
	if path, ok := x.(filter.ValuePath); ok && path.Ref.Attr == scim.GroupMembers {
		p, ok := serve(path.X, func(inner filter.Expr) (plan, bool) {
			c, ok := textual(inner)
			return plan{r.groupsOf(c.Value.Str()), nil}, ok && c.Ref.Attr.Name == "value"
		})
		if p.rest != nil {
			p.rest = x
		}
		return p, ok
	}
	c, ok := textual(x)
	if !ok {
		return plan{}, false
	}
	if c.Ref.Attr == scim.GroupMembers && c.Ref.Sub.Name == "value" {
		return plan{r.groupsOf(c.Value.Str()), nil}, true
	}
	hint, ok := r.groupHint(c.Ref.Attr, c.Value.Str())
	if !ok {
		return plan{}, false
	}
	return plan{r.v.groupIndex.under(hint, new(ordinals)), x}, true
}

// groupsOf returns the ordinals of the groups that a user is in.
func (r Reader) groupsOf(member string) []uint32 {
	id, ok := ParseResourceID(member)
	u := r.v.userByID(id)
	if !ok || u == nil {
		return nil
	}
	return u.groups
}

// groupHint returns the hint under which the groups are of which a may be text;
// of a role, the index knows the name without its prefix.
func (r Reader) groupHint(a *scim.Attribute, text string) (uint32, bool) {
	switch a {
	case scim.GroupID:
		id, _ := ParseResourceID(text)
		return hintOf(keyID, "", string(id[:])), true
	case scim.GroupExternalID:
		return hintOf(keyExternal, r.connection, text), r.connection != ""
	case scim.GroupDisplayName:
		name, prefix := text, r.v.settings.Groups.RolePrefix
		if g := r.v.groupByDisplay(name); g != nil && g.Kind == Role && prefix != "" {
			name = strings.ToValidUTF8(name[len(prefix):], "")
		}
		return hintOf(keyName, "", fold(name)), true
	}
	return 0, false
}
