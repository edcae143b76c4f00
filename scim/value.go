package scim

import (
	"slices"
	"strings"
)

// A Kind says which field of a Value is set.
type Kind uint8

// Value kinds. Records store these numbers: append only, never reorder.
const (
	Null Kind = iota
	String
	Bool
	Int
	Complex
	List
	Decimal // a JSON number that is no int64, kept as its text
)

// A Value is one attribute value of the SCIM JSON model (RFC 7643 section
// 2.3). It is a closed sum: exactly the field that Kind names is set. Values
// are immutable once built; the zero Value is Null, which means unassigned.
type Value struct {
	Kind Kind
	Bool bool    // Bool
	Int  int64   // Int
	Str  string  // String, and Decimal as its JSON text
	Obj  Object  // Complex
	List []Value // List
}

// Text returns the String value s.
func Text(s string) Value { return Value{Kind: String, Str: s} }

// Boolean returns the Bool value b.
func Boolean(b bool) Value { return Value{Kind: Bool, Bool: b} }

// Integer returns the Int value n.
func Integer(n int64) Value { return Value{Kind: Int, Int: n} }

// ObjectOf returns the Complex value of attrs.
func ObjectOf(attrs ...Attr) Value { return Value{Kind: Complex, Obj: attrs} }

// ListOf returns the List value of vs.
func ListOf(vs ...Value) Value { return Value{Kind: List, List: vs} }

// IsUnassigned reports whether v is null or an empty list, which RFC 7643
// section 2.5 makes the same as absent.
func (v Value) IsUnassigned() bool {
	return v.Kind == Null || v.Kind == List && len(v.List) == 0 || v.Kind == Complex && len(v.Obj) == 0
}

// Equal reports whether v and w are the same value. The order of an object's
// attributes does not matter, the order of a list's elements does.
func (v Value) Equal(w Value) bool {
	if v.Kind != w.Kind {
		return false
	}
	switch v.Kind {
	case String, Decimal:
		return v.Str == w.Str
	case Bool:
		return v.Bool == w.Bool
	case Int:
		return v.Int == w.Int
	case Complex:
		return v.Obj.Equal(w.Obj)
	case List:
		return slices.EqualFunc(v.List, w.List, Value.Equal)
	}
	return true
}

// An Object is a complex value. After Normalize its attributes carry the
// schema's spelling and stand in schema order; straight from Decode they
// carry the client's spelling and order.
type Object []Attr

// An Attr is one named attribute of an Object. The attributes of an extension
// are the Complex value of one Attr whose Name is the extension's URN.
type Attr struct {
	Name  string
	Value Value
}

// Get returns the attribute called name, letter for letter, or Null.
func (o Object) Get(name string) Value {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return Value{}
}

// Fold returns the attribute called name in any letter case (RFC 7643
// section 2.1), and whether there is one.
func (o Object) Fold(name string) (Value, bool) {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value, true
		}
	}
	for i := range o {
		if strings.EqualFold(o[i].Name, name) {
			return o[i].Value, true
		}
	}
	return Value{}, false
}

// With returns a copy of o in which name is v, or is absent when v is
// unassigned. A new attribute goes to the end; o is unchanged.
func (o Object) With(name string, v Value) Object {
	out := make(Object, 0, len(o)+1)
	found := v.IsUnassigned()
	for _, a := range o {
		if a.Name == name {
			if v.IsUnassigned() {
				continue
			}
			a.Value, found = v, true
		}
		out = append(out, a)
	}
	if !found {
		out = append(out, Attr{name, v})
	}
	return out
}

// Equal reports whether o and p hold equal attributes in any order.
func (o Object) Equal(p Object) bool {
	if len(o) != len(p) {
		return false
	}
	for i := range o {
		if i < len(p) && o[i].Name == p[i].Name && o[i].Value.Equal(p[i].Value) {
			continue
		}
		if w := p.Get(o[i].Name); w.Kind != o[i].Value.Kind || !o[i].Value.Equal(w) {
			return false
		}
	}
	return true
}
