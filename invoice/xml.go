package invoice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rosterd/ledger"
)

// What the document claims to follow.
const (
	process   = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"                           // BT-23
	guideline = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0" // BT-24
)

// Codes of the lists that EN 16931 names.
const (
	typeInvoice    = "380" // BT-3, UNCL 1001
	typeCorrection = "384"
	sepaTransfer   = "58" // BT-81, UNCL 4461
	transfer       = "30"
	// day is the unit of quantity and base quantity (BT-130, BT-150) in UN/ECE
	// Recommendation 20. A seat has no unit of its own there, and the price is
	// one per days, so that quantity * price / base quantity is exact.
	day = "DAY"
)

// exemptionCodes are the codes of reasons (BT-121) that follow from a category.
// E has many, and the workspace's words are one of them at most.
var exemptionCodes = map[ledger.Category]string{
	ledger.ReverseCharge: "VATEX-EU-AE",
	ledger.Export:        "VATEX-EU-G",
	ledger.OutsideScope:  "VATEX-EU-O",
}

// XML returns inv as CII (D16B) for XRechnung 3.0, in UTF-8. An Original is of
// type 380; a Correction is of type 384, names what it corrects (BT-25) and has
// negative quantities and amounts. Amounts have the decimals of the currency.
// The error lists everything that is missing, in the words of Missing.
func XML(inv *ledger.Invoice) ([]byte, error) {
	if lacking := lacks(inv); len(lacking) > 0 {
		return nil, fmt.Errorf("invoice %s: an e-invoice cannot do without %s", inv.Number, strings.Join(lacking, ", "))
	}
	c := cii{inv: inv, words: wordsFor(inv.Language)}
	c.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<rsm:CrossIndustryInvoice` +
		` xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"` +
		` xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"` +
		` xmlns:qdt="urn:un:unece:uncefact:data:standard:QualifiedDataType:100"` +
		` xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">` + "\n")
	c.depth++
	c.context()
	c.header()
	c.element("rsm:SupplyChainTradeTransaction", func() {
		for i := range inv.Lines {
			c.position(i)
		}
		c.element("ram:ApplicableHeaderTradeAgreement", c.agreement)
		c.line("<ram:ApplicableHeaderTradeDelivery/>")
		c.element("ram:ApplicableHeaderTradeSettlement", c.settlement)
	})
	c.depth--
	c.line("</rsm:CrossIndustryInvoice>")
	return c.Bytes(), nil
}

// lacks returns what inv lacks: of itself, which no setting can mend, and of
// the parties for each of its taxes.
func lacks(inv *ledger.Invoice) []string {
	var m missing
	m.want("number", inv.Number)
	m.want("currency", string(inv.Currency))
	if inv.Issued == (ledger.Date{}) {
		m = append(m, "issued")
	}
	if inv.Kind == ledger.Correction {
		m.want("corrects", inv.Corrects)
	}
	if len(inv.Lines) == 0 || len(inv.Taxes) == 0 {
		m = append(m, "lines")
	}
	for _, t := range inv.Taxes {
		for _, key := range Missing(inv.Seller, inv.Buyer, t.Tax) {
			if !slices.Contains(m, key) {
				m = append(m, key)
			}
		}
	}
	return m
}

// cii writes one invoice in the order of the schema. Methods are named after
// the parts of CII, comments name the business terms of EN 16931.
type cii struct {
	markup
	inv   *ledger.Invoice
	words *words
}

// amount returns minor units as a decimal number.
func (c *cii) amount(minor int64) string {
	return ledger.Money{Currency: c.inv.Currency, Minor: minor}.Decimal()
}

func (c *cii) context() {
	c.element("rsm:ExchangedDocumentContext", func() {
		c.element("ram:BusinessProcessSpecifiedDocumentContextParameter", func() { c.leaf("ram:ID", process) })
		c.element("ram:GuidelineSpecifiedDocumentContextParameter", func() { c.leaf("ram:ID", guideline) })
	})
}

func (c *cii) header() {
	kind := typeInvoice
	if c.inv.Kind == ledger.Correction {
		kind = typeCorrection
	}
	c.element("rsm:ExchangedDocument", func() {
		c.leaf("ram:ID", c.inv.Number) // BT-1
		c.leaf("ram:TypeCode", kind)   // BT-3
		c.date("ram:IssueDateTime", c.inv.Issued)
		if c.inv.Reason != "" {
			c.note(fmt.Sprintf(c.words.reason, c.inv.Reason)) // BT-22
		}
	})
}

func (c *cii) note(text string) {
	c.element("ram:IncludedNote", func() { c.leaf("ram:Content", text) })
}

// position writes line i (BG-25).
func (c *cii) position(i int) {
	l := &c.inv.Lines[i]
	c.element("ram:IncludedSupplyChainTradeLineItem", func() {
		c.element("ram:AssociatedDocumentLineDocument", func() {
			c.leaf("ram:LineID", strconv.Itoa(i+1))            // BT-126
			c.note(fmt.Sprint(c.words.booking, " ", l.Window)) // BT-127
		})
		c.element("ram:SpecifiedTradeProduct", func() {
			c.leaf("ram:Name", c.words.item)                          // BT-153
			c.leaf("ram:Description", Description(l, c.inv.Language)) // BT-154
		})
		c.element("ram:SpecifiedLineTradeAgreement", func() {
			c.element("ram:NetPriceProductTradePrice", func() {
				c.leaf("ram:ChargeAmount", c.amount(l.Unit))                             // BT-146
				c.leaf("ram:BasisQuantity", strconv.Itoa(l.PeriodDays), "unitCode", day) // BT-149
			})
		})
		c.element("ram:SpecifiedLineTradeDelivery", func() {
			c.leaf("ram:BilledQuantity", strconv.FormatInt(l.Quantity(), 10), "unitCode", day) // BT-129
		})
		c.element("ram:SpecifiedLineTradeSettlement", func() {
			c.element("ram:ApplicableTradeTax", func() {
				c.leaf("ram:TypeCode", "VAT")
				c.leaf("ram:CategoryCode", string(l.Tax.Category)) // BT-151
				if l.Tax.Category != ledger.OutsideScope {         // BR-O-05
					c.leaf("ram:RateApplicablePercent", l.Tax.Rate.String()) // BT-152
				}
			})
			c.span(l.From, l.To) // BT-134, BT-135
			c.element("ram:SpecifiedTradeSettlementLineMonetarySummation", func() {
				c.leaf("ram:LineTotalAmount", c.amount(l.Amount)) // BT-131
			})
		})
	})
}

func (c *cii) span(from, to ledger.Date) {
	c.element("ram:BillingSpecifiedPeriod", func() {
		c.date("ram:StartDateTime", from)
		c.date("ram:EndDateTime", to)
	})
}
