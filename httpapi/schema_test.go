package httpapi

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rosterd/scim"
)

// Every answer that a test of this package gets is held against what the server
// itself says at /Schemas: clients generate code from it and refuse the rest.

// served is what /Schemas said, by the id of the schema.
var served struct {
	once    sync.Once
	schemas map[string]scim.Object
}

func (r *rig) schemas() map[string]scim.Object {
	served.once.Do(func() {
		a := r.raw([]byte("GET /scim/v2/Schemas HTTP/1.1\r\nHost: x\r\n\r\n"), "GET")
		list, err := scim.Decode([]byte(a.body), scim.DefaultLimits)
		if err != nil {
			r.t.Fatal(err)
		}
		served.schemas = map[string]scim.Object{}
		for _, s := range list.Get("Resources").List() {
			served.schemas[s.Obj().Get("id").Str()] = s.Obj()
		}
	})
	return served.schemas
}

// obey wants resources in an answer of the SCIM surface to be as /Schemas says.
// request is the body that was sent.
func (r *rig) obey(target, request string, a answer) {
	r.t.Helper()
	path, query, _ := strings.Cut(target, "?")
	surface, _, _ := strings.Cut(strings.TrimPrefix(path, "/scim/v2/"), "/")
	if a.status >= 300 || a.body == "" || !strings.HasPrefix(path, "/scim/v2/") || !slices.Contains([]string{"Users", "Groups", ".search"}, surface) {
		return
	}
	o, err := scim.Decode([]byte(a.body), scim.DefaultLimits)
	if err != nil {
		return // raw has said so
	}
	v := validator{schemas: r.schemas(), shaped: strings.Contains(strings.ToLower(query+request), "attributes")}
	if o.Get("schemas").Equal(scim.ListOf(scim.Text(scim.URNListResponse))) {
		for _, e := range o.Get("Resources").List() {
			v.resource(e.Obj())
		}
	} else {
		v.resource(o)
	}
	for _, f := range v.faults {
		r.t.Errorf("%s: %s, in\n%s", target, f, a.body)
	}
}

// A validator gathers what is wrong with resources.
type validator struct {
	schemas map[string]scim.Object
	shaped  bool // by attributes or excludedAttributes, so that some may be missing
	faults  []string
}

func (v *validator) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// common are the attributes of RFC 7643 section 3.1, which no schema lists, as
// definitions of the same form.
var common = func() scim.Object {
	text := `{"attributes":[{"name":"id","type":"string","required":true},{"name":"externalId","type":"string"},
		{"name":"meta","type":"complex","required":true,"subAttributes":[{"name":"resourceType","type":"string"},{"name":"created","type":"dateTime"},
		{"name":"lastModified","type":"dateTime"},{"name":"location","type":"reference"},{"name":"version","type":"string"}]}]}`
	o, err := scim.Decode([]byte(text), scim.DefaultLimits)
	if err != nil {
		panic(err)
	}
	return o
}()

func (v *validator) resource(o scim.Object) {
	listed := o.Get("schemas").List()
	if len(listed) == 0 {
		v.fault("no schemas")
		return
	}
	rest, core := scim.Object{}, scim.Object{}
	for _, a := range o {
		extension := slices.ContainsFunc(listed[1:], func(urn scim.Value) bool { return urn.Str() == a.Name })
		switch {
		case a.Name == "schemas":
		case extension && v.schemas[a.Name] != nil:
			v.attributes(a.Name+":", v.schemas[a.Name].Get("attributes"), a.Value.Obj())
		case slices.ContainsFunc(common.Get("attributes").List(), func(d scim.Value) bool { return d.Obj().Get("name").Str() == a.Name }):
			rest = append(rest, a)
		default:
			core = append(core, a)
		}
	}
	v.attributes("", common.Get("attributes"), rest)
	v.attributes("", v.schemas[listed[0].Str()].Get("attributes"), core)
	for _, urn := range listed[1:] {
		if v.schemas[urn.Str()] == nil || !v.shaped && o.Get(urn.Str()).Kind() != scim.Complex {
			v.fault("schemas lists %s, of which there is nothing", urn.Str())
		}
	}
}

// attributes checks an object against the definitions of its attributes.
func (v *validator) attributes(path string, definitions scim.Value, o scim.Object) {
	for _, d := range definitions.List() {
		name, value := d.Obj().Get("name").Str(), o.Get(d.Obj().Get("name").Str())
		if d.Obj().Get("required").Bool() && value.Kind() == scim.Null && !v.shaped {
			v.fault("%s%s is required", path, name)
		}
	}
	for _, a := range o {
		i := slices.IndexFunc(definitions.List(), func(d scim.Value) bool { return d.Obj().Get("name").Str() == a.Name })
		if i < 0 {
			v.fault("%s%s is in no schema", path, a.Name)
			continue
		}
		v.attribute(path+a.Name, definitions.List()[i].Obj(), a.Value)
	}
}

func (v *validator) attribute(path string, d scim.Object, value scim.Value) {
	if d.Get("returned").Str() == "never" || d.Get("mutability").Str() == "writeOnly" {
		v.fault("%s is never returned", path)
	}
	if value.IsUnassigned() {
		v.fault("%s is unassigned and there", path)
	}
	if !d.Get("multiValued").Bool() {
		v.one(path, d, value)
		return
	}
	if value.Kind() != scim.List {
		v.fault("%s is no array", path)
	}
	primary := 0
	for _, e := range value.List() {
		v.one(path, d, e)
		if e.Obj().Get("primary").Bool() {
			primary++
		}
	}
	if primary > 1 {
		v.fault("%s has %d primary values", path, primary)
	}
}

// one checks a value that is no list.
func (v *validator) one(path string, d scim.Object, value scim.Value) {
	want := scim.String
	switch d.Get("type").Str() {
	case "boolean":
		want = scim.Bool
	case "integer", "decimal":
		want = scim.Int
	case "complex":
		want = scim.Complex
		v.attributes(path+".", d.Get("subAttributes"), value.Obj())
	case "dateTime":
		if _, err := time.Parse(time.RFC3339Nano, value.Str()); err != nil {
			v.fault("%s: %v", path, err)
		}
	case "binary":
		if _, err := base64.StdEncoding.DecodeString(value.Str()); err != nil {
			v.fault("%s: %v", path, err)
		}
	}
	if value.Kind() != want {
		v.fault("%s is no %s", path, d.Get("type").Str())
	}
	// Of what clients write, canonical values are suggestions.
	if c := d.Get("canonicalValues").List(); len(c) > 0 && d.Get("mutability").Str() == "readOnly" && !slices.ContainsFunc(c, value.Equal) {
		v.fault("%s: %q is not canonical", path, value.Str())
	}
}

// TestSchemaFaults: the validator finds what it is for.
func TestSchemaFaults(t *testing.T) {
	r := newRig(t, nil)
	const head = `{"schemas":["` + scim.URNUser + `"],"id":"1","meta":{"created":"2026-01-05T09:00:00Z"},"userName":"a"`
	for body, want := range map[string]string{
		head + `}`:         "",
		`{"userName":"a"}`: "no schemas",
		strings.Replace(head, `"id":"1",`, "", 1) + `}`:                                 "id is required",
		strings.Replace(head, "userName", "username", 1) + `}`:                          "userName is required; username is in no schema",
		head + `,"active":"true"}`:                                                      "active is no boolean",
		head + `,"password":"x"}`:                                                       "password is never returned",
		head + `,"emails":{"value":"x"}}`:                                               "emails is no array",
		head + `,"emails":[]}`:                                                          "emails is unassigned and there",
		head + `,"emails":[{"value":"x","primary":true},{"value":"y","primary":true}]}`: "emails has 2 primary values",
		head + `,"emails":[{"valeu":"x"}]}`:                                             "emails.valeu is in no schema",
		head + `,"title":null}`:                                                         "title is unassigned and there; title is no string",
		head + `,"` + scim.URNEnterprise + `":{"department":"x"}}`:                      scim.URNEnterprise + " is in no schema",
		head + `,"groups":[{"value":"x","type":"indirect"}]}`:                           `groups.type: "indirect" is not canonical`,
		strings.Replace(head, `"]`, `","`+scim.URNRosterdUser+`"]`, 1) + `}`:            "schemas lists " + scim.URNRosterdUser + ", of which there is nothing",
		strings.Replace(head, "2026-01-05T09:00:00Z", "5 January", 1) + `}`:             `meta.created: parsing time "5 January" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "5 January" as "2006"`,
		strings.Replace(head, `"]`, `","`+scim.URNEnterprise+`"]`, 1) + `,"` + scim.URNEnterprise + `":{"manager":"x"}}`: scim.URNEnterprise + ":manager is no complex",
	} {
		o, err := scim.Decode([]byte(body), scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		v := validator{schemas: r.schemas()}
		v.resource(o)
		if got := strings.Join(v.faults, "; "); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}
