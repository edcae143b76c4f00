package workspace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rosterd/scim"
	"rosterd/scim/patch"
)

// TestSourcesAgainstModel lets two connections and an admin put people into
// one team in 200 seeded orders. Each connection then sends its whole list
// again, by PUT, by replace, and by remove without a filter and add: nobody
// else's people move. The model is three sets.
func TestSourcesAgainstModel(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newSourceModel(t, seed)
			for range 40 {
				m.random()
			}
			for _, who := range []string{"entra", "okta"} {
				for _, how := range []func(string, []int){m.put, m.replace, m.removeAll} {
					m.set[who] = m.subset()
					how(who, m.set[who])
					m.compare()
				}
			}
			m.agree()
		})
	}
}

type sourceModel struct {
	*world
	rand   *rand.Rand
	team   ResourceID
	people []ResourceID
	set    map[string][]int // by source: who it put into the team
}

func newSourceModel(t *testing.T, seed uint64) *sourceModel {
	m := &sourceModel{world: newWorld(t), rand: rand.New(rand.NewPCG(seed, 1)), set: map[string][]int{}}
	for i := range 12 {
		doc := scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("u%d@example.com", i))}}
		m.must(Envelope{Actor: ActorOperator}, AddPerson{Doc: doc})
		m.people = append(m.people, m.state.LastID())
	}
	m.must(m.by("okta"), CreateGroup{Doc: scim.Object{{Name: "displayName", Value: scim.Text("Team")}}})
	m.team = m.state.LastID()
	return m
}

func (m *sourceModel) by(connection string) Envelope {
	return Envelope{Actor: ActorToken, Token: connection, Connection: connection}
}

func (m *sourceModel) subset() []int {
	var out []int
	for i := range m.people {
		if m.rand.IntN(3) == 0 {
			out = append(out, i)
		}
	}
	return out
}

// random is one write of one member by one of the three.
func (m *sourceModel) random() {
	who := []string{"entra", "okta", "admin"}[m.rand.IntN(3)]
	i := m.rand.IntN(len(m.people))
	in := slices.Contains(m.set[who], i)
	switch {
	case who == "admin" && in:
		m.must(Envelope{Actor: ActorOperator}, RemoveMember{m.team, m.people[i]})
	case who == "admin":
		m.must(Envelope{Actor: ActorOperator}, AddMember{m.team, m.people[i]})
	case in:
		m.patch(who, fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%v\"]"}`, m.people[i]))
	default:
		m.patch(who, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"%v"}]}`, m.people[i]))
	}
	if in {
		m.set[who] = slices.DeleteFunc(m.set[who], func(x int) bool { return x == i })
	} else {
		m.set[who] = append(m.set[who], i)
	}
	m.compare()
}

func (m *sourceModel) patch(who string, ops ...string) {
	m.t.Helper()
	c, _ := m.state.View().Connection(who)
	parsed, err := patch.Parse(scim.Group, m.json(`{"Operations":[`+strings.Join(ops, ",")+`]}`), c.Dialect, scim.DefaultLimits)
	if err != nil {
		m.t.Fatal(err)
	}
	m.must(m.by(who), PatchGroup{ID: m.team, Ops: parsed})
}

func (m *sourceModel) members(of []int) string {
	var out []string
	for _, i := range of {
		out = append(out, fmt.Sprintf(`{"value":"%v"}`, m.people[i]))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (m *sourceModel) put(who string, of []int) {
	doc := m.json(`{"displayName":"Team","members":` + m.members(of) + `}`)
	m.must(m.by(who), ReplaceGroup{ID: m.team, Doc: doc})
}

func (m *sourceModel) replace(who string, of []int) {
	m.patch(who, `{"op":"replace","path":"members","value":`+m.members(of)+`}`)
}

func (m *sourceModel) removeAll(who string, of []int) {
	m.patch(who, `{"op":"remove","path":"members"}`, `{"op":"add","path":"members","value":`+m.members(of)+`}`)
}

// compare holds the team, as everybody sees it, against the model.
func (m *sourceModel) compare() {
	m.t.Helper()
	for _, who := range []string{"entra", "okta", ""} {
		var want []string
		for i, id := range m.people {
			in := slices.Contains(m.set[who], i)
			if who == "" {
				in = slices.Contains(m.set["entra"], i) || slices.Contains(m.set["okta"], i) || slices.Contains(m.set["admin"], i)
			}
			if in {
				want = append(want, id.String())
			}
		}
		g, _ := m.state.View().As(who, "").Group(m.team)
		var got []string
		for _, e := range g.Derived(scim.GroupMembers).List() {
			got = append(got, e.Obj().Get("value").Str())
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("%q sees %v, want %v", who, got, want)
		}
	}
}
