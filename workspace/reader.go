package workspace

import (
	"iter"
	"time"

	"rosterd/scim"
)

// A Reader is a View through the eyes of one connection: its own externalIds,
// the memberships that it set itself, addresses under its base URL.
type Reader struct {
	v          *View
	connection string
	base       string
}

// As returns a Reader. An empty connection is an admin, who sees the union of
// all memberships and no externalId. base is the absolute SCIM base URL without
// a trailing slash.
func (v *View) As(connection, base string) Reader { return Reader{v, connection, base} }

// User returns the user called id.
func (r Reader) User(id ResourceID) (UserView, bool) {
	u := r.v.userByID(id)
	return UserView{r, u}, u != nil
}

// UsersAfter walks the users who were created after the one called after,
// whether that one is still there or not; the zero id begins at the first.
func (r Reader) UsersAfter(after ResourceID) iter.Seq[UserView] {
	return func(yield func(UserView) bool) {
		r.users(nil).each(after, new(budget), func(ord uint32) bool {
			u := r.v.user(ord)
			return yield(UserView{r, u})
		})
	}
}

// Group returns the group called id.
func (r Reader) Group(id ResourceID) (GroupView, bool) {
	g := r.v.groupByID(id)
	return GroupView{r: r, g: g}, g != nil
}

// Roles returns the roles, highest rank first.
func (r Reader) Roles() []GroupView {
	var out []GroupView
	for _, g := range r.v.roles() {
		out = append(out, GroupView{r: r, g: g})
	}
	return out
}

// A UserView is one user of a View. It is a scim.Resource.
type UserView struct {
	r Reader
	u *user
}

// Type returns scim.User.
func (x UserView) Type() *scim.ResourceType { return scim.User }

// ID returns the user's id.
func (x UserView) ID() ResourceID { return x.u.id }

// Version returns the number that the entity tag carries.
func (x UserView) Version() uint64 { return x.u.version }

// Created returns when the user was created.
func (x UserView) Created() time.Time { return instant(x.u.created) }

// Modified returns when the user last changed, memberships included.
func (x UserView) Modified() time.Time { return instant(x.u.modified) }

// UserName returns the account e-mail.
func (x UserView) UserName() string { return x.u.userName() }

// ShownName returns what to call the person: the displayName, else what the
// parts of the name give, else the account e-mail.
func (x UserView) ShownName() string { return x.u.shownName() }

// Active reports whether the user is active.
func (x UserView) Active() bool { return x.u.active }

// Kind says whether the person is a member or an external.
func (x UserView) Kind() UserKind { return x.u.Kind }

// ManagedBy returns the connection that last changed the user; empty: local.
func (x UserView) ManagedBy() string { return x.u.ManagedBy }

// LastSync returns when a connection last wrote or confirmed the user, to the
// minute; zero: never.
func (x UserView) LastSync() time.Time { return instant(x.u.synced) }

// SyncedBy returns the connection of LastSync.
func (x UserView) SyncedBy() string { return x.u.syncedBy }

// LastError returns the newest refused write of the user, or nil.
func (x UserView) LastError() *UserError { return x.u.lastErr }

// Drift returns the paths that were changed by hand since the identity
// provider wrote them (M5). The caller must not change it.
func (x UserView) Drift() []string { return x.u.UserDoc.Drift }

// EffectiveRole returns the name of the role that counts.
func (x UserView) EffectiveRole() string { return x.r.v.effectiveRole(x.u) }

// A Membership is one group of a user.
type Membership struct {
	Group   GroupView
	Sources []Source
	Held    bool // waits for an admin, and does not count
}

// Memberships returns the groups of the user, whoever set them, oldest group
// first.
func (x UserView) Memberships() iter.Seq[Membership] {
	return func(yield func(Membership) bool) {
		for _, ord := range x.u.groups {
			g, _ := x.r.v.groups.Get(ord)
			m, _ := g.members.Get(x.u.ord)
			if !yield(Membership{GroupView{r: x.r, g: g}, x.r.v.sources.of(m), m.held}) {
				return
			}
		}
	}
}

// Record returns the stored attributes. To the identity provider that sent
// another userName than the account e-mail (row 65) it shows the one it sent.
func (x UserView) Record() scim.Record {
	if x.u.Pushed == "" || x.r.connection == "" {
		return x.u.Record
	}
	return x.u.Record.WithText(scim.UserUserName, x.u.Pushed)
}

// shownUserName returns the userName of the Record.
func (x UserView) shownUserName() string {
	if x.u.Pushed == "" || x.r.connection == "" {
		return x.u.userName()
	}
	return x.u.Pushed
}

// Derived returns what the server computes.
func (x UserView) Derived(a *scim.Attribute) scim.Value {
	switch a {
	case scim.UserSchemas:
		return x.schemas()
	case scim.UserID:
		return scim.Text(x.u.id.String())
	case scim.UserExternalID:
		return textOrNull(external(x.u.External, x.r.connection))
	case scim.UserMeta:
		return x.r.meta(scim.User, x.u.id, x.u.created, x.u.modified, x.u.version)
	case scim.UserGroups:
		return x.groups()
	case scim.UserManager:
		return x.manager()
	case scim.UserRoles, scim.ExtRole, scim.ExtTeams:
		return x.names(a)
	case scim.ExtKind:
		if x.u.Kind == External {
			return scim.Text("external")
		}
		return scim.Text("member")
	case scim.ExtManaged:
		return scim.Boolean(x.u.ManagedBy != "")
	case scim.ExtLastSync:
		if x.u.synced != 0 {
			return scim.Text(stamp(instant(x.u.synced)))
		}
	case scim.ExtSeat:
		return scim.ObjectOf(x.SeatObject()...)
	case scim.ExtRoleInForce:
		return scim.Text(x.EffectiveRole())
	}
	return scim.Value{}
}

func (x UserView) schemas() scim.Value {
	urns := []scim.Value{scim.Text(scim.URNUser)}
	if x.u.Record.Attr(scim.UserEnterprise).Kind() != scim.Null {
		urns = append(urns, scim.Text(scim.URNEnterprise))
	}
	return scim.ListOf(append(urns, scim.Text(scim.URNRosterdUser))...)
}

func (x UserView) groups() scim.Value {
	var out []scim.Value
	for m := range x.Memberships() {
		out = append(out, scim.ObjectOf(
			scim.Attr{Name: "value", Value: scim.Text(m.Group.g.id.String())},
			scim.Attr{Name: "$ref", Value: scim.Text(x.r.location(scim.Group, m.Group.g.id))},
			scim.Attr{Name: "display", Value: scim.Text(m.Group.Name())},
			scim.Attr{Name: "type", Value: scim.Text("direct")},
		))
	}
	return scim.ListOf(out...)
}

// manager completes the stored id with address and name where it names a user
// of the workspace (row 21).
func (x UserView) manager() scim.Value {
	stored := x.u.Record.ExtAttr(scim.UserEnterprise, scim.UserManager)
	id, ok := ParseResourceID(stored.Obj().Get("value").Str())
	if !ok {
		return stored
	}
	boss := x.r.v.userByID(id)
	if boss == nil {
		return stored
	}
	o := stored.Obj().With("$ref", scim.Text(x.r.location(scim.User, id)))
	return scim.ObjectOf(o.With("displayName", scim.Text(boss.shownName()))...)
}

// shownName is what to call the person.
func (u *user) shownName() string {
	if name := u.Record.Attr(scim.UserDisplayName).Str(); name != "" {
		return name
	}
	name := u.Record.Attr(scim.UserName).Obj()
	given, family := name.Get("givenName").Str(), name.Get("familyName").Str()
	switch {
	case name.Get("formatted").Str() != "":
		return name.Get("formatted").Str()
	case given != "" && family != "":
		return given + " " + family
	case given+family != "":
		return given + family
	}
	return u.userName()
}

func (r Reader) location(rt *scim.ResourceType, id ResourceID) string {
	return r.base + rt.Endpoint + "/" + id.String()
}

func (r Reader) meta(rt *scim.ResourceType, id ResourceID, created, modified int64, version uint64) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "resourceType", Value: scim.Text(rt.Name)},
		scim.Attr{Name: "created", Value: scim.Text(stamp(instant(created)))},
		scim.Attr{Name: "lastModified", Value: scim.Text(stamp(instant(modified)))},
		scim.Attr{Name: "location", Value: scim.Text(r.location(rt, id))},
		scim.Attr{Name: "version", Value: scim.Text(ETag(version))},
	)
}
