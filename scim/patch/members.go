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
	Values []string    // ids that the operation names
	Filter filter.Expr // selects members, where it is more than value eq
	All    bool        // a remove that names nobody: everybody (row 10)
}

// Members divides the operations on a group into those on members, in order,
// and the rest. It refuses groups as members (row 60) and writes to parts of a
// member with 400.
func Members(ops []Op) (rest []Op, members []MemberOp, err *scim.Error) {
	for _, op := range ops {
		if op.Path.Ref.Attr != scim.GroupMembers {
			rest = append(rest, op)
			continue
		}
		m, err := memberOp(op)
		if err != nil {
			return nil, nil, err
		}
		members = append(members, m)
	}
	return rest, members, nil
}

func memberOp(op Op) (MemberOp, *scim.Error) {
	m := MemberOp{Kind: op.Kind}
	var err *scim.Error
	m.Values, err = MemberIDs(op.Value)
	switch {
	case err != nil:
		return m, err
	case op.Path.Ref.Sub != nil:
		return m, scim.Errorf(400, scim.MutabilityError, "%s: add and remove members as a whole", op.Path.Ref)
	case op.Path.Filter != nil:
		if c, ok := op.Path.Filter.(filter.Compare); ok && c.Op == filter.Eq && strings.EqualFold(c.Ref.Attr.Name, "value") {
			m.Values = []string{c.Value.Str}
			return m, nil
		}
		if op.Kind != Remove {
			return m, scim.Errorf(400, scim.InvalidPath, "%s: only remove selects members with a filter", op.Path)
		}
		m.Filter = op.Path.Filter
	case op.Kind == Remove && op.Value.Kind == scim.Null:
		m.All = true
	case op.Kind == Add && op.Value.Kind == scim.Null:
		return m, scim.Errorf(400, scim.InvalidValue, "members: send the members to add as value")
	}
	return m, nil
}

// MemberIDs reads members in the forms that clients send: an array of objects
// or of ids, one object, one id (idps.md, 0.2). Null gives none.
func MemberIDs(v scim.Value) ([]string, *scim.Error) {
	switch v.Kind {
	case scim.Null:
		return nil, nil
	case scim.String:
		return []string{v.Str}, nil
	case scim.List:
		var out []string
		for _, e := range v.List {
			ids, err := MemberIDs(e)
			if err != nil {
				return nil, err
			}
			out = append(out, ids...)
		}
		return out, nil
	case scim.Complex:
		if kind, _ := v.Obj.Fold("type"); strings.EqualFold(kind.Str, "Group") {
			return nil, scim.Errorf(400, scim.InvalidValue, "members: groups cannot be members of groups; assign the people")
		}
		if id, _ := v.Obj.Fold("value"); id.Kind == scim.String && id.Str != "" {
			return []string{id.Str}, nil
		}
	}
	return nil, scim.Errorf(400, scim.InvalidValue, "members: each is an object whose value is a user's id")
}
