package invoice

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"rosterd/ledger"
)

var (
	shown  = regexp.MustCompile(`(?s)BT (\d+\.\d+) (\d+\.\d+) Td \(((?:[^()\\]|\\.)*)\) Tj ET`)
	stream = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	page   = regexp.MustCompile(`/Type /Page\n`)
	unpack = strings.NewReplacer(`\\`, `\`, `\(`, `(`, `\)`, `)`, `\r`, "\r")
)

// pagesOf returns the text of each page of a PDF, a line for each height on the
// page and a bar between what stands beside each other.
func pagesOf(t *testing.T, raw []byte) []string {
	t.Helper()
	var out []string
	for _, s := range stream.FindAllSubmatch(raw, -1) {
		z, err := zlib.NewReader(bytes.NewReader(s[1]))
		if err != nil {
			continue // not compressed
		}
		content, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if texts := shown.FindAllStringSubmatch(string(content), -1); texts != nil {
			out = append(out, linesOf(texts))
		}
	}
	return out
}

func linesOf(texts [][]string) string {
	at := func(m []string) (x, y float64) {
		x, _ = strconv.ParseFloat(m[1], 64) // the expression has matched numbers
		y, _ = strconv.ParseFloat(m[2], 64)
		return x, y
	}
	slices.SortStableFunc(texts, func(a, b []string) int {
		ax, ay := at(a)
		bx, by := at(b)
		return cmp.Or(-cmp.Compare(ay, by), cmp.Compare(ax, bx))
	})
	var out strings.Builder
	for i, m := range texts {
		switch {
		case i > 0 && m[2] == texts[i-1][2]:
			out.WriteString(" | ")
		case i > 0:
			out.WriteString("\n")
		}
		raw := []byte(unpack.Replace(m[3]))
		units := make([]uint16, len(raw)/2)
		for j := range units {
			units[j] = binary.BigEndian.Uint16(raw[2*j:])
		}
		out.WriteString(string(utf16.Decode(units)))
	}
	return out.String() + "\n"
}

func TestPDFGolden(t *testing.T) {
	for _, s := range samples() {
		switch s.name {
		case "domestic", "reverse", "correction", "correction-en", "exempt", "anchor", "collected", "rates", "swiss", "long":
			golden(t, s.name+".txt", strings.Join(pagesOf(t, must(t, PDF, s.inv)), "\n----\n\n"))
		}
	}
}

// TestPDF wants whole files that show the amount, and all that was given.
func TestPDF(t *testing.T) {
	pages := map[string]int{"collected": 3}
	for _, s := range samples() {
		raw := must(t, PDF, s.inv)
		if !bytes.HasPrefix(raw, []byte("%PDF-1.")) || !bytes.HasSuffix(raw, []byte("%%EOF\n")) {
			t.Errorf("%s: not a whole PDF", s.name)
		}
		want := cmp.Or(pages[s.name], 1)
		text := pagesOf(t, raw)
		if n := len(page.FindAll(raw, -1)); n != want || len(text) != want {
			t.Errorf("%s: %d pages, %d with text, want %d", s.name, n, len(text), want)
		}
		for _, part := range []string{s.printed, s.inv.Number, s.inv.Corrects} {
			if !strings.Contains(text[want-1], part) {
				t.Errorf("%s: the last page lacks %q", s.name, part)
			}
		}
	}
}

// TestPDFOfNothing: whoever owes nothing is not asked to pay.
func TestPDFOfNothing(t *testing.T) {
	inv := issue("EUR", "en", germanBuyer(), 0, line(12, date(2026, 8, 15), date(2026, 8, 31), 31, 0, vat19, 0))
	text := pagesOf(t, must(t, PDF, inv))[0]
	if !strings.Contains(text, "Total | 0.00 EUR") || strings.Contains(text, "transfer") || strings.Contains(text, "Due on") {
		t.Error(text)
	}
}

// TestPDFUnknown prints what is known, and that may be nothing.
func TestPDFUnknown(t *testing.T) {
	for _, spoil := range []func(*ledger.Invoice){
		func(inv *ledger.Invoice) { *inv = ledger.Invoice{} },
		func(inv *ledger.Invoice) { inv.Seller = ledger.Seller{} },
		func(inv *ledger.Invoice) { inv.Seller.IBAN, inv.Seller.PaymentDays = "", 0 },
		func(inv *ledger.Invoice) { inv.Buyer = ledger.Buyer{Country: "nowhere"} },
		func(inv *ledger.Invoice) { inv.Language = "no such language" },
	} {
		inv := samples()[0].inv
		spoil(inv)
		if pages := pagesOf(t, must(t, PDF, inv)); len(pages) != 1 {
			t.Errorf("%d pages:\n%s", len(pages), pages)
		}
	}
}

// TestPDFAnyText draws texts that are hard on a layout or a font.
func TestPDFAnyText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Zoe\u0308", "Zoë"},
		{"\xff\xfe", "\ufffd\ufffd"},
		{"東京🏢", "\ufffd\ufffd\ufffd"},
		{"\U00010000\U0010ffff", "\ufffd\ufffd"},
		{"a\u202eb\u200dc\u00ad", "abc"},
		{"a\tb\rc", "a b c"},
		{"\\(x)", "\\(x)"},
		{"Ċ\u010d Łódź Ελλάδα Київ €", "Ċč Łódź Ελλάδα Київ €"},
	} {
		inv := samples()[0].inv
		inv.Buyer.Name = c.text
		if text := pagesOf(t, must(t, PDF, inv))[0]; !strings.Contains(text, "\n"+c.want+"\n") && !strings.Contains(text, "\n"+c.want+" |") {
			t.Errorf("%q should be drawn as %q in\n%s", c.text, c.want, text)
		}
	}
}

// TestPDFFarTooLong fills every field with more than a thousand characters, with and
// without places to break, and many lines.
func TestPDFFarTooLong(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 1500), strings.Repeat("ein Wort ", 200), strings.Repeat("Zeile\n", 300)} {
		inv := collected()
		s, b := &inv.Seller, &inv.Buyer
		for _, field := range []*string{&inv.Number, &inv.Corrects, &inv.Reason, &s.Name, &s.Street, &s.PostalCode, &s.City, &s.Country,
			&s.VATID, &s.TaxNumber, &s.Contact, &s.Phone, &s.Email, &s.Bank, &s.IBAN, &s.BIC, &s.Note,
			&b.Name, &b.Street, &b.PostalCode, &b.City, &b.Country, &b.VATID, &b.Reference, &b.Email} {
			*field = text
		}
		pages := pagesOf(t, must(t, PDF, inv))
		if n := len(pages); n > 60 || !strings.Contains(pages[n-1], fmt.Sprintf("Seite %d von %d", n, n)) {
			t.Errorf("%.10s…: %d pages", text, n)
		}
	}
}

func BenchmarkPDF(b *testing.B) {
	inv := samples()[0].inv
	for b.Loop() {
		if _, err := PDF(inv); err != nil {
			b.Fatal(err)
		}
	}
}
