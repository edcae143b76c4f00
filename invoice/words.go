package invoice

import (
	"strings"

	"golang.org/x/text/language/display"

	"rosterd/ledger"
)

// words are the texts of a document in one language. Those with verbs are
// formats.
type words struct {
	item, seat, seats, part string // of a line

	title, number, date [2]string // by Kind
	titleLong           [2]string // with the number it is about, by Kind
	period, reference   string
	buyerVAT, sellerVAT string
	corrects, dated     string // of the document that is corrected
	due                 string
	contact             string

	intro  [2]string // by Kind
	reason string

	position, booking, description, quantity, price, amount string // heads of columns
	perDays                                                 string
	carried, brought                                        string

	net, gross string
	rates      map[ledger.Category]string
	onBasis    string
	exemptions map[ledger.Category]string // why there is no VAT, in each document of the category

	payBy, pay, payTo             string
	refund                        string
	payee, iban, bic, bank, usage string
	phone, vatID, taxNumber, page string

	regions display.Namer
	amounts separators
	onDate  func(ledger.Date) string
	span    func(from, to ledger.Date) string
}

// separators are how a language writes numbers.
type separators struct{ thousands, decimal string }

// wordsFor returns the words of a BCP 47 tag: German, or English for all
// others.
func wordsFor(language string) *words {
	base, _, _ := strings.Cut(language, "-")
	if strings.EqualFold(base, "de") {
		return &german
	}
	return &english
}
