package setup

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rosterd/scim"
)

var rewrite = flag.Bool("rewrite", false, "write guides and presets into docs/setup; read the difference before committing")

var acme = Workspace{
	ID: "acme", Name: "Acme GmbH", Base: "https://scim.example.com/scim/v2", Admin: "https://scim.example.com/api/v1/workspaces/acme",
	AppURL: "https://acme.example.com",
}

// configured is acme once everything is there.
var configured = Workspace{
	ID: "acme", Name: "Acme | *GmbH*", Base: acme.Base, Admin: acme.Admin, RolePrefix: "App ", AppURL: acme.AppURL,
	Connection: "directory", Issuer: "https://id.example.com", ClientID: `c|1"`,
}

// TestDocs holds docs/setup against what the daemon answers for a workspace
// that has nothing yet.
func TestDocs(t *testing.T) {
	for _, p := range Providers {
		files := map[string][]byte{p.ID + ".json": p.Preset(acme)}
		for _, lang := range Languages {
			files[p.ID+"."+lang+".md"] = p.Guide(acme, lang)
		}
		for name, want := range files {
			path := filepath.Join("../docs/setup", name)
			if *rewrite {
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if have, err := os.ReadFile(path); err != nil || string(have) != string(want) {
				t.Errorf("%s is not what its template gives; go test ./setup -rewrite (%v)", path, err)
			}
		}
	}
}

func TestPresets(t *testing.T) {
	for _, p := range Providers {
		for _, w := range []Workspace{acme, configured} {
			o, err := scim.Decode(p.Preset(w), scim.DefaultLimits)
			if err != nil {
				t.Fatalf("%s: %v\n%s", p.ID, err, p.Preset(w))
			}
			if got := o.Get("signIn").Obj().Get("clientId").Str(); got != w.ClientID {
				t.Errorf("%s: client %q", p.ID, got)
			}
			if got := o.Get("provisioning").Obj().Get("connection").Str(); got != w.Connection {
				t.Errorf("%s: connection %q", p.ID, got)
			}
			if len(rows(p, o)) < 5 {
				t.Errorf("%s: the guide would show %d mappings", p.ID, len(rows(p, o)))
			}
		}
	}
}

// left is what a template that was not filled in leaves.
var left = regexp.MustCompile(`\{\{|\}\}|<no value>|<nil>|%!`)

// TestGuides wants guides without holes, whose tables are tables.
func TestGuides(t *testing.T) {
	for _, p := range Providers {
		for _, lang := range Languages {
			for _, w := range []Workspace{acme, configured} {
				guide := string(p.Guide(w, lang))
				if hole := left.FindString(guide); hole != "" {
					t.Errorf("%s in %s: %q", p.ID, lang, hole)
				}
				for _, want := range []string{w.Base, w.Admin + "/setup/" + p.ID + ".json", "rosterd token create acme", "externalId"} {
					if !strings.Contains(guide, want) {
						t.Errorf("%s in %s does not say %s", p.ID, lang, want)
					}
				}
				columns := 0
				for line := range strings.SplitSeq(guide, "\n") {
					n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
					if !strings.HasPrefix(line, "|") {
						n = 0
					}
					if columns > 0 && n > 0 && n != columns {
						t.Errorf("%s in %s: a row of %d cells in a table of %d: %s", p.ID, lang, n-1, columns-1, line)
					}
					columns = n
				}
			}
		}
	}
}

// TestNames shows that what somebody calls a workspace stays text.
func TestNames(t *testing.T) {
	guide := string(Providers[0].Guide(configured, "en"))
	for _, want := range []string{`# Microsoft Entra ID and Acme \| \*GmbH\*`, "client `c\\|1\"`", "`App Admin`", "--connection directory"} {
		if !strings.Contains(guide, want) {
			t.Errorf("%s is not in\n%.1500s", want, guide)
		}
	}
	if got := text("a\nb <script>"); got != `a b \<script\>` {
		t.Errorf("text gives %q", got)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ accept, locale, want string }{
		{"", "de-DE", "de"},
		{"", "en", "en"},
		{"", "fr-FR", "en"},
		{"de", "en", "de"},
		{"de-CH, en;q=0.5", "en", "de"},
		{"en;q=0.5, de;q=0.9", "en", "de"},
		{"fr, de;q=0.2", "en", "de"},
		{"fr", "de-AT", "de"},
		{"*", "de-AT", "de"},
		{"not a language ;;", "de", "de"},
	} {
		if got := Language(c.accept, c.locale); got != c.want {
			t.Errorf("Accept-Language %q, locale %q: %s, want %s", c.accept, c.locale, got, c.want)
		}
	}
}
