package scim

import "slices"

// The functions here keep the schema tables short: each makes an attribute
// with the defaults of RFC 7643 section 2.2 and the options change it.

type option func(*Attribute)

func attr(num uint16, name string, t Type, description string, opts ...option) *Attribute {
	a := &Attribute{Num: num, Name: name, Type: t, Description: description}
	for _, set := range opts {
		set(a)
	}
	return a
}

func text(num uint16, name, description string, opts ...option) *Attribute {
	return attr(num, name, TypeString, description, opts...)
}

func boolean(num uint16, name, description string, opts ...option) *Attribute {
	return attr(num, name, TypeBoolean, description, opts...)
}

func complexAttr(num uint16, name, description string, sub []*Attribute, opts ...option) *Attribute {
	a := attr(num, name, TypeComplex, description, opts...)
	a.Sub = sub
	return a
}

func multi(a *Attribute)     { a.Multi = true }
func required(a *Attribute)  { a.Required = true }
func exact(a *Attribute)     { a.CaseExact = true }
func readOnly(a *Attribute)  { a.Mutability = ReadOnly }
func immutable(a *Attribute) { a.Mutability = Immutable }
func derived(a *Attribute)   { a.Derived = true }
func completed(a *Attribute) { a.Derived, a.Kept = true, true }
func always(a *Attribute)    { a.Returned = ReturnedAlways }
func unique(a *Attribute)    { a.Unique = UniqueServer }
func closed(a *Attribute)    { a.Closed = true }

func canonical(values ...string) option {
	return func(a *Attribute) { a.Canonical = values }
}

func refers(types ...string) option {
	return func(a *Attribute) { a.Type, a.RefTypes, a.CaseExact = TypeReference, types, true }
}

func maxLen(n int) option { return func(a *Attribute) { a.MaxLen = n } }

// plural makes a multi-valued attribute with the sub-attributes of RFC 7643
// section 2.4. valueType is the type of value; types are its canonical types.
func plural(num uint16, name, description string, valueType Type, types []string, opts ...option) *Attribute {
	value := attr(1, "value", valueType, "The value.")
	if valueType == TypeReference {
		value.RefTypes, value.CaseExact = []string{"external"}, true
	}
	if valueType == TypeBinary {
		value.CaseExact = true
	}
	sub := []*Attribute{
		value,
		text(2, "display", "A name for people, for display only."),
		text(3, "type", "What the value is for.", canonical(types...)),
		boolean(4, "primary", "Whether this is the preferred value; true at most once."),
	}
	return complexAttr(num, name, description, sub, append(opts, multi)...)
}

// finish computes what lookups need of a resource type.
func (rt *ResourceType) finish() *ResourceType {
	for _, s := range append([]*Schema{rt.Core}, rt.Extensions...) {
		rt.URNs = append(rt.URNs, s.URN)
	}
	rt.fields = fieldsOf(rt.Attributes)
	for i, a := range rt.Attributes {
		a.place = i
		if a.stored() {
			rt.stored = append(rt.stored, a)
		}
	}
	slices.SortFunc(rt.stored, byNum) // meta stands behind the core schema
	rt.names = rt.spelled()
	return rt
}
