package scim

import "slices"

// Normalize returns raw, a body that Decode read, as an Object of rt: the
// schema's spelling and order, values of the right type, URN-qualified and
// dotted names expanded (interop rows 15 to 17). Unknown attributes and
// schemas are dropped, and so is what only the server writes, except id, so
// that the caller can compare it (row 52). Unassigned attributes are absent.
// Required attributes are Validate's business, since PATCH shares this.
func Normalize(rt *ResourceType, raw Object, d *Dialect) (Object, *Error) {
	return (*Room)(nil).Normalize(rt, raw, d)
}

// Normalize is the function Normalize, with the result in r.
func (r *Room) Normalize(rt *ResourceType, raw Object, d *Dialect) (Object, *Error) {
	var slots [maxAttributes]Value
	var extensions [maxExtensions]sentExtension
	n := normalizer{rt: rt, dialect: d, slots: slots[:len(rt.Attributes)], extensions: extensions[:len(rt.Extensions)], room: r}
	for _, a := range raw {
		if err := n.add(a.Name, a.Value); err != nil {
			return nil, err
		}
	}
	for _, x := range n.extensions {
		if x.attr != nil {
			n.slots[x.attr.place] = ObjectOf(x.doc...)
		}
	}
	out := n.room.object(len(raw) + 1) // room for active, which the workspace may add
	for i, v := range n.slots {
		if !v.IsUnassigned() {
			out = append(out, Attr{rt.Attributes[i].Name, v})
		}
	}
	return out, nil
}

// Merge returns the attributes of a and b, normalised objects of rt that have
// none in common, in the order of the schema. What is in neither's order comes
// last.
func Merge(rt *ResourceType, a, b Object) Object {
	out := make(Object, 0, len(a)+len(b)+1) // room for one more, as in Normalize
	for _, def := range rt.Attributes {
		switch {
		case len(a) > 0 && a[0].Name == def.Name:
			out, a = append(out, a[0]), a[1:]
		case len(b) > 0 && b[0].Name == def.Name:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Cleared returns the attributes that raw sends as null or empty, or as
// elements that are. Normalize drops them like what is absent; where a PUT keeps
// absent values, this tells the two apart.
func Cleared(rt *ResourceType, raw Object) []*Attribute {
	var out []*Attribute
	for _, a := range raw {
		ref, ok := rt.Resolve(a.Name)
		switch {
		case !ok || ref.Sub != nil:
		case isURN(ref.Attr.Name) && !a.Value.IsUnassigned():
			for _, sub := range a.Value.Obj() {
				if def := find(ref.Attr.Sub, sub.Name); def != nil && saysNothing(sub.Value) {
					out = append(out, def)
				}
			}
		case saysNothing(a.Value):
			out = append(out, ref.Attr)
		}
	}
	return out
}

// saysNothing reports whether v is unassigned with all of its parts: templates
// of OneLogin leave {"value": ""} where a person has no value.
func saysNothing(v Value) bool {
	switch v.Kind() {
	case String:
		return v.Str() == ""
	case Complex:
		return !slices.ContainsFunc(v.Obj(), func(a Attr) bool { return !saysNothing(a.Value) })
	case List:
		return !slices.ContainsFunc(v.List(), func(e Value) bool { return !saysNothing(e) })
	}
	return v.Kind() == Null
}

// maxAttributes and maxExtensions bound the top-level attributes and the
// extensions of a resource type.
const (
	maxAttributes = 40
	maxExtensions = 4
)

type normalizer struct {
	rt         *ResourceType
	dialect    *Dialect
	slots      []Value         // by the place of the attribute; not those of extensions
	extensions []sentExtension // in the order in which they come; then zero ones
	room       *Room
}

// A sentExtension is what a client sends of an extension.
type sentExtension struct {
	attr *Attribute
	doc  Object
}

// extension returns where in extensions ext is. If it was not sent so far, it
// gets room for some attributes.
func (n *normalizer) extension(ext *Attribute, room int) int {
	i := 0
	for n.extensions[i].attr != nil && n.extensions[i].attr != ext {
		i++
	}
	if n.extensions[i].attr == nil {
		n.extensions[i] = sentExtension{ext, n.room.object(room)}
	}
	return i
}

// add takes one attribute as a client named it.
func (n *normalizer) add(name string, raw Value) *Error {
	ref, ok := n.rt.Resolve(name)
	noteName(name, ref, ok, n.dialect)
	if !ok {
		return nil
	}
	return n.take(ref, raw)
}

// take takes the value of an attribute.
func (n *normalizer) take(ref Ref, raw Value) *Error {
	if ref.Attr == UserSchemas || ref.Attr == GroupSchemas {
		return nil
	}
	if isURN(ref.Attr.Name) {
		return n.addExtension(ref.Attr, raw)
	}
	if ref.Attr.Mutability == ReadOnly && ref.Attr.Num != numID {
		return nil
	}
	if ref.Attr.Returned == ReturnedNever {
		return nil
	}
	if ref.Sub != nil {
		return n.addSub(ref, raw)
	}
	v, err := ref.Attr.coerce(raw, n.dialect, n.room)
	if err != nil {
		return err
	}
	if v.IsUnassigned() && ref.Attr.Required && raw.Kind() != Null {
		return Errorf(400, InvalidValue, "%s: got %s, but it is required", ref.Attr.Name, describe(raw))
	}
	n.put(ref, v)
	return nil
}

// addExtension takes the attributes nested under an extension's URN.
func (n *normalizer) addExtension(ext *Attribute, raw Value) *Error {
	if raw.Kind() == Null {
		return nil
	}
	if raw.Kind() != Complex {
		return ext.wrong(raw, "an object")
	}
	n.extension(ext, len(raw.Obj()))
	for _, a := range raw.Obj() {
		var err *Error
		ref, ok := within(ext, ext.Sub, a.Name)
		switch {
		case ok:
			err = n.take(ref, a.Value)
		case isURN(a.Name):
			err = n.add(a.Name, a.Value)
		default:
			n.dialect.Note(UnknownAttribute)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addSub takes a dotted name such as name.givenName (row 15).
func (n *normalizer) addSub(ref Ref, raw Value) *Error {
	if ref.Attr.Multi || ref.Sub.Mutability == ReadOnly {
		return nil
	}
	v, err := ref.Sub.coerce(raw, n.dialect, n.room)
	if err != nil {
		err.Detail = ref.Attr.Name + "." + err.Detail
		return err
	}
	whole := slices.Clone(n.get(ref).Obj()) // it may be what the client sent
	n.put(ref, ObjectOf(ordered(ref.Attr.Sub, whole, ref.Sub, v)...))
	return nil
}

func (n *normalizer) get(ref Ref) Value {
	if ref.Ext == nil {
		return n.slots[ref.Attr.place]
	}
	return n.extensions[n.extension(ref.Ext, 1)].doc.Get(ref.Attr.Name)
}

func (n *normalizer) put(ref Ref, v Value) {
	if ref.Ext == nil {
		n.slots[ref.Attr.place] = v
		return
	}
	x := &n.extensions[n.extension(ref.Ext, 1)]
	x.doc = ordered(ref.Ext.Sub, x.doc, ref.Attr, v)
}

// ordered returns o, which it may change, with v as the value of a, in the
// order of attrs.
func ordered(attrs []*Attribute, o Object, a *Attribute, v Value) Object {
	i := 0 // where a belongs
	for _, def := range attrs {
		if def == a {
			break
		}
		if i < len(o) && o[i].Name == def.Name {
			i++
		}
	}
	there := i < len(o) && o[i].Name == a.Name
	switch {
	case there && v.IsUnassigned():
		return slices.Delete(o, i, i+1)
	case there:
		o[i].Value = v
		return o
	case v.IsUnassigned():
		return o
	}
	return slices.Insert(o, i, Attr{a.Name, v})
}

// Validate checks what must hold of a whole resource: required attributes are
// there (RFC 7643 section 2.2), and say something in the strict dialect too
// (section 4.1.1).
func Validate(rt *ResourceType, o Object) *Error {
	for _, a := range rt.Core.Attributes {
		if v := o.Get(a.Name); a.Required && (v.IsUnassigned() || v.Kind() == String && v.Str() == "") {
			return Errorf(400, InvalidValue, "%s is required", a.Name)
		}
	}
	return nil
}
