package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report.html is made of these: everything it shows is in it, so that it can be
// sent to somebody, and it runs no script.
var (
	//go:embed report.html.tmpl
	pageText string
	//go:embed report.css
	pageStyle string

	pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
		"figure": figure, "line": lineName, "dash": lineDash,
	}).Parse(pageText))
)

// rivalsPart is the part of the suite whose measurements are about peers.
const rivalsPart = "peers"

// A page is what report.html shows of a report.
type page struct {
	*suiteReport
	Style    template.CSS
	Day      string // when it was measured
	Duration string
	Met      int           // goals
	Unmet    []measurement // missed, or not measured
	Ratios   *picture      // nil if there is none
	Figures  []measurement
	AtPeers  []measurement // of Figures the ones about peers, which have a table of their own
	Pictures []picture
}

// A picture is a chart with its words: it is drawn for wide and for narrow
// screens, and what it shows stands below it as a table.
type picture struct {
	plot
	About  string // a sentence for who cannot see it
	Shapes []drawnShape
	Rows   [][]string // by x, a column for each line
}

type drawnShape struct {
	shape
	Drawing template.HTML
}

// writeHTML writes the report as a page that needs nothing else.
func writeHTML(r *suiteReport, path string) error {
	p, err := newPage(r)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pageTemplate.Execute(file, p); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func newPage(r *suiteReport) (*page, error) {
	p := &page{suiteReport: r, Style: template.CSS(pageStyle), Day: r.Began, Duration: duration(r.Seconds)}
	if began, err := time.Parse(time.RFC3339, r.Began); err == nil {
		p.Day = began.UTC().Format("2 January 2006, 15:04 UTC")
	}
	for _, m := range r.Measurements {
		if m.Pass {
			p.Met++
		} else {
			p.Unmet = append(p.Unmet, m)
		}
		if m.Part == rivalsPart {
			p.AtPeers = append(p.AtPeers, m)
		} else {
			p.Figures = append(p.Figures, m)
		}
	}
	if err := p.drawRatios(); err != nil {
		return nil, err
	}
	for _, one := range r.Plots {
		if xs, _ := one.values(); len(xs) == 0 {
			continue
		}
		drawn, err := newPicture(one)
		if err != nil {
			return nil, fmt.Errorf("plot %s: %w", one.ID, err)
		}
		p.Pictures = append(p.Pictures, drawn)
	}
	return p, nil
}

// drawRatios makes one picture of all measurements that are ratios.
func (p *page) drawRatios() error {
	ratios := slices.DeleteFunc(slices.Clone(p.Measurements), func(m measurement) bool { return m.Against == nil || m.Failure != "" })
	if len(ratios) == 0 {
		return nil
	}
	p.Ratios = &picture{plot: plot{Title: "Ratios and their goals"}, About: "Each ratio with its goal; the table of figures has the same."}
	for _, s := range []shape{wide, narrow} {
		drawing, err := drawRatios(ratios, &s)
		if err != nil {
			return fmt.Errorf("ratios: %w", err)
		}
		p.Ratios.Shapes = append(p.Ratios.Shapes, drawnShape{s, drawing})
	}
	return nil
}

func newPicture(p plot) (picture, error) {
	var names []string
	for _, l := range p.Lines {
		names = append(names, l.Name)
	}
	drawn := picture{plot: p, Rows: p.rows(),
		About: fmt.Sprintf("%s over %s: %s. The same figures stand below as a table.", p.Y, p.X, strings.Join(names, ", "))}
	for _, s := range []shape{wide, narrow} {
		drawing, err := drawLines(p, s)
		if err != nil {
			return picture{}, err
		}
		drawn.Shapes = append(drawn.Shapes, drawnShape{s, drawing})
	}
	return drawn, nil
}

// rows returns the points as a table: a row for each x, with the y of each line
// there or nothing.
func (p plot) rows() [][]string {
	xs, _ := p.values()
	slices.Sort(xs)
	var rows [][]string
	for _, x := range slices.Compact(xs) {
		row := []string{figure(x)}
		for _, l := range p.Lines {
			cell := ""
			if i := slices.IndexFunc(l.Points, func(at point) bool { return at.X == x }); i >= 0 {
				cell = figure(l.Points[i].Y)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// LogX says of an axis that what is twice as far is not twice as much.
func (p picture) LogX() bool { x, _ := p.axes(wide); return x.log }

// LogY says so of the other axis.
func (p picture) LogY() bool { _, y := p.axes(wide); return y.log }

// A figureTable is one of the page's tables of measurements.
type figureTable struct {
	Caption string
	Rows    []measurement
}

// Table puts measurements under a caption.
func (p *page) Table(caption string, rows []measurement) figureTable {
	return figureTable{caption, rows}
}

// Goals returns how many there are.
func (p *page) Goals() int { return len(p.Measurements) }

// Verdict is the measurement's verdict, for the template.
func (m measurement) Verdict() string { return m.verdict() }

// A sideUnit is a side for the template, with the unit of its figures.
type sideUnit struct {
	Side side
	Unit string
}

// Of returns one side of the measurement with its unit.
func (m measurement) Of(s side) sideUnit { return sideUnit{s, m.Unit} }

// lineName is the variable of the page that has the colour of a line.
func lineName(i int) template.CSS { return template.CSS(fmt.Sprintf("var(--c%d)", i%lineColours)) }

// lineDash is the pattern of a line in the key.
func lineDash(i int) string {
	var lengths []string
	for _, length := range dash(i) {
		lengths = append(lengths, strconv.FormatFloat(length, 'g', -1, 64))
	}
	return strings.Join(lengths, " ")
}

// duration writes seconds as minutes where those are many.
func duration(seconds float64) string {
	if seconds < 120 {
		return fmt.Sprintf("%.0f seconds", seconds)
	}
	return fmt.Sprintf("%.0f minutes", seconds/60)
}
