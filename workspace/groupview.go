package workspace

import (
	"iter"
	"slices"
	"strconv"
	"time"

	"rosterd/scim"
)

// ETag is the entity tag of a resource at version (RFC 7644 section 3.14). It
// is weak: what is outside the version, such as lastSync and the names of a
// user's groups, may differ between equal tags.
func ETag(version uint64) string { return string(AppendETag(nil, version)) }

// AppendETag appends the entity tag.
func AppendETag(dst []byte, version uint64) []byte {
	return append(strconv.AppendUint(append(dst, `W/"`...), version, 10), '"')
}

// A GroupView is one group of a View. It is a scim.Resource.
type GroupView struct {
	r     Reader
	g     *group
	union bool // members are everybody's, as filters see them
}

// Type returns scim.Group.
func (x GroupView) Type() *scim.ResourceType { return scim.Group }

// ID returns the group's id.
func (x GroupView) ID() ResourceID { return x.g.id }

// Version returns the number that the entity tag carries.
func (x GroupView) Version() uint64 { return x.g.version }

// Created returns when the group was created.
func (x GroupView) Created() time.Time { return instant(x.g.created) }

// Modified returns when the group last changed, members included.
func (x GroupView) Modified() time.Time { return instant(x.g.modified) }

// Name returns the displayName: of a role, with groups.rolePrefix before it.
func (x GroupView) Name() string { return x.r.v.display(x.g) }

// RoleName returns the group's own name, without the prefix of roles.
func (x GroupView) RoleName() string { return x.g.Name }

// Kind says whether the group is a role or a team.
func (x GroupView) Kind() GroupKind { return x.g.Kind }

// Rank returns the rank of a role; the higher wins.
func (x GroupView) Rank() int { return x.g.Rank }

// Assignable reports whether SCIM can assign the role.
func (x GroupView) Assignable() bool { return x.g.Assignable }

// Builtin reports whether the role is one that every workspace has.
func (x GroupView) Builtin() bool { return x.g.Builtin }

// Len returns the number of members, whoever set them.
func (x GroupView) Len() int { return x.g.members.Len() }

// A MemberView is one member of a group.
type MemberView struct {
	User    UserView
	Sources []Source
	Held    bool
}

// Members returns up to limit members that come after the user called after,
// oldest user first, whoever set them. The zero id begins at the first. A user
// who has gone meanwhile cannot be continued after: the walk begins anew.
func (x GroupView) Members(after ResourceID, limit int) iter.Seq[MemberView] {
	return func(yield func(MemberView) bool) {
		first, n := uint32(0), 0
		if u := x.r.v.userByID(after); u != nil {
			first = u.ord + 1
		}
		x.g.members.Ascend(first, func(ord uint32, m membership) bool {
			u := x.r.v.user(ord)
			n++
			return n <= limit && yield(MemberView{UserView{x.r, u}, x.r.v.sources.of(m), m.held})
		})
	}
}

// Record returns the stored attributes.
func (x GroupView) Record() scim.Record {
	return scim.TextRecord(scim.GroupDisplayName, x.Name())
}

// Derived returns what the server computes.
func (x GroupView) Derived(a *scim.Attribute) scim.Value {
	switch a {
	case scim.GroupSchemas:
		return scim.ListOf(scim.Text(scim.URNGroup), scim.Text(scim.URNRosterdGrp))
	case scim.GroupID:
		return scim.Text(x.g.id.String())
	case scim.GroupExternalID:
		return textOrNull(external(x.g.External, x.r.connection))
	case scim.GroupMeta:
		return x.r.meta(scim.Group, x.g.id, x.g.created, x.g.modified, x.g.version)
	case scim.GroupMembers:
		return x.members()
	case scim.GroupKind:
		return scim.Text(x.g.Kind.String())
	}
	return scim.Value{}
}

// members returns those whom the reader's connection put into the group; an
// admin sees everybody.
func (x GroupView) members() scim.Value {
	own := Source{Connection: x.r.connection}
	all := x.union || x.r.connection == ""
	out := make([]scim.Value, 0, min(x.g.members.Len(), 1<<16))
	var u user
	x.g.members.Scan(func(ord uint32, m membership) bool {
		if all || slices.Contains(x.r.v.sources.of(m), own) {
			p, _ := x.r.v.users.Get(ord)
			u.unpack(ord, p)
			out = append(out, x.r.member(&u))
		}
		return true
	})
	return scim.ListOf(out...)
}

func (r Reader) member(u *user) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "value", Value: scim.Text(u.id.String())},
		scim.Attr{Name: "$ref", Value: scim.Text(r.location(scim.User, u.id))},
		scim.Attr{Name: "display", Value: scim.Text(u.shownName())},
		scim.Attr{Name: "type", Value: scim.Text("User")},
	)
}
