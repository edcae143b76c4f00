package invoice

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"rosterd/ledger"
)

// Where things are on the page, in millimetres: DIN 5008, form B.
const (
	left, right = 25.0, 190.0
	width       = right - left

	letterheadY = 22.0
	returnY     = 60.0 // the sender's line in the window of an envelope
	addressY    = 66.5
	addressEnd  = 105.0
	infoX       = 112.0
	infoValueX  = 141.0
	infoY       = 52.0
	titleY      = 106.0

	headY     = 18.0 // of the pages behind the first
	bodyY     = 27.0
	pageY     = 287.0 // the number of the page
	footerGap = 9.0
)

// Looks of texts.
var (
	textStyle   = style{points: 9, colour: ink}
	strongStyle = style{bold: true, points: 9, colour: ink}
	labelStyle  = style{points: 8, colour: grey}
	valueStyle  = style{points: 8.5, colour: ink}
	headStyle   = style{bold: true, points: 7.5, colour: grey}
	footStyle   = style{points: 6.8, colour: grey}
	footStrong  = style{bold: true, points: 6.8, colour: grey}
	titleStyle  = style{bold: true, points: 15, colour: ink}
	nameStyle   = style{bold: true, points: 17, colour: accent}
	totalStyle  = style{bold: true, points: 11, colour: ink}
)

// PDF returns inv as a PDF on A4, in the language of inv: German, or English
// for all others. It prints what is known of the parties. The error is one of
// the PDF library, none is known to happen.
func PDF(inv *ledger.Invoice) ([]byte, error) {
	s, err := newSheet()
	if err != nil {
		return nil, err
	}
	d := document{sheet: s, inv: inv, words: wordsFor(inv.Language)}
	d.describe()
	d.footer = d.footerColumns()
	d.firstPage()
	d.table()
	d.totals()
	d.notices()
	d.payment()
	d.closing()
	d.footers()
	var out bytes.Buffer
	if err := s.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("invoice %s: write the PDF: %w", inv.Number, err)
	}
	return out.Bytes(), nil
}

// document is one invoice on its way to paper.
type document struct {
	*sheet
	inv    *ledger.Invoice
	words  *words
	footer [][]footerLine
	y      float64 // where the body goes on
}

// describe sets what viewers and screen readers show. The dates are those of
// the invoice, so that its bytes are always the same.
func (d *document) describe() {
	issued := d.inv.IssuedAt.UTC()
	if issued.IsZero() {
		issued = d.inv.Issued.In(time.UTC) // fpdf would take the clock
	}
	d.pdf.SetCreationDate(issued)
	d.pdf.SetModificationDate(issued)
	d.pdf.SetTitle(d.clean(d.words.title[d.inv.Kind]+" "+d.inv.Number), true)
	d.pdf.SetAuthor(d.clean(d.inv.Seller.Name), true)
	d.pdf.SetCreator("rosterd", true)
	if tag, err := language.Parse(d.inv.Language); err == nil {
		d.pdf.SetLang(tag.String())
	}
}

// firstPage draws everything above the table.
func (d *document) firstPage() {
	d.pdf.AddPage()
	for _, y := range []float64{105, 148.5, 210} { // fold, punch, fold
		d.line(rule, 0.2, 5, y, 9, y)
	}
	y := letterheadY
	st := d.fit(2, nameStyle, width, d.inv.Seller.Name)
	for _, l := range d.wrapAtMost(2, st, width, d.inv.Seller.Name) {
		d.text(st, left, y, l)
		y += st.height()
	}
	y += 4 - st.height()
	d.line(accent, 0.6, left, y, right, y)
	d.address()
	d.y = max(titleY, d.info()+10)
	d.title()
}

// address fills the window of an envelope.
func (d *document) address() {
	s, b := &d.inv.Seller, &d.inv.Buyer
	const room = addressEnd - left - 4
	sender := join(" · ", s.Name, s.Street, join(" ", s.PostalCode, s.City))
	st := d.fit(1, style{points: 6.5, colour: grey}, room, sender)
	for _, l := range d.wrapAtMost(1, st, room, sender) {
		d.text(st, left, returnY, l)
		d.line(rule, 0.15, left, returnY+1.2, left+room, returnY+1.2)
	}
	lines := d.wrapAtMost(3, textStyle, room, b.Name)
	lines = append(lines, d.wrapAtMost(2, textStyle, room, b.Street)...)
	lines = append(lines, d.wrapAtMost(1, textStyle, room, join(" ", b.PostalCode, b.City))...)
	if b.Country != s.Country {
		lines = append(lines, strings.ToUpper(d.country(b.Country)))
	}
	for i, l := range lines {
		d.text(textStyle, left, addressY+float64(i)*4.2, l)
	}
}

// country returns the name of an ISO 3166-1 code in the document's language.
func (d *document) country(code string) string {
	if !isCountry(code) {
		return code
	}
	return d.words.regions.Name(language.MustParseRegion(code))
}

// info draws the block of numbers and dates and returns where it ends.
func (d *document) info() float64 {
	inv, w := d.inv, d.words
	rows := [][2]string{{w.number[inv.Kind], inv.Number}, {w.date[inv.Kind], w.onDate(inv.Issued)}}
	if inv.Kind == ledger.Correction {
		rows = append(rows, [2]string{w.corrects, inv.Corrects})
		if inv.Corrected != (ledger.Date{}) {
			rows = append(rows, [2]string{w.dated, w.onDate(inv.Corrected)})
		}
	}
	if len(inv.Lines) > 0 {
		rows = append(rows, [2]string{w.period, w.span(period(inv))})
	}
	if day, ok := due(inv); ok {
		rows = append(rows, [2]string{w.due, w.onDate(day)})
	}
	rows = append(rows, [2]string{w.reference, inv.Buyer.Reference}, [2]string{w.buyerVAT, inv.Buyer.VATID},
		[2]string{w.sellerVAT, inv.Seller.VATID}, [2]string{w.contact, inv.Seller.Contact})
	y := infoY
	for _, row := range rows {
		st := d.fit(1, valueStyle, right-infoValueX, row[1])
		lines := d.wrapAtMost(3, st, right-infoValueX, row[1])
		if len(lines) == 0 {
			continue
		}
		d.text(labelStyle, infoX, y, row[0])
		for _, l := range lines {
			d.text(st, infoValueX, y, l)
			y += 4.0
		}
		y += 0.7
	}
	return y
}

// title draws what the document is.
func (d *document) title() {
	about := cmp.Or(d.inv.Corrects, d.inv.Number)
	for _, l := range d.wrapAtMost(3, titleStyle, width, fmt.Sprintf(d.words.titleLong[d.inv.Kind], about)) {
		d.text(titleStyle, left, d.y, l)
		d.y += titleStyle.height()
	}
	d.y += 1.5
	d.paragraph(textStyle, d.words.intro[d.inv.Kind])
	if d.inv.Reason != "" {
		d.paragraph(textStyle, fmt.Sprintf(d.words.reason, d.inv.Reason))
	}
	d.y += 1
}

// paragraph writes a text across the page, over page breaks if need be.
func (d *document) paragraph(st style, text string) {
	for _, l := range d.wrap(st, width, text) {
		d.need(st.height())
		d.text(st, left, d.y, l)
		d.y += st.height()
	}
	d.y += 1.5
}

// need begins a new page if the body has no room of a height below d.y.
func (d *document) need(height float64) {
	if !d.fits(height) {
		d.nextPage()
	}
}

func (d *document) fits(height float64) bool { return d.y+height <= d.bodyEnd() }

// nextPage begins a page with the sender and the number at its head.
func (d *document) nextPage() {
	d.pdf.AddPage()
	number := fmt.Sprintf("%s %s", d.words.title[d.inv.Kind], d.inv.Number)
	for _, l := range d.wrapAtMost(1, headStyle, width/2, d.inv.Seller.Name) {
		d.text(headStyle, left, headY, l)
	}
	d.textRight(headStyle, right, headY, number)
	d.line(accent, 0.4, left, headY+2.5, right, headY+2.5)
	d.y = bodyY
}

// join puts the parts that are known together.
func join(separator string, parts ...string) string {
	known := parts[:0:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			known = append(known, p)
		}
	}
	return strings.Join(known, separator)
}
