package scim

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")

// TestNormalize runs testdata/normalize.txt: cases divided by ----, each a
// comment, a line "TYPE dialect", the body, and behind => the normalised
// object or the refusal.
func TestNormalize(t *testing.T) {
	const file = "testdata/normalize.txt"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for c := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n----\n") {
		input, want, _ := strings.Cut(c, "\n=> ")
		got := runNormalize(t, input)
		if got != want && !*rewrite {
			t.Errorf("%s\n got %s\nwant %s", input, got, want)
		}
		out = append(out, input+"\n=> "+got)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n----\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runNormalize(t *testing.T, input string) string {
	_, input, _ = strings.Cut(input, "\n") // the comment
	head, body, _ := strings.Cut(input, "\n")
	kind, name, _ := strings.Cut(head, " ")
	d, ok := DialectByName(name)
	if !ok {
		t.Fatalf("no dialect in %q", head)
	}
	rt := User
	if kind == "Group" {
		rt = Group
	}
	o, err := Decode([]byte(body), DefaultLimits)
	if err == nil {
		o, err = Normalize(rt, o, d)
	}
	if err == nil {
		err = Validate(rt, o)
	}
	if err != nil {
		return err.Error()
	}
	return string(AppendObject(nil, o))
}

// TestLongLists: a value that stands in a list twice is kept once, also where
// lists are long; comparing each with each would take long here.
func TestLongLists(t *testing.T) {
	d, _ := DialectByName("generic")
	for _, n := range []int{1, 15, 16, 17, 40, 20_000} {
		var sent []Value
		for i := range 2 * n {
			sent = append(sent, ObjectOf(Attr{"value", Text(fmt.Sprint(i % n))}, Attr{"type", Text("User")}))
		}
		o, err := Normalize(Group, Object{{"displayName", Text("G")}, {"members", ListOf(sent...)}}, d)
		if err != nil {
			t.Fatal(err)
		}
		got := o.Get("members").List()
		if len(got) != n {
			t.Fatalf("%d members of %d", len(got), n)
		}
		for i, m := range got {
			if m.Obj().Get("value").Str() != fmt.Sprint(i) {
				t.Fatalf("member %d of %d is %v", i, n, m)
			}
		}
	}
}

// TestMaxValues: of anything but members there may be so many values.
func TestMaxValues(t *testing.T) {
	d, _ := DialectByName("generic")
	for _, n := range []int{MaxValues, MaxValues + 1} {
		var sent []Value
		for i := range n {
			sent = append(sent, ObjectOf(Attr{"value", Text(fmt.Sprintf("a%d@example.com", i))}))
		}
		_, err := Normalize(User, Object{{"userName", Text("a")}, {"emails", ListOf(sent...)}}, d)
		if (err != nil) != (n > MaxValues) {
			t.Errorf("%d values: %v", n, err)
		}
	}
}

// BenchmarkNormalize makes a person of what BenchmarkDecode reads.
func BenchmarkNormalize(b *testing.B) {
	raw, refusal := Decode([]byte(sample), DefaultLimits)
	if refusal != nil {
		b.Fatal(refusal)
	}
	var room Room
	dialect, _ := DialectByName("generic")
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := room.Normalize(User, raw, dialect); refusal != nil {
			b.Fatal(refusal)
		}
		room.Reset()
	}
}

// TestRoleInAnyCase: a role whose JSON text is sent as Value is the one that is
// sent as value (row 24).
func TestRoleInAnyCase(t *testing.T) {
	dialect, _ := DialectByName("entra")
	for _, role := range []string{`{"value":"Admin","displayName":"Administrator"}`, `{"value":"","displayName":"Nobody"}`, `{"displayName":"` + strings.Repeat("x", DefaultMaxLen) + `","value":"long"}`} {
		var got [2]string
		for i, name := range []string{"value", "Value"} {
			raw := Object{{"roles", ListOf(ObjectOf(Attr{"id", Text("1")}, Attr{name, Text(role)}))}}
			doc, refusal := Normalize(User, raw, dialect)
			got[i] = fmt.Sprint(ObjectOf(doc...), refusal)
		}
		if got[0] != got[1] {
			t.Errorf("value gives %.200s\nValue %.200s", got[0], got[1])
		}
	}
}
