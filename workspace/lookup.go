package workspace

import (
	"strings"

	"rosterd/scim"
)

// Lookup makes l the list that the filter a eq text gives of the resources that
// have a: the id, externalId, userName or displayName; text is not empty. It is
// List for what identity providers ask most, for each person, without a filter
// to be read and planned. It reports false where List has to be asked. What l
// held before is forgotten. slot is used.
func (l *Listing) Lookup(r Reader, a *scim.Attribute, text string, slot *Slot) bool {
	l.Clear()
	l.r = r
	if text == "" || r.connection == "" {
		return false
	}
	var room ordinals
	switch a {
	case scim.UserID, scim.UserExternalID, scim.UserUserName:
		hint, _ := r.userHint(scim.Ref{Attr: a}, text)
		for _, ord := range r.v.userIndex.under(hint, &room) {
			if slot.room.fill(r.v, ord) && r.isUser(&slot.room, a, text) {
				l.order = append(l.order, place(ord))
			}
		}
	case scim.GroupID, scim.GroupExternalID, scim.GroupDisplayName:
		hint, _ := r.groupHint(a, text)
		for _, ord := range r.v.groupIndex.under(hint, &room) {
			if g, live := r.v.groups.Get(ord); live && r.isGroup(g, a, text) {
				l.order = append(l.order, groupPlace|place(ord))
			}
		}
	default:
		return false
	}
	return true
}

// Clear forgets what l holds, but keeps its room.
func (l *Listing) Clear() { *l = Listing{order: l.order[:0]} }

// isUser reports whether text is the value of a, as the filter compares it. A
// pushed userName counts beside the account e-mail (row 65).
func (r Reader) isUser(u *user, a *scim.Attribute, text string) bool {
	switch a {
	case scim.UserID:
		id, ok := ParseResourceID(text)
		return ok && u.id == id
	case scim.UserExternalID:
		return external(u.External, r.connection) == text
	}
	return strings.EqualFold(u.userName(), text) || u.Pushed != "" && strings.EqualFold(u.Pushed, text)
}

func (r Reader) isGroup(g *group, a *scim.Attribute, text string) bool {
	switch a {
	case scim.GroupID:
		id, ok := ParseResourceID(text)
		return ok && g.id == id
	case scim.GroupExternalID:
		return external(g.External, r.connection) == text
	}
	return strings.EqualFold(r.v.display(g), text)
}

// A Slot is room for one resource, so that reading one, or many one after the
// other, makes no garbage.
type Slot struct {
	room  user
	user  UserView
	group GroupView
}

// At returns the i-th resource of l, from 0, with addresses under base, until
// slot is used again.
func (l *Listing) At(base string, i int, slot *Slot) Resource {
	r, p := Reader{l.r.v, l.r.connection, base}, l.place(i)
	if p.isGroup() {
		g, _ := r.v.groups.Get(p.ordinal())
		slot.group = GroupView{r: r, g: g}
		return &slot.group
	}
	slot.room.fill(r.v, p.ordinal())
	slot.user = UserView{r, &slot.room}
	return &slot.user
}

// Resource returns the resource of the type rt that is called id, until slot is
// used again.
func (slot *Slot) Resource(r Reader, rt *scim.ResourceType, id ResourceID) (res Resource, ok bool) {
	if rt == scim.Group {
		slot.group, ok = r.Group(id)
		return &slot.group, ok
	}
	slot.user = UserView{r, &slot.room}
	return &slot.user, slot.room.find(r.v, id)
}

// fill makes u the user of v with an ordinal, and reports whether there is one.
func (u *user) fill(v *View, ord uint32) bool {
	p, ok := v.users.Get(ord)
	if ok {
		u.unpack(ord, p)
	}
	return ok
}

// find makes u the user of v called id, and reports whether there is one.
func (u *user) find(v *View, id ResourceID) bool {
	ord, p, found := v.packedUser(id)
	if found {
		u.unpack(ord, p)
	}
	return found
}

// packedUser returns the user of v called id at rest, and the ordinal.
func (v *View) packedUser(id ResourceID) (uint32, packed, bool) {
	var room ordinals
	for _, ord := range v.userIndex.under(hintOf(keyID, "", string(id[:])), &room) {
		if p, ok := v.users.Get(ord); ok && p.id() == id {
			return ord, p, true
		}
	}
	return 0, "", false
}
