package invoice

import (
	"bytes"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rosterd/ledger"
)

var (
	rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")
	write   = flag.String("write", "", "write every case as XML and PDF into this directory")
)

var (
	vat19   = ledger.Tax{Category: ledger.Standard, Rate: 190_000}
	reverse = ledger.Tax{Category: ledger.ReverseCharge}
	export  = ledger.Tax{Category: ledger.Export}
)

func seller() ledger.Seller {
	return ledger.Seller{
		Name: "Musterwerk Software GmbH", Street: "Beispielstraße 12", PostalCode: "10115", City: "Berlin", Country: "DE",
		VATID: "DE123456789", TaxNumber: "30/123/45678",
		Contact: "Jana Beispiel", Phone: "+49 30 1234567", Email: "billing@musterwerk.example",
		Bank: "Musterbank Berlin", IBAN: "DE02 1203 0000 0000 2020 51", BIC: "BYLADEM1001", PaymentDays: 14,
		Note: "Geschäftsführerin: Jana Beispiel · Amtsgericht Berlin (Charlottenburg), HRB 987654 B",
	}
}

func germanBuyer() ledger.Buyer {
	return ledger.Buyer{
		Name: "Amt für Beispiele & Muster <Süd>", Street: "Am Markt 3", PostalCode: "28195", City: "Bremen", Country: "DE",
		Reference: "04011000-1234512345-06", Email: "rechnung@beispielamt.example",
	}
}

func greekBuyer() ledger.Buyer {
	return ledger.Buyer{
		Name: "Παράδειγμα Λογισμικού Α.Ε.", Street: "Οδός Ερμού 15", PostalCode: "105 63", City: "Αθήνα", Country: "GR",
		VATID: "EL 094259216", Reference: "PO-4711", Email: "accounts@paradeigma.example",
	}
}

func foreignBuyer(country string) ledger.Buyer {
	return ledger.Buyer{
		Name: "Example Holdings", Street: "1 Main Street", PostalCode: "94105", City: "San Francisco", Country: country,
		Reference: "PO-4711", Email: "ap@example.com",
	}
}

func date(year int, month time.Month, day int) ledger.Date {
	return ledger.Date{Year: year, Month: month, Day: day}
}

// line returns a line whose amount is written down, not worked out.
func line(seats int64, from, to ledger.Date, periodDays int, unit int64, tax ledger.Tax, amount int64) ledger.Line {
	return ledger.Line{
		Window: 1, Seats: seats, From: from, To: to, Days: from.DaysUntil(to) + 1, PeriodDays: periodDays,
		Unit: unit, Tax: tax, Amount: amount,
	}
}

// issue returns an invoice of the day on which the last line begins, whose VAT
// is written down.
func issue(currency ledger.Currency, language string, buyer ledger.Buyer, vat int64, lines ...ledger.Line) *ledger.Invoice {
	issued := lines[len(lines)-1].From
	inv := &ledger.Invoice{
		Serial: 1, Number: "acme-000001", IssuedAt: issued.In(time.UTC).Add(9*time.Hour + 42*time.Minute), Issued: issued,
		Language: language, Currency: currency, Lines: lines, Seller: seller(), Buyer: buyer,
	}
	for _, l := range lines {
		inv.Net += l.Amount
	}
	inv.VAT, inv.Gross = vat, inv.Net+vat
	inv.Taxes = []ledger.TaxTotal{{Tax: lines[0].Tax, Basis: inv.Net, Amount: vat}}
	return inv
}

// A sample is an invoice and the amounts that its documents must show.
type sample struct {
	name            string
	inv             *ledger.Invoice
	net, vat, gross string // in the XML
	printed         string // the gross amount in the PDF
}

func samples() []sample {
	from, to := date(2026, 8, 15), date(2026, 8, 31)
	return []sample{
		{"domestic", issue("EUR", "de-DE", germanBuyer(), 1613, line(12, from, to, 31, 1290, vat19, 8489)),
			"84.89", "16.13", "101.02", "101,02 EUR"},
		{"large", issue("EUR", "de", germanBuyer(), 25_714_968, line(200_000, from, to, 31, 1234, vat19, 135_341_935)),
			"1353419.35", "257149.68", "1610569.03", "1.610.569,03 EUR"},
		{"reverse", issue("EUR", "en-GB", greekBuyer(), 0, line(1, from, to, 31, 1290, reverse, 707)),
			"7.07", "0.00", "7.07", "7.07 EUR"},
		{"correction", correction(), "-21.22", "-4.03", "-25.25", "25,25 EUR"},
		{"correction-en", inEnglish(correction()), "-21.22", "-4.03", "-25.25", "25.25 EUR"},
		{"exempt", exempt(), "84.89", "0.00", "84.89", "84,89 EUR"},
		{"anchor", anchor(), "2476.80", "470.59", "2947.39", "2.947,39 EUR"},
		{"collected", collected(), "1970.38", "374.37", "2344.75", "2.344,75 EUR"},
		{"rates", twoRates(), "169.78", "22.07", "191.85", "191.85 EUR"},
		{"swiss", swiss(), "84.89", "6.88", "91.77", "91,77 CHF"},
		{"yen", issue("JPY", "en", foreignBuyer("JP"), 0, line(12, from, to, 31, 1860, export, 12240)),
			"12240", "0", "12240", "12,240 JPY"},
		{"dollar", issue("USD", "en-US", foreignBuyer("US"), 0, line(1200, from, to, 31, 1290, export, 848_903)),
			"8489.03", "0.00", "8489.03", "8,489.03 USD"},
		{"outside", outside(), "84.89", "0.00", "84.89", "84.89 EUR"},
		{"zero", issue("EUR", "en", greekBuyer(), 0, line(12, from, to, 31, 1290, ledger.Tax{Category: ledger.ZeroRated}, 8489)),
			"84.89", "0.00", "84.89", "84.89 EUR"},
		{"long", long(), "84.89", "16.13", "101.02", "101,02 EUR"},
	}
}

func correction() *ledger.Invoice {
	inv := issue("EUR", "de", germanBuyer(), -403, line(-3, date(2026, 8, 15), date(2026, 8, 31), 31, 1290, vat19, -2122))
	inv.Kind, inv.Serial, inv.Number = ledger.Correction, 2, "acme-000002"
	inv.Corrects, inv.Reason = "acme-000001", "drei Personen doppelt angelegt"
	inv.Issued, inv.Corrected = date(2026, 9, 2), date(2026, 8, 15)
	return inv
}

func inEnglish(inv *ledger.Invoice) *ledger.Invoice {
	inv.Language, inv.Reason = "en", "three people were created twice"
	return inv
}

// exempt is an invoice of a small business, which has no VAT id.
func exempt() *ledger.Invoice {
	tax := ledger.Tax{Category: ledger.Exempt, Reason: "Steuerfrei nach § 19 UStG (Kleinunternehmer)"}
	inv := issue("EUR", "de-AT", germanBuyer(), 0, line(12, date(2026, 8, 15), date(2026, 8, 31), 31, 1290, tax, 8489))
	inv.Seller.VATID = ""
	return inv
}

// anchor is the invoice of a window that crossed the end of a period.
func anchor() *ledger.Invoice {
	return issue("EUR", "de", germanBuyer(), 47059,
		line(186, date(2026, 8, 31), date(2026, 8, 31), 31, 1290, vat19, 7740),
		line(186, date(2026, 9, 1), date(2026, 9, 30), 30, 1290, vat19, 239_940))
}

// collected is an invoice of sixty windows.
func collected() *ledger.Invoice {
	var lines []ledger.Line
	for i := range 60 {
		from := date(2026, 8, 1+i/2)
		lines = append(lines, line(int64(1+i%9), from, date(2026, 8, 31), 31, 1290, vat19, 0))
		l := &lines[i]
		l.Window = uint32(40 + i)
		l.Amount = (2*l.Quantity()*l.Unit + 31) / 62 // half up, and none is negative
	}
	return issue("EUR", "de", germanBuyer(), 37437, lines...)
}

// twoRates is what a change of the rate between two windows gives.
func twoRates() *ledger.Invoice {
	from, to := date(2026, 8, 15), date(2026, 8, 31)
	vat7 := ledger.Tax{Category: ledger.Standard, Rate: 70_000}
	inv := issue("EUR", "en", germanBuyer(), 2207, line(12, from, to, 31, 1290, vat19, 8489), line(12, from, to, 31, 1290, vat7, 8489))
	inv.Lines[1].Window = 2
	inv.Taxes = []ledger.TaxTotal{{Tax: vat19, Basis: 8489, Amount: 1613}, {Tax: vat7, Basis: 8489, Amount: 594}}
	return inv
}

func swiss() *ledger.Invoice {
	inv := issue("CHF", "de-CH", foreignBuyer("CH"), 688,
		line(12, date(2026, 8, 15), date(2026, 8, 31), 31, 1290, ledger.Tax{Category: ledger.Standard, Rate: 81_000}, 8489))
	inv.Seller.Country, inv.Seller.VATID, inv.Seller.IBAN = "CH", "CHE-123.456.788 MWST", "CH93 0076 2011 6238 5295 7"
	inv.Seller.PostalCode, inv.Seller.City, inv.Seller.BIC, inv.Seller.TaxNumber = "8001", "Zürich", "", ""
	return inv
}

func outside() *ledger.Invoice {
	tax := ledger.Tax{Category: ledger.OutsideScope}
	inv := issue("EUR", "en", foreignBuyer("GB"), 0, line(12, date(2026, 8, 15), date(2026, 8, 31), 31, 1290, tax, 8489))
	inv.Buyer.VATID = "GB123456789"
	return inv
}

// long has long texts, and characters that no font of ours has.
func long() *ledger.Invoice {
	inv := issue("EUR", "de", germanBuyer(), 1613, line(12, date(2026, 12, 31), date(2027, 1, 16), 31, 1290, vat19, 8489))
	inv.Number = "a-workspace-with-a-long-id12-000001"
	inv.Seller.Name = "Gesellschaft für die Bereitstellung und Abrechnung von Softwarelizenzen in Mittel- und Osteuropa mit beschränkter Haftung"
	inv.Buyer.Name = "Bundesanstalt für Verwaltungsdienstleistungen, Abteilung für Beschaffungswesen und Vertragsangelegenheiten, Außenstelle 東京 🏢"
	inv.Buyer.Street = "Straße des achtzehnten Oktober 1813 in der Ehemaligen Vorstadt 12a, Hinterhaus, dritter Stock"
	inv.Buyer.City = "Люблин-Ĺódź"
	inv.Buyer.Reference = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenbestellnummer-0815"
	return inv
}

// TestWrite writes all samples, to be looked at and to be validated.
func TestWrite(t *testing.T) {
	dir := *write
	if dir == "" {
		dir = t.TempDir()
	}
	for _, s := range samples() {
		for extension, form := range map[string]func(*ledger.Invoice) ([]byte, error){"xml": XML, "pdf": PDF} {
			if err := os.WriteFile(filepath.Join(dir, s.name+"."+extension), must(t, form, s.inv), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// must returns inv in one of its forms.
func must(t *testing.T, form func(*ledger.Invoice) ([]byte, error), inv *ledger.Invoice) []byte {
	t.Helper()
	raw, err := form(inv)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// golden compares got with a file under testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -rewrite and read the difference. Got\n%s", path, got)
	}
}

// TestDeterministic wants the same bytes from the same invoice, also when
// several are made at once.
func TestDeterministic(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, form := range []func(*ledger.Invoice) ([]byte, error){XML, PDF} {
				if !bytes.Equal(must(t, form, s.inv), must(t, form, s.inv)) {
					t.Error("the bytes differ")
				}
			}
		})
	}
}

// TestSamples recounts the samples the stupid way, so that what documents are
// compared with is right.
func TestSamples(t *testing.T) {
	round := func(n *big.Rat) int64 {
		half := big.NewRat(int64(n.Sign()), 2)
		n = n.Add(n, half)
		return new(big.Int).Quo(n.Num(), n.Denom()).Int64()
	}
	for _, s := range samples() {
		bases := map[ledger.Rate]int64{}
		for i, l := range s.inv.Lines {
			if want := round(big.NewRat(l.Seats*int64(l.Days)*l.Unit, int64(l.PeriodDays))); l.Amount != want {
				t.Errorf("%s: line %d: %d, want %d", s.name, i+1, l.Amount, want)
			}
			bases[l.Tax.Rate] += l.Amount
		}
		for _, tax := range s.inv.Taxes {
			want := round(big.NewRat(bases[tax.Tax.Rate]*int64(tax.Tax.Rate), 1_000_000))
			if tax.Basis != bases[tax.Tax.Rate] || tax.Amount != want {
				t.Errorf("%s: tax %d on %d, want %d on %d", s.name, tax.Amount, tax.Basis, want, bases[tax.Tax.Rate])
			}
		}
	}
}
