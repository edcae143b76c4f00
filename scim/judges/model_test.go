package judges

import (
	"slices"
	"strings"

	"rosterd/scim"
)

// The model is PATCH once more, as slow and as plain as the words of RFC 7644
// section 3.5.2: no paths, no schemas, a document that is copied for each
// operation. It shares the values with package patch and nothing else.
type model struct {
	strict bool
}

// apply returns what ops make of doc, or the scimType of the refusal.
func (m model) apply(doc scim.Object, ops []operation) (scim.Object, scim.ErrorType) {
	for _, op := range ops {
		for _, one := range op.apart() {
			holder := doc
			if one.urn != "" {
				holder = doc.Get(one.urn).Obj()
			}
			v, refusal := m.one(holder.Get(one.attr), one)
			if refusal != "" {
				return nil, refusal
			}
			holder = holder.With(one.attr, v)
			if one.urn != "" {
				holder = doc.With(one.urn, scim.ObjectOf(holder...))
			}
			doc = holder
		}
	}
	for _, name := range plurals {
		doc = doc.With(name, distinct(doc.Get(name)))
	}
	return doc, ""
}

// apart returns an operation for each attribute of one without a path.
func (op operation) apart() []operation {
	if op.whole == nil {
		return []operation{op}
	}
	var out []operation
	for _, a := range op.whole {
		if !strings.HasPrefix(a.Name, "urn:") {
			out = append(out, operation{kind: op.kind, attr: a.Name, value: a.Value})
			continue
		}
		for _, sub := range a.Value.Obj() {
			out = append(out, operation{kind: op.kind, urn: a.Name, attr: sub.Name, value: sub.Value})
		}
	}
	return out
}

func (m model) one(before scim.Value, op operation) (scim.Value, scim.ErrorType) {
	switch {
	case op.where != nil || op.sub != "" && slices.Contains(plurals, op.attr):
		return m.selected(before, op)
	case op.kind == "remove" && op.value.Kind() == scim.List:
		return without(before, op.value), ""
	case op.value.Kind() == scim.Null && op.attr == "userName":
		return before, scim.MutabilityError
	case op.value.Kind() == scim.Null && op.sub == "":
		return scim.Value{}, ""
	case op.sub != "":
		return scim.ObjectOf(before.Obj().With(op.sub, op.value)...), ""
	case op.value.Kind() == scim.List && op.kind == "add":
		for _, e := range distinct(op.value).List() {
			before = added(before, e)
		}
		return before, ""
	case op.value.Kind() == scim.Complex:
		return merged(before, op.value), ""
	}
	return distinct(op.value), ""
}

// selected changes the elements that the path selects.
func (m model) selected(before scim.Value, op operation) (scim.Value, scim.ErrorType) {
	var out []scim.Value
	matched, chosen := false, -1
	for _, e := range before.List() {
		after := e
		if op.where.holds(e.Obj()) {
			matched = true
			after = changed(e, op)
		}
		if isPrimary(after) && !isPrimary(e) {
			chosen = len(out)
		}
		if !after.IsUnassigned() {
			out = append(out, after)
		}
	}
	if matched {
		return scim.ListOf(onePrimary(out, chosen)...), ""
	}
	if op.kind == "remove" && !m.strict {
		return before, ""
	}
	template, ok := op.where.template()
	if m.strict || !ok {
		return before, scim.NoTarget
	}
	element := changed(scim.ObjectOf(template...), op)
	if op.value.Kind() == scim.Null || element.Obj().Equal(template) {
		return before, ""
	}
	return added(before, element), ""
}

func changed(e scim.Value, op operation) scim.Value {
	switch {
	case op.sub != "":
		return scim.ObjectOf(e.Obj().With(op.sub, op.value)...)
	case op.kind == "remove":
		return scim.Value{}
	}
	return merged(e, op.value)
}

func merged(v, with scim.Value) scim.Value {
	out := v.Obj()
	for _, a := range with.Obj() {
		out = out.With(a.Name, a.Value)
	}
	return scim.ObjectOf(out...)
}

// added adds an element, or completes the one that is there already: the same
// value for the same purpose (RFC 7643 section 2.4).
func added(list, e scim.Value) scim.Value {
	out := slices.Clone(list.List())
	i := slices.IndexFunc(out, func(have scim.Value) bool { return isSame(have, e) })
	switch {
	case i < 0:
		i = len(out)
		out = append(out, e)
	case e.Kind() == scim.Complex:
		out[i] = merged(out[i], e)
	}
	if !isPrimary(e) {
		i = -1
	}
	return scim.ListOf(onePrimary(out, i)...)
}

// without is list less what gone names.
func without(list, gone scim.Value) scim.Value {
	var out []scim.Value
	for _, e := range list.List() {
		if !slices.ContainsFunc(gone.List(), func(g scim.Value) bool { return isSame(e, g) }) {
			out = append(out, e)
		}
	}
	return scim.ListOf(out...)
}

func isSame(a, b scim.Value) bool {
	if a.Kind() == scim.String {
		return strings.EqualFold(a.Str(), b.Str())
	}
	if a.Obj().Get("value").Kind() == scim.Null || b.Obj().Get("value").Kind() == scim.Null {
		return a.Equal(b)
	}
	aType, bType := a.Obj().Get("type").Str(), b.Obj().Get("type").Str()
	return strings.EqualFold(a.Obj().Get("value").Str(), b.Obj().Get("value").Str()) &&
		(aType == "" || bType == "" || strings.EqualFold(aType, bType))
}

func isPrimary(e scim.Value) bool { return e.Obj().Get("primary").Bool() }

// onePrimary takes primary from all but the chosen one, if there is one.
func onePrimary(list []scim.Value, chosen int) []scim.Value {
	for i, e := range list {
		if chosen >= 0 && i != chosen && isPrimary(e) {
			list[i] = merged(e, scim.ObjectOf(scim.Attr{Name: "primary", Value: scim.Boolean(false)}))
		}
	}
	return list
}

// distinct is v without elements that stand in it twice.
func distinct(v scim.Value) scim.Value {
	var out []scim.Value
	for _, e := range v.List() {
		if !slices.ContainsFunc(out, e.Equal) {
			out = append(out, e)
		}
	}
	if v.Kind() == scim.List {
		return scim.ListOf(out...)
	}
	return v
}

// holds reports whether c selects e; without a condition all are selected.
func (c *condition) holds(e scim.Object) bool {
	if c == nil {
		return true
	}
	switch c.join {
	case "and":
		return c.l.holds(e) && c.r.holds(e)
	case "or":
		return c.l.holds(e) || c.r.holds(e)
	}
	have := e.Get(c.sub)
	if c.op == "pr" {
		return have.Kind() != scim.Null
	}
	if c.value.Kind() == scim.Bool {
		return have.Kind() == scim.Bool && have.Bool() == c.value.Bool()
	}
	h, w := strings.ToLower(have.Str()), strings.ToLower(c.value.Str())
	there := have.Kind() == scim.String
	switch c.op {
	case "eq":
		return there && h == w
	case "ne":
		return !there || h != w
	case "co":
		return there && strings.Contains(h, w)
	case "sw":
		return there && strings.HasPrefix(h, w)
	}
	return there && strings.HasSuffix(h, w)
}

// template is the element that c describes, if it is equalities joined by and.
func (c *condition) template() (scim.Object, bool) {
	if c == nil {
		return nil, true
	}
	if c.join == "" {
		return scim.Object{{Name: c.sub, Value: c.value}}, c.op == "eq"
	}
	l, ok := c.l.template()
	r, also := c.r.template()
	if c.join == "or" || !ok || !also || l[0].Name == r[0].Name {
		return nil, false
	}
	return append(l, r...), true
}
