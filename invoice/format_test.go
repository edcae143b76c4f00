package invoice

import (
	"testing"

	"rosterd/ledger"
)

func TestDescription(t *testing.T) {
	for _, c := range []struct {
		seats    int64
		from, to ledger.Date
		language string
		want     string
	}{
		{12, date(2026, 8, 15), date(2026, 8, 31), "de-DE", "12 Seats, 15.08.–31.08.2026 (17 von 31 Tagen)"},
		{1, date(2026, 8, 15), date(2026, 8, 31), "DE", "1 Seat, 15.08.–31.08.2026 (17 von 31 Tagen)"},
		{-1, date(2026, 8, 31), date(2026, 8, 31), "de-AT", "-1 Seat, 31.08.2026 (1 von 31 Tagen)"},
		{1234, date(2026, 12, 31), date(2027, 1, 1), "de", "1.234 Seats, 31.12.2026–01.01.2027 (2 von 31 Tagen)"},
		{12, date(2026, 8, 15), date(2026, 8, 31), "en-GB", "12 seats, 15–31 August 2026 (17 of 31 days)"},
		{-1, date(2026, 8, 1), date(2026, 8, 1), "", "-1 seat, 1 August 2026 (1 of 31 days)"},
		{1234567, date(2026, 8, 15), date(2026, 9, 2), "den", "1,234,567 seats, 15 August – 2 September 2026 (19 of 31 days)"},
		{2, date(2026, 12, 31), date(2027, 1, 1), "fr", "2 seats, 31 December 2026 – 1 January 2027 (2 of 31 days)"},
	} {
		l := line(c.seats, c.from, c.to, 31, 1290, vat19, 0)
		if got := Description(&l, c.language); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.language, got, c.want)
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		currency ledger.Currency
		minor    int64
		de, en   string
	}{
		{"EUR", 0, "0,00 EUR", "0.00 EUR"},
		{"EUR", -5, "-0,05 EUR", "-0.05 EUR"},
		{"EUR", 353_710, "3.537,10 EUR", "3,537.10 EUR"},
		{"EUR", -99_999, "-999,99 EUR", "-999.99 EUR"},
		{"CHF", 123_456_789_00, "123.456.789,00 CHF", "123,456,789.00 CHF"},
		{"JPY", 1_000, "1.000 JPY", "1,000 JPY"},
		{"EUR", -1 << 63, "-92.233.720.368.547.758,08 EUR", "-92,233,720,368,547,758.08 EUR"},
	} {
		if got := german.money(c.currency, c.minor); got != c.de {
			t.Errorf("got %s, want %s", got, c.de)
		}
		if got := english.money(c.currency, c.minor); got != c.en {
			t.Errorf("got %s, want %s", got, c.en)
		}
	}
}

func TestExemption(t *testing.T) {
	for _, c := range []struct {
		tax  ledger.Tax
		want string
	}{
		{vat19, ""},
		{ledger.Tax{Category: ledger.ZeroRated, Reason: "not allowed"}, ""},
		{ledger.Tax{Category: ledger.ReverseCharge}, "Steuerschuldnerschaft des Leistungsempfängers"},
		{ledger.Tax{Category: ledger.ReverseCharge, Reason: "Art. 196 MwStSystRL"}, "Steuerschuldnerschaft des Leistungsempfängers. Art. 196 MwStSystRL"},
		{ledger.Tax{Category: ledger.ReverseCharge, Reason: "§ 13b UStG, steuerschuldnerschaft des Leistungsempfängers"}, "§ 13b UStG, steuerschuldnerschaft des Leistungsempfängers"},
		{ledger.Tax{Category: ledger.Exempt, Reason: " § 19 UStG "}, "§ 19 UStG"},
	} {
		if got := german.exemption(c.tax); got != c.want {
			t.Errorf("%v: got %q, want %q", c.tax, got, c.want)
		}
	}
}
