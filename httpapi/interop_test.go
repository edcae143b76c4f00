package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"rosterd/scim"
	"rosterd/workspace"
)

// An interopRow is a row of docs/interop.md, which is made of these: something
// that real clients send and that some server got wrong.
type interopRow struct {
	number             int
	sends, answer, rfc string
	tests              []string // Go tests that show what no exchange can
	runs               []interopRun
}

// An interopRun is an exchange that goes the same way in some dialects.
type interopRun struct {
	dialects []string
	text     string
}

// judgement rows are those where the RFC and the clients disagree: they show
// what the generic and the strict dialect answer.
var judgement = []int{4, 10, 24, 31, 37, 39, 40, 41, 51, 65, 67}

var allDialects = []string{"generic", "entra", "okta", "onelogin", "strict"}

const interopFiles = "testdata/interop/%02d.txt"

// readInterop reads the file of a row: lines "Key: text", and for some dialects
// each "== dialect dialect" and exchanges as TestExchanges has them, in which
// the client is called client.
func readInterop(t *testing.T, number int) interopRow {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf(interopFiles, number))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(raw), "\n== ")
	row := interopRow{number: number}
	for line := range strings.SplitSeq(strings.TrimSpace(parts[0]), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "Sends":
			row.sends = value
		case "Answer":
			row.answer = value
		case "RFC":
			row.rfc = value
		case "Tests":
			row.tests = strings.Fields(value)
		default:
			t.Fatalf("row %d: there is no key %q", number, key)
		}
	}
	if row.sends == "" || row.answer == "" || row.rfc == "" || len(parts) == 1 {
		t.Fatalf("row %d: it needs Sends, Answer, RFC and an exchange", number)
	}
	for _, part := range parts[1:] {
		head, text, _ := strings.Cut(part, "\n")
		run := interopRun{strings.Fields(head), text}
		if head == "all" {
			run.dialects = allDialects
		}
		row.runs = append(row.runs, run)
	}
	return row
}

func (row interopRow) write(t *testing.T) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "Sends: %s\nAnswer: %s\nRFC: %s\n", row.sends, row.answer, row.rfc)
	if len(row.tests) > 0 {
		fmt.Fprintf(&out, "Tests: %s\n", strings.Join(row.tests, " "))
	}
	for _, run := range row.runs {
		head := strings.Join(run.dialects, " ")
		if slices.Equal(run.dialects, allDialects) {
			head = "all"
		}
		fmt.Fprintf(&out, "\n== %s\n%s\n", head, strings.TrimRight(run.text, "\n"))
	}
	if err := os.WriteFile(fmt.Sprintf(interopFiles, row.number), []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// interopRows reads all rows, in order. None is missing.
func interopRows(t *testing.T) []interopRow {
	t.Helper()
	files, err := filepath.Glob("testdata/interop/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []interopRow
	for number := 1; number <= len(files); number++ {
		out = append(out, readInterop(t, number))
	}
	return out
}

// interopTunes are for rows that meet a limit.
var interopTunes = map[int]func(*Config){
	58: func(c *Config) { c.Limits.Operations, c.MaxGroupBody = 3, 700 },
	64: func(c *Config) { c.Workspaces = &busy{Workspaces: c.Workspaces} },
}

// busy is full at every second command.
type busy struct {
	Workspaces
	commands atomic.Int64
}

func (b *busy) Do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error) {
	if b.commands.Add(1)%2 == 1 {
		return workspace.Result{}, nil, workspace.ErrBusy
	}
	return b.Workspaces.Do(ctx, ws, env, cmd)
}

// TestInterop plays every row in each of its dialects, each against a server of
// its own. Together with exchanges/quirks.txt they meet every quirk.
func TestInterop(t *testing.T) {
	const rows = 68
	all := interopRows(t)
	if len(all) != rows {
		t.Fatalf("%d rows, want %d", len(all), rows)
	}
	met := metQuirks{missing: 1}
	for _, row := range all {
		for _, run := range row.runs {
			met.missing += len(run.dialects)
		}
	}
	t.Cleanup(func() { met.check(t) })
	t.Run("quirks", func(t *testing.T) {
		text, err := os.ReadFile("testdata/exchanges/quirks.txt")
		if err != nil {
			t.Fatal(err)
		}
		playAs(t, "generic", string(text), nil, &met)
	})
	for _, row := range all {
		for i, run := range row.runs {
			for n, dialect := range run.dialects {
				t.Run(fmt.Sprintf("%02d/%s", row.number, dialect), func(t *testing.T) {
					if !*rewrite {
						t.Parallel()
					}
					got := playAs(t, dialect, run.text, interopTunes[row.number], &met)
					if *rewrite && n == 0 {
						row.runs[i].text = got
					}
					compareLines(t, got, row.runs[i].text)
				})
			}
		}
		if *rewrite {
			row.write(t)
		}
	}
}

// playAs plays an exchange with a client that speaks a dialect.
func playAs(t *testing.T, dialect, text string, tune func(*Config), met *metQuirks) string {
	r := newRig(t, tune)
	if r.client = dialect; dialect == "generic" {
		r.client = workspace.DefaultConnection
	}
	got := r.play(text)
	met.add(r)
	return strings.ReplaceAll(got, `"connection":"`+r.client+`"`, `"connection":"client"`)
}

// metQuirks are the quirks that requests needed.
type metQuirks struct {
	mu      sync.Mutex
	all     scim.Quirks // guarded by mu, as the next
	missing int         // exchanges that were not played; -run may choose some
}

func (m *metQuirks) add(r *rig) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.missing--
	for _, token := range dialects {
		for _, use := range r.srv.quirks.of(tokenKey{"acme", token}) {
			m.all |= 1 << use.Quirk
		}
	}
}

func (m *metQuirks) check(t *testing.T) {
	for q := scim.Quirk(1); q <= scim.LastQuirk; q++ {
		if !m.all.Has(q) && m.missing == 0 {
			t.Errorf("no request needs quirk %s", q.Info().Name)
		}
	}
}

// TestInteropTable holds docs/interop.md against the rows and the quirks.
func TestInteropTable(t *testing.T) {
	const file = "../docs/interop.md"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := interopRows(t)
	checkInterop(t, rows)
	const mark = "<!-- What follows is written by go test ./httpapi -run TestInteropTable -rewrite. -->\n"
	head, _, found := strings.Cut(string(have), mark)
	if !found {
		t.Fatalf("%s has no line %q", file, mark)
	}
	want := head + mark + interopTable(rows) + quirkTable()
	switch {
	case *rewrite:
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != string(have):
		compareLines(t, want, string(have))
	}
}

// checkInterop wants both answers of a judgement row, Go tests that there are,
// and rows that there are behind every quirk.
func checkInterop(t *testing.T, rows []interopRow) {
	t.Helper()
	tests := goTests(t)
	for _, row := range rows {
		dialects := map[string]int{}
		for _, run := range row.runs {
			for _, d := range run.dialects {
				dialects[d]++
			}
		}
		for d, n := range dialects {
			if n > 1 || !slices.Contains(allDialects, d) {
				t.Errorf("row %d: dialect %s stands there %d times", row.number, d, n)
			}
		}
		if slices.Contains(judgement, row.number) && (dialects["generic"] == 0 || dialects["strict"] == 0) {
			t.Errorf("row %d: show it in generic and in strict, not in %v", row.number, slices.Sorted(maps.Keys(dialects)))
		}
		for _, name := range row.tests {
			if !tests[name] {
				t.Errorf("row %d: there is no %s", row.number, name)
			}
		}
	}
	for q := scim.Quirk(1); q <= scim.LastQuirk; q++ {
		for _, row := range q.Info().Rows {
			if row < 1 || row > len(rows) {
				t.Errorf("quirk %s: there is no row %d", q.Info().Name, row)
			}
		}
	}
}

// goTests are the names of the package's tests.
func goTests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testForm.FindAllSubmatch(text, -1) {
			out[string(bytes.TrimSpace(m[1]))] = true
		}
	}
	return out
}

var testForm = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func interopTable(rows []interopRow) string {
	var out strings.Builder
	out.WriteString("\n## Rows\n\n| | the client sends | rosterd answers | dialects | RFC | tests |\n|---|---|---|---|---|---|\n")
	for _, row := range rows {
		var dialects []string
		for _, run := range row.runs {
			if slices.Equal(run.dialects, allDialects) {
				dialects = append(dialects, "all alike")
			} else {
				dialects = append(dialects, strings.Join(run.dialects, ", "))
			}
		}
		test := fmt.Sprintf("[TestInterop/%02d](../httpapi/testdata/interop/%02d.txt)", row.number, row.number)
		for _, name := range row.tests {
			test += ", " + name
		}
		fmt.Fprintf(&out, "| %d | %s | %s | %s | %s | %s |\n", row.number, cell(row.sends), cell(row.answer), strings.Join(dialects, "; "), row.rfc, test)
	}
	return out.String()
}

func quirkTable() string {
	var out strings.Builder
	out.WriteString("\n## Quirks\n\n| quirk | the client | departs from | rows |")
	rule := "\n|---|---|---|---|"
	for _, d := range scim.Dialects() {
		out.WriteString(" " + d.Name + " |")
		rule += "---|"
	}
	out.WriteString(rule + "\n")
	for q := scim.Quirk(1); q <= scim.LastQuirk; q++ {
		info := q.Info()
		var rows []string
		for _, row := range info.Rows {
			rows = append(rows, strconv.Itoa(row))
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |", info.Name, cell(info.Does), info.RFC)
		if len(rows) > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(strings.Join(rows, ", ") + " |")
		for _, d := range scim.Dialects() {
			if d.Has(q) {
				out.WriteString(" yes |")
			} else {
				out.WriteString(" |")
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// cell writes text into a cell of a Markdown table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
