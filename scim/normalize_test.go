package scim

import (
	"flag"
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
