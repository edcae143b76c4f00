package filter

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rosterd/scim"
)

var rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")

// person is what the cases are matched on.
type person struct{ record scim.Record }

func (p person) Record() scim.Record { return p.record }

func (p person) Derived(a *scim.Attribute) scim.Value {
	switch a {
	case scim.UserID:
		return scim.Text("0192f3c4-0000-7000-8000-000000000001")
	case scim.UserMeta:
		return scim.ObjectOf(scim.Attr{Name: "lastModified", Value: scim.Text("2026-05-01T10:00:00.5Z")})
	case scim.ExtManaged:
		return scim.Boolean(true)
	case scim.UserRoles:
		return p.record.Attr(a)
	}
	return scim.Value{}
}

func dialect(t testing.TB, name string) *scim.Dialect {
	d, ok := scim.DialectByName(name)
	if !ok {
		t.Fatalf("no dialect %q", name)
	}
	return d
}

func ada(t testing.TB) person {
	raw, err := scim.Decode([]byte(`{"userName":"Ada@Example.test","active":true,"title":"Engineer","displayName":"Ada \"A\" L",
		"externalId":"7","name":{"familyName":"Lovelace"},
		"emails":[{"value":"ada@work.test","type":"work","primary":true},{"value":"ada@home.test","type":"home"}],
		"roles":[{"value":"Admin","primary":true}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Design","employeeNumber":"4711"}}`), scim.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	o, err := scim.Normalize(scim.User, raw, dialect(t, "generic"))
	if err != nil {
		t.Fatal(err)
	}
	return person{scim.Encode(scim.User, o)}
}

// TestFilters runs testdata/filters.txt: dialect, filter => true, false, or
// the refusal; behind true and false the canonical spelling.
func TestFilters(t *testing.T) {
	lines(t, "testdata/filters.txt", func(d *scim.Dialect, text string) string {
		f, err := Parse(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			return err.Error()
		}
		word := "false"
		if f.Match(ada(t)) {
			word = "true"
		}
		return word + " " + f.String()
	})
}

// TestPaths runs testdata/paths.txt in the same form.
func TestPaths(t *testing.T) {
	lines(t, "testdata/paths.txt", func(d *scim.Dialect, text string) string {
		p, err := ParsePath(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			return err.Error()
		}
		out := p.String()
		if p.Filter != nil {
			if o, ok := p.Template(); ok {
				out += " creates " + string(scim.AppendObject(nil, o))
			}
		}
		return out
	})
}

func lines(t *testing.T, file string, run func(*scim.Dialect, string) string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(raw)) {
		head, want, _ := strings.Cut(strings.TrimRight(line, "\n"), " => ")
		name, text, _ := strings.Cut(head, " ")
		got := run(dialect(t, name), text)
		if got != want && !*rewrite {
			t.Errorf("%s\n got %s\nwant %s", head, got, want)
		}
		out.WriteString(head + " => " + got + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBudgets(t *testing.T) {
	d := dialect(t, "generic")
	many := strings.Repeat(`title eq "x" or `, scim.DefaultLimits.FilterClauses) + `title eq "x"`
	deep := strings.Repeat("(", 100) + `title eq "x"` + strings.Repeat(")", 100)
	for _, text := range []string{many, deep, strings.Repeat("x", scim.DefaultLimits.FilterBytes+1)} {
		if _, err := Parse(scim.User, text, d, scim.DefaultLimits); err == nil || err.Type != scim.InvalidFilter {
			t.Errorf("%.40s…: %v, want invalidFilter", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("testdata/filters.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		head, _, _ := strings.Cut(line, " => ")
		_, text, _ := strings.Cut(head, " ")
		f.Add(text)
	}
	for _, query := range queries(f) {
		f.Add(query)
	}
	d, p := dialect(f, "generic"), ada(f)
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Parse(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			if err.Status != 400 || err.Type != scim.InvalidFilter && err.Type != scim.Sensitive || err.Detail == "" {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		lim := scim.DefaultLimits
		lim.FilterBytes = 1 << 20 // URNs make the canonical form longer
		again, err := Parse(scim.User, x.String(), d, lim)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, x, err)
		}
		if again.String() != x.String() || again.Match(p) != x.Match(p) {
			t.Fatalf("%q became %q, then %q", text, x, again)
		}
	})
}

// queries are the filters of the interop rows and life cycles.
func queries(f *testing.F) (out []string) {
	f.Helper()
	files, err := filepath.Glob("../../httpapi/testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, rest, ok := strings.Cut(line, "filter=")
			rest, _, _ = strings.Cut(strings.TrimSpace(rest), "&")
			if query, err := url.QueryUnescape(rest); ok && err == nil {
				out = append(out, query)
			}
		}
	}
	return out
}

func FuzzPath(f *testing.F) {
	for _, text := range []string{"name.givenName", `emails[type eq "work"].value`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`, "members[", `emails[type eq "a"]x`} {
		f.Add(text)
	}
	raw, err := os.ReadFile("testdata/paths.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		head, _, _ := strings.Cut(line, " => ")
		_, text, _ := strings.Cut(head, " ")
		f.Add(text)
	}
	d := dialect(f, "generic")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePath(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			return
		}
		lim := scim.DefaultLimits
		lim.FilterBytes = 1 << 20
		again, err := ParsePath(scim.User, p.String(), d, lim)
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q became %q: %v", text, p, err)
		}
		if p.Filter != nil {
			p.Template()
		}
	})
}
