package patch

import (
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// A MemberOp is an operation on a group's members. Members never go through
// Apply: a group may have a hundred thousand, and one more must cost what one
// costs (interop rows 43 and 44).
type MemberOp struct {
	Kind   Kind
	Values []string    // ids to add or remove, or to put in the place of others
	Filter filter.Expr // selects the members that are removed or replaced; nil: no filter
	All    bool        // a remove that names nobody: everybody (row 10)
}

// Selected returns the id that m's filter selects where it is value eq, so
// that nobody looks at all members for one.
func (m MemberOp) Selected() (string, bool) {
	c, ok := m.Filter.(filter.Compare)
	return c.Value.Str(), ok && c.Op == filter.Eq && c.Ref.Attr.Name == "value"
}

// Members divides the operations on a group into those on members, in order,
// and the rest. It refuses groups as members (row 60) and writes to parts of a
// member with 400.
func Members(ops []Op, d *scim.Dialect) (rest []Op, members []MemberOp, err *scim.Error) {
	for _, op := range ops {
		if op.Path.Ref.Attr != scim.GroupMembers {
			rest = append(rest, op)
			continue
		}
		m, err := memberOp(op)
		if err != nil {
			return nil, nil, err
		}
		noteForm(op, d)
		members = append(members, m)
	}
	return rest, members, nil
}

func memberOp(op Op) (MemberOp, *scim.Error) {
	m := MemberOp{Kind: op.Kind, Filter: op.Path.Filter}
	var err *scim.Error
	m.Values, err = MemberIDs(op.Value)
	switch {
	case err != nil:
		return m, err
	case op.Path.Ref.Sub != nil:
		return m, scim.Errorf(400, scim.MutabilityError, "%s: add and remove members as a whole", op.Path.Ref)
	case m.Filter != nil:
		return filtered(m, op)
	case op.Kind == Remove && op.Value.Kind() == scim.Null:
		m.All = true
	case op.Kind == Add && op.Value.Kind() == scim.Null:
		return m, scim.Errorf(400, scim.InvalidValue, "members: send the members to add as value")
	}
	return m, nil
}

// noteForm notes in which form op names members.
func noteForm(op Op, d *scim.Dialect) {
	value := op.Value
	if op.Path.Filter == nil && value.Kind() != scim.List && value.Kind() != scim.Null {
		d.Note(scim.SingleForList)
		value = scim.ListOf(value)
	}
	if op.Path.Filter == nil && op.Kind == Remove && len(value.List()) > 0 {
		d.Note(scim.RemoveByValue)
	}
	for _, e := range value.List() {
		if e.Kind() == scim.String {
			d.Note(scim.BareElement)
		}
	}
}

// filtered checks an operation whose path selects members. Replacing touches
// nobody else (RFC 7644 section 3.5.2.3), and puts one member in the place of
// those that are selected.
func filtered(m MemberOp, op Op) (MemberOp, *scim.Error) {
	one, ok := m.Selected()
	switch {
	case m.Kind == Remove:
		m.Values = nil // the path says who
	case len(m.Values) != 1:
		return m, scim.Errorf(400, scim.InvalidValue, "%s: send one member as value", op.Path)
	case m.Kind == Add && (!ok || m.Values[0] != one):
		return m, scim.Errorf(400, scim.InvalidPath, "%s: add members without a filter", op.Path)
	case m.Kind == Add:
		m.Filter = nil // it says what the value says
	}
	return m, nil
}

// MemberIDs reads members in the forms that clients send: an array of objects
// or of ids, one object, one id (idps.md, 0.2). Null gives none.
func MemberIDs(v scim.Value) ([]string, *scim.Error) {
	switch v.Kind() {
	case scim.Null:
		return nil, nil
	case scim.String:
		return []string{v.Str()}, nil
	case scim.List:
		var out []string
		for _, e := range v.List() {
			ids, err := MemberIDs(e)
			if err != nil {
				return nil, err
			}
			out = append(out, ids...)
		}
		return out, nil
	case scim.Complex:
		if kind, _ := v.Obj().Fold("type"); strings.EqualFold(kind.Str(), "Group") {
			return nil, Nested()
		}
		if id, _ := v.Obj().Fold("value"); id.Kind() == scim.String && id.Str() != "" {
			return []string{id.Str()}, nil
		}
	}
	return nil, scim.Errorf(400, scim.InvalidValue, "members: each is an object whose value is a user's id")
}

// Nested refuses a group as a member of a group with 400 invalidValue (row 60).
func Nested() *scim.Error {
	return scim.Errorf(400, scim.InvalidValue, "members: groups cannot be members of groups; assign the people")
}
