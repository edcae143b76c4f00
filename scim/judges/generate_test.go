package judges

import (
	"math/rand/v2"
	"strings"

	"rosterd/scim"
)

// A maker makes random people, operations and filters out of few words, so
// that what it makes often meets. The same seed makes the same.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 0))} }

func (m maker) in(n int) bool { return m.IntN(n) == 0 }

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

var (
	words = []string{"ada", "Ada", "adam", "x@work.test", "X@work.test", "y@home.test", "z", "Lead of \"Design\"", "a and (b)", "Zoë"}
	kinds = []string{"work", "home", "other", "Work"}
	days  = []string{"2026-05-01T10:00:00Z", "2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00.5Z", "2025-12-31T23:59:59Z"}
)

// singles are attributes with one text, parts those of name, enterprise those
// of the enterprise extension, plurals lists of elements.
var (
	singles    = []string{"displayName", "title", "nickName", "userType", "locale"}
	parts      = []string{"familyName", "givenName", "formatted"}
	enterprise = []string{"department", "costCenter", "employeeNumber"}
	plurals    = []string{"emails", "phoneNumbers", "ims"}
)

func (m maker) word() scim.Value { return scim.Text(pick(m, words...)) }

// some returns an object with each of names or not.
func (m maker) some(names []string) scim.Value {
	var o scim.Object
	for _, name := range names {
		if m.in(2) {
			o = append(o, scim.Attr{Name: name, Value: m.word()})
		}
	}
	return scim.ObjectOf(o...)
}

// element is one e-mail address or the like; primary says that it may be so.
func (m maker) element(primary bool) scim.Value {
	o := scim.Object{{Name: "value", Value: m.word()}}
	if !m.in(4) {
		o = append(o, scim.Attr{Name: "type", Value: scim.Text(pick(m, kinds...))})
	}
	if m.in(3) {
		o = append(o, scim.Attr{Name: "display", Value: m.word()})
	}
	if primary && m.in(2) {
		o = append(o, scim.Attr{Name: "primary", Value: scim.Boolean(!m.in(4))})
	}
	return scim.ObjectOf(o...)
}

// elements is a list of which at most one is primary.
func (m maker) elements(least int) scim.Value {
	var out []scim.Value
	primary := true
	for range least + m.IntN(4) {
		e := m.element(primary)
		primary = primary && !e.Obj().Get("primary").Bool()
		out = append(out, e)
	}
	return scim.ListOf(out...)
}

func (m maker) teams(least int) scim.Value {
	var out []scim.Value
	for _, i := range m.Perm(len(words))[:least+m.IntN(3)] {
		out = append(out, scim.Text(words[i]))
	}
	return scim.ListOf(out...)
}

// person is a whole user as the server holds it: what is unassigned is absent.
func (m maker) person() scim.Object {
	o := scim.Object{
		{Name: "id", Value: scim.Text("u1")},
		{Name: "externalId", Value: m.word()},
		{Name: "userName", Value: scim.Text(pick(m, "ada@example.test", "Bob@example.test"))},
	}
	if m.in(2) {
		o = append(o, scim.Attr{Name: "active", Value: scim.Boolean(m.in(2))})
	}
	o = append(o, m.some(singles).Obj()...)
	o = o.With("name", m.some(parts))
	for _, name := range plurals {
		o = o.With(name, m.elements(0))
	}
	o = o.With(scim.URNEnterprise, m.some(enterprise))
	ours := m.some([]string{"absenceRegion"}).Obj().With("teams", m.teams(0))
	return o.With(scim.URNRosterdUser, scim.ObjectOf(ours...))
}

// An operation is one of a PATCH, with the parts of its path apart, so that
// the model needs no parser.
type operation struct {
	kind  string
	urn   string // of the extension, or empty
	attr  string
	sub   string
	where *condition
	value scim.Value  // Null: none, or null in a replace
	whole scim.Object // the value of an operation without a path
}

// A condition selects elements: a comparison of a sub-attribute, or two of
// them joined by and or by or.
type condition struct {
	sub, op string
	value   scim.Value
	join    string
	l, r    *condition
}

func (c *condition) String() string {
	if c.join != "" {
		return c.l.String() + " " + c.join + " " + c.r.String()
	}
	if c.op == "pr" {
		return c.sub + " pr"
	}
	return c.sub + " " + c.op + " " + string(scim.AppendValue(nil, c.value))
}

func (m maker) condition(depth int) *condition {
	if depth > 0 && m.in(3) {
		return &condition{join: pick(m, "and", "or"), l: m.condition(0), r: m.condition(0)}
	}
	switch m.IntN(8) {
	case 0:
		return &condition{sub: "primary", op: "eq", value: scim.Boolean(m.in(2))}
	case 1:
		return &condition{sub: pick(m, "type", "value", "display"), op: pick(m, "ne", "co", "sw", "ew"), value: m.word()}
	case 2:
		return &condition{sub: pick(m, "type", "display", "primary"), op: "pr"}
	case 3, 4:
		return &condition{sub: "value", op: "eq", value: m.word()}
	}
	return &condition{sub: "type", op: "eq", value: scim.Text(pick(m, kinds...))}
}

// operation is one that RFC 7644 section 3.5.2 provides for.
func (m maker) operation() operation {
	op := operation{kind: pick(m, "add", "replace", "remove")}
	switch m.IntN(9) {
	case 0:
		op.attr, op.value = pick(m, append(singles, "userName")...), m.word()
	case 1:
		op.attr, op.value = "active", scim.Boolean(m.in(2))
	case 2:
		op.attr, op.value = "name", m.some(parts)
		if m.in(2) {
			op.sub, op.value = pick(m, parts...), m.word()
		}
	case 3:
		op.urn, op.attr, op.value = scim.URNEnterprise, pick(m, enterprise...), m.word()
	case 4:
		op.urn, op.attr, op.value = scim.URNRosterdUser, "teams", m.teams(1)
	case 5:
		op.attr, op.value = pick(m, plurals...), m.elements(1)
	case 6:
		if op.kind == "remove" {
			op.kind = "replace"
		}
		op.whole = m.pathless()
	default:
		m.selecting(&op)
	}
	return m.finish(op)
}

// selecting makes op one that changes elements.
func (m maker) selecting(op *operation) {
	op.attr, op.where = pick(m, plurals...), m.condition(1)
	switch {
	case m.in(4):
		op.value = m.element(true)
	case m.in(4):
		op.sub, op.value = "primary", scim.Boolean(!m.in(4))
	default:
		op.sub, op.value = pick(m, "value", "display", "type"), m.word()
	}
}

func (m maker) pathless() scim.Object {
	o := m.some(singles).Obj()
	if m.in(2) {
		o = append(o, scim.Attr{Name: "name", Value: scim.ObjectOf(scim.Attr{Name: pick(m, parts...), Value: m.word()})})
	}
	if m.in(3) {
		o = append(o, scim.Attr{Name: pick(m, plurals...), Value: m.elements(1)})
	}
	if m.in(3) {
		ext := scim.ObjectOf(scim.Attr{Name: pick(m, enterprise...), Value: m.word()})
		o = append(o, scim.Attr{Name: scim.URNEnterprise, Value: ext})
	}
	if len(o) == 0 {
		o = append(o, scim.Attr{Name: "title", Value: m.word()})
	}
	return o
}

// finish leaves out the value of a remove, and lets a replace unassign by null
// now and then. A value that says nothing makes a remove.
func (m maker) finish(op operation) operation {
	if op.whole != nil {
		return op
	}
	if op.value.IsUnassigned() {
		op.kind = "remove"
	}
	element := op.where != nil && op.sub == ""
	if op.kind == "remove" || op.kind == "replace" && !element && m.in(12) {
		op.value = scim.Value{}
	}
	return op
}

// tolerated is an operation that RFC 7644 does not provide for and every
// dialect has: removing what the value names (interop row 9), and writing a part
// of every element.
func (m maker) tolerated() operation {
	op := operation{kind: "remove", attr: pick(m, plurals...), value: m.elements(1)}
	switch m.IntN(3) {
	case 0:
		op.urn, op.attr, op.value = scim.URNRosterdUser, "teams", m.teams(1)
	case 1:
		op.kind, op.sub, op.value = pick(m, "add", "replace"), pick(m, "value", "display", "type"), m.word()
	}
	return op
}

// json is op as a client sends it.
func (op operation) json() string {
	text := `{"op":"` + op.kind + `"`
	if op.whole != nil {
		return text + `,"value":` + string(show(op.whole)) + `}`
	}
	text += `,"path":` + string(scim.AppendValue(nil, scim.Text(op.path())))
	if op.kind != "remove" || op.value.Kind() != scim.Null {
		text += `,"value":` + string(scim.AppendValue(nil, op.value))
	}
	return text + "}"
}

func (op operation) path() string {
	path := op.attr
	if op.urn != "" {
		path = op.urn + ":" + path
	}
	if op.where != nil {
		path += "[" + op.where.String() + "]"
	}
	if op.sub != "" {
		path += "." + op.sub
	}
	return path
}

// operations is a PATCH, one to three operations.
func (m maker) operations() []operation {
	out := make([]operation, 1+m.IntN(3))
	for i := range out {
		out[i] = m.operation()
	}
	return out
}

// filter is a filter on people, with what RFC 7644 section 3.4.2.2 has.
func (m maker) filter(depth int) string {
	if depth > 0 && m.in(2) {
		return m.joined(depth)
	}
	switch m.IntN(10) {
	case 0:
		return "active " + pick(m, "eq", "ne") + " " + pick(m, "true", "false")
	case 1:
		return pick(m, "meta.created", "meta.lastModified") + " " + pick(m, "eq", "ne", "gt", "ge", "lt", "le") + ` "` + pick(m, days...) + `"`
	case 2:
		return pick(m, append(plurals, "active", "name", "title", "name.givenName", "emails.display", "emails.primary")...) + " pr"
	case 3:
		return pick(m, "title", "nickName", "emails.display") + " " + pick(m, "eq", "ne") + " null"
	case 4, 5:
		return pick(m, plurals...) + "[" + m.condition(1).String() + "]"
	case 6:
		return pick(m, "emails.type", "emails.value", "ims.value") + " " + m.comparison()
	}
	texts := append([]string{"userName", "externalId", "id", "name.familyName", "name.givenName", "emails", scim.URNRosterdUser + ":teams"}, singles...)
	for _, name := range enterprise {
		texts = append(texts, scim.URNEnterprise+":"+name)
	}
	return pick(m, texts...) + " " + m.comparison()
}

func (m maker) joined(depth int) string {
	l, r := m.filter(depth-1), m.filter(depth-1)
	switch m.IntN(6) {
	case 0:
		return "not (" + l + ")"
	case 1:
		return "(" + l + ") and " + r
	case 2:
		return l + " and (" + r + ")"
	}
	return l + pick(m, " and ", " or ") + r
}

func (m maker) comparison() string {
	op := pick(m, "eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
	if m.in(8) {
		op = strings.ToUpper(op)
	}
	return op + " " + string(scim.AppendValue(nil, m.word()))
}
