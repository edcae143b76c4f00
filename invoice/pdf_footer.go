package invoice

import (
	"fmt"
	"strings"
)

// A footer has columns of the seller's data, which say who issues an invoice,
// and below them the number of the page.
const footerStep = 3.1

// footerX are the left edges of the columns, and the right edge of the last.
// The third has room for an IBAN of 22 characters, which Germany uses.
var footerX = [5]float64{left, left + 40, left + 79, left + 124, right}

// footerLine is a line of a column, bold or not.
type footerLine struct {
	style
	text string
}

// footerColumns works out the columns, which are the same on every page.
func (d *document) footerColumns() [][]footerLine {
	s, w := &d.inv.Seller, d.words
	labelled := func(label, value string) string {
		if strings.TrimSpace(value) == "" {
			return ""
		}
		return label + " " + value
	}
	columns := [][]string{
		{s.Name, s.Street, join(" ", s.PostalCode, s.City), d.country(s.Country)},
		{s.Contact, labelled(w.phone, s.Phone), s.Email},
		{s.Bank, labelled(w.iban, groups(s.IBAN)), labelled(w.bic, s.BIC)},
		{labelled(w.vatID, s.VATID), labelled(w.taxNumber, s.TaxNumber)},
	}
	out := make([][]footerLine, 0, len(columns))
	for i, column := range columns {
		var lines []footerLine
		for j, text := range column {
			st := footStyle
			if i == 0 && j == 0 {
				st = footStrong
			}
			for _, l := range d.wrapAtMost(5, st, footerX[i+1]-footerX[i]-3, text) {
				lines = append(lines, footerLine{st, l})
			}
		}
		out = append(out, lines)
	}
	return out
}

// footerTop is where the footer begins.
func (d *document) footerTop() float64 {
	most := 0
	for _, column := range d.footer {
		most = max(most, len(column))
	}
	return pageY - 3 - float64(most)*footerStep
}

// bodyEnd is where the body of a page ends.
func (d *document) bodyEnd() float64 { return d.footerTop() - footerGap }

// footers draws the footer of every page, once their number is known.
func (d *document) footers() {
	pages := d.pdf.PageCount()
	for page := 1; page <= pages; page++ {
		d.pdf.SetPage(page)
		top := d.footerTop()
		d.line(rule, 0.2, left, top-3.4, right, top-3.4)
		for i, column := range d.footer {
			for j, l := range column {
				d.text(l.style, footerX[i], top+float64(j)*footerStep, l.text)
			}
		}
		d.textRight(footStyle, right, pageY, fmt.Sprintf(d.words.page, page, pages))
	}
}

// groups writes an IBAN in groups of four.
func groups(iban string) string {
	iban = compact(iban)
	var out []string
	for len(iban) > 4 {
		out, iban = append(out, iban[:4]), iban[4:]
	}
	return strings.Join(append(out, iban), " ")
}
