// Package invoice writes an invoice of the ledger as a document: as an
// e-invoice, which is CII XML after EN 16931 and XRechnung 3.0, and as a PDF
// in German or English. It is pure: the same invoice always gives the same
// bytes, and everything it shows is in the ledger.Invoice.
//
// The two forms say the same. What a seat costs for a part of a period is exact
// in both: the quantity is seat-days, the price is that of a seat for all days
// of the period, and the amount of a line is quantity * price / days, rounded
// once. Amounts are never worked out here, only printed.
//
// An e-invoice must not lack certain data (Missing, XML). A PDF prints what is
// known and never fails for what is not.
package invoice
