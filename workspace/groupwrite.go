package workspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/scim/patch"
)

// groupCommand decides a SCIM write of a group.
func (d *decision) groupCommand(cmd Command) (Result, *scim.Error) {
	if err := d.admit(); err != nil {
		return Result{}, err
	}
	var res Result
	var err *scim.Error
	switch c := cmd.(type) {
	case CreateGroup:
		res, err = d.createGroup(c)
	case ReplaceGroup:
		res, err = d.replaceGroup(c)
	case PatchGroup:
		res, err = d.patchGroup(c)
	case DeleteGroup:
		return d.deleteGroup(c)
	}
	d.noteOmitted(cmd, res.ID)
	if err == nil && d.grace != nil && slices.ContainsFunc(d.events, addsToGroup) {
		return Result{}, d.grace
	}
	return res, err
}

// addsToGroup reports whether ev is more than the removal of a member.
func addsToGroup(ev Event) bool {
	switch ev.(type) {
	case MemberRemoved, RequestRefused:
		return false
	}
	return true
}

func (d *decision) deleteGroup(c DeleteGroup) (Result, *scim.Error) {
	g, err := d.groupAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	return d.removeGroup(g)
}

// removeGroup emits the end of a group and of its memberships.
func (d *decision) removeGroup(g *group) (Result, *scim.Error) {
	if g.Builtin {
		return Result{}, scim.Errorf(403, scim.MutabilityError, "role %q is built in and cannot be deleted", g.Name)
	}
	if g.Kind == Role && fold(g.Name) == fold(d.view.settings.DefaultRole) {
		return Result{}, scim.Errorf(409, "", "role %q is the workspace's default role; choose another default first", g.Name)
	}
	d.emit(GroupDeleted{ID: g.id, Kind: g.Kind, Name: g.Name})
	return Result{ID: g.id, Changed: true}, nil
}

// groupAt returns the group called id if a precondition holds of it (412).
func (d *decision) groupAt(id ResourceID, p Precondition) (*group, *scim.Error) {
	g := d.view.groupByID(id)
	if g == nil {
		return nil, scim.Errorf(404, "", "there is no group %v", id)
	}
	if !p.Holds(g.version) {
		return nil, scim.Errorf(412, "", "group %v is at version %d; read it again before writing", id, g.version)
	}
	return g, nil
}

// groupSource is the source of memberships that the sender sets by writes to a
// group.
func (d *decision) groupSource() Source { return Source{Connection: d.env.Connection} }

// createGroup is POST /Groups: a team, or what groups.createAs says.
func (d *decision) createGroup(c CreateGroup) (Result, *scim.Error) {
	if err := scim.Validate(scim.Group, c.Doc); err != nil {
		return Result{}, err
	}
	kind := kindSent(c.Doc)
	if kind == "" {
		kind = d.view.settings.Groups.CreateAs
	}
	doc := GroupDoc{Name: strings.Clone(c.Doc.Get("displayName").Str()), External: d.groupExternal(nil, c.Doc, false)}
	if kind == "role" {
		doc.Kind, doc.Assignable = Role, true
	}
	if err := d.nameGroup(&doc, nil); err != nil {
		return Result{}, err
	}
	if doc.Kind == Role {
		rank, ok := d.view.nextRank()
		if !ok {
			return Result{}, scim.Errorf(400, "", "there are too many roles; delete some")
		}
		doc.Rank = rank
	}
	g := d.newGroup(doc)
	d.emit(GroupCreated{ID: g.id, GroupDoc: doc})
	plan := d.planMembers(g)
	if err := plan.replace(c.Doc.Get("members")); err != nil {
		return Result{}, err
	}
	plan.emit()
	return Result{ID: g.id, Created: true, Changed: true}, nil
}

// newGroup returns a group that is to be created. It is good for events of the
// same command only.
func (d *decision) newGroup(doc GroupDoc) *group {
	return &group{id: d.mint(), GroupDoc: doc, members: newMembers()}
}

// kindSent is the kind that a document asks for, or "".
func kindSent(doc scim.Object) string {
	return doc.Get(scim.URNRosterdGrp).Obj().Get(scim.GroupKind.Name).Str()
}

// groupExternal returns the external ids that doc leaves. An absent externalId
// changes nothing unless it was cleared.
func (d *decision) groupExternal(before []ExternalID, doc scim.Object, cleared bool) []ExternalID {
	ext := doc.Get("externalId").Str()
	if ext == "" && !cleared {
		return before
	}
	return withExternal(before, d.env.Connection, ext)
}

// nameGroup turns doc.Name, a displayName as sent, into the group's own name
// and refuses one that is taken or reserved. self is the group that is being
// written, or nil.
func (d *decision) nameGroup(doc *GroupDoc, self *group) *scim.Error {
	display := doc.Name
	if holder := d.view.groupByDisplay(display); holder != nil && (self == nil || holder.id != self.id) {
		return scim.Errorf(409, scim.Uniqueness, "displayName %q is taken by group %v", display, holder.id)
	}
	prefix := d.view.settings.Groups.RolePrefix
	if doc.Kind != Role {
		return nil
	}
	if len(display) <= len(prefix) || !strings.EqualFold(display[:len(prefix)], prefix) {
		return scim.Errorf(400, scim.InvalidValue, "displayName %q: the name of a role begins with %q in this workspace (groups.rolePrefix)", display, prefix)
	}
	doc.Name = display[len(prefix):]
	if fold(doc.Name) == fold(RoleGuest) {
		return scim.Errorf(409, scim.Uniqueness, "displayName %q is reserved: externals hold that role", display)
	}
	return nil
}

// replaceGroup is PUT. The connection's own members are exactly the listed
// ones afterwards; missing members clears them (row 40).
func (d *decision) replaceGroup(c ReplaceGroup) (Result, *scim.Error) {
	g, err := d.groupAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	if err := scim.Validate(scim.Group, c.Doc); err != nil {
		return Result{}, err
	}
	if id := c.Doc.Get("id").Str(); id != "" && id != c.ID.String() {
		return Result{}, scim.Errorf(400, scim.InvalidValue, "id: the body says %q, the address %q", id, c.ID)
	}
	plan := d.planMembers(g)
	if err := plan.replace(c.Doc.Get("members")); err != nil {
		return Result{}, err
	}
	ids := d.groupExternal(g.External, c.Doc, slices.Contains(c.Cleared, scim.GroupExternalID))
	return d.writeGroup(g, c.Doc, ids, plan)
}

// patchGroup is PATCH. Members are deltas that cost what the operation names,
// not what the group holds (rows 43 and 44).
func (d *decision) patchGroup(c PatchGroup) (Result, *scim.Error) {
	g, err := d.groupAt(c.ID, c.IfMatch)
	if err != nil {
		return Result{}, err
	}
	rest, members, err := patch.Members(c.Ops, &d.dialect)
	if err != nil {
		return Result{}, err
	}
	doc, err := patch.Apply(scim.Group, d.groupObject(g), rest, &d.dialect)
	if err != nil {
		return Result{}, err
	}
	plan := d.planMembers(g)
	for _, op := range members {
		if err := plan.apply(op); err != nil {
			return Result{}, err
		}
	}
	plan.warn(members)
	return d.writeGroup(g, doc, d.groupExternal(g.External, doc, true), plan)
}

// groupObject returns g as the sender's PATCH sees it, members excepted.
func (d *decision) groupObject(g *group) scim.Object {
	doc := scim.Object{{Name: "id", Value: scim.Text(g.id.String())}}
	if ext := external(g.External, d.env.Connection); ext != "" {
		doc = append(doc, scim.Attr{Name: "externalId", Value: scim.Text(ext)})
	}
	return append(doc,
		scim.Attr{Name: "displayName", Value: scim.Text(d.view.display(g))},
		scim.Attr{Name: scim.URNRosterdGrp, Value: scim.ObjectOf(scim.Attr{Name: scim.GroupKind.Name, Value: scim.Text(g.Kind.String())})},
	)
}

// String returns role or team, as SCIM writes it.
func (k GroupKind) String() string {
	if k == Role {
		return "role"
	}
	return "team"
}

// writeGroup emits what doc, the external ids and plan change of g.
func (d *decision) writeGroup(g *group, doc scim.Object, ids []ExternalID, plan *memberPlan) (Result, *scim.Error) {
	if kind := kindSent(doc); kind != "" && kind != g.Kind.String() {
		return Result{}, scim.Errorf(400, scim.MutabilityError, "kind: a %s stays a %s", g.Kind, g.Kind)
	}
	next, before, name := g.GroupDoc, d.view.display(g), strings.Clone(doc.Get("displayName").Str())
	var changes []Change
	if name != before {
		if g.Builtin {
			return Result{}, scim.Errorf(400, scim.MutabilityError, "displayName: role %q is built in and keeps its name", before)
		}
		next.Name = name
		if err := d.nameGroup(&next, g); err != nil {
			return Result{}, err
		}
		changes = append(changes, Change{"displayName", scim.Text(before), scim.Text(name)})
	}
	next.External = ids
	if was, is := external(g.External, d.env.Connection), external(next.External, d.env.Connection); was != is {
		changes = append(changes, Change{"externalId", textOrNull(was), textOrNull(is)})
	}
	if len(changes) > 0 {
		d.emit(GroupChanged{ID: g.id, Version: g.version + 1, GroupDoc: next, Changes: changes})
		if g.Kind == Role {
			d.followDefault(g.Name, next.Name)
		}
	}
	plan.emit()
	return Result{ID: g.id, Changed: len(d.events) > 0}, nil
}

// A memberPlan gathers what operations make of the sender's own members of a
// group. Only members that an operation names are looked at, except where it
// says everybody.
type memberPlan struct {
	d     *decision
	g     *group
	src   Source
	order []*user         // those that an operation touched, in order
	want  map[uint32]bool // by ordinal: whether src has them at the end

	unknown []string // ids that name nobody and are left out
}

func (d *decision) planMembers(g *group) *memberPlan {
	return &memberPlan{d: d, g: g, src: d.groupSource(), want: map[uint32]bool{}}
}

func (p *memberPlan) set(u *user, in bool) {
	if _, seen := p.want[u.ord]; !seen {
		p.order = append(p.order, u)
	}
	p.want[u.ord] = in
}

// replace makes v, the members as sent, the only ones.
func (p *memberPlan) replace(v scim.Value) *scim.Error {
	ids, err := patch.MemberIDs(v)
	if err != nil {
		return err
	}
	return p.apply(patch.MemberOp{Kind: patch.Replace, Values: ids})
}

func (p *memberPlan) apply(op patch.MemberOp) *scim.Error {
	users, err := p.users(op)
	if err != nil {
		return err
	}
	if op.Filter != nil || op.All || op.Kind == patch.Replace {
		gone, err := p.selected(op)
		if err != nil {
			return err
		}
		if len(gone) == 0 && op.Kind == patch.Remove {
			p.d.dialect.Note(scim.RemoveGone)
		}
		if op.Filter != nil && op.Kind == patch.Replace && len(gone) == 0 {
			return scim.Errorf(400, scim.NoTarget, "members: the path selects nobody whom this connection has put into the group")
		}
		for _, u := range gone {
			p.set(u, false)
		}
	}
	for _, u := range users {
		if op.Kind == patch.Remove && !p.has(u) {
			p.d.dialect.Note(scim.RemoveGone)
		}
		p.set(u, op.Kind != patch.Remove)
	}
	return nil
}

// warn notes whom ops remove by naming others in a replace: that is what RFC
// 7644 says, and clients have been seen that meant to add (row 41).
func (p *memberPlan) warn(ops []patch.MemberOp) {
	named, lost := 0, 0
	for _, op := range ops {
		if op.Kind == patch.Replace && op.Filter == nil {
			named = len(op.Values)
		}
	}
	for _, u := range p.order {
		if !p.want[u.ord] && slices.Contains(p.d.view.sourcesOf(p.g, u), p.src) {
			lost++
		}
	}
	if named > 0 && lost > 0 && p.d.dialect.Tolerates(scim.PartialMembers) {
		p.d.warn(fmt.Sprintf("members: replace sets the whole list (RFC 7644 section 3.5.2.3): it names %d and removed %d; a client that wants to keep them sends add", named, lost))
	}
}

// mostLooks bounds how often a command looks at a member to find out whether it
// is selected, all operations of a PATCH or of a bulk together: about a second,
// in which nobody else writes. The first look at a group is always free to end.
const mostLooks = 1 << 20

// look takes n looks from what the command has.
func (p *memberPlan) look(n int) *scim.Error {
	before := *p.d.looks
	if *p.d.looks += n; before > 0 && *p.d.looks > mostLooks {
		return scim.Errorf(400, scim.TooMany, "members: these operations look at all members too often; select members by value eq, or name them")
	}
	return nil
}

// selected returns the members that src has so far and that op's filter
// selects; without a filter, all of them.
func (p *memberPlan) selected(op patch.MemberOp) (out []*user, err *scim.Error) {
	if text, one := op.Selected(); one {
		id, ok := ParseResourceID(text)
		if u := p.d.view.userByID(id); ok && u != nil && p.has(u) {
			out = append(out, u)
		}
		return out, nil
	}
	looks := p.g.members.Len() + len(p.order)
	if op.Filter == nil { // no member's attributes are read
		looks /= 16
	}
	if err := p.look(looks); err != nil {
		return nil, err
	}
	add := func(u *user) {
		if p.has(u) && (op.Filter == nil || filter.MatchElement(op.Filter, memberValue(u))) {
			out = append(out, u)
		}
	}
	p.g.members.Scan(func(ord uint32, _ membership) bool {
		u := p.d.view.user(ord)
		add(u)
		return true
	})
	for _, u := range p.order {
		if _, stored := p.g.members.Get(u.ord); !stored {
			add(u)
		}
	}
	return out, nil
}

// has reports whether src has u in the group after the operations so far.
func (p *memberPlan) has(u *user) bool {
	if in, touched := p.want[u.ord]; touched {
		return in
	}
	return slices.Contains(p.d.view.sourcesOf(p.g, u), p.src)
}

// memberValue is the element of members that stands for u in a value filter.
func memberValue(u *user) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "value", Value: scim.Text(u.id.String())},
		scim.Attr{Name: "display", Value: scim.Text(u.shownName())},
		scim.Attr{Name: "type", Value: scim.Text("User")},
	)
}

// users returns who an operation names. Removing somebody who is gone is done
// already; anything else that names nobody is refused, or left out and noted
// where the dialect says so.
func (p *memberPlan) users(op patch.MemberOp) ([]*user, *scim.Error) {
	var out []*user
	var unknown []string
	for _, text := range op.Values {
		id, ok := ParseResourceID(text)
		u := p.d.view.userByID(id)
		switch {
		case ok && u != nil:
			out = append(out, u)
		case op.Kind == patch.Remove:
			p.d.dialect.Note(scim.RemoveGone)
		case ok && p.d.view.groupByID(id) != nil:
			return nil, patch.Nested() // row 60, in every dialect
		default:
			unknown = append(unknown, text)
		}
	}
	if len(unknown) > 0 && !p.d.dialect.Tolerates(scim.UnknownMember) {
		return nil, scim.Errorf(400, scim.InvalidValue, "%s", nobodyCalled(unknown))
	}
	p.unknown = append(p.unknown, unknown...)
	return out, nil
}

// nobodyCalled says that ids name nobody, and repeats some of them.
func nobodyCalled(ids []string) string {
	const most = 10
	text := "members: there is no user with id "
	for i, id := range ids[:min(len(ids), most)] {
		if i > 0 {
			text += ", "
		}
		text += clip(id)
	}
	if n := len(ids) - most; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	return text
}

// clip bounds what a detail repeats of the request.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

func (p *memberPlan) emit() {
	if len(p.unknown) > 0 {
		p.d.omit(nobodyCalled(p.unknown))
	}
	for _, u := range p.order {
		if p.want[u.ord] {
			p.d.addMember(p.g, u, p.src)
		} else {
			p.d.dropMember(p.g, u, p.src)
		}
	}
}
