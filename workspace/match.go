package workspace

import "rosterd/scim"

// createUser is POST /Users. Whether it makes a record or finds one follows
// from who holds the userName and the externalId (M6; product.md section 3):
//
//	userName held by   externalId held by   answer
//	nobody             nobody               a new record
//	nobody             an inactive user     that record, restored
//	nobody             an active user       a new record (row 62)
//	a local user       nobody               adopted (row 67)
//	an active user     -                    409
//	an inactive user   the same or nobody   restored (row 37); but a new
//	                                        record for a namesake, if both
//	                                        sides have differing externalIds
//	one user           another              409 with both
//
// The strict dialect answers 409 instead of adopting and restoring.
func (d *decision) createUser(c CreateUser) (Result, *scim.Error) {
	if d.grace != nil {
		return Result{}, d.grace
	}
	if err := scim.Validate(scim.User, c.Doc); err != nil {
		return Result{}, err
	}
	w := d.intake(c.Doc)
	name, ext := w.doc.Get("userName").Str(), w.external.Str()
	byName, byExternal := d.view.userByName(name), d.externalHolder(ext)
	switch {
	case byName != nil && byExternal != nil && byName.id != byExternal.id:
		return Result{}, scim.Errorf(409, scim.Uniqueness, "userName %q is taken by user %v and externalId %q by user %v", name, byName.id, ext, byExternal.id)
	case byName == nil && (byExternal == nil || byExternal.active):
		res, err := d.newUser(Member, w)
		d.noteDuplicate(res.ID, name, byExternal, w.doc)
		return res, err
	case byName == nil && !d.dialect.Tolerates(scim.RestoreInactive):
		return Result{}, scim.Errorf(409, scim.Uniqueness, "externalId %q is taken by inactive user %v", ext, byExternal.id)
	case byName == nil:
		return d.restoreUser(byExternal, w)
	case byName.ManagedBy == "" && d.dialect.Tolerates(scim.AdoptLocal):
		return d.adoptUser(byName, w)
	case byName.ManagedBy == "" || byName.active || !d.dialect.Tolerates(scim.RestoreInactive):
		return Result{}, taken(name, byName)
	}
	if held := external(byName.External, d.env.Connection); held != "" && ext != "" && held != ext {
		d.takeName(byName)
		return d.newUser(Member, w)
	}
	return d.restoreUser(byName, w)
}

// noteDuplicate notes who a new user probably is already: an identity provider
// that changed its matching creates people a second time, and each takes a seat.
func (d *decision) noteDuplicate(id ResourceID, name string, byExternal *user, doc scim.Object) {
	other, shared := byExternal, scim.UserExternalID.Name
	for _, e := range doc.Get(scim.UserEmails.Name).List() {
		if other == nil {
			other, shared = d.view.userByEmail(e.Obj().Get("value").Str()), "emails.value"
		}
	}
	if other != nil {
		d.emit(ProbableDuplicate{ID: id, Other: other.id, Name: name, OtherName: other.userName(), Shared: shared})
	}
}

func (d *decision) externalHolder(ext string) *user {
	if ext == "" {
		return nil
	}
	return d.view.userByExternal(d.env.Connection, ext)
}

// adoptUser makes a local user managed. What the identity provider does not
// send stays; kind, id and seat stay in any case.
func (d *decision) adoptUser(u *user, w write) (Result, *scim.Error) {
	w.doc = overlay(u.object(), w.doc)
	w.confirms = func(string) bool { return true }
	res, err := d.writeUser(u, w, CauseAdopted)
	res.Created = true
	return res, err
}

// restoreUser is a re-hire: the old record and id, with the attributes that
// are sent now. Roles above the default do not come back by themselves.
func (d *decision) restoreUser(u *user, w write) (Result, *scim.Error) {
	w.doc = activated(w.doc)
	w.confirms = func(string) bool { return true }
	base := d.view.groupByName(Role, d.view.settings.DefaultRole)
	for _, ord := range u.groups {
		if g, _ := d.view.groups.Get(ord); g.Kind == Role && g.Rank > base.Rank {
			d.left = append(d.left, g)
		}
	}
	res, err := d.writeUser(u, w, CauseRestored)
	res.Created = true
	return res, err
}

// dropLeft takes u out of the roles that a re-hire leaves, whoever put u there
// and whatever an admin allowed. A role that the same request names is a
// membership of its own, which is held like any other.
func (d *decision) dropLeft(u *user) {
	for _, g := range d.left {
		for _, src := range d.view.sourcesOf(g, u) {
			d.emit(d.view.removal(g, u, src))
		}
	}
}

// takeName frees the name of an inactive record for a namesake. The record
// keeps its id and history.
func (d *decision) takeName(u *user) {
	former := scim.Text("former-" + u.id.String())
	next := u.UserDoc
	next.Pushed = ""
	next.Record = d.record(u.object().With("userName", former))
	d.emit(UserChanged{
		ID: u.id, Name: former.Str(), Version: u.version + 1, Cause: CauseNameLost, UserDoc: next,
		Changes: []Change{{Path: "userName", From: scim.Text(u.userName()), To: former}},
		Note:    "a new person with another externalId took the name",
	})
}

// overlay returns base with every attribute that top has, inside extensions
// too.
func overlay(base, top scim.Object) scim.Object {
	out := base
	for _, a := range top {
		if ext := base.Get(a.Name); a.Value.Kind() == scim.Complex && len(a.Name) > 4 && a.Name[:4] == "urn:" {
			a.Value = scim.ObjectOf(overlay(ext.Obj(), a.Value.Obj())...)
		}
		out = out.With(a.Name, a.Value)
	}
	return out
}
