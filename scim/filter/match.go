package filter

import (
	"strings"
	"time"

	"rosterd/scim"
)

// Match reports whether res satisfies f. It reads only the attributes that f
// names.
func (f *Filter) Match(res scim.Resource) bool { return match(f.Expr, resource{res}) }

// MatchElement reports whether one element of a multi-valued attribute
// satisfies x, the inner expression of a value path.
func MatchElement(x Expr, element scim.Value) bool { return match(x, object(element.Obj())) }

// A subject gives the value of an attribute.
type subject interface{ value(scim.Ref) scim.Value }

type resource struct{ res scim.Resource }

func (r resource) value(ref scim.Ref) scim.Value {
	switch {
	case ref.Attr.Derived:
		return r.res.Derived(ref.Attr)
	case ref.Ext != nil:
		return r.res.Record().ExtAttr(ref.Ext, ref.Attr)
	}
	return r.res.Record().Attr(ref.Attr)
}

type object scim.Object

func (o object) value(ref scim.Ref) scim.Value { return scim.Object(o).Get(ref.Attr.Name) }

func match(x Expr, s subject) bool {
	switch x := x.(type) {
	case And:
		return match(x.L, s) && match(x.R, s)
	case Or:
		return match(x.L, s) || match(x.R, s)
	case Not:
		return !match(x.X, s)
	case Present:
		return anyOf(s.value(x.Ref), x.Ref.Sub, func(v scim.Value) bool { return !v.IsUnassigned() })
	case ValuePath:
		return anyOf(s.value(x.Ref), nil, func(v scim.Value) bool { return v.Kind() != scim.Null && MatchElement(x.X, v) })
	case Compare:
		return x.match(s.value(x.Ref))
	}
	return false
}

// anyOf reports whether is holds of v, or of one of its elements, or of their
// sub-attribute.
func anyOf(v scim.Value, sub *scim.Attribute, is func(scim.Value) bool) bool {
	if v.Kind() == scim.List {
		for _, e := range v.List() {
			if anyOf(e, sub, is) {
				return true
			}
		}
		return false
	}
	if sub != nil {
		v = v.Obj().Get(sub.Name)
	}
	return is(v)
}

// match compares v, which may be a list: one of its values has to compare, with
// ne as well (RFC 7644 section 3.4.2.2). What is absent is not equal to
// anything; comparing with null asks for absence.
func (x Compare) match(v scim.Value) bool {
	leaf := x.Ref.Attr
	if x.Ref.Sub != nil {
		leaf = x.Ref.Sub
	}
	if x.Value.Kind() == scim.Null {
		present := anyOf(v, x.Ref.Sub, func(v scim.Value) bool { return !v.IsUnassigned() })
		return present == (x.Op == Ne)
	}
	if x.Op == Ne {
		return v.IsUnassigned() || anyOf(v, x.Ref.Sub, func(v scim.Value) bool { return !holds(Eq, leaf, v, x.Value) })
	}
	return anyOf(v, x.Ref.Sub, func(v scim.Value) bool { return holds(x.Op, leaf, v, x.Value) })
}

func holds(op Op, a *scim.Attribute, have, want scim.Value) bool {
	if have.Kind() == scim.Null {
		return false
	}
	switch a.Type {
	case scim.TypeBoolean:
		return have.Bool() == want.Bool()
	case scim.TypeInteger, scim.TypeDecimal:
		return ordered(op, have.Int(), want.Int())
	case scim.TypeDateTime:
		h, errH := time.Parse(time.RFC3339Nano, have.Str())
		w, errW := time.Parse(time.RFC3339Nano, want.Str())
		if errH == nil && errW == nil && op != Co && op != Sw && op != Ew {
			return ordered(op, int64(h.Compare(w)), 0)
		}
	}
	h, w := have.Str(), want.Str()
	if !a.CaseExact {
		if op == Eq {
			return strings.EqualFold(h, w)
		}
		h, w = strings.ToLower(h), strings.ToLower(w)
	}
	switch op {
	case Co:
		return strings.Contains(h, w)
	case Sw:
		return strings.HasPrefix(h, w)
	case Ew:
		return strings.HasSuffix(h, w)
	}
	return ordered(op, h, w)
}

func ordered[T int64 | string](op Op, have, want T) bool {
	switch op {
	case Eq:
		return have == want
	case Gt:
		return have > want
	case Ge:
		return have >= want
	case Lt:
		return have < want
	case Le:
		return have <= want
	}
	return false
}
