package invoice

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"rosterd/ledger"
)

// values returns the texts of the elements whose path of local names ends in
// path, such as "SellerTradeParty/Name".
func values(t *testing.T, raw []byte, path string) []string {
	t.Helper()
	var out, open []string
	text := ""
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open, text = append(open, token.Name.Local), ""
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if strings.HasSuffix("/"+strings.Join(open, "/"), "/"+path) {
				out = append(out, text)
			}
			open = open[:len(open)-1]
		}
	}
}

func TestXMLGolden(t *testing.T) {
	for _, s := range samples() {
		switch s.name {
		case "domestic", "reverse", "correction", "exempt", "anchor", "swiss", "outside":
			golden(t, s.name+".xml", string(must(t, XML, s.inv)))
		}
	}
}

// TestXMLAmounts wants every amount to the cent: the published rules let a tax
// be wrong by up to 1.00.
func TestXMLAmounts(t *testing.T) {
	const totals = "SpecifiedTradeSettlementHeaderMonetarySummation/"
	for _, s := range samples() {
		raw := must(t, XML, s.inv)
		for _, c := range []struct{ path, want string }{
			{totals + "LineTotalAmount", s.net},
			{totals + "TaxBasisTotalAmount", s.net},
			{totals + "TaxTotalAmount", s.vat},
			{totals + "GrandTotalAmount", s.gross},
			{totals + "DuePayableAmount", s.gross},
		} {
			if got := values(t, raw, c.path); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s: %s is %q, want %q", s.name, c.path, got, c.want)
			}
		}
	}
}

// TestXMLValues looks at what the samples are for.
func TestXMLValues(t *testing.T) {
	const line, settlement, tax = "IncludedSupplyChainTradeLineItem/", "ApplicableHeaderTradeSettlement/", "ApplicableHeaderTradeSettlement/ApplicableTradeTax/"
	for _, c := range []struct {
		sample, path string
		want         []string
	}{
		{"domestic", "ExchangedDocument/TypeCode", []string{"380"}},
		{"domestic", "ExchangedDocument/IncludedNote/Content", nil},
		{"domestic", "BilledQuantity", []string{"204"}},
		{"domestic", "ChargeAmount", []string{"12.90"}},
		{"domestic", "BasisQuantity", []string{"31"}},
		{"domestic", "DueDateDateTime/DateTimeString", []string{"20260829"}},
		{"domestic", settlement + "SpecifiedTradeSettlementPaymentMeans/TypeCode", []string{"58"}},
		{"domestic", "IBANID", []string{"DE02120300000000202051"}},
		{"domestic", "BuyerTradeParty/Name", []string{"Amt für Beispiele & Muster <Süd>"}},
		{"domestic", tax + "ExemptionReason", nil},
		{"domestic", tax + "RateApplicablePercent", []string{"19"}},
		{"domestic", settlement + "InvoiceReferencedDocument/IssuerAssignedID", nil},
		{"correction", "ExchangedDocument/TypeCode", []string{"384"}},
		{"correction", "ExchangedDocument/IncludedNote/Content", []string{"Grund: drei Personen doppelt angelegt"}},
		{"correction", settlement + "InvoiceReferencedDocument/IssuerAssignedID", []string{"acme-000001"}},
		{"correction", "BilledQuantity", []string{"-51"}},
		{"correction", "ChargeAmount", []string{"12.90"}},
		{"correction", "DueDateDateTime/DateTimeString", nil},
		{"reverse", "SpecifiedTaxRegistration/ID", []string{"DE123456789", "30/123/45678", "EL094259216"}},
		{"reverse", tax + "ExemptionReasonCode", []string{"VATEX-EU-AE"}},
		{"reverse", tax + "ExemptionReason", []string{"Reverse charge"}},
		{"reverse", "SpecifiedTradeProduct/Description", []string{"1 seat, 15–31 August 2026 (17 of 31 days)"}},
		{"exempt", tax + "ExemptionReason", []string{"Steuerfrei nach § 19 UStG (Kleinunternehmer)"}},
		{"exempt", tax + "ExemptionReasonCode", nil},
		{"exempt", "SellerTradeParty/ID", []string{"30/123/45678"}},
		{"exempt", "SpecifiedTaxRegistration/ID", []string{"30/123/45678"}},
		{"anchor", line + "SpecifiedLineTradeSettlement/BillingSpecifiedPeriod/StartDateTime/DateTimeString", []string{"20260831", "20260901"}},
		{"anchor", settlement + "BillingSpecifiedPeriod/StartDateTime/DateTimeString", []string{"20260831"}},
		{"anchor", settlement + "BillingSpecifiedPeriod/EndDateTime/DateTimeString", []string{"20260930"}},
		{"anchor", "LineTotalAmount", []string{"77.40", "2399.40", "2476.80"}},
		{"rates", tax + "CalculatedAmount", []string{"16.13", "5.94"}},
		{"swiss", tax + "RateApplicablePercent", []string{"8.1"}},
		{"swiss", settlement + "SpecifiedTradeSettlementPaymentMeans/TypeCode", []string{"30"}},
		{"yen", "ChargeAmount", []string{"1860"}},
		{"dollar", tax + "ExemptionReasonCode", []string{"VATEX-EU-G"}},
		{"outside", "SpecifiedTaxRegistration/ID", []string{"30/123/45678"}},
		{"outside", line + "SpecifiedLineTradeSettlement/ApplicableTradeTax/RateApplicablePercent", nil},
		{"outside", tax + "RateApplicablePercent", []string{"0"}},
		{"outside", tax + "ExemptionReasonCode", []string{"VATEX-EU-O"}},
	} {
		i := slices.IndexFunc(samples(), func(s sample) bool { return s.name == c.sample })
		if got := values(t, must(t, XML, samples()[i].inv), c.path); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s is %q, want %q", c.sample, c.path, got, c.want)
		}
	}
}

// TestXMLRefuses wants everything named that is missing.
func TestXMLRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		spoil      func(*ledger.Invoice)
	}{
		{"one key", "seller.iban", func(inv *ledger.Invoice) { inv.Seller.IBAN = "" }},
		{"two keys", "billing.buyer.city, billing.buyer.reference", func(inv *ledger.Invoice) { inv.Buyer.City, inv.Buyer.Reference = " ", "" }},
		{"an original that is not named", "corrects", func(inv *ledger.Invoice) { inv.Kind = ledger.Correction }},
		{"no lines", "lines", func(inv *ledger.Invoice) { inv.Lines, inv.Taxes = nil, nil }},
		{"no date and number", "number, currency, issued", func(inv *ledger.Invoice) { inv.Number, inv.Issued, inv.Currency = "", ledger.Date{}, "" }},
		{"a key once for all taxes", "seller.city", func(inv *ledger.Invoice) { inv.Taxes, inv.Seller.City = append(inv.Taxes, inv.Taxes...), "" }},
	} {
		inv := samples()[0].inv
		c.spoil(inv)
		raw, err := XML(inv)
		want := "invoice " + inv.Number + ": an e-invoice cannot do without " + c.want
		if err == nil || err.Error() != want || raw != nil {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, want)
		}
	}
}

// TestXMLEscapes puts markup and characters that XML does not have into every
// text.
func TestXMLEscapes(t *testing.T) {
	const nasty = "<a b=\"c\">&amp;]]>\x01\xff\n'x'"
	inv := correction()
	inv.Number, inv.Corrects, inv.Reason = nasty, nasty, nasty
	s, b := &inv.Seller, &inv.Buyer
	for _, field := range []*string{&s.Name, &s.Street, &s.PostalCode, &s.City, &s.TaxNumber, &s.Contact, &s.BIC, &s.Note,
		&b.Name, &b.Street, &b.PostalCode, &b.City, &b.Reference, &inv.Lines[0].Tax.Reason} {
		*field = nasty
	}
	want := "<a b=\"c\">&amp;]]>\ufffd\ufffd\n'x'"
	raw := must(t, XML, inv)
	for _, path := range []string{"ExchangedDocument/ID", "SellerTradeParty/Name", "BuyerTradeParty/Name", "BuyerReference", "IssuerAssignedID"} {
		if got := values(t, raw, path); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
