package invoice

import (
	"fmt"
	"strings"
)

// notices prints why there is no VAT.
func (d *document) notices() {
	seen := ""
	for _, t := range d.inv.Taxes {
		if reason := d.words.exemption(t.Tax); reason != "" && reason != seen {
			d.paragraph(strongStyle, strings.TrimSuffix(reason, ".")+".")
			seen = reason
		}
	}
}

// payment prints how and when to pay, or that the amount is paid back. Where
// seats cost nothing there is nothing to say.
func (d *document) payment() {
	inv, w := d.inv, d.words
	amount := w.money(inv.Currency, max(inv.Gross, -inv.Gross))
	switch {
	case inv.Gross == 0:
		return
	case inv.Gross < 0:
		d.paragraph(textStyle, fmt.Sprintf(w.refund, amount))
		return
	}
	sentence := fmt.Sprintf(w.pay, amount)
	if day, ok := due(inv); ok {
		sentence = fmt.Sprintf(w.payBy, amount, w.onDate(day))
	}
	s := &inv.Seller
	if strings.TrimSpace(s.IBAN) == "" {
		d.paragraph(textStyle, sentence+".")
		return
	}
	rows := [][2]string{{w.payee, s.Name}, {w.iban, groups(s.IBAN)}, {w.bic, s.BIC}, {w.bank, s.Bank}, {w.usage, inv.Number}}
	d.need(6 + 4.6*float64(len(rows)))
	d.paragraph(textStyle, sentence+w.payTo)
	for _, row := range rows {
		for i, l := range d.wrapAtMost(2, valueStyle, width-36, row[1]) {
			if i == 0 {
				d.text(labelStyle, left, d.y, row[0])
			}
			d.text(valueStyle, left+36, d.y, l)
			d.y += 4.6
		}
	}
}

// closing prints the seller's note.
func (d *document) closing() {
	d.y += 4
	d.paragraph(labelStyle, d.inv.Seller.Note)
}
