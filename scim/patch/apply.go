package patch

import (
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// Apply returns doc with ops applied in order, normalised. doc is a normalised
// object of rt, with its id, and does not change; any refusal leaves nothing
// applied. Whether required attributes are left is checked at the end.
func Apply(rt *scim.ResourceType, doc scim.Object, ops []Op, d *scim.Dialect) (scim.Object, *scim.Error) {
	a := applier{doc: doc, dialect: d}
	for _, op := range ops {
		if err := a.apply(op); err != nil {
			return nil, err
		}
	}
	if len(a.touched) == 0 {
		return doc, scim.Validate(rt, doc)
	}
	// What was not touched is normalised already.
	var touched scim.Object
	rest := slices.DeleteFunc(a.doc, func(x scim.Attr) bool { // a copy by now
		is := slices.Contains(a.touched, x.Name)
		if is {
			touched = append(touched, x)
		}
		return is
	})
	touched, err := scim.Normalize(rt, touched, d)
	if err != nil {
		return nil, err
	}
	out := scim.Merge(rt, rest, touched)
	return out, scim.Validate(rt, out)
}

type applier struct {
	doc     scim.Object
	touched []string // top-level attributes, and URNs of extensions
	dialect *scim.Dialect
	begun   bool // roles were added to
}

func (a *applier) apply(op Op) *scim.Error {
	ref := op.Path.Ref
	if isID(ref.Attr) {
		return a.sameID(op)
	}
	if strings.HasPrefix(ref.Attr.Name, "urn:") { // the extension as a whole
		if op.Kind != Remove && op.Value.Kind() != scim.Null {
			return scim.Errorf(400, scim.InvalidValue, "%s: send an object of attributes", ref.Attr.Name)
		}
		a.set(ref.Attr.Name, scim.Value{})
		return nil
	}
	before := a.get(ref)
	var after scim.Value
	var err *scim.Error
	switch {
	case op.Path.Filter != nil || ref.Sub != nil && ref.Attr.Multi:
		after, err = a.elements(op, before)
	case ref.Sub != nil:
		after, err = a.part(op, before)
	default:
		after, err = a.whole(op, before)
	}
	if err == nil {
		err = ref.Attr.TooMany(after.List())
	}
	if err != nil {
		return err
	}
	a.put(ref, after)
	return nil
}

// sameID lets a client repeat the id, as Okta does in every group push, and
// refuses another one (row 14).
func (a *applier) sameID(op Op) *scim.Error {
	if op.Kind != Remove && op.Value.Kind() == scim.String && op.Value.Str() == a.doc.Get("id").Str() && a.dialect.Tolerates(scim.EchoedReadOnly) {
		return nil
	}
	return scim.Errorf(400, scim.MutabilityError, "id cannot change")
}

func (a *applier) get(ref scim.Ref) scim.Value {
	if ref.Ext == nil {
		return a.doc.Get(ref.Attr.Name)
	}
	return a.doc.Get(ref.Ext.Name).Obj().Get(ref.Attr.Name)
}

func (a *applier) put(ref scim.Ref, v scim.Value) {
	if ref.Ext == nil {
		a.set(ref.Attr.Name, v)
		return
	}
	ext := a.doc.Get(ref.Ext.Name).Obj().With(ref.Attr.Name, v)
	a.set(ref.Ext.Name, scim.ObjectOf(ext...))
}

// set makes v the value of a top-level attribute.
func (a *applier) set(name string, v scim.Value) {
	a.doc = a.doc.With(name, v)
	a.touched = append(a.touched, name)
}

// whole applies an operation to a whole attribute.
func (a *applier) whole(op Op, before scim.Value) (scim.Value, *scim.Error) {
	def := op.Path.Ref.Attr
	value, err := def.Coerce(op.Value, a.dialect)
	if err != nil {
		return scim.Value{}, err
	}
	switch {
	case op.Kind == Remove && def.Multi && op.Value.Kind() != scim.Null:
		return a.without(def, before, value), nil
	case op.Kind == Remove, value.IsUnassigned() && op.Kind == Replace:
		return scim.Value{}, removable(def)
	case value.IsUnassigned():
		return before, nil
	case def.Multi && op.Kind == Add:
		return join(def, a.standing(def, before, value.List()), value.List()), nil
	case def.Type == scim.TypeComplex && !def.Multi:
		if id := value.Obj().Get("value"); def == scim.UserManager && !id.IsUnassigned() && !id.Equal(before.Obj().Get("value")) {
			return value, nil // another person: nothing of the former one stays
		}
		return merge(before, value.Obj()), nil
	}
	return value, nil
}

// removable refuses to remove what a resource cannot be without (RFC 7644
// section 3.5.2.2).
func removable(a *scim.Attribute) *scim.Error {
	if a.Required {
		return scim.Errorf(400, scim.MutabilityError, "%s is required and cannot be removed", a.Name)
	}
	return nil
}

// part applies an operation to a sub-attribute of a single complex value.
func (a *applier) part(op Op, before scim.Value) (scim.Value, *scim.Error) {
	sub := op.Path.Ref.Sub
	value, err := a.leaf(op)
	if err != nil {
		return scim.Value{}, err
	}
	if value.IsUnassigned() && op.Kind == Add {
		return before, nil
	}
	return scim.ObjectOf(before.Obj().With(sub.Name, value)...), nil
}

// leaf is the value for a sub-attribute, Null to remove it.
func (a *applier) leaf(op Op) (scim.Value, *scim.Error) {
	if op.Kind == Remove {
		return scim.Value{}, nil
	}
	raw := op.Value
	if raw.Kind() == scim.Complex { // {"value": x} for a path that ends in value
		if inner, ok := raw.Obj().Fold(op.Path.Ref.Sub.Name); ok && a.dialect.Tolerates(scim.WrappedValue) {
			raw = inner
		}
	}
	v, err := op.Path.Ref.Sub.Coerce(raw, a.dialect)
	if err != nil {
		err.Detail = op.Path.Ref.Attr.Name + "." + err.Detail
	}
	return v, err
}

// elements applies an operation to the elements of a list that the path's
// filter selects, or to all of them.
func (a *applier) elements(op Op, before scim.Value) (scim.Value, *scim.Error) {
	change, err := a.elementChange(op)
	if err != nil {
		return scim.Value{}, err
	}
	var out []scim.Value
	matched, primary := false, -1
	for _, e := range before.List() {
		if op.Path.Filter != nil && !filter.MatchElement(op.Path.Filter, e) {
			out = append(out, e)
			continue
		}
		matched = true
		changed := change(e)
		if changed.IsUnassigned() {
			continue
		}
		if changed.Obj().Get("primary").Bool() && !e.Obj().Get("primary").Bool() {
			primary = len(out)
		}
		out = append(out, changed)
	}
	if !matched {
		return a.create(op, before, change)
	}
	return demote(out, primary), nil
}

// elementChange returns what the operation does to one element.
func (a *applier) elementChange(op Op) (func(scim.Value) scim.Value, *scim.Error) {
	if op.Path.Ref.Sub != nil {
		value, err := a.leaf(op)
		name := op.Path.Ref.Sub.Name
		return func(e scim.Value) scim.Value {
			if value.IsUnassigned() && op.Kind == Add {
				return e
			}
			return scim.ObjectOf(e.Obj().With(name, value)...)
		}, err
	}
	if op.Kind == Remove {
		return func(scim.Value) scim.Value { return scim.Value{} }, nil
	}
	if op.Value.Kind() != scim.List {
		op.Value = scim.ListOf(op.Value) // one object is what is due here
	}
	value, err := op.Path.Ref.Attr.Coerce(op.Value, a.dialect)
	if err == nil && len(value.List()) != 1 {
		err = scim.Errorf(400, scim.InvalidValue, "%s: send one object for the elements that the path selects", op.Path.Ref)
	}
	return func(e scim.Value) scim.Value { return merge(e, value.List()[0].Obj()) }, err
}

// create makes the element that the filter describes and changes it, where
// nothing matched. Entra ID relies on it (rows 4 and 5); strict refuses.
func (a *applier) create(op Op, before scim.Value, change func(scim.Value) scim.Value) (scim.Value, *scim.Error) {
	if op.Kind == Remove && a.dialect.Tolerates(scim.RemoveGone) {
		return before, nil
	}
	template, ok := scim.Object(nil), op.Path.Filter == nil
	if op.Path.Filter != nil {
		template, ok = op.Path.Template()
	}
	if !ok || !a.dialect.Tolerates(scim.CreateElement) {
		return scim.Value{}, scim.Errorf(400, scim.NoTarget, "path %s selects no value", op.Path)
	}
	element := change(scim.ObjectOf(template...))
	if element.Obj().Equal(template) || len(element.Obj()) < len(template) {
		return before, nil // nothing to say of it beyond its type, or not even that
	}
	return join(op.Path.Ref.Attr, before, []scim.Value{element}), nil
}

// join adds elements to a list. What is there already is not added again; an
// element with the same value and type is merged into it.
func join(def *scim.Attribute, before scim.Value, add []scim.Value) scim.Value {
	out := slices.Clone(before.List())
	primary := -1
	for _, e := range add {
		i := slices.IndexFunc(out, func(have scim.Value) bool { return same(def, have, e) })
		if i < 0 {
			i = len(out)
			out = append(out, e)
		} else if e.Kind() == scim.Complex {
			out[i] = merge(out[i], e.Obj())
		}
		if e.Obj().Get("primary").Bool() {
			primary = i
		}
	}
	return demote(out, primary)
}

// same reports whether two elements of def are one: equal, or equal in value
// where their types do not differ. Letter case counts where it counts in a
// filter, so that a value that is selected by one can be removed by itself.
func same(def *scim.Attribute, a, b scim.Value) bool {
	if a.Kind() != scim.Complex || b.Kind() != scim.Complex {
		return equal(def, a, b)
	}
	av, bv := a.Obj().Get("value"), b.Obj().Get("value")
	at, bt := a.Obj().Get("type"), b.Obj().Get("type")
	if av.IsUnassigned() || bv.IsUnassigned() {
		return a.Equal(b)
	}
	return equal(subOf(def, "value"), av, bv) && (equal(subOf(def, "type"), at, bt) || at.IsUnassigned() || bt.IsUnassigned())
}

func subOf(def *scim.Attribute, name string) *scim.Attribute {
	i := slices.IndexFunc(def.Sub, func(a *scim.Attribute) bool { return a.Name == name })
	if i < 0 {
		return def
	}
	return def.Sub[i]
}

func equal(def *scim.Attribute, a, b scim.Value) bool {
	if a.Kind() == scim.String && b.Kind() == scim.String && !def.CaseExact {
		return strings.EqualFold(a.Str(), b.Str())
	}
	return a.Equal(b)
}

// demote returns the value of a list, which it may change, with the element at
// index primary as the only primary one (RFC 7644 section 3.5.2, row 26); below
// 0, with the elements as they are.
func demote(list []scim.Value, primary int) scim.Value {
	for i, e := range list {
		if primary >= 0 && i != primary && e.Obj().Get("primary").Bool() {
			list[i] = scim.ObjectOf(e.Obj().With("primary", scim.Boolean(false))...)
		}
	}
	return scim.ListOf(list...)
}

// merge returns before with the attributes of with.
func merge(before scim.Value, with scim.Object) scim.Value {
	out := before.Obj()
	for _, a := range with {
		out = out.With(a.Name, a.Value)
	}
	return scim.ObjectOf(out...)
}

// standing returns what an add to def joins. Entra ID adds roles and never
// removes one: where that is so, the first add of a PATCH begins a new set, for
// which the roles that it repeats stand as they are (row 24).
func (a *applier) standing(def *scim.Attribute, before scim.Value, add []scim.Value) scim.Value {
	if def != scim.UserRoles || a.begun || len(before.List()) == 0 || !a.dialect.Tolerates(scim.LatestRoles) {
		return before
	}
	a.begun = true
	var out []scim.Value
	for _, e := range before.List() {
		if slices.ContainsFunc(add, func(x scim.Value) bool { return same(def, e, x) }) {
			out = append(out, e)
		}
	}
	return scim.ListOf(out...)
}

// without removes the elements that an operation names in its value and not in
// its path (row 9).
func (a *applier) without(def *scim.Attribute, list, gone scim.Value) scim.Value {
	a.dialect.Note(scim.RemoveByValue)
	var out []scim.Value
	for _, e := range list.List() {
		if !slices.ContainsFunc(gone.List(), func(g scim.Value) bool { return same(def, e, g) }) {
			out = append(out, e)
		}
	}
	if len(out) == len(list.List()) {
		a.dialect.Note(scim.RemoveGone)
	}
	return scim.ListOf(out...)
}
