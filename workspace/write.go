package workspace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/scim/patch"
)

// A write is what a request would leave of a user.
type write struct {
	doc      scim.Object // normalised, without id and externalId
	external scim.Value  // externalId that the connection sets; Null: untouched
	pushed   string      // see UserDoc.Pushed
	touched  memberAttributes
	leaves   bool                   // it says inactive
	confirms func(path string) bool // whether a connection wrote path; nil: nothing
	note     string
}

// userCommand decides a SCIM write of a user.
func (d *decision) userCommand(cmd Command) (Result, *scim.Error) {
	if err := d.admit(); err != nil {
		return Result{}, err
	}
	var res Result
	var err *scim.Error
	switch c := cmd.(type) {
	case CreateUser:
		res, err = d.createUser(c)
	case ReplaceUser:
		res, err = d.replaceUser(c)
	case PatchUser:
		res, err = d.patchUser(c)
	case DeleteUser:
		res, err = d.deleteUser(c)
	}
	d.noteOmitted(cmd, res.ID)
	return res, err
}

func (d *decision) deleteUser(c DeleteUser) (Result, *scim.Error) {
	u, err := d.userAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	d.emit(UserDeleted{ID: u.id, Name: u.userName()})
	return Result{ID: u.id, Changed: true}, nil
}

// admit refuses a connection whose token was revoked since the request was let
// in, and one that the gate stops.
func (d *decision) admit() *scim.Error {
	if d.env.Actor != ActorToken {
		return nil
	}
	conn, ok := d.view.Connection(d.env.Connection)
	if _, valid := d.view.TokenByID(d.env.Token); !ok || !valid {
		return scim.Errorf(401, "", "the token was revoked")
	}
	gate, missing := d.view.Gate(d.env.At)
	if gate == GateClosed {
		return GateRefusal(gate, missing)
	}
	d.dialect = conn.Dialect.Noting(&d.quirks)
	if gate == GateGrace {
		d.grace = GateRefusal(gate, missing)
	}
	return nil
}

// userAt returns the user called id if a precondition holds of it (412).
func (d *decision) userAt(id ResourceID, p Precondition) (*user, *scim.Error) {
	u, err := d.user(id)
	if err != nil {
		return nil, err
	}
	if !p.Holds(u.version) {
		return nil, scim.Errorf(412, "", "user %v is at version %d; read it again before writing", id, u.version)
	}
	return u, nil
}

// replaceUser is PUT. What names a person to the daemon and what carries
// memberships stays where the client does not mention it: externalId, active
// (row 39) and role, roles and teams (design: an absent attribute changes
// nothing).
func (d *decision) replaceUser(c ReplaceUser) (Result, *scim.Error) {
	u, err := d.userAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	if id := c.Doc.Get("id").Str(); id != "" && id != c.ID.String() {
		return Result{}, scim.Errorf(400, scim.InvalidValue, "id: the body says %q, the address %q", id, c.ID)
	}
	w := d.intake(c.Doc)
	for _, a := range c.Cleared {
		w.touched.mark(a)
		if a == scim.UserExternalID {
			w.external = scim.Text("")
		}
	}
	w.confirms = func(string) bool { return true }
	return d.push(u, w)
}

// patchUser is PATCH.
func (d *decision) patchUser(c PatchUser) (Result, *scim.Error) {
	u, err := d.userAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	u.room = c.Room
	stored, before := d.patchable(u, c.Ops), external(u.External, d.env.Connection)
	doc := append(make(scim.Object, 0, len(stored)+2), scim.Attr{Name: "id", Value: scim.Text(u.id.String())})
	if before != "" {
		doc = append(doc, scim.Attr{Name: "externalId", Value: scim.Text(before)})
	}
	doc = append(doc, stored...)
	if u.Pushed != "" {
		doc = doc.With("userName", scim.Text(u.Pushed))
	}
	after, err := patch.Apply(scim.User, doc, c.Ops, &d.dialect)
	if err != nil {
		return Result{}, err
	}
	w := d.intake(after)
	if w.external.Kind() == scim.Null && before != "" {
		w.external = scim.Text("")
	}
	w.touched = memberAttributes{}
	wrote := map[string]bool{}
	for _, op := range c.Ops {
		w.touched.mark(op.Path.Ref.Attr)
		wrote[topPath(op.Path.Ref)] = true
	}
	w.confirms = func(path string) bool { return wrote[path] }
	return d.push(u, w)
}

// intake divides a document as a client sent it. id and externalId stand first
// in the order of the schema.
func (d *decision) intake(doc scim.Object) write {
	w := write{doc: doc, touched: attributesOf(doc)}
	for len(w.doc) > 0 {
		switch w.doc[0].Name {
		case "id":
		case "externalId":
			w.external = w.doc[0].Value
		default:
			return w
		}
		w.doc = w.doc[1:]
	}
	return w
}

// push is a connection's write of a user that exists. Where it leaves active
// unassigned, the stored value stays (row 39); to the strict dialect unassigned
// is inactive.
func (d *decision) push(u *user, w write) (Result, *scim.Error) {
	says := w.confirms(scim.UserActive.Name)
	if w.doc.Get("active").Kind() != scim.Bool {
		keeps := d.dialect.Tolerates(scim.KeepActive)
		says = says && !keeps
		w.doc = w.doc.With("active", scim.Boolean(u.active && keeps))
	}
	w.leaves = says && !w.doc.Get("active").Bool()
	w.pushedName(u, &d.dialect)
	switch {
	case d.grace == nil:
		return d.writeUser(u, w, CauseWrite)
	case w.leaves:
		return d.deactivate(u, w)
	}
	return Result{}, d.grace
}

// deactivate applies a write of the grace time that says inactive: that alone,
// and a note if there was more (M3).
func (d *decision) deactivate(u *user, w write) (Result, *scim.Error) {
	alone := write{doc: u.object().With("active", scim.Boolean(false)), pushed: u.Pushed}
	more := func(c Change) bool { return c.Path != scim.UserActive.Name }
	before := d.object(u)
	w.doc = w.touched.keep(w.doc, before)
	if slices.ContainsFunc(documentChanges(before, u, w, d.env.Connection), more) {
		alone.note = "only the deactivation was applied; " + d.grace.Detail
	}
	return d.writeUser(u, alone, CauseWrite)
}

// pushedName keeps the account e-mail where Entra ID deletes softly: it sends
// 32 hex digits before the old name with active false, and the old name back
// to restore (row 65). strict takes every name for the userName.
func (w *write) pushedName(u *user, dialect *scim.Dialect) {
	name, account := w.doc.Get("userName").Str(), u.userName()
	mangles := !w.doc.Get("active").Bool() && mangled(name, account)
	if name != u.Pushed && !mangles || name == "" || !dialect.Tolerates(scim.SoftDeletedName) {
		return
	}
	w.pushed, w.doc = strings.Clone(name), w.doc.With("userName", scim.Text(account))
}

func mangled(name, account string) bool {
	const digits = 32
	if len(name) != digits+len(account) || !strings.EqualFold(name[digits:], account) {
		return false
	}
	return strings.Trim(name[:digits], "0123456789abcdefABCDEF") == ""
}

// activated returns doc with active true unless it says something.
func activated(doc scim.Object) scim.Object {
	if doc.Get("active").Kind() != scim.Null {
		return doc
	}
	return append(doc, scim.Attr{Name: "active", Value: scim.Boolean(true)})
}

// newUser emits a user that was not there.
func (d *decision) newUser(kind UserKind, w write) (Result, *scim.Error) {
	w.doc = activated(w.doc)
	u := &user{id: d.mint(), ord: d.view.users.next}
	values, err := d.resolve(nil, w)
	if err != nil {
		return Result{}, err
	}
	doc := UserDoc{Kind: kind, Record: d.record(withValues(w.doc, nil))}
	doc.Named = withNaming(nil, d.env.Connection, values)
	if d.env.Actor == ActorToken {
		doc.ManagedBy = d.env.Connection
		doc.External = d.externals(nil, w)
	}
	u.UserDoc = doc
	d.emit(UserCreated{ID: u.id, Name: u.userName(), UserDoc: doc})
	d.setMemberships(u, w, values)
	return Result{ID: u.id, Created: true, Changed: true}, nil
}

// writeUser emits what w changes of u, or only that it was confirmed.
func (d *decision) writeUser(u *user, w write, cause Cause) (Result, *scim.Error) {
	if err := scim.Validate(scim.User, w.doc); err != nil {
		return Result{}, err
	}
	if err := d.nameFree(u, w.doc.Get("userName").Str()); err != nil {
		return Result{}, err
	}
	values, err := d.resolve(u, w)
	if err != nil {
		return Result{}, err
	}
	next := u.UserDoc
	next.Record = d.record(withValues(w.doc, nil))
	next.Named = withNaming(u.Named, d.env.Connection, values)
	next.Pushed = w.pushed
	w.doc = withValues(w.doc, d.shownAfter(u, w, values))
	changes := documentChanges(d.object(u), u, w, d.env.Connection)
	if d.env.Actor == ActorToken {
		next.External = d.externals(u.External, w)
		next.Drift = slices.DeleteFunc(slices.Clone(u.Drift), func(p string) bool { return w.confirms != nil && w.confirms(p) })
		if u.ManagedBy == "" && cause == CauseWrite {
			cause = CauseAdopted
		}
	} else if u.ManagedBy != "" {
		next.Drift = drifted(u.Drift, changes)
	}
	changed := len(changes) > 0 || cause != CauseWrite || len(next.Drift) != len(u.Drift)
	if changed {
		if d.env.Actor == ActorToken {
			next.ManagedBy = d.env.Connection
		}
		d.emit(UserChanged{
			ID: u.id, Name: next.userName(), Version: u.version + 1, Cause: cause, UserDoc: next, Changes: changes, Note: w.note,
		})
	} else if w.note != "" {
		d.omit(w.note)
	}
	d.dropLeft(u)
	d.setMemberships(u, w, values)
	res := Result{ID: u.id, Changed: len(d.events) > 0}
	if d.env.Actor == ActorToken && !changed && millis(d.env.At)-u.synced >= time.Minute.Milliseconds() {
		d.emit(UserSynced{ID: u.id, Connection: d.env.Connection})
	}
	return res, nil
}

// recordKept bounds the buffer of a State, in bytes.
const recordKept = 16 << 10

// record encodes the document of a user.
func (d *decision) record(doc scim.Object) scim.Record {
	b := scim.AppendRecord((*d.buf)[:0], scim.User, doc)
	if cap(b) <= recordKept {
		*d.buf = b
	}
	return scim.Record(b)
}

// externals returns the external ids that w leaves.
func (d *decision) externals(before []ExternalID, w write) []ExternalID {
	if w.external.Kind() == scim.Null {
		return before
	}
	return withExternal(before, d.env.Connection, w.external.Str())
}

// object returns the stored attributes of u, which a write asks for more than
// once.
func (u *user) object() scim.Object {
	if u.read == nil || u.readOf != u.Record {
		o, err := u.room.Object(u.Record, scim.User)
		if err != nil {
			violated("record of user %v: %v", u.id, err)
		}
		u.read, u.readOf = o, u.Record
	}
	return u.read
}

// documentChanges lists what w changes of u, whose attributes are before,
// attribute by attribute, in the order of the schema.
func documentChanges(before scim.Object, u *user, w write, connection string) []Change {
	out := objectChanges("", scim.User.Attributes, before, w.doc)
	if was := external(u.External, connection); w.external.Kind() != scim.Null && w.external.Str() != was {
		out = append(out, Change{scim.UserExternalID.Name, textOrNull(was), textOrNull(w.external.Str())})
	}
	if w.pushed != u.Pushed {
		out = append(out, Change{"userName", scim.Text(cmp.Or(u.Pushed, u.userName())), scim.Text(cmp.Or(w.pushed, u.userName()))})
	}
	return out
}

func objectChanges(prefix string, attrs []*scim.Attribute, before, after scim.Object) []Change {
	var out []Change
	old, now := cursor{o: before}, cursor{o: after}
	for _, a := range attrs {
		was, is := old.get(a.Name), now.get(a.Name)
		switch {
		case was.Equal(is) || was.IsUnassigned() && is.IsUnassigned():
		case prefix == "" && strings.HasPrefix(a.Name, "urn:"):
			out = append(out, objectChanges(a.Name+":", a.Sub, was.Obj(), is.Obj())...)
		default:
			out = append(out, Change{prefix + a.Name, was, is})
		}
	}
	return out
}

// A cursor finds the attributes of an object whose order is mostly that in which
// it is asked for them.
type cursor struct {
	o    scim.Object
	next int
}

func (c *cursor) get(name string) scim.Value {
	if c.next < len(c.o) && c.o[c.next].Name == name {
		c.next++
		return c.o[c.next-1].Value
	}
	return c.o.Get(name)
}

// topPath is the path under which a change of ref is listed.
func topPath(ref scim.Ref) string { return scim.Ref{Ext: ref.Ext, Attr: ref.Attr}.String() }

func textOrNull(s string) scim.Value {
	if s == "" {
		return scim.Value{}
	}
	return scim.Text(s)
}
