package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/schollz/progressbar/v3"
)

// A table is what people read: a head line and rows of as many cells. The
// first column is set left, the others right.
type table struct {
	head []string
	rows [][]string
}

// add appends a row; a cell that is no string is written as figure does.
func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = figure(cell)
	}
	t.rows = append(t.rows, row)
}

// figure writes a number the way it is compared by eye: floats with two places
// below ten and none from a thousand on.
func figure(v any) string {
	f, ok := v.(float64)
	switch {
	case !ok:
		return fmt.Sprint(v)
	case f >= 1000 || f <= -1000:
		return fmt.Sprintf("%.0f", f)
	case f >= 10 || f <= -10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// write prints the table with its columns aligned.
func (t *table) write(w io.Writer) error {
	lines := append([][]string{t.head}, t.rows...)
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for _, line := range lines {
		var out strings.Builder
		for i, cell := range line {
			blank := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				out.WriteString(cell + blank)
			} else {
				out.WriteString("  " + blank + cell)
			}
		}
		text.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// A report is the result of a command: its fields are the JSON, tables the
// same for people.
type report interface{ tables() []table }

// print writes the report to w.
func print(w io.Writer, r report, asJSON bool) error {
	if asJSON {
		if err := json.MarshalWrite(w, r, jsontext.WithIndent("  ")); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w)
		return err
	}
	for i, t := range r.tables() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := t.write(w); err != nil {
			return err
		}
	}
	return nil
}

// A goal is one figure with the limit it is held against.
type goal struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"`
	Bound string  `json:"bound"` // how the value must stand to the limit: "<", "<=" or ">="
	Pass  bool    `json:"pass"`
}

func below(name string, value float64, unit string, limit float64) goal {
	return goal{Name: name, Value: value, Unit: unit, Bound: "<", Limit: limit, Pass: value < limit}
}

func atMost(name string, value float64, unit string, limit float64) goal {
	return goal{Name: name, Value: value, Unit: unit, Bound: "<=", Limit: limit, Pass: value <= limit}
}

func noLessThan(name string, value float64, unit string, limit float64) goal {
	return goal{Name: name, Value: value, Unit: unit, Bound: ">=", Limit: limit, Pass: value >= limit}
}

// goals are the verdict of a report.
type goals []goal

// verdict returns errMissed if a goal is missed.
func (g goals) verdict() error {
	for _, one := range g {
		if !one.Pass {
			return errMissed
		}
	}
	return nil
}

func (g goals) table() table {
	t := table{head: []string{"goal", "measured", "unit", "limit", "verdict"}}
	for _, one := range g {
		verdict := "missed"
		if one.Pass {
			verdict = "met"
		}
		t.add(one.Name, one.Value, one.Unit, one.Bound+" "+figure(one.Limit), verdict)
	}
	return t
}

// newBar draws progress of total steps on w, the process's stderr.
func newBar(w io.Writer, total int, description string, more ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionOnCompletion(func() { fmt.Fprintln(w) }),
	}, more...)...)
}
