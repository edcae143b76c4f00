package invoice

import (
	"slices"
	"testing"

	"rosterd/ledger"
)

func TestMissing(t *testing.T) {
	exempt := ledger.Tax{Category: ledger.Exempt}
	for _, c := range []struct {
		name  string
		tax   ledger.Tax
		spoil func(*ledger.Seller, *ledger.Buyer)
		want  []string
	}{
		{"nothing", vat19, func(*ledger.Seller, *ledger.Buyer) {}, nil},
		{"everything", vat19, func(s *ledger.Seller, b *ledger.Buyer) { *s, *b = ledger.Seller{}, ledger.Buyer{} }, []string{
			"seller.name", "seller.street", "seller.postalCode", "seller.city", "seller.country", "seller.vatId or seller.taxNumber",
			"seller.contact", "seller.phone", "seller.email", "seller.iban", "seller.paymentDays",
			"billing.buyer.name", "billing.buyer.street", "billing.buyer.postalCode", "billing.buyer.city", "billing.buyer.country",
			"billing.buyer.reference", "billing.email"}},
		{"a tax number will do", vat19, func(s *ledger.Seller, _ *ledger.Buyer) { s.VATID = "" }, nil},
		{"reverse charge wants both VAT ids", reverse, func(s *ledger.Seller, _ *ledger.Buyer) { s.VATID = "" },
			[]string{"seller.vatId", "billing.buyer.vatId"}},
		{"export wants the seller's", export, func(s *ledger.Seller, _ *ledger.Buyer) { s.VATID = "" }, []string{"seller.vatId"}},
		{"exempt wants a reason", exempt, func(*ledger.Seller, *ledger.Buyer) {}, []string{"price.tax.reason"}},
		{"the standard rate is above 0", ledger.Tax{Category: ledger.Standard}, func(*ledger.Seller, *ledger.Buyer) {},
			[]string{"price.tax.percent (above 0 in category S; Z, E, AE, G and O are without VAT)"}},
		{"forms", vat19, func(s *ledger.Seller, b *ledger.Buyer) {
			s.Country, s.VATID, s.IBAN, s.Phone, s.Email = "UK", "123456789", "DE03120300000000202051", "n/a", "billing@localhost"
			b.Country, b.VATID, b.Email = "Germany", "QQ123", "a@b@c.example"
		}, []string{
			"seller.country (the ISO 3166-1 code, such as DE)",
			"seller.vatId (write it with its country, such as DE123456789)",
			"seller.phone (at least three digits)",
			"seller.email (not an e-mail address)",
			"seller.iban (the check digits are wrong)",
			"billing.buyer.country (the ISO 3166-1 code, such as DE)",
			"billing.buyer.vatId (write it with its country, such as ATU12345678)",
			"billing.email (not an e-mail address)"}},
	} {
		s, b := seller(), germanBuyer()
		c.spoil(&s, &b)
		if got := Missing(s, b, c.tax); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		form func(string) bool
		good []string
		bad  []string
	}{
		{isIBAN, []string{"DE02120300000000202051", "gb82 west 1234 5698 7654 32", "MT84MALT011000012345MTLCAST001S", "NO9386011117947"},
			[]string{"DE02120300000000202050", "DE", "DE02-1203-0000", "0012030000000020205100", "DE0212030000000020205é"}},
		{isVATID, []string{"DE123456789", "ATU12345678", "EL094259216", "XI123456789", "CHE-123.456.788 MWST", "NL004495445B01"},
			[]string{"", "123456789", "D1", "UK123456789", "DEABC", "EU372000063", "DE1234567890123456789"}},
		{isEmail, []string{"a@b.de", "o'hara+x@mail.example.com"},
			[]string{"a", "a@b", "@b.de", "a@b.de ", "a@.de", "a@b.", "a b@c.de", "a@b@c.de", "a@b..de"}},
	} {
		for _, s := range c.good {
			if !c.form(s) {
				t.Errorf("%q is refused", s)
			}
		}
		for _, s := range c.bad {
			if c.form(s) {
				t.Errorf("%q is taken", s)
			}
		}
	}
}
