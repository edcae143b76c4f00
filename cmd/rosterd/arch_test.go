package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The architecture as a test: what docs and reviews would forget. Each rule is
// shown to catch a bad fixture before it is held against the tree.

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
	"ledger":                  {},
	"invoice":                 {"ledger"},
	"delivery":                {},
	"workspace":               {"scim", "scim/filter", "scim/patch", "ledger", "workspace/zone"},
	"workspace/zone":          {},
	"metrics":                 {},
	"persistence":             {"scim", "ledger", "workspace", "metrics"},
	"persistence/journaltest": {"scim", "workspace"},
	"actors":                  {"ledger", "workspace", "metrics"},
	"httpapi":                 {"scim", "scim/filter", "scim/patch", "ledger", "invoice", "workspace", "metrics"},
	"bench/play":              {},
	"bench":                   {"bench/play"},
	"cmd/rosterd":             {"scim", "ledger", "invoice", "delivery", "workspace", "metrics", "persistence", "actors", "httpapi", "bench/play"},
}

// testLayers lists what the tests of a package may import beside.
var testLayers = map[string][]string{
	"persistence": {"persistence/journaltest"},
	"actors":      {"persistence/journaltest", "scim"},
	"httpapi":     {"persistence/journaltest", "actors"},
}

// owners lists third-party modules and the packages that may import them.
var owners = map[string][]string{
	"github.com/asynkron/protoactor-go":           {"actors"},
	"github.com/valyala/fasthttp":                 {"httpapi", "bench", "bench/play"},
	"github.com/dgraph-io/badger":                 {"persistence", "bench"},
	"github.com/prometheus/client_golang":         {"metrics"},
	"github.com/prometheus/common":                {"metrics", "bench"},
	"github.com/prometheus/client_model":          {"bench"},
	"github.com/spf13":                            {"cmd/rosterd", "bench"},
	"github.com/knadh/koanf":                      {"cmd/rosterd"},
	"github.com/schollz/progressbar":              {"cmd/rosterd", "bench"},
	"github.com/HdrHistogram":                     {"bench"},
	"github.com/rs/zerolog":                       {"persistence", "actors", "httpapi", "cmd/rosterd"},
	"github.com/tidwall/btree":                    {"workspace", "ledger", "actors"},
	"github.com/cespare/xxhash":                   {"workspace"},
	"golang.org/x/text":                           {"workspace", "invoice"},
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
}

// pure packages hold no clock, randomness, I/O or concurrency.
var pure = []string{"scim", "scim/filter", "scim/patch", "ledger", "invoice", "workspace", "workspace/zone"}

var impureImports = []string{
	"os", "io/fs", "net", "net/http", "sync", "sync/atomic", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "context", "runtime", "unsafe",
}

var impureCalls = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker", "time.Tick",
}

// topLevel are the folders that design and docs/adr argue for.
var topLevel = []string{"cmd", "actors", "httpapi", "persistence", "metrics", "bench", "scim", "ledger", "invoice", "delivery", "workspace", "docs"}

// exceptions are findings that are let through. The list may only shrink, and
// one that no longer occurs fails.
var exceptions = []string{}

// A source is one parsed file.
type source struct {
	pkg, path string
	test      bool
	file      *ast.File
	fset      *token.FileSet
	text      string
}

func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// A rule returns what is wrong with a file.
type rule struct {
	name  string
	check func(*source) []string
	bad   string // path, then a file that breaks the rule
}

var rules = []rule{
	{"layers", checkLayers, "scim/x.go\npackage scim\nimport _ \"rosterd/workspace\""},
	{"packages are listed", checkListed, "util/x.go\npackage util"},
	{"owners of third-party modules", checkOwners, "workspace/x.go\npackage workspace\nimport _ \"github.com/valyala/fasthttp\""},
	{"pure packages import nothing impure", checkPureImports, "scim/x.go\npackage scim\nimport _ \"os\""},
	{"pure packages read no clock", checkPureCalls, "workspace/x.go\npackage workspace\nimport \"time\"\nvar t = time.Now()"},
	{"pure packages start no goroutine", checkGoroutines, "workspace/x.go\npackage workspace\nfunc f() { go f() }"},
	{"no map[string]any", checkAnyMaps, "httpapi/x.go\npackage httpapi\nvar m map[string]any"},
	{"functions of at most 70 lines", checkFunctions, "scim/x.go\npackage scim\nfunc f() {" + strings.Repeat("\n", 70) + "}"},
	{"files of at most 500 lines", checkFiles, "scim/x.go\npackage scim" + strings.Repeat("\n", 500) + "var x int"},
	{"exported names are documented", checkDocs, "scim/x.go\npackage scim\nfunc F() {}"},
	{"tests do not sleep", checkSleep, "scim/x_test.go\npackage scim\nimport \"time\"\nfunc f() { time.Sleep(1) }"},
	{"tests are not skipped", checkSkip, "scim/x_test.go\npackage scim\nfunc f(t T) { t.Skip() }"},
	{"nothing is left for later", checkLater, "scim/x.go\npackage scim\n// TO" + "DO: later"},
}

func TestArchitecture(t *testing.T) {
	tree := readTree(t)
	found := map[string]bool{}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			path, text, _ := strings.Cut(r.bad, "\n")
			if len(r.check(parse(t, path, text))) == 0 {
				t.Error("the rule does not catch its bad fixture")
			}
			for _, s := range tree {
				for _, finding := range r.check(s) {
					found[finding] = true
					if !slices.Contains(exceptions, finding) {
						t.Error(finding)
					}
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

// TestPackageDocs wants one doc comment per package.
func TestPackageDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range readTree(t) {
		if !s.test {
			documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
		}
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", pkg)
		}
	}
}

// TestTopLevel wants no folder that nobody argued for.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("folder %s: argue for it in docs/adr and list it here", e.Name())
		}
	}
}

func checkListed(s *source) []string {
	if _, ok := layers[s.pkg]; ok {
		return nil
	}
	return []string{s.path + ": package " + s.pkg + " is not in layers"}
}

func checkLayers(s *source) (out []string) {
	for _, im := range s.file.Imports {
		dep, ours := strings.CutPrefix(importPath(im), module)
		allowed := slices.Contains(layers[s.pkg], dep) || dep == s.pkg || s.test && slices.Contains(testLayers[s.pkg], dep)
		if ours && !allowed {
			out = append(out, fmt.Sprintf("%s: %s may not import %s", s.path, s.pkg, dep))
		}
	}
	return out
}

func importPath(im *ast.ImportSpec) string {
	p, _ := strconv.Unquote(im.Path.Value) // the parser has checked it
	return p
}

func checkOwners(s *source) (out []string) {
	for _, im := range s.file.Imports {
		path, allowed := importPath(im), false
		first, _, _ := strings.Cut(path, "/")
		if !strings.Contains(first, ".") {
			continue // the standard library, or ours
		}
		for mod, by := range owners {
			if path == mod || strings.HasPrefix(path, mod+"/") {
				allowed = allowed || slices.Contains(by, s.pkg)
			}
		}
		if !allowed {
			out = append(out, fmt.Sprintf("%s: %s may not import %s", s.path, s.pkg, path))
		}
	}
	return out
}

func isPure(s *source) bool { return !s.test && slices.Contains(pure, s.pkg) }

func checkPureImports(s *source) (out []string) {
	for _, im := range s.file.Imports {
		if isPure(s) && slices.Contains(impureImports, importPath(im)) {
			out = append(out, fmt.Sprintf("%s: a pure package imports %s", s.path, importPath(im)))
		}
	}
	return out
}

// selectors calls yield with each x.Name of the file.
func selectors(s *source, yield func(n ast.Node, name string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				yield(n, x.Name+"."+sel.Sel.Name)
			}
		}
		return true
	})
}

func checkPureCalls(s *source) (out []string) {
	selectors(s, func(n ast.Node, name string) {
		if isPure(s) && slices.Contains(impureCalls, name) {
			out = append(out, s.at(n)+": "+name+" in a pure package; take the time as an argument")
		}
	})
	return out
}

func checkGoroutines(s *source) (out []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt:
			if isPure(s) {
				out = append(out, s.at(n)+": concurrency in a pure package")
			}
		}
		return true
	})
	return out
}

func checkAnyMaps(s *source) (out []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		m, ok := n.(*ast.MapType)
		if !ok {
			return true
		}
		key, isIdent := m.Key.(*ast.Ident)
		if isIdent && key.Name == "string" && isAny(m.Value) {
			out = append(out, s.at(n)+": a map of anything; name the type")
		}
		return true
	})
	return out
}

func isAny(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "any"
	case *ast.InterfaceType:
		return len(e.Methods.List) == 0
	}
	return false
}

func checkFunctions(s *source) (out []string) {
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.fset.Position(fn.End()).Line - s.fset.Position(fn.Pos()).Line + 1; n > maxFuncLines {
			out = append(out, fmt.Sprintf("%s: %s has %d lines, at most %d", s.path, fn.Name.Name, n, maxFuncLines))
		}
	}
	return out
}

func checkFiles(s *source) []string {
	if n := s.fset.File(s.file.Pos()).LineCount(); n > maxFileLines {
		return []string{fmt.Sprintf("%s: %d lines, at most %d", s.path, n, maxFileLines)}
	}
	return nil
}

func checkDocs(s *source) (out []string) {
	if s.test {
		return nil
	}
	missing := func(n ast.Node, name string, docs ...*ast.CommentGroup) {
		if ast.IsExported(name) && !slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d != nil }) {
			out = append(out, s.at(n)+": "+name+" is not documented")
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if exportedReceiver(d) {
				missing(d, d.Name.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					missing(spec, spec.Name.Name, d.Doc, spec.Doc)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						missing(spec, name.Name, d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return out
}

// exportedReceiver reports whether a function, or its receiver's type, can be
// reached from outside.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func checkSleep(s *source) (out []string) {
	bubble := strings.Contains(s.text, `"testing/synctest"`)
	selectors(s, func(n ast.Node, name string) {
		if s.test && name == "time.Sleep" && !bubble {
			out = append(out, s.at(n)+": a test sleeps outside a synctest bubble")
		}
	})
	return out
}

func checkSkip(s *source) (out []string) {
	selectors(s, func(n ast.Node, name string) {
		if _, method, _ := strings.Cut(name, "."); s.test && (method == "Skip" || method == "Skipf" || method == "SkipNow") {
			out = append(out, s.at(n)+": a test is skipped")
		}
	})
	return out
}

func checkLater(s *source) (out []string) {
	for _, g := range s.file.Comments {
		for _, c := range g.List {
			for _, word := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(c.Text, word) {
					out = append(out, s.at(c)+": "+word)
				}
			}
		}
	}
	return out
}

func parse(t *testing.T, path, text string) *source {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return &source{
		pkg: filepath.ToSlash(filepath.Dir(path)), path: path, test: strings.HasSuffix(path, "_test.go"),
		file: f, fset: fset, text: text,
	}
}

func readTree(t *testing.T) []*source {
	t.Helper()
	var out []*source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out = append(out, parse(t, filepath.ToSlash(rel), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
