package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A source is one parsed file.
type source struct {
	pkg, path string
	test      bool
	file      *ast.File
	fset      *token.FileSet
	imports   map[string]string // paths by the names that the file has for them
}

func (s *source) line(p token.Pos) int { return s.fset.Position(p).Line }

func (s *source) at(n ast.Node) string { return s.path + ":" + strconv.Itoa(s.line(n.Pos())) }

// A codebase is all files that a rule looks at.
type codebase struct{ sources []*source }

func importPath(im *ast.ImportSpec) string {
	p, _ := strconv.Unquote(im.Path.Value) // the parser has checked it
	return p
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// importName returns what a file calls an import.
func importName(im *ast.ImportSpec) string {
	if im.Name != nil {
		return im.Name.Name
	}
	parts := strings.Split(importPath(im), "/")
	if last := len(parts) - 1; last > 0 && majorVersion.MatchString(parts[last]) {
		parts = parts[:last]
	}
	return parts[len(parts)-1]
}

// name returns the full name of what an expression names: that of a package
// begins with the path of its import, whatever the file calls that. A name of
// the file's own package begins with the package.
func (s *source) name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return s.pkg + "." + e.Name
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		if !ok {
			return ""
		}
		if path, imported := s.imports[x.Name]; imported {
			return strings.TrimPrefix(path, module) + "." + e.Sel.Name
		}
		return x.Name + "." + e.Sel.Name
	}
	return ""
}

// selectors calls yield with each x.Name of the file.
func (s *source) selectors(yield func(n ast.Node, name string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if name := s.name(sel); name != "" {
				yield(n, name)
			}
		}
		return true
	})
}

// calls calls yield with each call of the file and the name of what is called.
func (s *source) calls(yield func(call *ast.CallExpr, name string)) { callsIn(s, s.file, yield) }

func callsIn(s *source, in ast.Node, yield func(call *ast.CallExpr, name string)) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			yield(call, s.name(call.Fun))
		}
		return true
	})
}

// named returns a function that reports whether an expression is one of the
// types for which is returns true, or the predeclared one, or is declared as
// one that is.
func (t *codebase) named(is func(*source, ast.Expr) bool, predeclared string) func(*source, ast.Expr) bool {
	known := map[string]bool{}
	matches := func(s *source, e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && id.Name == predeclared || is(s, e) || known[s.name(e)]
	}
	for before := -1; before < len(known); {
		before = len(known)
		for _, s := range t.sources {
			ast.Inspect(s.file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok && matches(s, spec.Type) {
					known[s.name(spec.Name)] = true
				}
				return true
			})
		}
	}
	return matches
}

// bubbles returns the functions whose function literals run in a synctest
// bubble: synctest.Test, and those that use a parameter in such literals only.
func (t *codebase) bubbles() map[string]bool {
	known := map[string]bool{"testing/synctest.Test": true}
	for before := 0; before < len(known); {
		before = len(known)
		for _, s := range t.sources {
			for _, d := range s.file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Body != nil && s.passesOn(f, known) {
					known[s.name(f.Name)] = true
				}
			}
		}
	}
	return known
}

// passesOn reports whether f uses its parameters that are functions, and
// there is one, in bubbles only.
func (s *source) passesOn(f *ast.FuncDecl, bubbles map[string]bool) bool {
	var inside []ast.Node
	callsIn(s, f.Body, func(call *ast.CallExpr, name string) {
		if bubbles[name] {
			inside = append(inside, literals(call)...)
		}
	})
	var params []string
	for _, p := range f.Type.Params.List {
		if _, ok := p.Type.(*ast.FuncType); ok {
			for _, name := range p.Names {
				params = append(params, name.Name)
			}
		}
	}
	ok := len(params) > 0 && len(inside) > 0
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, isIdent := n.(*ast.Ident); isIdent && slices.Contains(params, id.Name) && !within(id, inside) {
			ok = false
		}
		return true
	})
	return ok
}

// literals returns the function literals among the arguments of a call.
func literals(call *ast.CallExpr) (out []ast.Node) {
	for _, arg := range call.Args {
		if f, ok := arg.(*ast.FuncLit); ok {
			out = append(out, f)
		}
	}
	return out
}

func within(n ast.Node, ranges []ast.Node) bool {
	return slices.ContainsFunc(ranges, func(r ast.Node) bool { return r.Pos() <= n.Pos() && n.End() <= r.End() })
}

func parse(t *testing.T, path, text string) *source {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := &source{
		pkg: filepath.ToSlash(filepath.Dir(path)), path: path, test: strings.HasSuffix(path, "_test.go"),
		file: f, fset: fset, imports: map[string]string{},
	}
	for _, im := range f.Imports {
		s.imports[importName(im)] = importPath(im)
	}
	return s
}

// fixture reads files: each a path, then its text, with a line --- between.
func fixture(t *testing.T, text string) *codebase {
	t.Helper()
	out := new(codebase)
	for part := range strings.SplitSeq(text, "\n---\n") {
		path, file, _ := strings.Cut(part, "\n")
		out.sources = append(out.sources, parse(t, path, file))
	}
	return out
}

func readTree(t *testing.T) *codebase {
	t.Helper()
	out := new(codebase)
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
		out.sources = append(out.sources, parse(t, filepath.ToSlash(rel), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
