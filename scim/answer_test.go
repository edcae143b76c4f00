package scim

import (
	"os"
	"strings"
	"testing"
)

// known is a resource with some derived attributes.
type known struct {
	record  Record
	derived map[*Attribute]Value
}

func (k known) Record() Record             { return k.record }
func (k known) Derived(a *Attribute) Value { return k.derived[a] }

func person(t *testing.T) known {
	record := Encode(User, normalized(t, User, `{"userName":"ada@example.test","active":true,"title":"Engineer",
		"name":{"givenName":"Ada","familyName":"Lovelace"},
		"emails":[{"value":"ada@example.test","type":"work","primary":true},{"value":"ada@example.org","type":"home"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Design","manager":"m1"}}`))
	return known{record, map[*Attribute]Value{
		UserSchemas: ListOf(Text(URNUser)),
		UserID:      Text("u1"),
		UserMeta:    ObjectOf(Attr{"resourceType", Text("User")}, Attr{"version", Text(`W/"1"`)}),
		UserManager: ObjectOf(Attr{"value", Text("m1")}, Attr{"displayName", Text("Max")}),
		ExtKind:     Text("member"),
	}}
}

// TestProjection: RFC 7644 section 3.4.2.5, one case a line in
// testdata/projection.txt: attributes, excludedAttributes, and the answer.
func TestProjection(t *testing.T) {
	raw, err := os.ReadFile("testdata/projection.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(raw)) {
		head, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
		attributes, excluded, _ := strings.Cut(head, " | ")
		p, refusal := NewProjection(User, strings.Trim(attributes, "- "), strings.Trim(excluded, "- "))
		got := ""
		if refusal != nil {
			got = refusal.Error()
		} else {
			got = string(AppendJSON(nil, User, person(t), p))
		}
		if got != want && !*rewrite {
			t.Errorf("%s\n got %s\nwant %s", head, got, want)
		}
		out.WriteString(head + " => " + got + "\n")
	}
	if *rewrite {
		if err := os.WriteFile("testdata/projection.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProjectionBounds: an answer looks at each name for each attribute, so a
// name counts once, and there is an end to names.
func TestProjectionBounds(t *testing.T) {
	p, err := NewProjection(User, strings.Repeat("userName,USERNAME,name.givenName,nothing,", 300), "")
	if err != nil || len(p.refs) != 2 {
		t.Errorf("%v %v", p, err)
	}
	for _, list := range [][2]string{{strings.Repeat(",", projectionMost+1), ""}, {"", strings.Repeat("x", projectionMost+1)}} {
		if _, err := NewProjection(User, list[0], list[1]); err == nil || err.Type != InvalidValue {
			t.Errorf("%d bytes: %v", len(list[0])+len(list[1]), err)
		}
	}
}

// TestDiscovery holds the three discovery documents against golden files.
func TestDiscovery(t *testing.T) {
	const base = "https://roster.example/scim/v2"
	var schemas, types []byte
	for _, o := range Schemas(base) {
		schemas = append(AppendObject(schemas, o), '\n')
	}
	for _, o := range ResourceTypeObjects(base) {
		types = append(AppendObject(types, o), '\n')
	}
	config := append(AppendObject(nil, ServiceProviderConfig(base, DefaultLimits)), '\n')
	for file, got := range map[string][]byte{"schemas": schemas, "resourcetypes": types, "config": config} {
		path := "testdata/" + file + ".jsonl"
		if *rewrite {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs:\n%s", path, got)
		}
		if strings.Contains(string(got), "null") {
			t.Errorf("%s holds a null, which Entra ID cannot read (idps.md, 1.5)", path)
		}
	}
}

func TestErrorJSON(t *testing.T) {
	got := string(Errorf(409, Uniqueness, "userName %q is taken", "a").AppendJSON(nil))
	want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"userName \"a\" is taken"}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestResolve: interop rows 18 and 19.
func TestResolve(t *testing.T) {
	for name, want := range map[string]string{
		"USERNAME":                       "userName",
		"name.givenname":                 "name.givenName",
		URNUser + ":userName":            "userName",
		URNEnterprise + ":manager.value": URNEnterprise + ":manager.value",
		strings.ToUpper(URNEnterprise) + ":department": URNEnterprise + ":department",
		"manager":                 URNEnterprise + ":manager",
		URNRosterdUser:            URNRosterdUser,
		URNGroup + ":displayName": "",
		"nothing":                 "",
		"name.nothing":            "",
		URNEnterprise + ".x":      "",
	} {
		got := ""
		if ref, ok := User.Resolve(name); ok {
			got = ref.String()
		}
		if got != want {
			t.Errorf("Resolve(%q) = %q, want %q", name, got, want)
		}
	}
}
