package workspace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rosterd/scim"
)

// plainly hides that a resource is a scim.Appender.
type plainly struct{ scim.Resource }

// renderings holds every resource, as everybody sees it in every projection,
// against what it is from Values.
func (w *world) renderings() {
	w.t.Helper()
	v := w.state.View()
	lists := [][2]string{
		{"", ""}, {"", "members"}, {"", "groups,meta"}, {"userName,groups", ""}, {"meta.location,groups.display,members.value", ""},
		{"", "meta.version,members.$ref"}, {scim.URNRosterdUser, ""}, {"", scim.URNRosterdUser}, {"manager,roles", ""}, {"manager.value,roles.value", ""},
	}
	for _, rt := range scim.ResourceTypes {
		for _, list := range lists {
			p, err := scim.NewProjection(rt, list[0], list[1])
			if err != nil {
				w.t.Fatal(err)
			}
			for _, who := range []string{"", "entra", "okta", "strict", "default"} {
				r := v.As(who, `https://x.example/"quoted"`)
				l, err := r.List(Query{Select: []Selector{{Type: rt}}})
				if err != nil {
					w.t.Fatal(err)
				}
				for _, x := range l.Page(r.base, 1, l.Total()) {
					got, want := scim.AppendJSON(nil, rt, x, p), scim.AppendJSON(nil, rt, plainly{x}, p)
					if string(got) != string(want) {
						w.t.Errorf("%v as %q sees it in %q:\n got %s\nwant %s", x.ID(), who, list, got, want)
					}
				}
			}
		}
	}
}

// TestRenderings is renderings of people of all kinds.
func TestRenderings(t *testing.T) {
	w := &world{t: t, now: epoch}
	w.open(`{"seats":{"purchased":30,"autoBooking":true,"cap":60}}`) // some people wait
	r := rand.New(rand.NewPCG(7, 7))
	everybody := []string{"entra", "okta", "strict", "default"}
	operator := Envelope{Actor: ActorOperator}
	for _, name := range []string{"Lead", `The "Best"`, "Führung"} {
		w.must(operator, CreateRole{Name: name, Rank: 10 + len(name), Assignable: true})
	}
	for i := range 150 {
		who := everybody[r.IntN(len(everybody))]
		doc := randomObject(r, scim.User.Attributes)
		doc = doc.With("userName", scim.Text(fmt.Sprintf("person %d %s", i, randomText(r)))).With("externalId", scim.Text(fmt.Sprint(i, randomText(r))))
		doc = doc.With("roles", scim.Value{}).With(scim.URNRosterdUser, scim.Value{})
		if r.IntN(2) == 0 {
			doc = doc.With("roles", scim.ListOf(scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text("lead")}, scim.Attr{Name: "primary", Value: scim.Boolean(true)})))
			doc = doc.With(scim.URNRosterdUser, scim.ObjectOf(
				scim.Attr{Name: "role", Value: scim.Text(`The "Best"`)}, scim.Attr{Name: "teams", Value: scim.ListOf(scim.Text("Red "+fmt.Sprint(i%7)), scim.Text("Blue"))}))
		}
		if boss := r.IntN(2*i + 1); i > 0 && boss < len(w.ids) {
			ext := doc.Get(scim.URNEnterprise).Obj().With("manager", scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text(w.ids[boss].String())}))
			doc = doc.With(scim.URNEnterprise, scim.ObjectOf(ext...))
		}
		dialect, _ := scim.DialectByName("generic")
		doc, err := scim.Normalize(scim.User, doc, dialect)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.do(Envelope{Actor: ActorToken, Token: who, Connection: who}, CreateUser{Doc: doc}); err != nil {
			t.Fatalf("%s: %v", scim.AppendObject(nil, doc), err)
		}
		w.now = w.now.Add(time.Duration(r.IntN(1e9)))
		if i == 100 {
			w.must(operator, CloseWindow{}) // some seats are billed
		}
	}
	w.renderings()
	w.must(operator, ChangeWorkspace{Patch: w.json(`{"groups":{"rolePrefix":"r \"x\" "}}`)})
	w.renderings()
}

// randomText is a text of plain and of other letters.
func randomText(r *rand.Rand) string {
	alphabet := []string{"a", "Z", " ", `"`, `\`, "\n", "\x01", "\x7f", "é", "漢", "😀", "<", "&", "\u2028", "\u212a", "0"}
	var out strings.Builder
	for range r.IntN(24) {
		out.WriteString(alphabet[min(r.IntN(2*len(alphabet)), len(alphabet)-1)])
	}
	return out.String()
}

// randomObject has some of attrs, as a client may send them.
func randomObject(r *rand.Rand, attrs []*scim.Attribute) scim.Object {
	var out scim.Object
	for _, a := range attrs {
		if a.Mutability == scim.ReadOnly || a.Name == "schemas" || r.IntN(3) == 0 {
			continue
		}
		if !a.Multi {
			out = append(out, scim.Attr{Name: a.Name, Value: randomValue(r, a)})
			continue
		}
		var list []scim.Value
		for range 1 + r.IntN(3) {
			list = append(list, randomValue(r, a))
		}
		out = append(out, scim.Attr{Name: a.Name, Value: scim.ListOf(list...)})
	}
	return out
}

func randomValue(r *rand.Rand, a *scim.Attribute) scim.Value {
	switch {
	case a.Type == scim.TypeComplex:
		return scim.ObjectOf(randomObject(r, a.Sub)...)
	case a.Name == "primary":
		return scim.Boolean(false)
	case a.Type == scim.TypeBoolean:
		return scim.Boolean(r.IntN(2) == 0)
	case a.Type == scim.TypeBinary:
		return scim.Text("aGk=")
	case a.Name == "type" && r.IntN(2) == 0:
		return scim.Text("work")
	}
	return scim.Text(randomText(r))
}
