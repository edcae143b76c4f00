package invoice

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"rosterd/ledger"
)

// Missing returns what an e-invoice for a price with this tax would lack, as
// configuration keys that an admin can set, such as "seller.iban" or
// "billing.buyer.city"; a key whose value has the wrong form is followed by
// what is wrong in parentheses. It is empty if XML can be written.
func Missing(s ledger.Seller, b ledger.Buyer, tax ledger.Tax) []string {
	var m missing
	m.want("seller.name", s.Name)
	m.address("seller", s.Street, s.PostalCode, s.City, s.Country)
	m.sellerTax(s, tax)
	m.want("seller.contact", s.Contact)
	m.check("seller.phone", s.Phone, isPhone, "at least three digits")
	m.check("seller.email", s.Email, isEmail, "not an e-mail address")
	m.check("seller.iban", s.IBAN, isIBAN, "the check digits are wrong")
	if s.PaymentDays <= 0 {
		m = append(m, "seller.paymentDays")
	}
	m.want("billing.buyer.name", b.Name)
	m.address("billing.buyer", b.Street, b.PostalCode, b.City, b.Country)
	if b.VATID != "" || tax.Category == ledger.ReverseCharge {
		m.check("billing.buyer.vatId", b.VATID, isVATID, "write it with its country, such as ATU12345678")
	}
	m.want("billing.buyer.reference", b.Reference)
	m.check("billing.email", b.Email, isEmail, "not an e-mail address")
	switch {
	case tax.Category == ledger.Exempt:
		m.want("price.tax.reason", tax.Reason)
	case tax.Category == ledger.Standard && tax.Rate == 0: // BR-S-05
		m = append(m, "price.tax.percent (above 0 in category S; Z, E, AE, G and O are without VAT)")
	}
	return m
}

// missing gathers keys.
type missing []string

func (m *missing) want(key, value string) {
	if strings.TrimSpace(value) == "" {
		*m = append(*m, key)
	}
}

// check wants a value of a form; wrong says what is wrong with others.
func (m *missing) check(key, value string, form func(string) bool, wrong string) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		*m = append(*m, key)
	case !form(value):
		*m = append(*m, key+" ("+wrong+")")
	}
}

// address wants a postal address. The rules do not ask for the street, German
// VAT law does (§ 14 (4) UStG).
func (m *missing) address(of, street, code, city, country string) {
	m.want(of+".street", street)
	m.want(of+".postalCode", code)
	m.want(of+".city", city)
	m.check(of+".country", country, isCountry, "the ISO 3166-1 code, such as DE")
}

// sellerTax wants what the tax office knows the seller by: reverse charge and
// export need the VAT id (BR-AE-02, BR-G-02), the others take a tax number.
func (m *missing) sellerTax(s ledger.Seller, tax ledger.Tax) {
	const wrong = "write it with its country, such as DE123456789"
	switch {
	case strings.TrimSpace(s.VATID) != "" || tax.Category == ledger.ReverseCharge || tax.Category == ledger.Export:
		m.check("seller.vatId", s.VATID, isVATID, wrong)
	case strings.TrimSpace(s.TaxNumber) == "":
		*m = append(*m, "seller.vatId or seller.taxNumber")
	}
}

// isCountry reports whether code is an ISO 3166-1 alpha-2 code in use.
func isCountry(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && r.IsCountry() && r.Canonicalize().String() == code
}

// compact removes the spaces, dots and hyphens that people write in
// identifiers.
func compact(id string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "").Replace(id))
}

// isVATID reports whether id begins with its country (BR-CO-09). Greece uses
// EL and Northern Ireland XI. The digits are not checked: each country has its
// own rule, and only its register knows.
func isVATID(id string) bool {
	id = compact(id)
	if len(id) < 4 || len(id) > 18 || !alphanumeric(id) || !strings.ContainsAny(id, "0123456789") {
		return false
	}
	country := id[:2]
	return country == "EL" || country == "XI" || isCountry(country)
}

func alphanumeric(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}

// isIBAN reports whether the check digits of an IBAN fit (ISO 13616, ISO 7064
// MOD 97-10): its characters behind the fourth, then the first four, with
// letters as 10 to 35, leave 1.
func isIBAN(iban string) bool {
	iban = compact(iban)
	if len(iban) < 15 || len(iban) > 34 || !alphanumeric(iban) || !isCountry(iban[:2]) {
		return false
	}
	rest := 0
	for _, r := range iban[4:] + iban[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest == 1
}

// isPhone wants three digits (BR-DE-27).
func isPhone(s string) bool {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 3
}

// isEmail wants one @, no spaces and a domain of at least two labels
// (BR-DE-28).
func isEmail(s string) bool {
	local, domain, _ := strings.Cut(s, "@")
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" {
			return false
		}
	}
	return local != "" && len(labels) > 1 && !strings.Contains(domain, "@") && !strings.ContainsFunc(s, unicode.IsSpace)
}
