// Package judges holds random people against what must be true of them: PATCH
// against a slow model, documents against their way through a record and back,
// and, by way of files that judge.mjs reads, PATCH and filters against what
// others wrote (docs/adr/0019-independent-judges.md).
package judges

import (
	"bufio"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/scim/patch"
)

var (
	cases = flag.Int("cases", 3000, "random cases of each kind")
	write = flag.String("write", "", "write the cases and our results as JSON lines into this folder")
)

// A book is a file of JSON lines, or nothing where -write is not given.
type book struct{ w *bufio.Writer }

func newBook(t *testing.T, name string) book {
	if *write == "" {
		return book{}
	}
	f, err := os.Create(filepath.Join(*write, name))
	if err != nil {
		t.Fatal(err)
	}
	b := book{bufio.NewWriter(f)}
	t.Cleanup(func() {
		if err := b.w.Flush(); err != nil {
			t.Error(err)
		}
		f.Close()
	})
	return b
}

// add writes a line: names and their JSON in turn.
func (b book) add(pairs ...string) {
	if b.w == nil {
		return
	}
	sep := "{"
	for i := 0; i < len(pairs); i += 2 {
		b.w.WriteString(sep + `"` + pairs[i] + `":` + pairs[i+1]) // Flush says whether it failed
		sep = ","
	}
	b.w.WriteString("}\n")
}

func decode(t *testing.T, text []byte) scim.Object {
	t.Helper()
	o, err := scim.Decode(text, scim.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func dialect(name string) *scim.Dialect {
	d, _ := scim.DialectByName(name)
	return d
}

// normal is o as the server holds it.
func normal(t *testing.T, o scim.Object) scim.Object {
	t.Helper()
	out, err := scim.Normalize(scim.User, decode(t, scim.AppendObject(nil, o)), dialect("strict"))
	if err != nil {
		t.Fatalf("%s: %v", scim.AppendObject(nil, o), err)
	}
	return out
}

// TestPatch holds PATCH against the model.
func TestPatch(t *testing.T) {
	b := newBook(t, "patch.jsonl")
	for seed := range uint64(*cases) {
		m := newMaker(seed)
		name := pick(m, "generic", "strict")
		doc, ops := normal(t, m.person()), m.operations()
		text, outcome := hold(t, seed, name, doc, ops)
		b.add(append([]string{"dialect", quote(name), "resource", string(show(doc)), "operations", text}, outcome...)...)
	}
}

// TestPatchTolerated is TestPatch with operations that others refuse.
func TestPatchTolerated(t *testing.T) {
	for seed := range uint64(*cases) {
		m := newMaker(seed)
		name := pick(m, "generic", "strict")
		doc, ops := normal(t, m.person()), m.operations()
		ops[m.IntN(len(ops))] = m.tolerated()
		hold(t, seed, name, doc, ops)
	}
}

// hold compares what ops make of doc with what the model says. It returns the
// operations as they were sent, and the outcome.
func hold(t *testing.T, seed uint64, name string, doc scim.Object, ops []operation) (text string, outcome []string) {
	t.Helper()
	var list []string
	for _, op := range ops {
		list = append(list, op.json())
	}
	text = "[" + strings.Join(list, ",") + "]"
	want, wantRefusal := model{strict: name == "strict"}.apply(doc, ops)
	got, refusal := patched(t, doc, text, dialect(name))
	switch {
	case refusal != nil && (refusal.Status != 400 || refusal.Type != wantRefusal):
		t.Errorf("seed %d: %s by %s in %s: refused as %v, the model says %q", seed, show(doc), text, name, refusal, wantRefusal)
	case refusal == nil && (wantRefusal != "" || !got.Equal(normal(t, want))):
		t.Errorf("seed %d: %s by %s in %s:\n got %s\nwant %s %s", seed, show(doc), text, name, show(got), wantRefusal, show(want))
	}
	if refusal != nil {
		return text, []string{"refused", quote(string(refusal.Type))}
	}
	return text, []string{"result", string(show(got))}
}

func show(o scim.Object) []byte { return scim.AppendObject(nil, o) }

func quote(text string) string { return string(scim.AppendValue(nil, scim.Text(text))) }

// patched is what the server makes of doc, from bytes on.
func patched(t *testing.T, doc scim.Object, ops string, d *scim.Dialect) (scim.Object, *scim.Error) {
	t.Helper()
	body := decode(t, []byte(`{"schemas":["`+scim.URNPatchOp+`"],"Operations":`+ops+`}`))
	parsed, err := patch.Parse(scim.User, body, d, scim.DefaultLimits)
	if err != nil {
		return nil, err
	}
	before := string(show(doc))
	out, err := patch.Apply(scim.User, doc, parsed, d)
	if string(show(doc)) != before {
		t.Errorf("%s became %s under PATCH", before, show(doc))
	}
	return out, err
}

// A known person is one with what the server knows of them.
type known struct {
	record  scim.Record
	doc     scim.Object
	created string
}

func (k known) Record() scim.Record { return k.record }

func (k known) Derived(a *scim.Attribute) scim.Value {
	switch a {
	case scim.UserID, scim.UserExternalID:
		return k.doc.Get(a.Name)
	case scim.UserMeta:
		return k.meta()
	case scim.ExtTeams:
		return k.record.ExtAttr(scim.UserExt, a)
	}
	return scim.Value{}
}

func (k known) meta() scim.Value {
	return scim.ObjectOf(scim.Attr{Name: "created", Value: scim.Text(k.created)}, scim.Attr{Name: "lastModified", Value: scim.Text(days[2])})
}

// TestFilters wants every filter to be understood, and to mean the same in its
// canonical spelling. What it means, judge.mjs asks others.
func TestFilters(t *testing.T) {
	b := newBook(t, "filter.jsonl")
	for seed := range uint64(*cases) {
		m := newMaker(seed)
		doc := normal(t, m.person())
		p := known{scim.Encode(scim.User, doc), doc, pick(m, days...)}
		text := m.filter(2)
		f, err := filter.Parse(scim.User, text, dialect("strict"), scim.DefaultLimits)
		if err != nil {
			t.Errorf("seed %d: %s: %v", seed, text, err)
			continue
		}
		again, err := filter.Parse(scim.User, f.String(), dialect("strict"), scim.DefaultLimits)
		if err != nil || again.Match(p) != f.Match(p) {
			t.Errorf("seed %d: %s differs from %s: %v", seed, text, f, err)
		}
		b.add("filter", quote(text), "resource", string(show(doc.With("meta", p.meta()))), "result", strconv.FormatBool(f.Match(p)))
	}
}
