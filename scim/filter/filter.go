// Package filter is the filter language of RFC 7644 section 3.4.2.2 and the
// attribute paths of section 3.10 and 3.5.2: parsing with every check that can
// be made before a resource is seen, and matching that cannot fail.
package filter

import (
	"strconv"

	"rosterd/scim"
)

// A Filter is a checked filter of one resource type.
type Filter struct{ Expr Expr }

// String returns f in canonical spelling; it parses to the same filter.
func (f *Filter) String() string { return f.Expr.text() }

// An Expr is a node of a filter. The set is closed: And, Or, Not, Compare,
// Present and ValuePath.
type Expr interface{ text() string }

// And holds when both sides hold.
type And struct{ L, R Expr }

// Or holds when one side holds.
type Or struct{ L, R Expr }

// Not holds when X does not.
type Not struct{ X Expr }

// An Op is a comparison operator.
type Op string

// Operators of RFC 7644 table 3.
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
)

// Compare holds when a value of the attribute compares. Ref always names what
// holds simple values: a complex attribute without a sub-attribute stands for
// its value.
type Compare struct {
	Ref   scim.Ref
	Op    Op
	Value scim.Value // of the attribute's type, or Null (eq, ne)
}

// Present holds when the attribute has a value.
type Present struct{ Ref scim.Ref }

// ValuePath holds when one element of a multi-valued attribute satisfies X,
// whose Refs name sub-attributes in Attr.
type ValuePath struct {
	Ref scim.Ref
	X   Expr
}

func (x And) text() string       { return side(x.L) + " and " + side(x.R) }
func (x Or) text() string        { return x.L.text() + " or " + x.R.text() }
func (x Not) text() string       { return "not (" + x.X.text() + ")" }
func (x Present) text() string   { return x.Ref.String() + " pr" }
func (x ValuePath) text() string { return x.Ref.String() + "[" + x.X.text() + "]" }

func (x Compare) text() string {
	value := "null"
	switch x.Value.Kind() {
	case scim.String:
		value = string(scim.AppendValue(nil, x.Value))
	case scim.Bool:
		value = strconv.FormatBool(x.Value.Bool())
	case scim.Int:
		value = strconv.FormatInt(x.Value.Int(), 10)
	case scim.Decimal:
		value = x.Value.Str()
	}
	return x.Ref.String() + " " + string(x.Op) + " " + value
}

// side writes an operand of and, which binds closer than or.
func side(x Expr) string {
	if _, ok := x.(Or); ok {
		return "(" + x.text() + ")"
	}
	return x.text()
}

// Conjuncts returns the operands of a chain of and, for a planner that looks
// for one that an index serves.
func Conjuncts(x Expr) []Expr {
	if a, ok := x.(And); ok {
		return append(Conjuncts(a.L), Conjuncts(a.R)...)
	}
	return []Expr{x}
}

// Names reports whether f asks for a or a part of it.
func (f *Filter) Names(a *scim.Attribute) bool { return names(f.Expr, a) }

func names(x Expr, a *scim.Attribute) bool {
	switch x := x.(type) {
	case And:
		return names(x.L, a) || names(x.R, a)
	case Or:
		return names(x.L, a) || names(x.R, a)
	case Not:
		return names(x.X, a)
	case Present:
		return x.Ref.Attr == a
	case ValuePath:
		return x.Ref.Attr == a
	case Compare:
		return x.Ref.Attr == a
	}
	return false
}
