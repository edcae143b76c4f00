package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The architecture as a test: what docs and reviews would forget. Each rule is
// shown to catch bad fixtures before it is held against the tree. The rules are
// in arch_rules_test.go.

const (
	root   = "../.."
	module = "rosterd/"

	maxFuncLines = 70
	maxFileLines = 500
)

// layers lists, for each package, which of ours it may import. A package that
// is missing here fails: adding one is a decision for docs/adr.
var layers = map[string][]string{
	"scim":                    {},
	"scim/filter":             {"scim"},
	"scim/patch":              {"scim", "scim/filter"},
	"scim/bulk":               {"scim"},
	"scim/judges":             {"scim", "scim/filter", "scim/patch"},
	"ledger":                  {},
	"invoice":                 {"ledger"},
	"delivery":                {},
	"workspace":               {"scim", "scim/filter", "scim/patch", "scim/bulk", "ledger", "workspace/zone"},
	"workspace/zone":          {},
	"metrics":                 {},
	"persistence":             {"scim", "ledger", "workspace", "metrics"},
	"persistence/journaltest": {"scim", "workspace"},
	"actors":                  {"ledger", "workspace", "metrics"},
	"setup":                   {"scim"},
	"httpapi":                 {"scim", "scim/filter", "scim/bulk", "ledger", "invoice", "workspace", "setup", "metrics"},
	"httpapi/realclient":      {},
	"bench/play":              {},
	"bench":                   {"bench/play"},
	"bench/peers/elimity":     {},
	"cmd/rosterd":             {"scim", "ledger", "invoice", "delivery", "workspace", "metrics", "persistence", "actors", "httpapi", "bench/play"},
}

// testLayers lists what the tests of a package may import beside.
var testLayers = map[string][]string{
	"persistence": {"persistence/journaltest"},
	"actors":      {"persistence/journaltest", "scim", "scim/bulk"},
	"httpapi":     {"persistence/journaltest", "actors"},
}

// owners lists third-party modules and the packages that may import them.
var owners = map[string][]string{
	"github.com/asynkron/protoactor-go":           {"actors"},
	"github.com/google/go-github":                 {"httpapi/realclient"},
	"github.com/elimity-com/scim":                 {"bench/peers/elimity"},
	"github.com/scim2/filter-parser":              {"bench/peers/elimity"},
	"github.com/valyala/fasthttp":                 {"httpapi", "bench", "bench/play"},
	"github.com/dgraph-io/badger":                 {"persistence", "bench"},
	"github.com/prometheus/client_golang":         {"metrics"},
	"github.com/prometheus/common":                {"metrics", "bench"},
	"github.com/prometheus/client_model":          {"bench"},
	"github.com/prometheus/procfs":                {"bench"},
	"github.com/spf13":                            {"cmd/rosterd", "bench"},
	"github.com/knadh/koanf":                      {"cmd/rosterd"},
	"github.com/schollz/progressbar":              {"cmd/rosterd", "bench"},
	"github.com/HdrHistogram":                     {"bench/play"},
	"github.com/go-analyze/charts":                {"bench"},
	"github.com/rs/zerolog":                       {"persistence", "actors", "httpapi", "cmd/rosterd"},
	"github.com/tidwall/btree":                    {"workspace", "ledger", "actors"},
	"github.com/cespare/xxhash":                   {"workspace"},
	"golang.org/x/text":                           {"workspace", "invoice", "setup"},
	"codeberg.org/go-pdf":                         {"invoice"},
	"golang.org/x/image":                          {"invoice"},
	"github.com/wneessen/go-mail":                 {"delivery"},
	"github.com/emersion":                         {"delivery", "cmd/rosterd"},
	"github.com/coreos/go-oidc":                   {"cmd/rosterd"},
	"golang.org/x/term":                           {"cmd/rosterd"},
	"github.com/go-json-experiment/json/jsontext": {"scim", "scim/filter"},
	"github.com/go-json-experiment/json":          {"scim", "bench", "bench/play"},
	"github.com/dustin/go-humanize":               {"cmd/rosterd"},
	"github.com/klauspost/compress":               {"persistence"},
	"golang.org/x/sys":                            {"persistence", "bench"},
	"github.com/google/go-cmp":                    {"scim/bulk", "workspace", "persistence", "persistence/journaltest"}, // tests
}

// pure packages hold no clock, randomness, I/O or concurrency.
var pure = []string{"scim", "scim/filter", "scim/patch", "scim/bulk", "ledger", "invoice", "setup", "workspace", "workspace/zone"}

// pureImports are what pure packages may import of the standard library. What
// is not here has state, or reaches outside, until somebody has looked.
var pureImports = []string{
	"archive/zip", "bytes", "cmp", "crypto/subtle", "embed", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/xml", "errors",
	"fmt", "io", "iter", "math/bits", "net/url", "regexp", "slices", "sort", "strconv", "strings", "sync/atomic", "text/template", "time", "unicode", "unicode/utf8",
	"unsafe", // of one file: see unsafeFile
}

// unsafeFile is the only one that imports unsafe (docs/adr/0028-values.md).
const unsafeFile = "scim/value.go"

// impureNames are what those packages have that is not pure: the clock, the
// machine's time zones, and standard input and output.
var impureNames = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker", "time.Tick",
	"time.Local", "time.LoadLocation", "fmt.Print", "fmt.Printf", "fmt.Println", "fmt.Scan", "fmt.Scanf", "fmt.Scanln",
}

// foreign packages show what others made, whose names may be maps of anything.
var foreign = []string{"bench/peers/elimity"}

// topLevel are the folders that design and docs/adr argue for.
var topLevel = []string{"cmd", "actors", "httpapi", "persistence", "metrics", "bench", "scim", "ledger", "invoice", "delivery", "setup", "workspace", "docs"}

// exceptions are findings that are let through. The list may only shrink, and
// one that no longer occurs fails.
var exceptions = []string{}

// A rule returns what is wrong with a codebase. Each of its bad fixtures, files in
// the form that fixture reads, breaks it.
type rule struct {
	name  string
	check func(*codebase) []string
	bad   []string
}

var rules = []rule{
	{"layers", each(checkLayers), []string{
		"scim/x.go\npackage scim\nimport _ \"rosterd/workspace\"",
		"actors/x.go\npackage actors\nimport _ \"rosterd/persistence/journaltest\"",
	}},
	{"packages are listed", each(checkListed), []string{"util/x.go\npackage util"}},
	{"packages are documented", checkPackageDocs, []string{"scim/x.go\npackage scim\n---\nscim/x_test.go\n// Package scim is documented in a test.\npackage scim"}},
	{"owners of third-party modules", each(checkOwners), []string{"workspace/x.go\npackage workspace\nimport _ \"github.com/valyala/fasthttp\""}},
	{"one file is unsafe", each(checkUnsafe), []string{
		"scim/x.go\npackage scim\nimport \"unsafe\"",
		"httpapi/x.go\npackage httpapi\nimport u \"unsafe\"",
	}},
	{"nothing is imported without its name", each(checkDotImports), []string{"scim/x.go\npackage scim\nimport . \"time\""}},
	{"pure packages import nothing impure", each(checkPureImports), []string{
		"scim/x.go\npackage scim\nimport _ \"os\"",
		"scim/x.go\npackage scim\nimport run \"os/exec\"",
		"scim/x.go\npackage scim\nimport \"C\"",
	}},
	{"pure packages read no clock", each(checkPureNames), []string{
		"workspace/x.go\npackage workspace\nimport \"time\"\nvar t = time.Now()",
		"workspace/x.go\npackage workspace\nimport clock \"time\"\nvar now = clock.Now",
		"workspace/x.go\npackage workspace\nimport \"time\"\nfunc f() { time.LoadLocation(\"\") }",
		"workspace/x.go\npackage workspace\nfunc f() { println() }",
	}},
	{"pure packages start no goroutine", each(checkGoroutines), []string{
		"workspace/x.go\npackage workspace\nfunc f() { go f() }",
		"workspace/x.go\npackage workspace\nvar c chan int",
	}},
	{"no map[string]any", checkAnyMaps, []string{
		"httpapi/x.go\npackage httpapi\nvar m map[string]any",
		"httpapi/x.go\npackage httpapi\nvar m map[string]interface{}",
		"httpapi/x.go\npackage httpapi\nvar m map[string][]any",
		"httpapi/x.go\npackage httpapi\ntype thing = any\ntype things = thing\nvar m map[string]things",
		"httpapi/x.go\npackage httpapi\ntype name string\nvar m map[name]any",
		"scim/x.go\npackage scim\ntype Any interface{}\n---\nhttpapi/x.go\npackage httpapi\nimport s \"rosterd/scim\"\nvar m map[string]s.Any",
	}},
	{"functions of at most 70 lines", each(checkFunctions), []string{
		"scim/x.go\npackage scim\nfunc f() {" + strings.Repeat("\n", 70) + "}",
		"scim/x.go\npackage scim\nvar f = func() {" + strings.Repeat("\n", 70) + "}",
		"scim/x.go\npackage scim\nvar f = []func(){{func() {" + strings.Repeat("\n", 70) + "}}}",
	}},
	{"files of at most 500 lines", each(checkFiles), []string{"scim/x.go\npackage scim" + strings.Repeat("\n", 500) + "var x int"}},
	{"exported names are documented", each(checkDocs), []string{"scim/x.go\npackage scim\nfunc F() {}"}},
	{"tests do not sleep", checkSleep, []string{
		"scim/x_test.go\npackage scim\nimport \"time\"\nfunc f() { time.Sleep(1) }",
		"scim/x_test.go\npackage scim\nimport (s \"testing/synctest\"; c \"time\")\nfunc f() { s.Test(nil, func() {}); c.Sleep(1) }",
		"scim/x_test.go\npackage scim\nimport (\"testing/synctest\"; \"time\")\n" +
			"func bubble(f func()) { f(); synctest.Test(nil, func() { f() }) }\nfunc g() { bubble(func() { time.Sleep(1) }) }",
	}},
	{"tests are not skipped", each(checkSkip), []string{"scim/x_test.go\npackage scim\nfunc f(t T) { t.Skip() }"}},
	{"nothing is left for later", each(checkLater), []string{"scim/x.go\npackage scim\n// TO" + "DO: later"}},
}

func TestArchitecture(t *testing.T) {
	all := readTree(t)
	found := map[string]bool{}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, bad := range r.bad {
				if len(r.check(fixture(t, bad))) == 0 {
					t.Errorf("the rule does not catch\n%s", bad)
				}
			}
			for _, finding := range r.check(all) {
				found[finding] = true
				if !slices.Contains(exceptions, finding) {
					t.Error(finding)
				}
			}
		})
	}
	for _, e := range exceptions {
		if !found[e] {
			t.Errorf("the exception %q is not needed any more", e)
		}
	}
}

// TestTopLevel wants no folder that nobody argued for.
func TestTopLevel(t *testing.T) {
	if len(unargued([]string{"scim", "util", ".git"})) != 1 {
		t.Error("the rule does not catch util")
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, finding := range unargued(folders) {
		t.Error(finding)
	}
}

func unargued(folders []string) (out []string) {
	for _, name := range folders {
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			out = append(out, fmt.Sprintf("folder %s: argue for it in docs/adr and list it here", name))
		}
	}
	return out
}
