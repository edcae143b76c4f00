package httpapi

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rosterd/scim"
)

// TestLifecycle plays testdata/lifecycle/*.txt: what one identity provider does
// to a workspace, from an empty one to the last leaver. The requests are those
// of TestExchanges, with two more things on their line:
//
//	as NAME   keeps the id that the answer shows; {NAME} stands for it
//	          from then on; as A,B keeps those of a list
//	@DURATION lets so much time pass before the request
//
// An answer is told shortly: a refusal with its detail, a list by what it found,
// a resource that was read by the attributes that clients write. "> directory"
// asks the admin API who is in the workspace, in which state, seat, role and
// teams, by whom, and who put the members of groups there.
func TestLifecycle(t *testing.T) {
	golden(t, "testdata/lifecycle/*.txt", func(t *testing.T, text string) string {
		c := &cycle{rig: newRig(t, nil), ids: map[string]string{}, names: map[string]string{}}
		return script(text, c.step)
	})
}

// A cycle is a script being played.
type cycle struct {
	*rig
	ids   map[string]string // by name
	names map[string]string // by id
}

var placeForm = regexp.MustCompile(`\{[a-z0-9-]+\}`)

// fill writes ids for {NAME}.
func (c *cycle) fill(text string) string {
	return placeForm.ReplaceAllStringFunc(text, func(p string) string {
		id := c.ids[p[1:len(p)-1]]
		if id == "" {
			c.t.Fatalf("%s has no id yet, in %s", p, text)
		}
		return id
	})
}

// named writes {NAME} for ids.
func (c *cycle) named(text string) string {
	return idForm.ReplaceAllStringFunc(text, func(id string) string {
		if name := c.names[id]; name != "" {
			return "{" + name + "}"
		}
		return "{?}"
	})
}

// step sends one request and tells the answer.
func (c *cycle) step(request, body string) string {
	if request == "directory" {
		return c.named(c.directory())
	}
	f := strings.Fields(c.fill(request))
	if wait, ok := strings.CutPrefix(f[0], "@"); ok {
		d, err := time.ParseDuration(wait)
		if err != nil {
			c.t.Fatal(err)
		}
		c.tick(d)
		f = f[1:]
	}
	names := ""
	if n := len(f); f[n-2] == "as" {
		names, f = f[n-1], f[:n-2]
	}
	c.tick(time.Second)
	a := c.send(f[0], f[1], f[2], c.fill(body), f[3:]...)
	o := c.object(a)
	if names != "" {
		c.name(names, o)
	}
	c.reread(f[0], f[1], f[2], a)
	return c.named("< " + strconv.Itoa(a.status) + c.told(f[1], o) + "\n")
}

// reread wants a read to give what a write has just answered: clients take the
// one for the other.
func (c *cycle) reread(who, method, target string, written answer) {
	place, ok := strings.CutPrefix(written.header.Get("Location"), "https://scim.example.com"+scimRoot)
	if method == "GET" || !ok || written.body == "" || strings.Contains(target, "?") {
		return
	}
	if read := c.send(who, "GET", scimRoot+place, ""); read.body != written.body {
		c.t.Errorf("%s %s answers\n%s\nand a read gives\n%s", method, target, written.body, read.body)
	}
}

// object reads the body of an answer; nil where there is none.
func (c *cycle) object(a answer) scim.Object {
	if a.body == "" {
		return nil
	}
	o, err := scim.Decode([]byte(a.body), scim.DefaultLimits)
	if err != nil {
		c.t.Fatalf("%v: %s", err, a.body)
	}
	return o
}

// name keeps the ids of the resources that an answer shows.
func (c *cycle) name(names string, o scim.Object) {
	shown := []scim.Value{scim.ObjectOf(o...)}
	if list := o.Get("Resources"); list.Kind() == scim.List {
		shown = list.List()
	}
	for i, name := range strings.Split(names, ",") {
		if i >= len(shown) || shown[i].Obj().Get("id").Str() == "" {
			c.t.Fatalf("there is no id to call %s", name)
		}
		id := shown[i].Obj().Get("id").Str()
		c.ids[name] = id
		if c.names[id] == "" {
			c.names[id] = name
		}
	}
}

// told tells what an answer to a client says.
func (c *cycle) told(method string, o scim.Object) string {
	switch {
	case o == nil:
		return ""
	case !o.Get("detail").IsUnassigned():
		return strings.TrimRight(" "+o.Get("scimType").Str(), " ") + ": " + o.Get("detail").Str()
	case o.Get("Resources").Kind() == scim.List:
		return found(o)
	case method != "GET" || !idForm.MatchString(o.Get("id").Str()): // discovery has tests of its own
		return ""
	}
	for _, own := range []string{"schemas", "meta", scim.URNRosterdUser, scim.URNRosterdGrp} {
		o = o.With(own, scim.Value{})
	}
	return " " + string(scim.AppendObject(nil, o))
}

// found tells what a list holds.
func found(o scim.Object) string {
	total, list, start := o.Get("totalResults").Int(), o.Get("Resources").List(), o.Get("startIndex").Int()
	text := fmt.Sprintf(" found %d", total)
	if int64(len(list)) < total {
		text += fmt.Sprintf(", from %d", start)
	}
	var shown []string
	for _, r := range list {
		names := []string{r.Obj().Get("userName").Str(), r.Obj().Get("displayName").Str(), r.Obj().Get("id").Str()}
		shown = append(shown, cmp.Or(names...))
	}
	return text + listed(": ", shown, ", ")
}

// listed joins texts behind a lead; nothing where there are none.
func listed(lead string, texts []string, sep string) string {
	if len(texts) == 0 {
		return ""
	}
	return lead + strings.Join(texts, sep)
}

const adminAcme = adminRoot + "/workspaces/acme"

// directory tells who is in the workspace, and in its groups.
func (c *cycle) directory() string {
	seats := c.object(c.send("operator", "GET", adminAcme+"/seats", ""))
	out := fmt.Sprintf("< %d seated, %d waiting, %d of %d seats free\n", seats.Get("seated").Int(), seats.Get("waiting").Int(),
		seats.Get("free").Int(), seats.Get("purchased").Int()+seats.Get("booked").Int())
	for _, p := range c.items("/users") {
		by := "local"
		if p.Get("managed").Bool() {
			by = "managed by " + p.Get("connection").Str()
		}
		out += fmt.Sprintf("< %s: %s, %s, seat %s, %s, %s%s\n", p.Get("accountEmail").Str(), p.Get("kind").Str(), p.Get("state").Str(),
			p.Get("seat").Obj().Get("state").Str(), by, p.Get("role").Str(), listed(", in ", texts(p.Get("teams")), " and "))
	}
	for _, g := range c.items("/groups") {
		var people []string
		for _, m := range c.items("/groups/" + g.Get("id").Str() + "/members") {
			notes := texts(m.Get("sources"))
			if m.Get("held").Bool() {
				notes = append(notes, "held")
			}
			people = append(people, m.Get("accountEmail").Str()+listed(" (", notes, ", ")+")")
		}
		if people != nil || g.Get("kind").Str() == "team" {
			out += "< " + g.Get("kind").Str() + " " + g.Get("displayName").Str() + listed(": ", people, ", ") + "\n"
		}
	}
	return out
}

// texts returns the members of a list of texts.
func texts(v scim.Value) (out []string) {
	for _, e := range v.List() {
		out = append(out, e.Str())
	}
	return out
}

// items reads a list of the admin API, which fits a page.
func (c *cycle) items(path string) (out []scim.Object) {
	for _, v := range c.object(c.send("operator", "GET", adminAcme+path, "")).Get("items").List() {
		out = append(out, v.Obj())
	}
	return out
}
