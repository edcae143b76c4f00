package invoice

import (
	"fmt"
	"strconv"

	"rosterd/ledger"
)

const (
	headHeight = 8.0
	rowPadding = 1.7 // above and below the lines of a row
	rowLine    = 4.1
	plainRow   = rowLine + 2*rowPadding
	bookingX   = left + 9
	totalsX    = 105.0 // where the labels of totals begin

	// The right edges of the columns of numbers, and their room.
	quantityX, quantityRoom = 131.0, 14.0
	priceX, priceRoom       = 166.0, 33.0
	amountX, amountRoom     = right - 1.5, 20.5
)

// table draws the lines with a head on every page. A sum is carried over a page
// break, and the last line stays with the totals.
func (d *document) table() {
	d.tableHead()
	sum := int64(0)
	for i := range d.inv.Lines {
		l := &d.inv.Lines[i]
		description := d.wrapAtMost(4, valueStyle, quantityX-quantityRoom-1-d.descriptionX(), d.describeLine(l))
		height := float64(len(description))*rowLine + 2*rowPadding
		below := plainRow // the sum to carry over
		if i == len(d.inv.Lines)-1 {
			below = d.totalsHeight()
		}
		if !d.fits(height + below) {
			if i > 0 {
				d.carry(d.words.carried, sum)
			}
			d.nextPage()
			d.tableHead()
			if i > 0 {
				d.carry(fmt.Sprintf(d.words.brought, d.pdf.PageCount()-1), sum)
			}
		}
		d.row(i, description)
		d.y += height
		d.line(rule, 0.15, left, d.y, right, d.y)
		sum += l.Amount
	}
}

// describeLine adds to the description what tax a line bears, if lines differ.
func (d *document) describeLine(l *ledger.Line) string {
	text := Description(l, d.inv.Language)
	if len(d.inv.Taxes) > 1 {
		text += "\n" + d.taxLabel(l.Tax)
	}
	return text
}

// manyBookings reports whether lines bill more than one window. Only then do
// they say which: equal seats of one day would look like a mistake.
func (d *document) manyBookings() bool {
	for _, l := range d.inv.Lines {
		if l.Window != d.inv.Lines[0].Window {
			return true
		}
	}
	return false
}

func (d *document) descriptionX() float64 {
	if d.manyBookings() {
		return bookingX + 14
	}
	return bookingX
}

func (d *document) tableHead() {
	w, unit := d.words, string(d.inv.Currency)
	d.fill(tint, left, d.y, width, headHeight)
	y := d.y + headHeight/2 + 1.2
	d.text(headStyle, left+1.5, y, w.position)
	if d.manyBookings() {
		d.text(headStyle, bookingX, y, w.booking)
	}
	d.text(headStyle, d.descriptionX(), y, w.description)
	d.textRight(headStyle, quantityX, y, w.quantity)
	d.textRight(headStyle, priceX, y, fmt.Sprintf(w.price, unit))
	d.textRight(headStyle, amountX, y, fmt.Sprintf(w.amount, unit))
	d.y += headHeight
}

// row draws line i at d.y.
func (d *document) row(i int, description []string) {
	l, w, st := &d.inv.Lines[i], d.words, valueStyle
	y := d.y + rowPadding + 3
	d.text(st, left+1.5, y, strconv.Itoa(i+1))
	if d.manyBookings() {
		d.text(st, bookingX, y, strconv.FormatUint(uint64(l.Window), 10))
	}
	for j, text := range description {
		d.text(st, d.descriptionX(), y+float64(j)*rowLine, text)
	}
	d.cell(quantityX, quantityRoom, y, w.integer(l.Quantity()))
	d.cell(priceX, priceRoom, y, fmt.Sprintf(w.perDays, w.decimal(d.inv.Currency, l.Unit), l.PeriodDays))
	d.cell(amountX, amountRoom, y, w.decimal(d.inv.Currency, l.Amount))
}

// cell writes into a column of numbers, smaller if the number is very long.
func (d *document) cell(x, room, y float64, number string) {
	d.textRight(d.fit(1, valueStyle, room, number), x, y, number)
}

// carry draws a sum of lines before or after a page break.
func (d *document) carry(label string, sum int64) {
	y := d.y + rowPadding + 3
	d.textRight(headStyle, priceX, y, label)
	d.textRight(strongStyle, amountX, y, d.words.decimal(d.inv.Currency, sum))
	d.y += plainRow
	d.line(rule, 0.15, left, d.y, right, d.y)
}

// totalsHeight is the room that totals take.
func (d *document) totalsHeight() float64 { return 18 + 5.5*float64(len(d.inv.Taxes)) }

// totals draws the sums. A tax names what it is on if there are several.
func (d *document) totals() {
	inv, w := d.inv, d.words
	d.need(d.totalsHeight())
	d.y += 7
	d.total(textStyle, w.net, inv.Net)
	for _, t := range inv.Taxes {
		label := d.taxLabel(t.Tax)
		if len(inv.Taxes) > 1 {
			label = fmt.Sprintf(w.onBasis, label, w.money(inv.Currency, t.Basis))
		}
		d.total(textStyle, label, t.Amount)
	}
	d.line(accent, 0.4, totalsX, d.y-3, right, d.y-3)
	d.y += 2.2
	d.total(totalStyle, w.gross, inv.Gross)
	d.y += 4
}

func (d *document) total(st style, label string, minor int64) {
	d.text(st, totalsX, d.y, label)
	d.textRight(st, amountX, d.y, d.words.money(d.inv.Currency, minor))
	d.y += 5.5
}

func (d *document) taxLabel(t ledger.Tax) string {
	return fmt.Sprintf(d.words.rates[t.Category], d.words.rate(t.Rate))
}
