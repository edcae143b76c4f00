package invoice

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// sheet draws on A4 pages, in millimetres from the upper left corner. Texts
// stand on the y they are given.
type sheet struct {
	pdf    *fpdf.Fpdf
	glyphs *sfnt.Font
	buffer sfnt.Buffer
}

// style is how a text looks.
type style struct {
	bold   bool
	points float64
	colour colour
}

type colour struct{ r, g, b int }

var (
	ink    = colour{33, 37, 41}
	grey   = colour{100, 108, 116}
	rule   = colour{200, 205, 210}
	tint   = colour{241, 244, 247}
	accent = colour{27, 73, 117}
)

const fontFamily = "go"

// newSheet returns a sheet without pages. Fonts are the Go fonts, which cover
// Latin, Greek and Cyrillic and are part of the program.
func newSheet() (*sheet, error) {
	glyphs, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("invoice: the font: %w", err)
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	// fpdf writes into the bytes of a font while it cuts out what is used.
	pdf.AddUTF8FontFromBytes(fontFamily, "", slices.Clone(goregular.TTF))
	pdf.AddUTF8FontFromBytes(fontFamily, "B", slices.Clone(gobold.TTF))
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCellMargin(0)
	pdf.SetCatalogSort(true)
	return &sheet{pdf: pdf, glyphs: glyphs}, nil
}

// height returns the distance of lines, in millimetres.
func (st style) height() float64 { return st.points * 0.5 }

func (s *sheet) set(st style) {
	weight := ""
	if st.bold {
		weight = "B"
	}
	s.pdf.SetFont(fontFamily, weight, st.points)
	s.pdf.SetTextColor(st.colour.r, st.colour.g, st.colour.b)
}

// text writes from x to the right.
func (s *sheet) text(st style, x, y float64, text string) {
	if text = s.clean(text); text != "" {
		s.set(st)
		s.pdf.Text(x, y, text)
	}
}

// textRight writes so that the text ends at x.
func (s *sheet) textRight(st style, x, y float64, text string) {
	s.set(st)
	text = s.clean(text)
	s.text(st, x-s.pdf.GetStringWidth(text), y, text)
}

// wrap divides a text into lines that fit into a width. A word that is longer
// is divided.
func (s *sheet) wrap(st style, width float64, text string) []string {
	s.set(st)
	var out []string
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if part = s.clean(part); part != "" {
			out = append(out, s.pdf.SplitText(part, width)...)
		}
	}
	return out
}

// wrapAtMost is wrap for a place with room for n lines: what does not fit is
// replaced by an ellipsis.
func (s *sheet) wrapAtMost(n int, st style, width float64, text string) []string {
	lines := s.wrap(st, width, text)
	if len(lines) <= n {
		return lines
	}
	last := []rune(lines[n-1])
	for len(last) > 0 && s.pdf.GetStringWidth(string(last)+"…") > width {
		last = last[:len(last)-1]
	}
	return append(lines[:n-1:n-1], string(last)+"…")
}

// fit returns st, or the largest below it in which a text fits into n lines. If
// it fits in none that can be read, it returns st.
func (s *sheet) fit(n int, st style, width float64, text string) style {
	for smaller := st; smaller.points >= 6; smaller.points -= 0.5 {
		if len(s.wrap(smaller, width, text)) <= n {
			return smaller
		}
	}
	return st
}

// clean returns text in the form in which the font can show it: composed
// (NFC), on one line, without invisible characters, and with a replacement
// character for what the font lacks and for invalid UTF-8, on which fpdf panics.
func (s *sheet) clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		case r == '\u2010', r == '\u2011':
			return '-'
		}
		if glyph, err := s.glyphs.GlyphIndex(&s.buffer, r); err != nil || glyph == 0 {
			return '\ufffd'
		}
		return r
	}, norm.NFC.String(text)))
}

// line draws a line from one point to another, width in millimetres.
func (s *sheet) line(c colour, width, x1, y1, x2, y2 float64) {
	s.pdf.SetDrawColor(c.r, c.g, c.b)
	s.pdf.SetLineWidth(width)
	s.pdf.Line(x1, y1, x2, y2)
}

// fill draws a rectangle without a border.
func (s *sheet) fill(c colour, x, y, width, height float64) {
	s.pdf.SetFillColor(c.r, c.g, c.b)
	s.pdf.Rect(x, y, width, height, "F")
}
