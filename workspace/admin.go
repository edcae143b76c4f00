package workspace

import (
	"strings"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// DefaultConnection is the id of the connection that a workspace starts with.
const DefaultConnection = "default"

// Bounds of what an admin may add to one workspace.
const (
	maxConnections = 100
	maxTokens      = 1000
	maxNameLen     = 256 // bytes of a name of a connection, token or role
)

// createWorkspace opens the workspace with its first connection and the
// built-in roles.
func (d *decision) createWorkspace(c CreateWorkspace) (Result, *scim.Error) {
	if d.view.Exists() {
		return Result{}, scim.Errorf(409, scim.Uniqueness, "workspace %q exists; ids are never used again", d.view.id)
	}
	set, err := ParseSettings(nil, c.Settings)
	if err != nil {
		return Result{}, err
	}
	if set.DefaultRole != RoleUser && set.DefaultRole != RoleAdmin {
		return Result{}, scim.Errorf(400, "", "defaultRole: there is no role %q in a new workspace; it starts with Admin and User", set.DefaultRole)
	}
	if err := d.invoiceable(set); err != nil {
		return Result{}, err
	}
	d.emit(WorkspaceCreated{Settings: set.Object()})
	d.emit(ConnectionCreated{ID: DefaultConnection, Name: "Default", Dialect: "generic"})
	d.emit(GroupCreated{ID: d.mint(), GroupDoc: GroupDoc{Kind: Role, Name: RoleAdmin, Rank: RankAdmin, Builtin: true}})
	d.emit(GroupCreated{ID: d.mint(), GroupDoc: GroupDoc{Kind: Role, Name: RoleUser, Rank: RankUser, Assignable: true, Builtin: true}})
	return Result{Created: true, Changed: true}, nil
}

func (d *decision) changeWorkspace(c ChangeWorkspace) (Result, *scim.Error) {
	before := d.view.settingsNow()
	if !c.IfMatch.Holds(d.view.version) {
		return Result{}, scim.Errorf(412, "", "the settings are at version %d; read them again before writing", d.view.version)
	}
	after, err := ParseSettings(before, c.Patch)
	if err == nil {
		err = d.seatsHeld(before, after)
	}
	if err == nil {
		err = d.guardSignIn(before, after)
	}
	if err == nil && (after.EInvoice != before.EInvoice || after.buyer != before.buyer || after.price.Tax != before.price.Tax) {
		err = d.invoiceable(after)
	}
	if err != nil {
		return Result{}, err
	}
	if after.DefaultRole != before.DefaultRole && d.view.groupByName(Role, after.DefaultRole) == nil {
		return Result{}, scim.Errorf(400, "", "defaultRole: there is no role %q; create it first", after.DefaultRole)
	}
	if err := d.prefixClash(after.Groups.RolePrefix); err != nil {
		return Result{}, err
	}
	changes := before.Diff(after)
	if len(changes) == 0 {
		return Result{}, nil
	}
	d.emit(WorkspaceChanged{Settings: after.Object(), Changes: changes})
	return Result{Changed: true}, nil
}

// seatsHeld refuses settings that would take seats away: they are bought and
// given back by commands of their own, and in use up to the cap.
func (d *decision) seatsHeld(before, after *Settings) *scim.Error {
	if after.seats.purchased != before.seats.purchased {
		return scim.Errorf(400, "", "seats.purchased: %d seats are purchased; POST seats/purchase buys more, seats/release gives back", before.seats.purchased)
	}
	if used := d.view.books.Purchased + d.view.books.Booked; after.seats.limit != ledger.NoCap && after.seats.limit < used {
		return scim.Errorf(400, "", "seats.cap: %d is less than the %d seats purchased and booked", after.seats.limit, used)
	}
	return nil
}

// invoiceable refuses e-invoices while data is missing that they must have. An
// invoice itself is never lost for lack of it.
func (d *decision) invoiceable(set *Settings) *scim.Error {
	if !set.EInvoice {
		return nil
	}
	if gaps := d.host.Gaps(d.host.Seller, set.buyer, set.price.Tax); len(gaps) > 0 {
		return scim.Errorf(400, "", "invoice.eInvoice: an e-invoice also needs %s", strings.Join(gaps, ", "))
	}
	return nil
}

// settingsNow returns the settings with the seats that are purchased by now.
func (v *View) settingsNow() *Settings {
	if v.settings.seats.purchased == v.books.Purchased {
		return v.settings
	}
	seats := v.settings.doc.Get("seats").Obj().With("purchased", scim.Integer(v.books.Purchased))
	return newSettings(v.settings.doc.With("seats", scim.ObjectOf(seats...)))
}

// SettingsObject returns the settings as the admin API writes them, with the
// seats that are purchased by now. The caller must not change it.
func (v *View) SettingsObject() scim.Object { return v.settingsNow().doc }

// SettingsVersion counts the changes of the settings; entity tags carry it.
func (v *View) SettingsVersion() uint64 { return v.version }

// prefixClash refuses a role prefix under which a role would show the
// displayName of a team.
func (d *decision) prefixClash(prefix string) *scim.Error {
	for _, g := range d.view.roles() {
		if t := d.view.groupByName(Team, prefix+g.Name); t != nil {
			return scim.Errorf(409, scim.Uniqueness, "groups.rolePrefix: role %q would be shown as %q, which is the name of a team", g.Name, prefix+g.Name)
		}
	}
	return nil
}

func (d *decision) connectionCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case CreateConnection:
		return d.createConnection(c)
	case ChangeConnection:
		return d.changeConnection(c)
	}
	return d.deleteConnection(cmd.(DeleteConnection))
}

func (d *decision) createConnection(c CreateConnection) (Result, *scim.Error) {
	if !ValidID(ID(c.ID)) {
		return Result{}, scim.Errorf(400, "", "connection id %q: write 2 to 28 of a-z, 0-9 and -, beginning with a letter", c.ID)
	}
	if _, taken := d.view.Connection(c.ID); taken {
		return Result{}, scim.Errorf(409, scim.Uniqueness, "connection %q exists", c.ID)
	}
	if len(d.view.connections) >= maxConnections {
		return Result{}, scim.Errorf(400, "", "a workspace has at most %d connections", maxConnections)
	}
	if err := checkConnection(c.Name, c.Dialect); err != nil {
		return Result{}, err
	}
	d.emit(ConnectionCreated(c))
	return Result{Key: c.ID, Created: true, Changed: true}, nil
}

func checkConnection(name, dialect string) *scim.Error {
	if name == "" || len(name) > maxNameLen {
		return scim.Errorf(400, "", "name: write 1 to %d bytes", maxNameLen)
	}
	if _, ok := scim.DialectByName(dialect); !ok {
		return scim.Errorf(400, "", "dialect %q: write entra, okta, onelogin, generic or strict", dialect)
	}
	return nil
}

func (d *decision) changeConnection(c ChangeConnection) (Result, *scim.Error) {
	before, ok := d.view.Connection(c.ID)
	if !ok {
		return Result{}, scim.Errorf(404, "", "there is no connection %q", c.ID)
	}
	ev := ConnectionChanged{ID: c.ID, Name: before.Name, Dialect: before.Dialect.Name}
	set := func(path string, field *string, to *string) {
		if to != nil && *to != *field {
			ev.Changes = append(ev.Changes, Change{path, scim.Text(*field), scim.Text(*to)})
			*field = *to
		}
	}
	set("name", &ev.Name, c.Name)
	set("dialect", &ev.Dialect, c.Dialect)
	if err := checkConnection(ev.Name, ev.Dialect); err != nil {
		return Result{}, err
	}
	if len(ev.Changes) > 0 {
		d.emit(ev)
	}
	return Result{Key: c.ID, Changed: len(ev.Changes) > 0}, nil
}

// deleteConnection removes a connection with its tokens and its sources of
// memberships. Its people stay: whoever else wrote them, or nobody, has them.
func (d *decision) deleteConnection(c DeleteConnection) (Result, *scim.Error) {
	before, ok := d.view.Connection(c.ID)
	if !ok {
		return Result{}, scim.Errorf(404, "", "there is no connection %q", c.ID)
	}
	for _, t := range d.view.tokens {
		if t.Connection == c.ID {
			d.emit(TokenRevoked{ID: t.ID, Name: t.Name, Hash: t.Hash})
		}
	}
	d.view.groups.Scan(func(_ uint32, g *group) bool {
		g.members.Scan(func(ord uint32, m membership) bool {
			u := d.view.user(ord)
			for _, src := range d.view.sources.of(m) {
				if src.Connection == c.ID {
					d.emit(d.view.removal(g, u, src))
				}
			}
			return true
		})
		return true
	})
	d.emit(ConnectionDeleted{ID: c.ID, Name: before.Name})
	return Result{Key: c.ID, Changed: true}, nil
}

func (d *decision) tokenCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case CreateToken:
		return d.createToken(c)
	case RevokeToken:
		t, ok := d.view.TokenByID(c.ID)
		if !ok {
			return Result{}, scim.Errorf(404, "", "there is no token %q", c.ID)
		}
		d.emit(TokenRevoked{ID: t.ID, Name: t.Name, Hash: t.Hash})
		return Result{Key: c.ID, Changed: true}, nil
	}
	c := cmd.(UseToken)
	if t, ok := d.view.TokenByID(c.ID); ok && (len(c.Quirks) > 0 || d.env.At.Sub(t.LastUsed) >= time.Minute) {
		d.emit(TokenUsed(c))
	}
	return Result{Key: c.ID}, nil
}

func (d *decision) createToken(c CreateToken) (Result, *scim.Error) {
	_, known := d.view.Connection(c.Connection)
	_, taken := d.view.TokenByID(c.ID)
	switch {
	case !known:
		return Result{}, scim.Errorf(400, "", "connection: there is no connection %q", c.Connection)
	case taken || c.ID == "":
		return Result{}, scim.Errorf(409, scim.Uniqueness, "token id %q is taken", c.ID)
	case c.Name == "" || len(c.Name) > maxNameLen:
		return Result{}, scim.Errorf(400, "", "name: write 1 to %d bytes", maxNameLen)
	case !c.Read && !c.Write:
		return Result{}, scim.Errorf(400, "", "scopes: name at least one of read and write")
	case !c.Expires.IsZero() && !c.Expires.After(d.env.At):
		return Result{}, scim.Errorf(400, "", "expiresAt: %s has passed", c.Expires.UTC().Format(time.RFC3339))
	case len(d.view.tokens) >= maxTokens:
		return Result{}, scim.Errorf(400, "", "a workspace has at most %d tokens; revoke unused ones", maxTokens)
	}
	c.Expires = c.Expires.UTC().Truncate(time.Millisecond)
	d.emit(TokenCreated(c))
	return Result{Key: c.ID, Created: true, Changed: true}, nil
}
