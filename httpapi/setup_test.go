package httpapi

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rosterd/scim"
	"rosterd/setup"
)

// TestSetup takes each provider's preset from the admin API, and is the
// provider: it applies the mapping to people, sends what comes out, and reads
// back that all of it was stored. A target of the mapping that is not in
// /Schemas fails.
func TestSetup(t *testing.T) {
	for _, p := range setup.Providers {
		t.Run(p.ID, func(t *testing.T) {
			r := newRig(t, nil)
			a := r.send("operator", "GET", adminAcme+"/setup/"+p.ID+".json", "")
			if a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			preset, err := scim.Decode([]byte(a.body), scim.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			m := &mapper{cycle: &cycle{rig: r, ids: map[string]string{}, names: map[string]string{}}, who: p.ID, known: map[string]bool{}}
			m.readSchemas()
			provisioning := preset.Get("provisioning").Obj()
			if c := provisioning.Get("connection").Str(); c != p.ID {
				t.Errorf("the preset is for the connection %q", c)
			}
			map[string]func(scim.Object){"entra": m.entra, "okta": m.okta, "onelogin": m.onelogin}[p.ID](provisioning)
		})
	}
}

// A mapper plays a provider that was set up by a preset.
type mapper struct {
	*cycle
	who   string
	known map[string]bool // attributes of /Schemas, in lower case: URN:attr or URN:attr.sub
}

func (m *mapper) readSchemas() {
	for _, s := range m.get("/Schemas").Get("Resources").List() {
		for _, a := range s.Obj().Get("attributes").List() {
			name := strings.ToLower(s.Obj().Get("id").Str() + ":" + a.Obj().Get("name").Str())
			m.known[name] = true
			for _, sub := range a.Obj().Get("subAttributes").List() {
				m.known[name+"."+strings.ToLower(sub.Obj().Get("name").Str())] = true
			}
		}
	}
}

// want sends a request that must succeed.
func (m *mapper) want(method, path, body string) scim.Object {
	m.t.Helper()
	a := m.send(m.who, method, scimRoot+path, body)
	if a.status/100 != 2 {
		m.t.Fatalf("%s %s\n%s\n%d %s", method, path, body, a.status, a.body)
	}
	return m.object(a)
}

func (m *mapper) get(path string) scim.Object { m.t.Helper(); return m.want("GET", path, "") }

// find looks for value in an attribute, as the provider encodes it, and
// returns how many there are.
func (m *mapper) find(path, attribute, value string) int64 {
	return m.get(path + "?filter=" + url.QueryEscape(attribute+` eq "`+value+`"`)).Get("totalResults").Int()
}

// A target is where a mapping sends a value.
type target struct {
	urn      string // of the schema
	attr     string
	key, val string // of the element that is meant, as in emails[type eq "work"]
	sub      string
}

// Entra ID writes emails[type eq "work"].value, Okta emails.^[primary==true].value.
var targetForm = regexp.MustCompile(`^(?:(urn:.*):)?(\w+)(?:\[(\w+) eq "(\w+)"\]|\.\^\[(\w+)==(\w+)\])?(?:\.(\w+))?$`)

// target reads a target of a mapping; core is the URN of attributes without
// one. It must be in /Schemas, or be externalId, which all resources have (RFC
// 7643 section 3.1).
func (m *mapper) target(core, text string) target {
	f := targetForm.FindStringSubmatch(text)
	if f == nil {
		m.t.Fatalf("what is the target %q?", text)
	}
	t := target{cmp.Or(f[1], core), f[2], f[3] + f[5], f[4] + f[6], f[7]}
	for _, sub := range []string{"", t.key, t.sub} {
		name := t.urn + ":" + t.attr
		if sub != "" {
			name += "." + sub
		}
		if !m.known[strings.ToLower(name)] && name != core+":externalId" {
			m.t.Errorf("target %q: /Schemas has no %s", text, name)
		}
	}
	return t
}

// within calls do with the object that has t's attribute: doc, or an extension
// in it.
func (t target) within(doc scim.Object, do func(scim.Object) scim.Object) scim.Object {
	if strings.Contains(t.urn, ":core:") {
		return do(doc)
	}
	return doc.With(t.urn, scim.ObjectOf(do(doc.Get(t.urn).Obj())...))
}

// set returns doc with a value at t.
func (t target) set(doc scim.Object, v scim.Value) scim.Object {
	return t.within(doc, func(o scim.Object) scim.Object {
		switch {
		case t.key != "":
			list := slices.Clone(o.Get(t.attr).List())
			i := slices.IndexFunc(list, t.means)
			if i < 0 {
				i, list = len(list), append(list, scim.ObjectOf(scim.Attr{Name: t.key, Value: t.value()}))
			}
			list[i] = scim.ObjectOf(list[i].Obj().With(t.sub, v)...)
			v = scim.ListOf(list...)
		case t.sub != "":
			v = scim.ObjectOf(o.Get(t.attr).Obj().With(t.sub, v)...)
		}
		return o.With(t.attr, v)
	})
}

// of returns the value at t in a resource.
func (t target) of(doc scim.Object) scim.Value {
	var v scim.Value
	t.within(doc, func(o scim.Object) scim.Object {
		v = o.Get(t.attr)
		return o
	})
	if i := slices.IndexFunc(v.List(), t.means); t.key != "" && i >= 0 {
		v = v.List()[i]
	}
	if t.sub != "" {
		v = v.Obj().Get(t.sub)
	}
	return v
}

func (t target) means(element scim.Value) bool { return element.Obj().Get(t.key).Equal(t.value()) }

func (t target) value() scim.Value {
	if t.key == "primary" {
		return scim.Boolean(t.val == "true")
	}
	return scim.Text(t.val)
}

// stored wants a resource to have what was sent.
func (m *mapper) stored(path string, t target, want scim.Value) {
	m.t.Helper()
	if have := t.of(m.get(path)); !have.Equal(want) {
		m.t.Errorf("%s: %v is %s, sent was %s", path, t, scim.AppendValue(nil, have), scim.AppendValue(nil, want))
	}
}

// patch sends one operation with a path.
func (m *mapper) patch(path, op, to string, v scim.Value) {
	m.t.Helper()
	m.want("PATCH", path, `{"schemas":["`+scim.URNPatchOp+`"],"Operations":[{"op":"`+op+`","path":`+
		string(scim.AppendValue(nil, scim.Text(to)))+`,"value":`+string(scim.AppendValue(nil, v))+`}]}`)
}

// entra plays Entra ID by the schema of its synchronization job.
func (m *mapper) entra(provisioning scim.Object) {
	rule := provisioning.Get("synchronizationSchema").Obj().Get("synchronizationRules").List()[0].Obj()
	people, groups := rule.Get("objectMappings").List()[0].Obj(), rule.Get("objectMappings").List()[1].Obj()
	sample := []map[string]string{
		{"objectId": "0a-1", "mail": "bea.ito@example.test", "userPrincipalName": "bito@corp.test", "IsSoftDeleted": "False", "displayName": "Bea Ito",
			"givenName": "Bea", "surname": "Ito", "preferredLanguage": "ja", "jobTitle": "Head of Design", "department": "Design"},
		{"objectId": "0a-2", "userPrincipalName": "jörg.weiß@example.test", "IsSoftDeleted": "False", "displayName": `Jörg "JW" Weiß`,
			"givenName": "Jörg", "surname": "Weiß", "preferredLanguage": "de-DE", "jobTitle": "Designer", "department": "Design", "manager": "0a-1"},
	}
	ids := map[string]string{}
	for _, person := range sample {
		ids[person["objectId"]] = m.entraObject("/Users", people, person, ids)
	}
	group := m.entraObject("/Groups", groups, map[string]string{"objectId": "9c-1", "displayName": "Design"}, ids)
	m.patch("/Groups/"+group, "Add", "members", scim.ListOf(scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text(ids["0a-2"])})))
	if n := len(m.get("/Groups/" + group).Get("members").List()); n != 1 {
		m.t.Errorf("the group has %d members", n)
	}

	// One leaves: what the mapping makes of IsSoftDeleted is sent.
	sample[0]["IsSoftDeleted"] = "True"
	for _, a := range people.Get("attributeMappings").List() {
		if to := a.Obj().Get("targetAttributeName").Str(); to == "active" {
			m.patch("/Users/"+ids["0a-1"], "Replace", to, scim.Text(entraValue(a.Obj().Get("source").Obj(), sample[0])))
		}
	}
	m.stored("/Users/"+ids["0a-1"], target{urn: scim.URNUser, attr: "active"}, scim.Boolean(false))
}

// entraObject matches one object by the attributes of its mapping, creates it,
// and sends its references as a second pass.
func (m *mapper) entraObject(path string, mapping scim.Object, object, ids map[string]string) string {
	core := map[string]string{"/Users": scim.URNUser, "/Groups": scim.URNGroup}[path]
	list := mapping.Get("attributeMappings").List()
	byRank := slices.SortedFunc(slices.Values(list), func(a, b scim.Value) int {
		return cmp.Compare(a.Obj().Get("matchingPriority").Int(), b.Obj().Get("matchingPriority").Int())
	})
	matched := 0
	for _, a := range byRank {
		if a.Obj().Get("matchingPriority").Int() > 0 {
			matched++
			if n := m.find(path, a.Obj().Get("targetAttributeName").Str(), entraValue(a.Obj().Get("source").Obj(), object)); n != 0 {
				m.t.Errorf("%d are found before there is one", n)
			}
		}
	}
	if matched == 0 {
		m.t.Errorf("nothing of %s is matched", path)
	}
	body := scim.Object{{Name: "schemas", Value: scim.ListOf(scim.Text(core))}}
	sent := map[target]scim.Value{}
	for _, a := range list {
		t, v := m.target(core, a.Obj().Get("targetAttributeName").Str()), scim.Text(entraValue(a.Obj().Get("source").Obj(), object))
		switch {
		case v.Str() == "" || t.attr == "manager":
			continue
		case t.attr == "active":
			v = scim.Boolean(v.Str() == "True")
		}
		sent[t] = v
		body = t.set(body, v)
	}
	id := m.want("POST", path, string(scim.AppendObject(nil, body))).Get("id").Str()
	for _, a := range byRank {
		if a.Obj().Get("matchingPriority").Int() > 0 && m.find(path, a.Obj().Get("targetAttributeName").Str(), entraValue(a.Obj().Get("source").Obj(), object)) != 1 {
			m.t.Errorf("it is not found by %s", a.Obj().Get("targetAttributeName").Str())
		}
	}
	for t, v := range sent {
		m.stored(path+"/"+id, t, v)
	}
	for _, a := range list {
		if to := a.Obj().Get("targetAttributeName").Str(); object["manager"] != "" && strings.HasSuffix(to, ":manager") {
			boss := scim.Text(ids[object["manager"]])
			m.patch(path+"/"+id, "Add", to, boss)
			m.stored(path+"/"+id, target{urn: scim.URNEnterprise, attr: "manager", sub: "value"}, boss)
		}
	}
	return id
}

// entraValue evaluates the source of a mapping, an attributeMappingSource of
// Microsoft Graph.
func entraValue(source scim.Object, object map[string]string) string {
	name := source.Get("name").Str()
	var params []string
	for _, p := range source.Get("parameters").List() {
		params = append(params, entraValue(p.Obj().Get("value").Obj(), object))
	}
	switch source.Get("type").Str() + " " + name {
	case "Attribute " + name:
		return object[name]
	case "Function Coalesce":
		return cmp.Or(params...)
	case "Function Switch": // of a value, a default, then keys and values
		for i := 2; i+1 < len(params); i += 2 {
			if params[0] == params[i] {
				return params[i+1]
			}
		}
		return params[1]
	}
	return name // a constant
}

// okta plays Okta by the profile of its application.
func (m *mapper) okta(provisioning scim.Object) {
	user := map[string]string{
		"user.firstName": "Jörg", "user.lastName": "Weiß", "user.displayName": `Jörg "JW" Weiß`, "user.email": "joerg.weiss@example.test", "user.title": "Designer",
		"user.preferredLanguage": "de", "user.timezone": "Europe/Berlin", "user.employeeNumber": "4711", "user.department": "Design", `"work"`: "work",
	}
	settings := provisioning.Get("appSettings").Obj()
	if n := m.find("/Users", settings.Get("uniqueIdentifierFieldForUsers").Str(), user["user.email"]); n != 0 {
		m.t.Errorf("%d are found before there is one", n)
	}
	profile := provisioning.Get("appUserSchema").Obj().Get("definitions").Obj().Get("custom").Obj().Get("properties").Obj()
	body := scim.Object{
		{Name: "schemas", Value: scim.ListOf(scim.Text(scim.URNUser), scim.Text(scim.URNEnterprise))},
		{Name: "userName", Value: scim.Text(user["user.email"])}, // applicationUsernameFormat
		{Name: "externalId", Value: scim.Text("00u1jw")}, {Name: "active", Value: scim.Boolean(true)},
	}
	sent := map[target]scim.Value{}
	for _, p := range provisioning.Get("profileMapping").Obj().Get("properties").Obj() {
		to := profile.Get(p.Name).Obj()
		t, v := m.target(to.Get("externalNamespace").Str(), to.Get("externalName").Str()), scim.Text(user[p.Value.Obj().Get("expression").Str()])
		if v.Str() == "" {
			m.t.Errorf("what is %s?", p.Value.Obj().Get("expression").Str())
		}
		sent[t] = v
		body = t.set(body, v)
	}
	if len(sent) != len(profile) {
		m.t.Errorf("%d of %d attributes of the profile are mapped", len(sent), len(profile))
	}
	created := m.want("POST", "/Users", string(scim.AppendObject(nil, body)))
	path := "/Users/" + created.Get("id").Str()
	for t, v := range sent {
		m.stored(path, t, v)
	}

	// A push of the profile, then the end.
	title := target{urn: scim.URNUser, attr: "title"}
	m.want("PUT", path, string(scim.AppendObject(nil, title.set(m.get(path), scim.Text("Head of Design")))))
	m.stored(path, title, scim.Text("Head of Design"))
	m.want("PATCH", path, `{"schemas":["`+scim.URNPatchOp+`"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
	m.stored(path, target{urn: scim.URNUser, attr: "active"}, scim.Boolean(false))
}

var macroForm = regexp.MustCompile(`\{\$(user|parameters)\.(\w+)\}`)

// onelogin plays OneLogin by the template of its application.
func (m *mapper) onelogin(provisioning scim.Object) {
	user := map[string]string{
		"id": "77001122", "firstname": "Jörg", "lastname": "Weiß", "display_name": "Jörg Weiß", "email": "joerg.weiss@example.test", "active": "true",
		"title": "Designer", "department": "Design", "custom_attribute_language": "de", "custom_attribute_timezone": "Europe/Berlin",
	}
	filled := func() string {
		text := string(scim.AppendValue(nil, provisioning.Get("scimJsonTemplate")))
		return macroForm.ReplaceAllStringFunc(text, func(macro string) string {
			f := macroForm.FindStringSubmatch(macro)
			if f[1] == "parameters" {
				f[2] = provisioning.Get("parameters").Obj().Get(f[2]).Obj().Get("user_attribute_mappings").Str()
			}
			if _, ok := user[f[2]]; !ok {
				m.t.Errorf("OneLogin does not know %s", macro)
			}
			return user[f[2]]
		})
	}
	m.wantKnown(provisioning.Get("scimJsonTemplate").Obj(), scim.URNUser+":")
	if n := m.find("/Users", "userName", user["email"]); n != 0 {
		m.t.Errorf("%d are found before there is one", n)
	}
	path := "/Users/" + m.want("POST", "/Users", filled()).Get("id").Str()
	m.holds(path, filled())
	user["title"], user["custom_attribute_timezone"] = "Head of Design", ""
	m.want("PUT", path, filled())
	m.holds(path, filled())
	user["active"] = "false"
	m.want("PUT", path, filled())
	m.holds(path, filled())
}

// wantKnown wants every attribute of a template to be in /Schemas. prefix is
// what stands before the names of o.
func (m *mapper) wantKnown(o scim.Object, prefix string) {
	for _, a := range o {
		name := prefix + a.Name
		if a.Name == scim.URNEnterprise {
			m.wantKnown(a.Value.Obj(), a.Name+":")
			continue
		}
		common := prefix == scim.URNUser+":" && (a.Name == "schemas" || a.Name == "externalId") // RFC 7643 section 3
		if !common && !m.known[strings.ToLower(name)] {
			m.t.Errorf("/Schemas has no %s", name)
		}
		for _, e := range append(a.Value.List(), a.Value) {
			m.wantKnown(e.Obj(), name+".")
		}
	}
}

// holds wants a resource to have all that a document says, and nothing where
// it says "".
func (m *mapper) holds(path, doc string) {
	m.t.Helper()
	want, err := scim.Decode([]byte(doc), scim.DefaultLimits)
	if err != nil {
		m.t.Fatalf("%v: %s", err, doc)
	}
	for _, a := range want.With("schemas", scim.Value{}) {
		if have := m.get(path).Get(a.Name); !same(a.Value, have) {
			m.t.Errorf("%s: %s is %s, sent was %s", path, a.Name, scim.AppendValue(nil, have), scim.AppendValue(nil, a.Value))
		}
	}
}

// same reports whether have is what a client means by want.
func same(want, have scim.Value) bool {
	switch {
	case want.Kind() == scim.Complex:
		return !slices.ContainsFunc(want.Obj(), func(a scim.Attr) bool { return !same(a.Value, have.Obj().Get(a.Name)) })
	case want.Kind() == scim.List:
		return slices.EqualFunc(want.List(), have.List(), same)
	case want.Str() == "" && want.Kind() == scim.String:
		return have.IsUnassigned()
	case have.Kind() == scim.Bool && want.Kind() == scim.String:
		return have.Bool() == (want.Str() == "true")
	}
	return want.Equal(have)
}

// TestSetupAnswers shows the guide in the language that a reader gets, beside
// the preset and as files. (Refusals are in testdata/exchanges/setup.txt.)
func TestSetupAnswers(t *testing.T) {
	r := newRig(t, nil)
	german, english := "# Okta und Acme GmbH\n", "# Okta and Acme GmbH\n"
	for _, c := range []struct {
		target  string
		headers []string
		want    string
	}{
		{"/setup/okta", nil, english}, // the workspace's own
		{"/setup/okta", []string{"Accept-Language:de-AT, en;q=0.5"}, german},
		{"/setup/okta?lang=en", []string{"Accept-Language:de"}, english},
		{"/setup/okta?lang=de", []string{"Accept-Language:en"}, german},
		{"/setup/okta.md?lang=de", nil, german},
	} {
		a := r.send("operator", "GET", adminAcme+c.target, "", c.headers...)
		guide := a.body
		if !strings.Contains(c.target, ".md") {
			o, err := scim.Decode([]byte(a.body), scim.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			guide = o.Get("guide").Str()
			if preset := o.Get("preset").Obj(); preset.Get("provider").Str() != "okta" || o.Get("language").Str() != a.header.Get("Content-Language") {
				t.Errorf("%s: preset for %s, language %s", c.target, preset.Get("provider").Str(), o.Get("language").Str())
			}
		}
		if !strings.HasPrefix(guide, c.want) {
			t.Errorf("%s with %v: %.60q", c.target, c.headers, guide)
		}
		if strings.Contains(a.body, "rsd_") {
			t.Errorf("%s shows a token", c.target)
		}
	}
	for target, name := range map[string]string{"/setup/okta.json": "okta.json", "/setup/okta.md?lang=de": "okta.de.md"} {
		if got := r.send("operator", "GET", adminAcme+target, "").header.Get("Content-Disposition"); got != `attachment; filename="`+name+`"` {
			t.Errorf("%s: %s", target, got)
		}
	}
	// A workspace whose locale is German, and which has nothing yet.
	r.send("operator", "POST", adminRoot+"/workspaces", `{"id":"bolt","name":"Bolt","locale":"de-DE"}`)
	a := r.send("operator", "GET", adminRoot+"/workspaces/bolt/setup/entra.md", "", "Accept-Language:fr")
	for _, want := range []string{"# Microsoft Entra ID und Bolt\n", "noch nicht eingerichtet", "/workspaces/bolt/connections -d", "--connection entra"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the guide for bolt does not say %q", want)
		}
	}
}
