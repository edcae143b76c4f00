package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// each makes a rule for a codebase of one for files.
func each(check func(*source) []string) func(*codebase) []string {
	return func(t *codebase) (out []string) {
		for _, s := range t.sources {
			out = append(out, check(s)...)
		}
		return out
	}
}

// checkPackageDocs wants one doc comment per package.
func checkPackageDocs(t *codebase) (out []string) {
	documented := map[string]bool{}
	for _, s := range t.sources {
		if !s.test {
			documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
		}
	}
	for pkg, ok := range documented {
		if !ok {
			out = append(out, "package "+pkg+" has no doc comment")
		}
	}
	return out
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

func checkUnsafe(s *source) (out []string) {
	for _, im := range s.file.Imports {
		if importPath(im) == "unsafe" && s.path != unsafeFile {
			out = append(out, s.path+" imports unsafe, which is for "+unsafeFile)
		}
	}
	return out
}

func isPure(s *source) bool { return !s.test && slices.Contains(pure, s.pkg) }

func checkDotImports(s *source) (out []string) {
	for _, im := range s.file.Imports {
		if im.Name != nil && im.Name.Name == "." {
			out = append(out, s.at(im)+": names of another package must be seen as such")
		}
	}
	return out
}

func checkPureImports(s *source) (out []string) {
	for _, im := range s.file.Imports {
		first, _, _ := strings.Cut(importPath(im), "/")
		foreign := strings.Contains(first, ".") || first+"/" == module // other rules are about these
		if isPure(s) && !foreign && !slices.Contains(pureImports, importPath(im)) {
			out = append(out, fmt.Sprintf("%s: a pure package imports %s, which is not in pureImports", s.path, importPath(im)))
		}
	}
	return out
}

func checkPureNames(s *source) (out []string) {
	if !isPure(s) {
		return nil
	}
	s.selectors(func(n ast.Node, name string) {
		if slices.Contains(impureNames, name) {
			out = append(out, s.at(n)+": "+name+" in a pure package; take what it says as an argument")
		}
	})
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				out = append(out, s.at(n)+": "+f.Name+" in a pure package")
			}
		}
		return true
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

// checkAnyMaps finds maps from strings to anything, also by other names, in
// what is ours.
func checkAnyMaps(t *codebase) (out []string) {
	anything := t.named(func(s *source, e ast.Expr) bool {
		i, ok := e.(*ast.InterfaceType)
		return ok && len(i.Methods.List) == 0
	}, "any")
	text := t.named(func(*source, ast.Expr) bool { return false }, "string")
	for _, s := range t.sources {
		ast.Inspect(s.file, func(n ast.Node) bool {
			m, ok := n.(*ast.MapType)
			if !ok || slices.Contains(foreign, s.pkg) {
				return true
			}
			value := m.Value
			for list, ok := value.(*ast.ArrayType); ok; list, ok = value.(*ast.ArrayType) {
				value = list.Elt
			}
			if text(s, m.Key) && anything(s, value) {
				out = append(out, s.at(n)+": a map of anything; name the type")
			}
			return true
		})
	}
	return out
}

func checkFunctions(s *source) (out []string) {
	measure := func(n ast.Node, name string) {
		if lines := s.line(n.End()) - s.line(n.Pos()) + 1; lines > maxFuncLines {
			out = append(out, fmt.Sprintf("%s: %s has %d lines, at most %d", s.path, name, lines, maxFuncLines))
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			measure(d, d.Name.Name)
		case *ast.GenDecl: // whose function literals are in no function
			ast.Inspect(d, func(n ast.Node) bool {
				if f, ok := n.(*ast.FuncLit); ok {
					measure(f, "a function literal")
				}
				return true
			})
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

// checkSleep finds tests that sleep for real: outside of function literals
// that run in a synctest bubble.
func checkSleep(t *codebase) (out []string) {
	bubbles := t.bubbles()
	for _, s := range t.sources {
		var inside []ast.Node
		s.calls(func(call *ast.CallExpr, name string) {
			if bubbles[name] {
				inside = append(inside, literals(call)...)
			}
		})
		s.selectors(func(n ast.Node, name string) {
			if s.test && name == "time.Sleep" && !within(n, inside) {
				out = append(out, s.at(n)+": a test sleeps outside a synctest bubble")
			}
		})
	}
	return out
}

func checkSkip(s *source) (out []string) {
	s.selectors(func(n ast.Node, name string) {
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
