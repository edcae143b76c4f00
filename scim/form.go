package scim

import (
	"slices"
	"strings"
)

// formOf returns raw in the form that the schema gives a, where clients have
// forms of their own.
func (a *Attribute) formOf(raw Value, d *Dialect) Value {
	switch a {
	case UserManager:
		return managerOf(raw, d)
	case UserRoles:
		return rolesOf(raw, d)
	}
	return raw
}

// managerOf reads the forms in which clients send a manager (rows 21 and 23):
// a plain id, {"managerId": id}, a list of one, "" for nobody.
func managerOf(raw Value, d *Dialect) Value {
	switch raw.Kind() {
	case List:
		if len(raw.List()) == 1 && d.Tolerates(ListOfOne) { // Entra ID's documented form
			return managerOf(raw.List()[0], d)
		}
	case String:
		switch {
		case !d.Tolerates(ManagerForm):
		case raw.Str() == "":
			return Value{}
		default:
			return ObjectOf(Attr{"value", raw})
		}
	case Complex:
		if id, ok := raw.Obj().Fold("managerId"); ok && d.Tolerates(ManagerForm) {
			return ObjectOf(Attr{"value", id})
		}
		v, ok := raw.Obj().Fold("value")
		if ok && (v.Kind() == Null || v.Kind() == String && v.Str() == "" && d.Tolerates(ManagerForm)) {
			return Value{}
		}
	}
	return raw
}

// rolesOf reads the forms in which Entra ID sends an app role (row 24).
func rolesOf(raw Value, d *Dialect) Value {
	if raw.Kind() != List {
		return roleOf(raw, d)
	}
	out := make([]Value, 0, len(raw.List()))
	for _, e := range raw.List() {
		out = append(out, roleOf(e, d))
	}
	return ListOf(out...)
}

// roleOf reads a role that is a JSON document in a text, or has its display
// as displayName.
func roleOf(raw Value, d *Dialect) Value {
	text := raw
	if raw.Kind() == Complex {
		text, _ = raw.Obj().Fold("value")
	}
	var sent Object
	if text.Kind() == String && strings.HasPrefix(text.Str(), "{") {
		sent, _ = Decode([]byte(text.Str()), DefaultLimits) // anything else is no role's name and refused as such
	}
	display, named := raw.Obj().Fold("displayName")
	if sent == nil && !named || !d.Tolerates(AppRole) {
		return raw
	}
	out := Object{}
	for _, a := range raw.Obj() {
		replaced := sent != nil && strings.EqualFold(a.Name, "value")
		if !replaced && !strings.EqualFold(a.Name, "id") && !strings.EqualFold(a.Name, "displayName") {
			out = append(out, a)
		}
	}
	if sent != nil {
		value, _ := sent.Fold("value")
		display, _ = sent.Fold("displayName")
		out = out.With("value", value)
	}
	if _, shown := out.Fold("display"); !shown {
		out = out.With("display", display)
	}
	return ObjectOf(out...)
}

// noteName notes how a client named the attribute of a resource that ref is,
// or that there is none.
func noteName(name string, ref Ref, known bool, d *Dialect) {
	switch {
	case !known:
		d.Note(UnknownAttribute)
	case isURN(ref.Attr.Name):
	case isURN(name):
		d.Note(QualifiedName)
	case ref.Sub != nil:
		d.Note(DottedName)
	case ref.Ext != nil:
		d.Note(BareExtension)
	}
}

// NoteSchemas notes how the schemas that body lists differ from urns: the core
// schema or a message's, then extensions. Nothing depends on them; an address
// says what is meant (row 52).
func NoteSchemas(body Object, urns []string, d *Dialect) {
	sent, ok := body.Fold("schemas")
	if !ok || sent.Kind() != List {
		d.Note(NoSchemas)
		return
	}
	known := 0
	for i, urn := range urns {
		switch {
		case slices.ContainsFunc(sent.List(), func(v Value) bool { return strings.EqualFold(v.Str(), urn) }):
			known++
		case i > 0 && slices.ContainsFunc(body, func(a Attr) bool { return extends(a, urn) }):
			d.Note(UnlistedExtension)
		}
	}
	if known < len(sent.List()) {
		d.Note(UnknownSchema)
	}
}

// extends reports whether a says something of an extension.
func extends(a Attr, urn string) bool {
	rest, ok := cutFold(a.Name, urn)
	return ok && (rest != "" || !a.Value.IsUnassigned())
}
