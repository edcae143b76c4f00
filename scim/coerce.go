package scim

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Coerce returns raw as a value of a: a List for a multi-valued attribute,
// Null for what is unassigned (null, [] and, unless the dialect keeps it, "";
// interop row 51). It refuses with 400 invalidValue, naming the attribute,
// what was sent and what is expected.
func (a *Attribute) Coerce(raw Value, d *Dialect) (Value, *Error) {
	return a.coerce(raw, d, nil)
}

func (a *Attribute) coerce(raw Value, d *Dialect, room *Room) (Value, *Error) {
	raw = a.formOf(raw, d)
	if !a.Multi {
		if raw.Kind() == List && len(raw.List()) == 1 && d.Tolerates(ListOfOne) {
			raw = raw.List()[0]
		}
		return a.coerceOne(raw, d, room)
	}
	if raw.Kind() != List {
		if raw.Kind() != Null {
			d.Note(SingleForList)
		}
		raw = ListOf(raw)
	}
	if err := a.TooMany(raw.List()); err != nil && a != GroupMembers {
		return Value{}, err
	}
	out := distinct{list: room.list(len(raw.List()))}
	for _, e := range raw.List() {
		v, err := a.coerceOne(e, d, room)
		if err != nil {
			return Value{}, err
		}
		if !v.IsUnassigned() {
			out.add(v)
		}
	}
	if err := a.onePrimary(out.list); err != nil || len(out.list) == 0 {
		return Value{}, err
	}
	return ListOf(out.list...), nil
}

// MaxValues bounds the values of an attribute, but for a group's members: PATCH
// compares values with each other.
const MaxValues = 500

// TooMany refuses more than MaxValues values of a.
func (a *Attribute) TooMany(list []Value) *Error {
	if len(list) <= MaxValues {
		return nil
	}
	return Errorf(400, InvalidValue, "%s: got %d values, at most %d may be", a.Name, len(list), MaxValues)
}

// distinct holds coerced values, each once. A group is sent with a hundred
// thousand members, so what is in a long list is looked up by its JSON.
type distinct struct {
	list []Value
	seen map[string]bool // nil while the list is short
}

func (x *distinct) add(v Value) {
	const short = 16
	if len(x.list) < short {
		if !slices.ContainsFunc(x.list, v.Equal) {
			x.list = append(x.list, v)
		}
		return
	}
	if x.seen == nil {
		x.seen = make(map[string]bool, cap(x.list))
		for _, have := range x.list {
			x.seen[string(AppendValue(nil, have))] = true
		}
	}
	if key := string(AppendValue(nil, v)); !x.seen[key] {
		x.seen[key] = true
		x.list = append(x.list, v)
	}
}

// onePrimary refuses two primary values (RFC 7643 section 2.4, row 26).
func (a *Attribute) onePrimary(list []Value) *Error {
	n := 0
	for _, e := range list {
		if e.Obj().Get("primary").Bool() {
			n++
		}
	}
	if n > 1 {
		return Errorf(400, InvalidValue, "%s: %d values are primary; at most one may be", a.Name, n)
	}
	return nil
}

func (a *Attribute) coerceOne(raw Value, d *Dialect, room *Room) (Value, *Error) {
	if raw.Kind() == Null || raw.Kind() == List && len(raw.List()) == 0 {
		return Value{}, nil
	}
	if raw.Kind() == String && raw.Str() == "" && d.Tolerates(EmptyText) {
		return Value{}, nil
	}
	switch a.Type {
	case TypeComplex:
		return a.coerceComplex(raw, d, room)
	case TypeBoolean:
		return a.coerceBoolean(raw, d)
	case TypeInteger:
		if raw.Kind() != Int {
			return Value{}, a.wrong(raw, "a whole number")
		}
		return raw, nil
	case TypeDecimal:
		if raw.Kind() != Int && raw.Kind() != Decimal {
			return Value{}, a.wrong(raw, "a number")
		}
		return raw, nil
	}
	return a.coerceText(raw)
}

// coerceBoolean takes true, false and their texts in any case (row 1).
func (a *Attribute) coerceBoolean(raw Value, d *Dialect) (Value, *Error) {
	if raw.Kind() == Bool {
		return raw, nil
	}
	is := raw.Kind() == String && strings.EqualFold(raw.Str(), "true")
	if (is || raw.Kind() == String && strings.EqualFold(raw.Str(), "false")) && d.Tolerates(TextBoolean) {
		return Boolean(is), nil
	}
	return Value{}, a.wrong(raw, "true or false")
}

func (a *Attribute) coerceText(raw Value) (Value, *Error) {
	if raw.Kind() != String {
		return Value{}, a.wrong(raw, "a string")
	}
	limit := a.MaxLen
	if limit == 0 {
		limit = DefaultMaxLen
		if a.Type == TypeBinary {
			limit = 16 * DefaultMaxLen
		}
	}
	if len(raw.Str()) > limit {
		return Value{}, Errorf(400, InvalidValue, "%s: %d bytes are too long; send at most %d", a.Name, len(raw.Str()), limit)
	}
	switch a.Type {
	case TypeDateTime:
		if _, err := time.Parse(time.RFC3339Nano, raw.Str()); err != nil {
			return Value{}, a.wrong(raw, "an instant such as 2026-01-31T12:00:00Z")
		}
	case TypeBinary:
		if _, err := base64.StdEncoding.DecodeString(raw.Str()); err != nil {
			return Value{}, a.wrong(raw, "base64")
		}
	}
	if a.Closed {
		i := slices.IndexFunc(a.Canonical, func(c string) bool { return strings.EqualFold(c, raw.Str()) })
		if i < 0 {
			return Value{}, Errorf(400, InvalidValue, "%s: %s is not one of the canonical values: [%s]", a.Name, describe(raw), strings.Join(a.Canonical, ", "))
		}
		return Text(a.Canonical[i]), nil
	}
	return raw, nil
}

// coerceComplex takes an object, or a bare value for an attribute that has a
// value sub-attribute. Unknown and null sub-attributes are dropped (row 13).
func (a *Attribute) coerceComplex(raw Value, d *Dialect, room *Room) (Value, *Error) {
	value := find(a.Sub, "value")
	if raw.Kind() != Complex {
		if value == nil || raw.Kind() == List || !d.Tolerates(BareElement) {
			return Value{}, a.wrong(raw, "an object")
		}
		raw = ObjectOf(Attr{"value", raw})
	}
	out := room.object(min(len(raw.Obj()), len(a.Sub)))
	last := uint16(0)
	for _, sent := range raw.Obj() {
		sub := find(a.Sub, sent.Name)
		if sub == nil && sent.Value.Kind() != Null { // null says nothing
			d.Note(UnknownAttribute)
		}
		if sub == nil || sub.Mutability == ReadOnly {
			continue
		}
		v, err := sub.coerce(sent.Value, d, room)
		if err != nil {
			err.Detail = a.Name + "." + err.Detail
			return Value{}, err
		}
		switch {
		case v.IsUnassigned():
		case sub.Num > last: // most clients write them in the order of the schema
			out, last = append(out, Attr{sub.Name, v}), sub.Num
		default:
			out = ordered(a.Sub, out, sub, v)
		}
	}
	if len(out) == 0 {
		return Value{}, nil
	}
	return ObjectOf(out...), nil
}

func (a *Attribute) wrong(raw Value, want string) *Error {
	return Errorf(400, InvalidValue, "%s: got %s, want %s", a.Name, describe(raw), want)
}
