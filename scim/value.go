package scim

import (
	"slices"
	"strings"
	"unsafe"
)

// A Kind says what a Value is.
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
// 2.3). It is a closed sum: it is what its Kind says, and nothing else. Values
// are immutable; the zero Value is Null, which means unassigned.
//
// It takes 24 bytes, where a struct with a field for each kind takes 80: a
// request holds hundreds of values, which are copied, cleared and walked through
// by the collector (docs/adr/0028-values.md).
type Value struct {
	_    [0]func()      // == would compare where the parts are: see Equal
	data unsafe.Pointer // to the first byte of a text, the first attribute, or the first element
	num  int64          // how many there are; or the Int; or 1 for true
	kind Kind
}

// Text returns the String value s.
func Text(s string) Value { return textual(String, s) }

// Number returns the Decimal value of text, which is a JSON number.
func Number(text string) Value { return textual(Decimal, text) }

func textual(k Kind, s string) Value {
	return Value{kind: k, data: unsafe.Pointer(unsafe.StringData(s)), num: int64(len(s))}
}

// Boolean returns the Bool value b.
func Boolean(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// Integer returns the Int value n.
func Integer(n int64) Value { return Value{kind: Int, num: n} }

// ObjectOf returns the Complex value of attrs, which it keeps.
func ObjectOf(attrs ...Attr) Value {
	return Value{kind: Complex, data: unsafe.Pointer(unsafe.SliceData(attrs)), num: int64(len(attrs))}
}

// ListOf returns the List value of vs, which it keeps.
func ListOf(vs ...Value) Value {
	return Value{kind: List, data: unsafe.Pointer(unsafe.SliceData(vs)), num: int64(len(vs))}
}

// Kind returns what v is.
func (v Value) Kind() Kind { return v.kind }

// Str returns the text of a String, and that of a Decimal as JSON has it; else "".
func (v Value) Str() string {
	if v.kind != String && v.kind != Decimal {
		return ""
	}
	return unsafe.String((*byte)(v.data), v.num)
}

// Bool returns what a Bool is; else false.
func (v Value) Bool() bool { return v.kind == Bool && v.num == 1 }

// Int returns what an Int is; else 0.
func (v Value) Int() int64 {
	if v.kind != Int {
		return 0
	}
	return v.num
}

// Obj returns the attributes of a Complex; else none. Appending to them copies
// them.
func (v Value) Obj() Object {
	if v.kind != Complex {
		return nil
	}
	return unsafe.Slice((*Attr)(v.data), v.num)
}

// List returns the elements of a List; else none. Appending to them copies them.
func (v Value) List() []Value {
	if v.kind != List {
		return nil
	}
	return unsafe.Slice((*Value)(v.data), v.num)
}

// String returns v as JSON has it.
func (v Value) String() string { return string(AppendValue(nil, v)) }

// IsUnassigned reports whether v is null or an empty list, which RFC 7643
// section 2.5 makes the same as absent.
func (v Value) IsUnassigned() bool {
	return v.Kind() == Null || v.Kind() == List && len(v.List()) == 0 || v.Kind() == Complex && len(v.Obj()) == 0
}

// Equal reports whether v and w are the same value. The order of an object's
// attributes does not matter, the order of a list's elements does.
func (v Value) Equal(w Value) bool {
	if v.Kind() != w.Kind() {
		return false
	}
	switch v.Kind() {
	case String, Decimal:
		return v.Str() == w.Str()
	case Bool:
		return v.Bool() == w.Bool()
	case Int:
		return v.Int() == w.Int()
	case Complex:
		return v.Obj().Equal(w.Obj())
	case List:
		return slices.EqualFunc(v.List(), w.List(), Value.Equal)
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
		if w := p.Get(o[i].Name); w.Kind() != o[i].Value.Kind() || !o[i].Value.Equal(w) {
			return false
		}
	}
	return true
}
