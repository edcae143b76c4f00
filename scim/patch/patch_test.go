package patch

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rosterd/scim"
)

var rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")

// TestPatch runs testdata/*.txt: cases divided by ----, each a comment, the
// dialect, the document, the operations, and behind => the document that
// results or the refusal.
func TestPatch(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for c := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n----\n") {
			input, want, _ := strings.Cut(c, "\n=> ")
			got := run(t, input)
			if got != want && !*rewrite {
				t.Errorf("%s: %s\n got %s\nwant %s", file, input, got, want)
			}
			out = append(out, input+"\n=> "+got)
		}
		if *rewrite {
			if err := os.WriteFile(file, []byte(strings.Join(out, "\n----\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func run(t *testing.T, input string) string {
	t.Helper()
	parts := strings.SplitN(input, "\n", 4)
	if len(parts) != 4 {
		t.Fatalf("malformed case %q", input)
	}
	d, ok := scim.DialectByName(parts[1])
	if !ok {
		t.Fatalf("no dialect %q", parts[1])
	}
	before := document(t, parts[2])
	frozen := string(scim.AppendObject(nil, before))
	after, refusal := patchWith(before, `{"Operations":[`+parts[3]+`]}`, d)
	if got := string(scim.AppendObject(nil, before)); got != frozen {
		t.Errorf("%s changed the document it was given: %s", input, got)
	}
	if refusal != nil {
		return refusal.Error()
	}
	return string(scim.AppendObject(nil, after))
}

func document(t testing.TB, text string) scim.Object {
	t.Helper()
	d, _ := scim.DialectByName("generic")
	raw, err := scim.Decode([]byte(text), scim.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	o, err := scim.Normalize(scim.User, raw, d)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func patchWith(doc scim.Object, body string, d *scim.Dialect) (scim.Object, *scim.Error) {
	raw, err := scim.Decode([]byte(body), scim.DefaultLimits)
	if err != nil {
		return nil, err
	}
	ops, err := Parse(scim.User, raw, d, scim.DefaultLimits)
	if err != nil {
		return nil, err
	}
	return Apply(scim.User, doc, ops, d)
}

func FuzzApply(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for c := range strings.SplitSeq(string(raw), "\n----\n") {
			if parts := strings.SplitN(c, "\n", 5); len(parts) > 3 {
				f.Add(`{"Operations":[` + parts[3] + `]}`)
			}
		}
	}
	sent, err := filepath.Glob("../../httpapi/testdata/*/*.txt") // interop rows and life cycles
	if err != nil || len(sent) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range sent {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if line[0] == '{' && strings.Contains(line, "Operations") {
				f.Add(strings.TrimSpace(line))
			}
		}
	}
	doc := document(f, `{"id":"u1","userName":"ada@example.test","active":true,"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home"}],"name":{"givenName":"Ada"}}`)
	d, _ := scim.DialectByName("generic")
	f.Fuzz(func(t *testing.T, body string) {
		after, err := patchWith(doc, body, d)
		if err != nil {
			if err.Detail == "" || err.Status != 400 && err.Status != 413 {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		again, err := scim.Normalize(scim.User, after, d)
		if err != nil || !again.Equal(after) {
			t.Fatalf("%s is not normalised: %v", scim.AppendObject(nil, after), err)
		}
		back, broken := scim.Encode(scim.User, after).Object(scim.User)
		if broken != nil || !back.Equal(after.With("id", scim.Value{}).With("externalId", scim.Value{})) {
			t.Fatalf("%s became %s: %v", scim.AppendObject(nil, after), scim.AppendObject(nil, back), broken)
		}
	})
}

// TestMembers: interop rows 9 to 13 and 60, and the forms of idps.md, 0.2.
func TestMembers(t *testing.T) {
	d, _ := scim.DialectByName("generic")
	for ops, want := range map[string]MemberOp{
		`{"op":"Add","path":"members","value":[{"$ref":null,"value":"u1"}]}`:                           {Kind: Add, Values: []string{"u1"}},
		`{"op":"add","path":"members","value":{"value":"u1","display":"A"}}`:                           {Kind: Add, Values: []string{"u1"}},
		`{"op":"add","path":"members","value":["u1","u2"]}`:                                            {Kind: Add, Values: []string{"u1", "u2"}},
		`{"op":"add","path":"members","value":"u1"}`:                                                   {Kind: Add, Values: []string{"u1"}},
		`{"op":"Remove","path":"members","value":[{"value":"u1"}]}`:                                    {Kind: Remove, Values: []string{"u1"}},
		`{"op":"add","path":"members[value eq \"u1\"]","value":{"value":"u1"}}`:                        {Kind: Add, Values: []string{"u1"}},
		`{"op":"remove","path":"members"}`:                                                             {Kind: Remove, All: true},
		`{"op":"remove","path":"members","value":[]}`:                                                  {Kind: Remove},
		`{"op":"replace","path":"members","value":[]}`:                                                 {Kind: Replace},
		`{"op":"replace","value":{"members":[{"value":"u1"}]}}`:                                        {Kind: Replace, Values: []string{"u1"}},
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":["u1"]}`: {Kind: Replace, Values: []string{"u1"}},
	} {
		raw, err := scim.Decode([]byte(`{"Operations":[`+ops+`]}`), scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(scim.Group, raw, d, scim.DefaultLimits)
		if err != nil {
			t.Fatalf("%s: %v", ops, err)
		}
		rest, got, err := Members(parsed, d)
		if err != nil || len(rest) != 0 || len(got) != 1 {
			t.Fatalf("%s: %v %v %v", ops, rest, got, err)
		}
		if g := got[0]; g.Kind != want.Kind || g.All != want.All || strings.Join(g.Values, " ") != strings.Join(want.Values, " ") {
			t.Errorf("%s: got %+v, want %+v", ops, g, want)
		}
	}
}

// TestMembersWithFilter: the path says whom, and the value what they become.
func TestMembersWithFilter(t *testing.T) {
	d, _ := scim.DialectByName("generic")
	for ops, want := range map[string]struct {
		kind     Kind
		selected string
		values   string
	}{
		`{"op":"remove","path":"members[value eq \"u1\"]"}`:                                {Remove, "u1", ""},
		`{"op":"remove","path":"MEMBERS[Value EQ \"u1\"]","value":["u2"]}`:                 {Remove, "u1", ""},
		`{"op":"remove","path":"members[value eq \"u1\" and type eq \"User\"]"}`:           {Remove, "", ""},
		`{"op":"replace","path":"members[value eq \"u1\"]","value":{"value":"u2"}}`:        {Replace, "u1", "u2"},
		`{"op":"replace","path":"members[display sw \"A\"]","value":[{"value":"u2"}]}`:     {Replace, "", "u2"},
		`{"op":"replace","value":{"members[value eq \"u1\"]":{"$ref":null,"value":"u2"}}}`: {Replace, "u1", "u2"},
	} {
		raw, err := scim.Decode([]byte(`{"Operations":[`+ops+`]}`), scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(scim.Group, raw, d, scim.DefaultLimits)
		if err != nil {
			t.Fatalf("%s: %v", ops, err)
		}
		_, got, err := Members(parsed, d)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v %v", ops, got, err)
		}
		selected, one := got[0].Selected()
		if got[0].Kind != want.kind || got[0].Filter == nil || one != (want.selected != "") || one && selected != want.selected {
			t.Errorf("%s: got %+v, which selects %q", ops, got[0], selected)
		}
		if values := strings.Join(got[0].Values, " "); values != want.values {
			t.Errorf("%s: names %q, want %q", ops, values, want.values)
		}
	}
}

func TestMembersRefused(t *testing.T) {
	d, _ := scim.DialectByName("generic")
	for _, ops := range []string{
		`{"op":"add","path":"members","value":[{"type":"Group","value":"g1"}]}`,
		`{"op":"add","path":"members","value":[{"display":"A"}]}`,
		`{"op":"add","path":"members","value":[7]}`,
		`{"op":"add","path":"members"}`,
		`{"op":"add","path":"members","value":null}`,
		`{"op":"add","path":"members[value eq \"u1\"]","value":{"value":"u2"}}`,
		`{"op":"add","path":"members[display eq \"A\"]","value":{"value":"u2"}}`,
		`{"op":"replace","path":"members[value eq \"u1\"]","value":null}`,
		`{"op":"replace","path":"members[value eq \"u1\"]","value":[]}`,
		`{"op":"replace","path":"members[value eq \"u1\"]","value":["u2","u3"]}`,
		`{"op":"replace","path":"members[value eq \"u1\"].type","value":"x"}`,
	} {
		raw, err := scim.Decode([]byte(`{"Operations":[`+ops+`]}`), scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(scim.Group, raw, d, scim.DefaultLimits)
		if err == nil {
			_, _, err = Members(parsed, d)
		}
		if err == nil || err.Status != 400 || err.Type == "" {
			t.Errorf("%s: %v, want a 400 with a scimType", ops, err)
		}
	}
}

func TestTooManyOperations(t *testing.T) {
	d, _ := scim.DialectByName("generic")
	lim := scim.DefaultLimits
	lim.Operations = 2
	raw, err := scim.Decode([]byte(`{"Operations":[{"op":"replace","value":{"title":"a","nickName":"b","displayName":"c"}}]}`), lim)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(scim.User, raw, d, lim); err == nil || err.Status != 413 {
		t.Errorf("got %v, want 413", err)
	}
}

// TestTooManyValues adds values in several operations until there are more than
// may be.
func TestTooManyValues(t *testing.T) {
	d, _ := scim.DialectByName("generic")
	var ops []string
	for i := range scim.MaxValues + 1 {
		ops = append(ops, fmt.Sprintf(`{"op":"add","path":"emails","value":[{"value":"a%d@example.com"}]}`, i))
	}
	doc := document(t, `{"id":"u1","userName":"ada@example.test"}`)
	if _, refusal := patchWith(doc, `{"Operations":[`+strings.Join(ops[1:], ",")+`]}`, d); refusal != nil {
		t.Error(refusal)
	}
	if _, refusal := patchWith(doc, `{"Operations":[`+strings.Join(ops, ",")+`]}`, d); refusal == nil || refusal.Type != scim.InvalidValue {
		t.Errorf("one more: %v", refusal)
	}
}
