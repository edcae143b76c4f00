// Package ledger keeps the seats of one workspace and turns bookings into
// invoices. It is pure: instants, parties and prices are arguments, and the
// same entries always give the same books. It knows people only as numbers.
//
// # The rules
//
// A person who is active takes a seat, or waits for one:
//
//	seated + free    = purchased + booked
//	seated + waiting = people who are active
//	waiting > 0      implies free = 0
//
// A free seat is taken first. If there is none, one may be booked beyond what
// was purchased (Policy). The first booking opens a window of fixed length;
// later bookings join it and do not move its end. When the window ends, what is
// seated beyond the purchased seats is invoiced and purchased from then on:
// seats that were given back inside the window cost nothing.
//
// # Entries
//
// A Draft decides on a copy of the Books what a change of people, purchases or
// time makes of the seats, and writes it down as Entries, which are outcomes:
// who took a seat, which window closed with how many extra seats, the whole
// invoice. Books.Apply folds entries in and asserts the rules above. NextDue
// says when the books next change by themselves; nothing else is a timer.
//
// # Money
//
// Amounts are whole minor units (cents) of one currency. A line is the exact
// product of seat-days and the price of a seat for a period, divided by the
// days of that period, and rounded once, half away from zero. Tax is taken once
// on the sum of a category and rate (money.go, invoice.go). Whoever wants to
// check an invoice by hand finds it worked out in docs/seats.md.
package ledger
