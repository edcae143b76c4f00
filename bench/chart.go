package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"
)

// A shape is a size to draw a chart in, in pixels. A chart is drawn in all
// shapes and the page shows the one that fits: to scale one down to a phone
// would make its text too small to read.
type shape struct {
	Name          string // its class in the page
	Width, Height int
	ticks         int // about so many on the x axis
}

var (
	wide   = shape{"wide", 620, 300, 8}
	narrow = shape{"narrow", 350, 280, 5}
)

// Colours of a drawing. The library writes them into styles; colourNames makes
// them variables, whose values the page has for a light screen, a dark one and
// paper.
var (
	ink   = drawing.Color{R: 1, A: 255}
	faint = drawing.Color{R: 2, A: 255}
	good  = drawing.Color{R: 3, A: 255}
	bad   = drawing.Color{R: 4, A: 255}
)

// lineColours is how many colours there are for lines. Lines differ in their
// dashes too, as not everybody can tell colours apart.
const lineColours = 8

func lineColour(i int) drawing.Color {
	return drawing.Color{R: 5, G: uint8(i % lineColours), A: 255}
}

var dashes = [][]float64{nil, {7, 3}, {2, 3}, {9, 3, 2, 3}, {12, 4}}

func dash(i int) []float64 { return dashes[i%len(dashes)] }

// colourNames replaces what the library writes by what the page defines.
var colourNames = func() *strings.Replacer {
	pairs := []string{
		ink.String(), "var(--ink)", faint.String(), "var(--line)", good.String(), "var(--good)", bad.String(), "var(--bad)",
		"font-size:12px;font-family:'Roboto Medium',sans-serif", "font-size:11.5px", // the page has the font
	}
	for i := range lineColours {
		pairs = append(pairs, lineColour(i).String(), fmt.Sprintf("var(--c%d)", i))
	}
	return strings.NewReplacer(pairs...)
}()

// An axis maps the values of a chart to places on it.
type axis struct {
	log   bool // for values above 0 alone
	ticks []float64
}

// newAxis returns an axis that shows all values, which are at least one, with
// about so many ticks. A linear one holds 0 too if from0 is set.
func newAxis(values []float64, log, from0 bool, ticks int) axis {
	low, high := slices.Min(values), slices.Max(values)
	if log {
		return axis{log: true, ticks: logTicks(low, high)}
	}
	switch {
	case from0:
		low, high = min(low, 0), max(high, 0)
		if low == high {
			high = 1
		}
	case low == high:
		low, high = low-1, high+1
	}
	step := roundStep((high - low) / float64(ticks))
	a := axis{}
	for i := math.Floor(low / step); ; i++ {
		a.ticks = append(a.ticks, i*step)
		if i*step >= high {
			return a
		}
	}
}

// roundStep returns the next larger number of 1, 2 and 5 times a power of ten.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, step := range []float64{1, 2, 5} {
		if step*power >= least {
			return step * power
		}
	}
	return 10 * power
}

// logTicks returns powers of ten around low and high and, where those are few,
// twice and five times them.
func logTicks(low, high float64) []float64 {
	steps := []float64{1, 2, 5}
	if high/low > 500 {
		steps = steps[:1]
	}
	var ticks []float64
	for power := math.Floor(math.Log10(low)); ; power++ {
		for _, step := range steps {
			tick := step * math.Pow(10, power)
			if tick <= low {
				ticks = ticks[:0] // none but the last at or below low
			}
			ticks = append(ticks, tick)
			if tick >= high && len(ticks) > 1 {
				return ticks
			}
		}
	}
}

// at returns the place of a value.
func (a axis) at(v float64) float64 {
	if a.log {
		return math.Log10(v)
	}
	return v
}

// marks returns the ticks for the library.
func (a axis) marks() []chartdraw.Tick {
	var marks []chartdraw.Tick
	for _, v := range a.ticks {
		marks = append(marks, chartdraw.Tick{Value: a.at(v), Label: shortNumber(v)})
	}
	return marks
}

// shortNumber writes 1500000 as 1.5M.
func shortNumber(v float64) string {
	unit := ""
	switch {
	case math.Abs(v) >= 1e6:
		v, unit = v/1e6, "M"
	case math.Abs(v) >= 1e4:
		v, unit = v/1e3, "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + unit
}

// drawLines draws the lines of a plot that has at least one point.
func drawLines(p plot, s shape) (template.HTML, error) {
	x, y := p.axes(s)
	c := newChart(s, x.marks(), y.marks())
	for i, l := range p.Lines {
		style := chartdraw.Style{StrokeColor: lineColour(i), StrokeWidth: 2, StrokeDashArray: dash(i)}
		if len(l.Points) <= 15 {
			style.DotColor, style.DotWidth = lineColour(i), 3
		}
		c.Series = append(c.Series, series(x, y, style, l.Points...))
	}
	return render(c)
}

// axes chooses how the plot is shown. A few values of x far from each other,
// such as 1, 16 and 256 connections, get places at equal distances, and so do
// values of y over powers of ten.
func (p plot) axes(s shape) (x, y axis) {
	xs, ys := p.values()
	distinct := slices.Compact(slices.Sorted(slices.Values(xs)))
	logX := len(distinct) <= 12 && spread(xs) >= 20
	x = newAxis(xs, logX, false, s.ticks)
	if logX && len(distinct) <= s.ticks {
		x.ticks = distinct
	}
	return x, newAxis(ys, spread(ys) >= 100, true, 6)
}

// values returns the coordinates of all points.
func (p plot) values() (xs, ys []float64) {
	for _, l := range p.Lines {
		for _, at := range l.Points {
			xs, ys = append(xs, at.X), append(ys, at.Y)
		}
	}
	return xs, ys
}

// spread returns by what factor the values differ, 0 if one is not above 0.
func spread(values []float64) float64 {
	if slices.Min(values) <= 0 {
		return 0
	}
	return slices.Max(values) / slices.Min(values)
}

// drawRatios draws each measurement that is divided by another as a dot at its
// value, over a line from the least to the most of the alternations, and its
// goal as an upright stroke. There is at least one; the shape gets as high as
// all of them need.
func drawRatios(all []measurement, s *shape) (template.HTML, error) {
	var values []float64
	for i := range all {
		values = append(append(values, all[i].Value, all[i].Goal), all[i].alternations()...)
	}
	values = slices.DeleteFunc(values, func(v float64) bool { return v <= 0 })
	x := newAxis(values, true, false, s.ticks)
	s.Height = 60 + 24*len(all)
	rows := []chartdraw.Tick{{Value: 0}}
	y := axis{}
	var drawn []chartdraw.Series
	for i := range all {
		m := &all[i]
		row := float64(len(all) - i)
		rows = append(rows, chartdraw.Tick{Value: row, Label: m.ID})
		colour := bad
		if m.Pass {
			colour = good
		}
		if each := m.alternations(); len(each) > 0 && slices.Min(each) > 0 {
			drawn = append(drawn, series(x, y, chartdraw.Style{StrokeColor: colour, StrokeWidth: 2},
				point{slices.Min(each), row}, point{slices.Max(each), row}))
		}
		drawn = append(drawn, series(x, y, chartdraw.Style{StrokeColor: ink, StrokeWidth: 3}, point{m.Goal, row - 0.35}, point{m.Goal, row + 0.35}))
		if m.Value > 0 {
			drawn = append(drawn, series(x, y, chartdraw.Style{DotColor: colour, DotWidth: 5}, point{m.Value, row}))
		}
	}
	rows = append(rows, chartdraw.Tick{Value: float64(len(all)) + 1})
	slices.SortFunc(rows, func(a, b chartdraw.Tick) int { return cmp.Compare(a.Value, b.Value) })
	c := newChart(*s, x.marks(), rows)
	c.Series = drawn
	return render(c)
}

// newChart returns a chart without lines. Its y axis is the library's second
// one, which stands on the left.
func newChart(s shape, x, y []chartdraw.Tick) chartdraw.Chart {
	text := chartdraw.Style{StrokeColor: faint, StrokeWidth: 1, FontStyle: chartdraw.FontStyle{FontSize: 9, FontColor: ink}}
	grid := chartdraw.Style{StrokeColor: faint, StrokeWidth: 1}
	clear := chartdraw.Style{FillColor: drawing.ColorTransparent, StrokeColor: drawing.ColorTransparent}
	return chartdraw.Chart{
		Width: s.Width, Height: s.Height, Background: clear, Canvas: clear,
		XAxis:          chartdraw.XAxis{Style: text, Ticks: x, GridMajorStyle: grid, GridMinorStyle: grid},
		YAxis:          chartdraw.YAxis{Style: chartdraw.Hidden(), Range: &chartdraw.ContinuousRange{Max: 1}},
		YAxisSecondary: chartdraw.YAxis{Style: text, Ticks: y, GridMajorStyle: grid, GridMinorStyle: grid},
	}
}

func series(x, y axis, style chartdraw.Style, points ...point) chartdraw.Series {
	s := chartdraw.ContinuousSeries{Style: style, YAxis: chartdraw.YAxisSecondary}
	for _, at := range points {
		s.XValues, s.YValues = append(s.XValues, x.at(at.X)), append(s.YValues, y.at(at.Y))
	}
	return s
}

// render returns what stands in the svg element of the chart.
func render(c chartdraw.Chart) (template.HTML, error) {
	var out bytes.Buffer
	if err := c.Render(chartdraw.SVG, &out); err != nil {
		return "", err
	}
	_, inside, _ := strings.Cut(strings.TrimSuffix(out.String(), "</svg>"), ">")
	return template.HTML(colourNames.Replace(inside)), nil
}
