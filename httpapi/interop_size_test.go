package httpapi

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/workspace"
)

// The tests here show what is in no exchange of a row: size, and requests side
// by side.

const entraToken = "entra"

// people creates n users of the connection entra, u1@example.test and so on,
// and returns their ids.
func (r *rig) people(n int) []string {
	r.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		doc := scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("u%d@example.test", i+1))}}
		ids[i] = r.entra(workspace.CreateUser{Doc: doc}).ID.String()
	}
	return ids
}

// entra runs a command of the connection entra.
func (r *rig) entra(cmd workspace.Command) workspace.Result {
	r.t.Helper()
	env := workspace.Envelope{Actor: workspace.ActorToken, Token: entraToken, Connection: entraToken}
	res, _, err := r.sys.Do(context.Background(), "acme", env, cmd)
	if err != nil {
		r.t.Fatalf("%T: %v", cmd, err)
	}
	return res
}

// group creates a team of members and returns its id.
func (r *rig) group(members []string) string {
	r.t.Helper()
	var list []scim.Value
	for _, id := range members {
		list = append(list, scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text(id)}))
	}
	doc := scim.Object{{Name: "displayName", Value: scim.Text("Design")}, {Name: "members", Value: scim.ListOf(list...)}}
	return r.entra(workspace.CreateGroup{Doc: doc}).ID.String()
}

func (r *rig) view() *workspace.View {
	r.t.Helper()
	v, err := r.sys.View(context.Background(), "acme")
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func addMember(id string) string {
	return `{"schemas":["` + scim.URNPatchOp + `"],"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"` + id + `"}]}]}`
}

// A spy is a resource that notes which attributes are asked for.
type spy struct {
	scim.Resource
	asked map[string]bool
}

func (s spy) Derived(a *scim.Attribute) scim.Value {
	s.asked[a.Name] = true
	return s.Resource.Derived(a)
}

func TestInterop42ReadsNoMembers(t *testing.T) {
	r := newRig(t, nil)
	id, _ := workspace.ParseResourceID(r.group(r.people(3)))
	g, _ := r.view().As(entraToken, "").Group(id)
	for excluded, want := range map[string]bool{"": true, "members": false, "Members.value,externalId,members": false} {
		shape, err := scim.NewProjection(scim.Group, "", excluded)
		if err != nil {
			t.Fatal(err)
		}
		s := spy{g, map[string]bool{}}
		scim.AppendJSON(nil, scim.Group, s, shape)
		if s.asked["members"] != want || !s.asked["id"] {
			t.Errorf("excludedAttributes=%s: asked for %v", excluded, s.asked)
		}
	}
}

func TestInterop43AddsOneEvent(t *testing.T) {
	r := newRig(t, nil)
	const members = 400 // more than a page of 100
	ids := r.people(members + 1)
	group := r.group(ids[:members])
	before := r.view().Seq()
	if a := r.send(entraToken, "PATCH", "/scim/v2/Groups/"+group, addMember(ids[members])); a.status != 204 || a.body != "" {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	if n := r.view().Seq() - before; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	body := r.send(entraToken, "GET", "/scim/v2/Groups/"+group+"?attributes=members.value", "").body
	for _, id := range ids {
		if strings.Count(body, id) != 1 {
			t.Errorf("%s is %d times a member", id, strings.Count(body, id))
		}
	}
}

// side sends n requests side by side and returns the statuses.
func (r *rig) side(n int, request func(i int) (method, target, body string)) []int {
	var wg sync.WaitGroup
	out := make([]int, n)
	bodies := make([][]byte, n)
	for i := range out {
		method, target, body := request(i)
		bodies[i] = fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_entra\r\nContent-Length: %d\r\n\r\n%s", method, target, len(body), body)
	}
	for i := range out {
		wg.Go(func() { out[i] = r.raw(bodies[i], "PATCH").status })
	}
	wg.Wait()
	return out
}

func TestInterop45ParallelMembers(t *testing.T) {
	r := newRig(t, nil)
	ids := r.people(40)
	group := r.group(nil)
	for i, status := range r.side(len(ids), func(i int) (string, string, string) { return "PATCH", "/scim/v2/Groups/" + group, addMember(ids[i]) }) {
		if status != 204 {
			t.Errorf("request %d: %d", i, status)
		}
	}
	body := r.send(entraToken, "GET", "/scim/v2/Groups/"+group, "").body
	for _, id := range ids {
		if !strings.Contains(body, `"value":"`+id+`"`) {
			t.Errorf("%s is no member", id)
		}
	}
}

func TestInterop46ParallelAttributes(t *testing.T) {
	r := newRig(t, nil)
	id := r.people(1)[0]
	paths := []string{"title", "nickName", "displayName", "locale", "userType", "name.givenName", "name.familyName", "externalId"}
	for i, status := range r.side(len(paths), func(i int) (string, string, string) {
		return "PATCH", "/scim/v2/Users/" + id, `{"Operations":[{"op":"replace","path":"` + paths[i] + `","value":"new"}]}`
	}) {
		if status != 200 {
			t.Errorf("request %d: %d", i, status)
		}
	}
	body := r.send(entraToken, "GET", "/scim/v2/Users/"+id+"?attributes="+strings.Join(paths, ","), "").body
	if n := strings.Count(body, `"new"`); n != len(paths) {
		t.Errorf("%d of %d survive: %s", n, len(paths), body)
	}
}

func TestInterop50EverybodyOnce(t *testing.T) {
	r := newRig(t, nil)
	const people, page = 1200, 100
	ids := r.people(people)
	var seen []string
	for start := 1; start <= people; start += page {
		body := r.send(entraToken, "GET", fmt.Sprintf("/scim/v2/Users?attributes=id&startIndex=%d&count=%d", start, page), "").body
		if !strings.Contains(body, fmt.Sprintf(`"totalResults":%d,"startIndex":%d,"itemsPerPage":%d`, people, start, page)) {
			t.Fatalf("page at %d: %.200s", start, body)
		}
		seen = append(seen, idForm.FindAllString(body, -1)...)
	}
	if strings.Join(seen, " ") != strings.Join(ids, " ") {
		t.Errorf("saw %d ids, which are not everybody in the order of creation", len(seen))
	}
}

func TestInterop58AdvertisedLimits(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxBody = 1 << 20 })
	id := r.people(1)[0]
	op := `{"op":"replace","path":"title","value":"x"}`
	for n, want := range map[int]int{scim.DefaultLimits.Operations: 200, scim.DefaultLimits.Operations + 1: 413} {
		body := `{"Operations":[` + op + strings.Repeat(","+op, n-1) + `]}`
		if a := r.send(entraToken, "PATCH", "/scim/v2/Users/"+id, body); a.status != want {
			t.Errorf("%d operations: %d %s", n, a.status, a.body)
		}
	}
}

// TestInterop59IndexServes gives a scan no time at all: a filter on a folded
// attribute is answered all the same, since it is none.
func TestInterop59IndexServes(t *testing.T) {
	r := newRig(t, nil)
	r.people(600)
	d, _ := scim.DialectByName("generic")
	for text, served := range map[string]bool{
		`userName eq "U599@EXAMPLE.TEST"`:                                            true,
		`active eq true and userName eq "U599@Example.Test"`:                         true,
		`userName co "u599@example.test"`:                                            false,
		`title pr or userName eq "u599@example.test"`:                                false,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "U599@EXAMPLE.TEST"`: true,
	} {
		f, err := filter.Parse(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		q := workspace.Query{Select: []workspace.Selector{{Type: scim.User, Filter: f}}, Expired: func() bool { return true }}
		found, err := r.view().As(entraToken, "").List(q)
		if served && (err != nil || found.Total() != 1) || !served && (err == nil || err.Type != scim.TooMany) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
