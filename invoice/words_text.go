package invoice

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"rosterd/ledger"
)

// by returns the words for each Kind.
func by(original, correction string) [2]string {
	return [2]string{ledger.Original: original, ledger.Correction: correction}
}

var german = words{
	item: "Zusätzliche Seats", seat: "Seat", seats: "Seats", part: "%s %s, %s (%d von %d Tagen)",

	title:     by("Rechnung", "Rechnungskorrektur"),
	titleLong: by("Rechnung %s", "Rechnungskorrektur zur Rechnung %s"),
	number:    by("Rechnungsnummer", "Korrekturnummer"),
	date:      by("Rechnungsdatum", "Datum"),
	period:    "Leistungszeitraum", reference: "Ihre Referenz",
	buyerVAT: "Ihre USt-IdNr.", sellerVAT: "Unsere USt-IdNr.",
	corrects: "Zur Rechnung", dated: "Ausgestellt am", due: "Fällig am", contact: "Ansprechpartner",

	intro: by("Wir berechnen Ihnen die folgenden zusätzlich gebuchten Seats:",
		"Wir nehmen die folgenden Seats zurück und erstatten Ihnen deren Preis:"),
	reason: "Grund: %s",

	position: "Pos.", booking: "Buchung", description: "Beschreibung", quantity: "Seat-Tage",
	price: "Preis je Seat (%s)", amount: "Betrag (%s)", perDays: "%s je %d Tage",
	carried: "Übertrag", brought: "Übertrag von Seite %d",

	net: "Nettobetrag", gross: "Gesamtbetrag",
	rates: map[ledger.Category]string{
		ledger.Standard: "Umsatzsteuer %s %%", ledger.ZeroRated: "Umsatzsteuer %s %%",
		ledger.ReverseCharge: "Umsatzsteuer %s %% (Reverse Charge)", ledger.Export: "Umsatzsteuer %s %% (Drittland)",
		ledger.Exempt: "Umsatzsteuer %s %% (steuerfrei)", ledger.OutsideScope: "Umsatzsteuer %s %% (nicht steuerbar)",
	},
	onBasis: "%s auf %s",
	exemptions: map[ledger.Category]string{
		ledger.ReverseCharge: "Steuerschuldnerschaft des Leistungsempfängers",
		ledger.Export:        "Leistung an einen Empfänger außerhalb der EU (Ausfuhr)",
		ledger.OutsideScope:  "Nicht steuerbar",
	},

	payBy: "Bitte überweisen Sie %s bis zum %s", pay: "Bitte überweisen Sie %s", payTo: " auf dieses Konto:",
	refund: "Der Betrag von %s wird Ihnen erstattet oder mit offenen Rechnungen verrechnet.",
	payee:  "Empfänger", iban: "IBAN", bic: "BIC", bank: "Bank", usage: "Verwendungszweck",
	phone: "Telefon", vatID: "USt-IdNr.", taxNumber: "Steuernummer", page: "Seite %d von %d",

	regions: display.Regions(language.German),
	amounts: separators{thousands: ".", decimal: ","},
	onDate:  germanDate,
	span:    germanSpan,
}

var english = words{
	item: "Additional seats", seat: "seat", seats: "seats", part: "%s %s, %s (%d of %d days)",

	title:     by("Invoice", "Correction"),
	titleLong: by("Invoice %s", "Correction of invoice %s"),
	number:    by("Invoice number", "Correction number"),
	date:      by("Invoice date", "Date"),
	period:    "Service period", reference: "Your reference",
	buyerVAT: "Your VAT ID", sellerVAT: "Our VAT ID",
	corrects: "Of invoice", dated: "Issued on", due: "Due on", contact: "Contact",

	intro: by("We charge the following additionally booked seats:",
		"We take back the following seats and refund their price:"),
	reason: "Reason: %s",

	position: "No.", booking: "Booking", description: "Description", quantity: "Seat-days",
	price: "Price per seat (%s)", amount: "Amount (%s)", perDays: "%s per %d days",
	carried: "Carried forward", brought: "Brought forward from page %d",

	net: "Net amount", gross: "Total",
	rates: map[ledger.Category]string{
		ledger.Standard: "VAT %s%%", ledger.ZeroRated: "VAT %s%%",
		ledger.ReverseCharge: "VAT %s%% (reverse charge)", ledger.Export: "VAT %s%% (outside the EU)",
		ledger.Exempt: "VAT %s%% (exempt)", ledger.OutsideScope: "VAT %s%% (not subject to VAT)",
	},
	onBasis: "%s on %s",
	exemptions: map[ledger.Category]string{
		ledger.ReverseCharge: "Reverse charge",
		ledger.Export:        "Export outside the EU",
		ledger.OutsideScope:  "Not subject to VAT",
	},

	payBy: "Please transfer %s by %s", pay: "Please transfer %s", payTo: " to this account:",
	refund: "The amount of %s will be refunded or set off against open invoices.",
	payee:  "Payee", iban: "IBAN", bic: "BIC", bank: "Bank", usage: "Payment reference",
	phone: "Phone", vatID: "VAT ID", taxNumber: "Tax number", page: "Page %d of %d",

	regions: display.Regions(language.English),
	amounts: separators{thousands: ",", decimal: "."},
	onDate:  englishDate,
	span:    englishSpan,
}
