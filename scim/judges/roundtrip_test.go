package judges

import (
	"strings"
	"testing"

	"rosterd/scim"
)

// document is a random one of all that the schema lets a client write, in the
// forms that clients use.
func (m maker) document(rt *scim.ResourceType) scim.Object {
	o := scim.Object{{Name: "schemas", Value: scim.ListOf(scim.Text(rt.Core.URN))}}
	for _, a := range rt.Attributes {
		if a.Required && a.Mutability != scim.ReadOnly || m.in(3) {
			o = append(o, scim.Attr{Name: m.name(a.Name), Value: m.value(a)})
		}
	}
	if m.in(4) {
		o = append(o, scim.Attr{Name: "name.givenName", Value: m.word()})
	}
	if m.in(4) {
		o = append(o, scim.Attr{Name: scim.URNEnterprise + ":division", Value: m.word()}, scim.Attr{Name: "nothing", Value: m.word()})
	}
	return o
}

// name is now and then in another letter case.
func (m maker) name(name string) string {
	switch m.IntN(12) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToLower(name)
	}
	return name
}

// value is one of a's type, or now and then another form of it.
func (m maker) value(a *scim.Attribute) scim.Value {
	switch {
	case m.in(20):
		return scim.Value{}
	case m.in(40):
		return pick(m, m.word(), scim.ListOf(), scim.ListOf(m.word()), scim.Text(""), scim.Text("TRUE"), scim.Integer(7))
	case !a.Multi:
		return m.single(a)
	case m.in(10):
		return m.single(a)
	}
	var out []scim.Value
	for range m.IntN(4) {
		out = append(out, m.single(a))
	}
	return scim.ListOf(out...)
}

func (m maker) single(a *scim.Attribute) scim.Value {
	switch a.Type {
	case scim.TypeBoolean:
		return scim.Boolean(m.in(3))
	case scim.TypeDateTime:
		return scim.Text(pick(m, days...))
	case scim.TypeBinary:
		return scim.Text(pick(m, "", "AAEC", "/+8="))
	case scim.TypeComplex:
		var o scim.Object
		for _, sub := range a.Sub {
			if m.in(2) {
				o = append(o, scim.Attr{Name: m.name(sub.Name), Value: m.value(sub)})
			}
		}
		return scim.ObjectOf(o...)
	}
	if len(a.Canonical) > 0 && m.in(2) {
		return scim.Text(pick(m, a.Canonical...))
	}
	return pick(m, m.word(), m.word(), scim.Text("\u0000\u2028😀 \\ / \u00ad"), scim.Text(strings.Repeat("ä", 40)))
}

// A stored resource is one of which the server knows what was sent.
type stored struct {
	record scim.Record
	doc    scim.Object
}

func (s stored) Record() scim.Record { return s.record }

// Derived answers what a record holds, and what it does not, as it was sent.
func (s stored) Derived(a *scim.Attribute) scim.Value {
	if a.Mutability == scim.ReadOnly && a != scim.UserID && a != scim.GroupID {
		return scim.Value{}
	}
	if v := s.doc.Get(a.Name); v.Kind() != scim.Null {
		return v
	}
	for _, urn := range []string{scim.URNEnterprise, scim.URNRosterdUser, scim.URNRosterdGrp} {
		if v := s.doc.Get(urn).Obj().Get(a.Name); v.Kind() != scim.Null {
			return v
		}
	}
	return scim.Value{}
}

// TestRoundTrip: a document that is accepted comes back as it is from the record
// and the answer that are made of it.
func TestRoundTrip(t *testing.T) {
	for _, rt := range scim.ResourceTypes {
		accepted := 0
		for seed := range uint64(*cases) {
			m := newMaker(seed)
			d := dialect(pick(m, "generic", "strict", "entra", "onelogin"))
			raw, err := scim.Decode(show(m.document(rt)), scim.DefaultLimits)
			if err != nil {
				continue // a name that stands twice
			}
			doc, err := scim.Normalize(rt, raw, d)
			if err != nil {
				if err.Status != 400 || err.Type != scim.InvalidValue || err.Detail == "" {
					t.Errorf("seed %d: %s: refused as %v", seed, show(raw), err)
				}
				continue
			}
			accepted++
			answer := scim.AppendJSON(nil, rt, stored{scim.Encode(rt, doc), doc}, nil)
			again, err := scim.Normalize(rt, decode(t, answer), d)
			if err != nil || !again.Equal(doc) {
				t.Errorf("seed %d: %s\nis %s\ncame back as %s: %v", seed, show(raw), show(doc), answer, err)
			}
		}
		if accepted < *cases/3 {
			t.Errorf("%s: %d of %d documents are accepted", rt.Name, accepted, *cases)
		}
	}
}
