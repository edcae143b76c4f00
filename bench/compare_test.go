package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")

// TestCompare runs testdata/compare.txt, whose head says how its cases are
// written.
func TestCompare(t *testing.T) {
	const file = "testdata/compare.txt"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases := strings.Split(strings.TrimSpace(string(raw)), "\n----\n")
	out := cases[:1] // the head
	for _, c := range cases[1:] {
		input, want, _ := strings.Cut(c, "\n=> ")
		var got string
		name, _, _ := strings.Cut(strings.TrimPrefix(input, "# "), "\n")
		t.Run(name, func(t *testing.T) { got = runCompare(t, input) })
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

// runCompare writes the two reports of a case and compares them by the command.
func runCompare(t *testing.T, input string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	reports := map[string]*suiteReport{"A": {Schema: suiteSchema}, "B": {Schema: suiteSchema}}
	texts := map[string]string{}
	command := []string{"compare", "A.json", "B.json"}
	for line := range strings.Lines(input) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		r := reports[name]
		switch {
		case name == "#":
		case name == "flags":
			command = append(command, strings.Fields(rest)...)
		case r == nil:
			t.Fatalf("malformed line %q", line)
		case strings.HasPrefix(rest, "text "):
			texts[name] = strings.TrimPrefix(rest, "text ")
		default:
			describe(t, r, rest)
		}
	}
	for name, r := range reports {
		err := r.write(name + ".json")
		if text, given := texts[name]; given {
			err = os.WriteFile(name+".json", []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), command, &stdout, &stderr)
	return strings.TrimSpace(fmt.Sprintf("exit %d\n%s%s", code, stdout.String(), stderr.String()))
}

// describe changes a report as a line of a case says.
func describe(t *testing.T, r *suiteReport, line string) {
	t.Helper()
	fields := strings.Fields(line)
	switch fields[0] {
	case "quick":
		r.Quick = true
	case "people":
		r.Sizes.People = int(numbers(t, fields[1:])[0])
	case "alternations":
		r.Sizes.Alternations = int(numbers(t, fields[1:])[0])
	case "cpu":
		r.Machine.CPU = fields[1]
	default:
		m := measurement{ID: fields[0], Bound: fields[1], Failure: strings.TrimPrefix(strings.Join(fields[2:], " "), "failed: ")}
		if fields[2] != "failed:" {
			ours, against, divided := strings.Cut(strings.Join(fields[2:], " "), " / ")
			m.Failure, m.Ours = "", newSide("rosterd", numbers(t, strings.Fields(ours)))
			if divided {
				other := newSide("limit", numbers(t, strings.Fields(against)))
				m.Against = &other
			}
			m.conclude()
		}
		r.Measurements = append(r.Measurements, m)
	}
}

func numbers(t *testing.T, words []string) []float64 {
	t.Helper()
	var values []float64
	for _, word := range words {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// TestCompareNoFile names a file that is not there.
func TestCompareNoFile(t *testing.T) {
	var stderr bytes.Buffer
	path := filepath.Join(t.TempDir(), "none.json")
	code := run(context.Background(), []string{"compare", path, path}, &bytes.Buffer{}, &stderr)
	if code != exitUsage || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "none.json") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}
