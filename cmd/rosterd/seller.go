package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"rosterd/invoice"
	"rosterd/ledger"
)

// readSeller reads the master data of who issues the invoices. Keys that are
// missing are unknown; without some of them no e-invoice can be made, which
// whoever switches those on is told. A wrong value, such as an IBAN that is
// none, would be on every invoice, and is refused.
func readSeller(path string) (ledger.Seller, error) {
	var s ledger.Seller
	k := koanf.New("\x00") // keys are flat
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return s, fmt.Errorf("seller-file %s: %s", path, oneLine(err))
	}
	texts := []struct {
		key string
		p   *string
	}{
		{"name", &s.Name}, {"street", &s.Street}, {"postalCode", &s.PostalCode}, {"city", &s.City}, {"country", &s.Country},
		{"vatId", &s.VATID}, {"taxNumber", &s.TaxNumber}, {"contact", &s.Contact}, {"phone", &s.Phone}, {"email", &s.Email},
		{"bank", &s.Bank}, {"iban", &s.IBAN}, {"bic", &s.BIC}, {"note", &s.Note},
	}
	known := []string{"paymentDays"}
	for _, t := range texts {
		known = append(known, t.key)
		text, ok := k.Get(t.key).(string)
		if !ok && k.Get(t.key) != nil { // YAML makes 567 of a postal code 01067
			return s, fmt.Errorf("seller-file %s: %s: write a text in quotes", path, t.key)
		}
		*t.p = strings.TrimSpace(text)
	}
	for _, key := range k.Keys() {
		if !slices.Contains(known, key) {
			return s, fmt.Errorf("seller-file %s: there is no key %q; it takes %s", path, key, strings.Join(known, ", "))
		}
	}
	s.IBAN = strings.ReplaceAll(s.IBAN, " ", "")
	if s.PaymentDays = k.Int("paymentDays"); s.PaymentDays < 0 || s.PaymentDays > 365 || k.Exists("paymentDays") && fmt.Sprint(k.Get("paymentDays")) != fmt.Sprint(s.PaymentDays) {
		return s, fmt.Errorf("seller-file %s: paymentDays: write 0 to 365", path)
	}
	for _, gap := range invoice.Missing(s, ledger.Buyer{}, ledger.Tax{}) {
		key, wrong, is := strings.Cut(strings.TrimSuffix(gap, ")"), " (")
		if key, sellers := strings.CutPrefix(key, "seller."); is && sellers {
			return s, fmt.Errorf("seller-file %s: %s: %s", path, key, wrong)
		}
	}
	return s, nil
}
