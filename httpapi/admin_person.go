package httpapi

import (
	"strings"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
	"rosterd/workspace"
)

// person is what the directory shows of a user (M15).
func person(u workspace.UserView) scim.Object {
	name := u.Record().Attr(scim.UserName).Obj()
	var teams []scim.Value
	for m := range u.Memberships() {
		if m.Group.Kind() == workspace.Team {
			teams = append(teams, scim.Text(m.Group.Name()))
		}
	}
	kind, state := "member", "inactive"
	if u.Kind() == workspace.External {
		kind = "external"
	}
	if u.Active() {
		state = "active"
	}
	o := scim.Object{
		{Name: "id", Value: scim.Text(u.ID().String())},
		{Name: "accountEmail", Value: scim.Text(u.UserName())},
		{Name: "givenName", Value: name.Get("givenName")},
		{Name: "familyName", Value: name.Get("familyName")},
		{Name: "displayName", Value: u.Record().Attr(scim.UserDisplayName)},
		{Name: "preferredLanguage", Value: u.Record().Attr(scim.UserLanguage)},
		{Name: "timezone", Value: u.Record().Attr(scim.UserTimezone)},
		{Name: "kind", Value: scim.Text(kind)},
		{Name: "state", Value: scim.Text(state)},
		{Name: "role", Value: scim.Text(u.EffectiveRole())},
		{Name: "teams", Value: scim.ListOf(teams...)},
		{Name: "managed", Value: scim.Boolean(u.ManagedBy() != "")},
		{Name: "connection", Value: optional(u.ManagedBy())},
		{Name: "lastSync", Value: instant(u.LastSync())},
	}
	if e := u.LastError(); e != nil {
		o = append(o, scim.Attr{Name: "lastError", Value: scim.ObjectOf(
			scim.Attr{Name: "at", Value: instant(e.At)},
			scim.Attr{Name: "status", Value: scim.Integer(int64(e.Status))},
			scim.Attr{Name: "detail", Value: scim.Text(e.Detail)},
		)})
	}
	if len(u.Drift()) > 0 {
		var paths []scim.Value
		for _, p := range u.Drift() {
			paths = append(paths, scim.Text(p))
		}
		o = append(o, scim.Attr{Name: "drift", Value: scim.ListOf(paths...)})
	}
	o = append(o, scim.Attr{Name: "seat", Value: scim.ObjectOf(u.SeatObject()...)})
	if u.BreakGlass() {
		o = append(o, scim.Attr{Name: "breakGlass", Value: scim.Boolean(true)})
	}
	return append(o, scim.Attr{Name: "createdAt", Value: instant(u.Created())}, scim.Attr{Name: "updatedAt", Value: instant(u.Modified())})
}

// seatStates are the states of a seat that a directory can be asked for.
var seatStates = map[string]ledger.State{"seated": ledger.Seated, "waiting": ledger.Waiting}

// A directory says which people to list.
type directory struct {
	query   string // part of account e-mail or name, in lower case
	state   string
	managed string
}

func (x *exchange) directory() (directory, *scim.Error) {
	d := directory{strings.ToLower(x.query("query")), x.query("state"), x.query("managed")}
	switch {
	case d.state != "" && d.state != "active" && d.state != "inactive" && seatStates[d.state] == ledger.None:
		return d, scim.Errorf(400, "", "state: write active, inactive, seated or waiting")
	case d.managed != "" && d.managed != "true" && d.managed != "false":
		return d, scim.Errorf(400, "", "managed: write true or false")
	}
	return d, nil
}

func (d directory) matches(u workspace.UserView) bool {
	if seat, ok := seatStates[d.state]; ok {
		if u.Seat().State != seat {
			return false
		}
	} else if d.state != "" && u.Active() != (d.state == "active") {
		return false
	}
	if d.managed != "" && (u.ManagedBy() != "") != (d.managed == "true") {
		return false
	}
	return d.query == "" || strings.Contains(strings.ToLower(u.UserName()), d.query) ||
		strings.Contains(strings.ToLower(u.ShownName()), d.query)
}

// listPeople walks the directory. A walk that finds little ends its page when
// its time is over, with where to go on.
func (s *Server) listPeople(x *exchange) {
	limit, err := x.limit()
	d, bad := x.directory()
	if err == nil {
		err = bad
	}
	after, known := workspace.ParseResourceID(x.query("after"))
	if err == nil && !known && x.query("after") != "" {
		err = scim.Errorf(400, "", "after: %q is no id", x.query("after"))
	}
	if err != nil {
		x.refuse(err)
		return
	}
	if !x.open() {
		return
	}
	deadline := time.Now().Add(scanTimeout)
	var items []scim.Object
	next, seen := "", 0
	for u := range x.reader(x.view).UsersAfter(after) {
		if len(items) == limit || seen%256 == 255 && time.Now().After(deadline) {
			next = after.String()
			break
		}
		after, seen = u.ID(), seen+1
		if d.matches(u) {
			items = append(items, person(u))
		}
	}
	x.page(items, next)
}

func (s *Server) getPerson(x *exchange) {
	id, ok := x.userID()
	if ok && x.open() {
		x.answerPerson(200, x.view, id)
	}
}

func (x *exchange) answerPerson(status int, v *workspace.View, id workspace.ResourceID) {
	u, ok := x.reader(v).User(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no user %v", id))
		return
	}
	x.answer(status, person(u))
}

// userID reads the second id of the address.
func (x *exchange) userID() (workspace.ResourceID, bool) {
	id, ok := workspace.ParseResourceID(x.param(1))
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no user %q", x.param(1)))
	}
	return id, ok
}

// profile reads the attributes of a person that an admin writes, as a SCIM
// document, and the names of those that are set to null.
func (f *form) profile() (doc scim.Object, gone []string) {
	raw := scim.Object{}
	for _, field := range []struct{ key, path string }{
		{"accountEmail", "userName"}, {"givenName", "name.givenName"}, {"familyName", "name.familyName"},
		{"displayName", "displayName"}, {"preferredLanguage", "preferredLanguage"}, {"timezone", "timezone"},
		{"absenceRegion", scim.URNRosterdUser + ":absenceRegion"},
	} {
		if _, sent := f.body.Fold(field.key); sent && f.body.Get(field.key).Kind() == scim.Null {
			gone = append(gone, field.path)
		}
		if v := f.text(field.key); v != nil {
			raw = append(raw, scim.Attr{Name: field.path, Value: scim.Text(*v)})
		}
	}
	if f.err != nil {
		return nil, nil
	}
	generic, _ := scim.DialectByName("generic")
	doc, f.err = scim.Normalize(scim.User, raw, generic)
	return doc, gone
}

func (s *Server) addPerson(x *exchange) {
	f := x.form()
	email := f.required("accountEmail")
	doc, _ := f.profile()
	cmd := workspace.AddPerson{Doc: doc}
	if kind := f.text("kind"); kind != nil {
		switch *kind {
		case "member":
		case "external":
			cmd.Kind = workspace.External
		default:
			f.err = scim.Errorf(400, "", "kind: write member or external")
		}
	}
	if f.err == nil && !strings.Contains(email, "@") {
		f.err = scim.Errorf(400, "", "accountEmail: %q is no e-mail address", email)
	}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	if res, view, ok := x.command(cmd); ok {
		x.answerPerson(201, view, res.ID)
	}
}

func (s *Server) editPerson(x *exchange) {
	f := x.form()
	doc, gone := f.profile()
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	if id, ok := x.userID(); ok {
		x.commandOnPerson(id, workspace.EditPerson{ID: id, Doc: doc, Del: gone})
	}
}

func (x *exchange) commandOnPerson(id workspace.ResourceID, cmd workspace.Command) {
	x.ws = workspace.ID(x.param(0))
	if _, view, ok := x.command(cmd); ok {
		x.answerPerson(200, view, id)
	}
}

func (s *Server) deletePerson(x *exchange) {
	id, ok := x.userID()
	if !ok {
		return
	}
	x.ws = workspace.ID(x.param(0))
	if _, _, ok := x.command(workspace.DeleteUser{ID: id}); ok {
		x.ctx.SetStatusCode(204)
	}
}

func (s *Server) deactivatePerson(x *exchange) { x.setActive(false) }
func (s *Server) reactivatePerson(x *exchange) { x.setActive(true) }

func (x *exchange) setActive(active bool) {
	if id, ok := x.userID(); ok {
		x.commandOnPerson(id, workspace.SetActive{ID: id, Active: active})
	}
}

func (s *Server) changeAccountEmail(x *exchange) {
	f := x.form()
	email := f.required("accountEmail")
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	if id, ok := x.userID(); ok {
		x.commandOnPerson(id, workspace.ChangeAccountEmail{ID: id, Email: email})
	}
}
