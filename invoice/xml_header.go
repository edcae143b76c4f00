package invoice

import (
	"cmp"
	"fmt"

	"rosterd/ledger"
)

// agreement writes the buyer reference and the parties (BG-4, BG-7).
func (c *cii) agreement() {
	s, b := &c.inv.Seller, &c.inv.Buyer
	c.leaf("ram:BuyerReference", b.Reference) // BT-10
	c.element("ram:SellerTradeParty", func() {
		vatID := c.vatID(s.VATID)
		if vatID == "" {
			c.leaf("ram:ID", cmp.Or(s.TaxNumber, compact(s.VATID))) // BT-29: BR-CO-26 wants it where there is no BT-31
		}
		c.leaf("ram:Name", s.Name)        // BT-27
		c.leaf("ram:Description", s.Note) // BT-33
		c.element("ram:DefinedTradeContact", func() {
			c.leaf("ram:PersonName", s.Contact)                                                                // BT-41
			c.element("ram:TelephoneUniversalCommunication", func() { c.leaf("ram:CompleteNumber", s.Phone) }) // BT-42
			c.element("ram:EmailURIUniversalCommunication", func() { c.leaf("ram:URIID", s.Email) })           // BT-43
		})
		c.address(s.Street, s.PostalCode, s.City, s.Country)
		c.electronic(s.Email)             // BT-34
		c.registration(vatID, "VA")       // BT-31
		c.registration(s.TaxNumber, "FC") // BT-32
	})
	c.element("ram:BuyerTradeParty", func() {
		c.leaf("ram:Name", b.Name) // BT-44
		c.address(b.Street, b.PostalCode, b.City, b.Country)
		c.electronic(b.Email)                  // BT-49
		c.registration(c.vatID(b.VATID), "VA") // BT-48
	})
}

// vatID returns how a VAT id is written, or "" on an invoice that is not
// subject to VAT, which may show none (BR-O-02).
func (c *cii) vatID(id string) string {
	if c.inv.Taxes[0].Tax.Category == ledger.OutsideScope {
		return ""
	}
	return compact(id)
}

// address writes BG-5 or BG-8.
func (c *cii) address(street, code, city, country string) {
	c.element("ram:PostalTradeAddress", func() {
		c.leaf("ram:PostcodeCode", code)
		c.leaf("ram:LineOne", street)
		c.leaf("ram:CityName", city)
		c.leaf("ram:CountryID", country)
	})
}

func (c *cii) electronic(email string) {
	c.element("ram:URIUniversalCommunication", func() { c.leaf("ram:URIID", email, "schemeID", "EM") })
}

func (c *cii) registration(id, scheme string) {
	c.element("ram:SpecifiedTaxRegistration", func() { c.leaf("ram:ID", id, "schemeID", scheme) })
}

// settlement writes how to pay, the taxes and the totals.
func (c *cii) settlement() {
	inv := c.inv
	c.leaf("ram:PaymentReference", inv.Number)              // BT-83
	c.leaf("ram:InvoiceCurrencyCode", string(inv.Currency)) // BT-5
	c.element("ram:SpecifiedTradeSettlementPaymentMeans", c.paymentMeans)
	for _, t := range inv.Taxes {
		c.tax(t)
	}
	c.span(period(inv)) // BT-73, BT-74
	c.element("ram:SpecifiedTradePaymentTerms", func() {
		if inv.Gross < 0 {
			c.leaf("ram:Description", fmt.Sprintf(c.words.refund, c.words.money(inv.Currency, -inv.Gross))) // BT-20
		}
		if day, ok := due(inv); ok {
			c.date("ram:DueDateDateTime", day) // BT-9
		}
	})
	c.element("ram:SpecifiedTradeSettlementHeaderMonetarySummation", func() {
		c.leaf("ram:LineTotalAmount", c.amount(inv.Net))                                    // BT-106
		c.leaf("ram:TaxBasisTotalAmount", c.amount(inv.Net))                                // BT-109
		c.leaf("ram:TaxTotalAmount", c.amount(inv.VAT), "currencyID", string(inv.Currency)) // BT-110
		c.leaf("ram:GrandTotalAmount", c.amount(inv.Gross))                                 // BT-112
		c.leaf("ram:DuePayableAmount", c.amount(inv.Gross))                                 // BT-115
	})
	c.element("ram:InvoiceReferencedDocument", func() {
		c.leaf("ram:IssuerAssignedID", inv.Corrects) // BT-25
		if inv.Kind == ledger.Correction && inv.Corrected != (ledger.Date{}) {
			c.element("ram:FormattedIssueDateTime", func() { c.day("qdt:DateTimeString", inv.Corrected) }) // BT-26
		}
	})
}

// paymentMeans writes the seller's account (BG-16, BG-17). SEPA knows euros
// only.
func (c *cii) paymentMeans() {
	code := transfer
	if c.inv.Currency == "EUR" {
		code = sepaTransfer
	}
	s := &c.inv.Seller
	c.leaf("ram:TypeCode", code) // BT-81
	c.element("ram:PayeePartyCreditorFinancialAccount", func() {
		c.leaf("ram:IBANID", compact(s.IBAN)) // BT-84
		c.leaf("ram:AccountName", s.Name)     // BT-85
	})
	c.element("ram:PayeeSpecifiedCreditorFinancialInstitution", func() { c.leaf("ram:BICID", compact(s.BIC)) }) // BT-86
}

// tax writes the total of a category and rate (BG-23).
func (c *cii) tax(t ledger.TaxTotal) {
	c.element("ram:ApplicableTradeTax", func() {
		c.leaf("ram:CalculatedAmount", c.amount(t.Amount)) // BT-117
		c.leaf("ram:TypeCode", "VAT")
		c.leaf("ram:ExemptionReason", c.words.exemption(t.Tax))           // BT-120
		c.leaf("ram:BasisAmount", c.amount(t.Basis))                      // BT-116
		c.leaf("ram:CategoryCode", string(t.Tax.Category))                // BT-118
		c.leaf("ram:ExemptionReasonCode", exemptionCodes[t.Tax.Category]) // BT-121
		c.leaf("ram:RateApplicablePercent", t.Tax.Rate.String())          // BT-119
	})
}
