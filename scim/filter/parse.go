package filter

import (
	"strconv"
	"strings"
	"time"

	"rosterd/scim"
)

// Parse reads a filter on resources of rt. Names and operators may stand in
// any letter case (interop row 30). Everything that can be wrong with a filter
// is found here, as 400 invalidFilter that names the place, so that matching
// never fails: unknown attributes, operators that the type does not have,
// values of another type, more than lim.FilterClauses comparisons. What is never
// returned, a secret, is 400 sensitive: nothing is found by it, and it must not
// stand in an address (RFC 7644 section 7.5.2).
func Parse(rt *scim.ResourceType, text string, d *scim.Dialect, lim scim.Limits) (*Filter, *scim.Error) {
	return parse(rt, nil, text, d, lim)
}

// ParseAmong reads a filter on resources of several types, and returns one for
// each. What only another of the types has, a resource has no value of (RFC
// 7644 section 3.4.2.1); what none has is refused.
func ParseAmong(types []*scim.ResourceType, text string, d *scim.Dialect, lim scim.Limits) ([]*Filter, *scim.Error) {
	var out []*Filter
	for _, rt := range types {
		f, err := parse(rt, types, text, d, lim)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func parse(rt *scim.ResourceType, among []*scim.ResourceType, text string, d *scim.Dialect, lim scim.Limits) (*Filter, *scim.Error) {
	p, err := newParser(rt, text, d, lim)
	if err != nil {
		return nil, err
	}
	p.among = among
	x, err := p.or(nil)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != 0 {
		return nil, invalid("unexpected %q at byte %d; join comparisons with and or or", t.text, t.at)
	}
	return &Filter{x}, nil
}

type parser struct {
	rt      *scim.ResourceType
	among   []*scim.ResourceType // the types whose attributes may be named; nil: rt
	dialect *scim.Dialect
	tokens  []token
	clauses int // comparisons still allowed
	depth   int // levels of nesting still allowed
}

func newParser(rt *scim.ResourceType, text string, d *scim.Dialect, lim scim.Limits) (*parser, *scim.Error) {
	if len(text) > lim.FilterBytes {
		return nil, invalid("the filter has %d bytes; at most %d are allowed", len(text), lim.FilterBytes)
	}
	tokens, err := lex(text)
	return &parser{rt: rt, dialect: d, tokens: tokens, clauses: lim.FilterClauses, depth: lim.Depth}, err
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// word reports whether the next token is the keyword, and takes it.
func (p *parser) word(keyword string) bool {
	if t := p.peek(); t.kind != 'w' || !strings.EqualFold(t.text, keyword) {
		return false
	}
	p.next()
	return true
}

// or parses a whole expression. in is the attribute whose elements a value
// path selects, or nil.
func (p *parser) or(in *scim.Ref) (Expr, *scim.Error) {
	return p.chain(in, "or", (*parser).and, func(l, r Expr) Expr { return Or{l, r} })
}

func (p *parser) and(in *scim.Ref) (Expr, *scim.Error) {
	return p.chain(in, "and", (*parser).unary, func(l, r Expr) Expr { return And{l, r} })
}

func (p *parser) chain(in *scim.Ref, keyword string, operand func(*parser, *scim.Ref) (Expr, *scim.Error), join func(l, r Expr) Expr) (Expr, *scim.Error) {
	left, err := operand(p, in)
	for err == nil && p.word(keyword) {
		var right Expr
		if right, err = operand(p, in); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *parser) unary(in *scim.Ref) (Expr, *scim.Error) {
	t := p.peek()
	negated := t.kind == 'w' && strings.EqualFold(t.text, "not") && len(p.tokens) > 1 && p.tokens[1].kind == '('
	if negated {
		p.next()
	}
	if p.peek().kind != '(' {
		return p.clause(in)
	}
	p.next()
	x, err := p.nested(in, ')')
	if negated && err == nil {
		x = Not{x}
	}
	return x, err
}

// nested parses an expression up to the closing bracket.
func (p *parser) nested(in *scim.Ref, closing byte) (Expr, *scim.Error) {
	if p.depth--; p.depth < 0 {
		return nil, invalid("the filter is nested too deeply, at byte %d", p.peek().at)
	}
	x, err := p.or(in)
	if err != nil {
		return nil, err
	}
	if t := p.next(); t.kind != closing {
		return nil, invalid("expected %q at byte %d", string(closing), t.at)
	}
	p.depth++
	return x, nil
}

// clause parses attr op value, attr pr, attr[...], or attr[...].sub op value.
func (p *parser) clause(in *scim.Ref) (Expr, *scim.Error) {
	t := p.next()
	if t.kind != 'w' {
		return nil, invalid("expected an attribute at byte %d", t.at)
	}
	if p.clauses--; p.clauses < 0 {
		return nil, tooManyClauses()
	}
	ref, ok := p.resolve(in, t.text)
	if !ok {
		return nil, invalid("there is no attribute %q in the schemas of %s (byte %d)", t.text, typeNames(p.rt, p.among), t.at)
	}
	if ref.Attr.Returned == scim.ReturnedNever {
		return nil, scim.Errorf(400, scim.Sensitive, "%s is a secret that is not stored; nothing is found by it (byte %d)", ref, t.at)
	}
	if p.peek().kind == '[' {
		return p.valuePath(in, ref, t)
	}
	return p.test(ref)
}

// test parses what a clause asks of ref: pr, or an operator and a value.
func (p *parser) test(ref scim.Ref) (Expr, *scim.Error) {
	op := p.next()
	if op.kind == 'w' && strings.EqualFold(op.text, "pr") {
		return Present{ref}, nil
	}
	return p.comparison(ref, op)
}

func (p *parser) valuePath(in *scim.Ref, ref scim.Ref, t token) (Expr, *scim.Error) {
	if in != nil || ref.Sub != nil || !ref.Attr.Multi || ref.Attr.Type != scim.TypeComplex {
		return nil, invalid("%q has no elements to select with [...] (byte %d)", t.text, t.at)
	}
	p.next()
	x, err := p.nested(&ref, ']')
	if tail := p.peek(); err == nil && tail.kind == 'w' && tail.text[0] == '.' && p.dialect.Tolerates(scim.FilterPart) {
		var part Expr
		part, err = p.part(ref)
		x = And{x, part}
	}
	return ValuePath{ref, x}, err
}

// part parses what may stand behind attr[...] and is not in the grammar of RFC
// 7644: .sub op value, which asks it of the elements that are selected. Entra
// ID matches people by emails[type eq "work"].value (idps.md, 0.2).
func (p *parser) part(in scim.Ref) (Expr, *scim.Error) {
	t := p.next()
	if p.clauses--; p.clauses < 0 {
		return nil, tooManyClauses()
	}
	ref, ok := p.resolve(&in, t.text[1:])
	if !ok {
		return nil, invalid("%q is no sub-attribute of %s (byte %d)", t.text, in, t.at)
	}
	return p.test(ref)
}

func tooManyClauses() *scim.Error {
	return invalid("the filter has too many comparisons; split the query")
}

// resolve finds an attribute, or a sub-attribute of in.
func (p *parser) resolve(in *scim.Ref, name string) (scim.Ref, bool) {
	if in == nil {
		return resolveAmong(p.rt, p.among, name, p.dialect)
	}
	for _, sub := range in.Attr.Sub {
		if strings.EqualFold(sub.Name, name) {
			return scim.Ref{Attr: sub}, true
		}
	}
	return scim.Ref{}, false
}

// resolveAmong finds an attribute of rt, or else one of the other types. That
// one becomes an attribute which the server computes and no resource has.
func resolveAmong(rt *scim.ResourceType, others []*scim.ResourceType, name string, d *scim.Dialect) (scim.Ref, bool) {
	ref, ok := resolve(rt, name, d)
	for i := 0; i < len(others) && !ok; i++ {
		if ref, ok = resolve(others[i], name, d); ok {
			foreign := *ref.Attr
			foreign.Derived = true
			ref.Attr = &foreign
		}
	}
	return ref, ok
}

// resolve finds what name names, unless it leaves out the URN of an extension
// where that is not tolerated.
func resolve(rt *scim.ResourceType, name string, d *scim.Dialect) (scim.Ref, bool) {
	ref, ok := rt.Resolve(name)
	if ok && ref.Ext != nil && !strings.Contains(name, ":") {
		ok = d.Tolerates(scim.BareExtension)
	}
	return ref, ok
}

func (p *parser) comparison(ref scim.Ref, t token) (Expr, *scim.Error) {
	op := Op(strings.ToLower(t.text))
	switch op {
	case Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le:
	default:
		return nil, invalid("expected an operator (eq ne co sw ew pr gt ge lt le) at byte %d, got %q", t.at, t.text)
	}
	path := ref.String()
	ref, leaf := simple(ref)
	if leaf.Type == scim.TypeComplex {
		return nil, invalid("%q has parts; compare one of them, such as %s.%s", path, path, leaf.Sub[0].Name)
	}
	value, err := p.value(path, leaf, op)
	return Compare{ref, op, value}, err
}

// simple returns ref as what holds simple values, and the attribute that does:
// a complex attribute stands for its value, if it has one.
func simple(ref scim.Ref) (scim.Ref, *scim.Attribute) {
	if ref.Sub != nil {
		return ref, ref.Sub
	}
	for _, sub := range ref.Attr.Sub {
		if sub.Name == "value" {
			ref.Sub = sub
			return ref, sub
		}
	}
	return ref, ref.Attr
}

// value reads the value of a comparison as the attribute's type.
func (p *parser) value(path string, a *scim.Attribute, op Op) (scim.Value, *scim.Error) {
	t := p.next()
	if t.kind != 's' && t.kind != 'w' {
		return scim.Value{}, invalid("expected a value for %s at byte %d", path, t.at)
	}
	if t.kind == 'w' && strings.EqualFold(t.text, "null") {
		if op != Eq && op != Ne {
			return scim.Value{}, invalid("%s: %s does not apply to null; ask with eq or ne", path, op)
		}
		return scim.Value{}, nil
	}
	switch a.Type {
	case scim.TypeBinary: // has no order (RFC 7644 section 3.4.2.2)
		if op == Gt || op == Ge || op == Lt || op == Le {
			return scim.Value{}, invalid("%s: %s does not apply to binary values", path, op)
		}
	case scim.TypeBoolean: // also as text: Entra asks for primary eq "True" (row 25)
		b, err := strconv.ParseBool(strings.ToLower(t.text))
		plain := t.kind == 'w' && t.text == strconv.FormatBool(b)
		if err != nil || len(t.text) < 4 || !plain && !p.dialect.Tolerates(scim.TextBoolean) {
			return scim.Value{}, invalid("%s: %q is neither true nor false", path, t.text)
		}
		if op != Eq && op != Ne {
			return scim.Value{}, invalid("%s: %s does not apply to true and false", path, op)
		}
		return scim.Boolean(b), nil
	case scim.TypeInteger, scim.TypeDecimal:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return scim.Value{}, invalid("%s: %q is not a whole number", path, t.text)
		}
		return scim.Integer(n), nil
	case scim.TypeDateTime:
		if _, err := time.Parse(time.RFC3339Nano, t.text); err != nil && op != Co && op != Sw && op != Ew {
			return scim.Value{}, invalid("%s: %q is not an instant such as 2026-01-31T12:00:00Z", path, t.text)
		}
	}
	// One client leaves the quotes out (idps.md, section 9).
	if t.kind == 'w' && !p.dialect.Tolerates(scim.UnquotedValue) {
		return scim.Value{}, invalid("%s: write the value %s in double quotes", path, t.text)
	}
	return scim.Text(t.text), nil
}
