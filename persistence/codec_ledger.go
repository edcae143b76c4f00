package persistence

import (
	"time"

	"rosterd/ledger"
	"rosterd/workspace"
)

// posted is an entry of the ledger: its field says which. Numbers are append
// only, as those of events.
func posted(f *fields, e *workspace.Posted) {
	text(f, 1, &e.Name)
	entryOf(f, 2, &e.Entry, func(f *fields, x *ledger.SeatTaken) { f.fixed(1, x.Person[:]) })
	entryOf(f, 3, &e.Entry, func(f *fields, x *ledger.SeatBooked) { f.fixed(1, x.Person[:]) })
	entryOf(f, 4, &e.Entry, func(f *fields, x *ledger.SeatAwaited) {
		f.fixed(1, x.Person[:])
		f.bool(2, &x.First)
	})
	entryOf(f, 5, &e.Entry, func(f *fields, x *ledger.SeatMoved) {
		f.fixed(1, x.Person[:])
		f.bool(2, &x.First)
	})
	entryOf(f, 6, &e.Entry, func(f *fields, x *ledger.SeatReleased) { f.fixed(1, x.Person[:]) })
	entryOf(f, 7, &e.Entry, func(f *fields, x *ledger.WindowOpened) { window(f, &x.Window) })
	entryOf(f, 8, &e.Entry, func(f *fields, x *ledger.WindowClosed) {
		f.uint32(1, &x.Ordinal)
		f.time(2, &x.Opened)
		f.time(3, &x.Closed)
		f.int64(4, &x.Extra)
	})
	entryOf(f, 9, &e.Entry, func(f *fields, x *ledger.InvoiceIssued) {
		f.message(1, func(f *fields) { invoice(f, &x.Invoice) })
		f.time(2, &x.Due)
	})
	entryOf(f, 10, &e.Entry, func(f *fields, x *ledger.SeatsPurchased) {
		f.int64(1, &x.Seats)
		text(f, 2, &x.BilledBy)
		f.int64(3, &x.Total)
	})
	entryOf(f, 11, &e.Entry, func(f *fields, x *ledger.ReleasePlanned) {
		f.int64(1, &x.Seats)
		f.int64(2, &x.Total)
	})
	entryOf(f, 12, &e.Entry, func(f *fields, x *ledger.PeriodClosed) {
		f.time(1, &x.At)
		f.int64(2, &x.Purchased)
		f.int64(3, &x.Booked)
		f.int64(4, &x.Seated)
		f.int64(5, &x.Waiting)
		f.int64(6, &x.Released)
	})
	if e.Entry == nil {
		f.fail("an entry of the ledger is missing, or unknown to this version")
	}
}

// entryOf stores the entry under n if it is a T. An entry is never empty.
func entryOf[T ledger.Entry](f *fields, n uint64, p *ledger.Entry, describe func(*fields, *T)) {
	if !f.decoding {
		if _, ok := (*p).(T); ok { // garbage is made for this one type only
			x := (*p).(T)
			f.message(n, func(f *fields) { describe(f, &x) })
		}
		return
	}
	if f.next.number != n {
		return
	}
	var x T
	f.message(n, func(f *fields) { describe(f, &x) })
	if *p != nil {
		f.fail("two entries of the ledger in one event")
	}
	*p = x
}

func window(f *fields, w *ledger.Window) {
	f.time(1, &w.Opened)
	f.time(2, &w.Ends)
	f.message(3, func(f *fields) { price(f, &w.Price) })
	f.uint(4, &w.After)
}

func price(f *fields, p *ledger.Price) {
	name(f, 1, (*string)(&p.Unit.Currency))
	f.int64(2, &p.Unit.Minor)
	number(f, 3, &p.Interval, ledger.Yearly)
	f.int(4, &p.AnchorDay)
	f.int(5, (*int)(&p.AnchorMonth))
	f.message(6, func(f *fields) { tax(f, &p.Tax) })
}

func tax(f *fields, t *ledger.Tax) {
	name(f, 1, (*string)(&t.Category))
	f.int64(2, (*int64)(&t.Rate))
	name(f, 3, &t.Reason)
}

func invoice(f *fields, inv *ledger.Invoice) {
	f.uint32(1, &inv.Serial)
	text(f, 2, &inv.Number)
	number(f, 3, &inv.Kind, ledger.Correction)
	text(f, 4, &inv.Corrects)
	text(f, 5, &inv.Reason)
	f.time(6, &inv.IssuedAt)
	f.date(7, &inv.Issued)
	name(f, 8, &inv.Language)
	name(f, 9, (*string)(&inv.Currency))
	list(f, 10, &inv.Lines, line)
	list(f, 11, &inv.Taxes, func(f *fields, t *ledger.TaxTotal) {
		f.message(1, func(f *fields) { tax(f, &t.Tax) })
		f.int64(2, &t.Basis)
		f.int64(3, &t.Amount)
	})
	f.int64(12, &inv.Net)
	f.int64(13, &inv.VAT)
	f.int64(14, &inv.Gross)
	f.message(15, func(f *fields) { seller(f, &inv.Seller) })
	f.message(16, func(f *fields) { buyer(f, &inv.Buyer) })
	f.date(17, &inv.Corrected)
}

func line(f *fields, l *ledger.Line) {
	f.uint32(1, &l.Window)
	f.time(2, &l.Opened)
	f.time(3, &l.Closed)
	f.int64(4, &l.Seats)
	f.date(5, &l.From)
	f.date(6, &l.To)
	f.int(7, &l.Days)
	f.int(8, &l.PeriodDays)
	f.int64(9, &l.Unit)
	f.message(10, func(f *fields) { tax(f, &l.Tax) })
	f.int64(11, &l.Amount)
}

// seller and buyer stand in every invoice of a workspace: invoices that are
// loaded share their texts.
func seller(f *fields, s *ledger.Seller) {
	texts := []*string{
		&s.Name, &s.Street, &s.PostalCode, &s.City, &s.Country, &s.VATID, &s.TaxNumber, &s.Contact, &s.Phone, &s.Email,
		&s.Bank, &s.IBAN, &s.BIC, &s.Note,
	}
	for i, p := range texts {
		name(f, uint64(i+1), p)
	}
	f.int(15, &s.PaymentDays)
}

func buyer(f *fields, b *ledger.Buyer) {
	for i, p := range []*string{&b.Name, &b.Street, &b.PostalCode, &b.City, &b.Country, &b.VATID, &b.Reference, &b.Email} {
		name(f, uint64(i+1), p)
	}
}

func closedWindow(f *fields, w *ledger.ClosedWindow) {
	f.uint32(1, &w.Ordinal)
	f.time(2, &w.Opened)
	f.time(3, &w.Closed)
	f.int64(4, &w.Extra)
	f.message(5, func(f *fields) { price(f, &w.Price) })
}

// position is how the books of a snapshot stand. Period is never zero, so a
// position is never empty.
func position(f *fields, n uint64, p **ledger.Position) {
	var x ledger.Position
	if *p != nil {
		x = **p
	}
	f.message(n, func(f *fields) {
		f.int64(1, &x.Purchased)
		f.int64(2, &x.Booked)
		f.int64(3, &x.Releasing)
		f.time(4, &x.Period)
		f.uint(5, &x.Order)
		f.uint32(6, &x.Windows)
		openWindow(f, 7, &x.Open)
		list(f, 8, &x.Unbilled, closedWindow)
	})
	if f.decoding && !x.Period.IsZero() {
		*p = &x
	}
}

func openWindow(f *fields, n uint64, p **ledger.Window) {
	var w ledger.Window
	if *p != nil {
		w = **p
	}
	f.message(n, func(f *fields) { window(f, &w) })
	if f.decoding && !w.Opened.IsZero() {
		*p = &w
	}
}

func seat(f *fields, s *ledger.Seat) {
	number(f, 1, &s.State, ledger.Waiting)
	number(f, 2, &s.Source, ledger.Booked)
	f.bool(3, &s.First)
	f.uint32(4, &s.Billed)
	f.int64(5, &s.Since)
	f.uint(6, &s.Order)
}

// int64 stores a number of either sign, in zigzag form.
func (f *fields) int64(n uint64, p *int64) {
	u := uint64(*p)<<1 ^ uint64(*p>>63)
	f.uint(n, &u)
	if f.decoding {
		*p = int64(u>>1) ^ -int64(u&1)
	}
}

func (f *fields) uint32(n uint64, p *uint32) {
	u := uint64(*p)
	f.uint(n, &u)
	if *p = uint32(u); u > 1<<32-1 {
		f.fail("field %d is %d, which is too large", n, u)
	}
}

// date stores a day as the decimal number that ISO 8601 writes: 20261125.
func (f *fields) date(n uint64, p *ledger.Date) {
	u := uint64(p.Year*10_000 + int(p.Month)*100 + p.Day)
	f.uint(n, &u)
	if f.decoding {
		*p = ledger.Date{Year: int(u / 10_000), Month: time.Month(u / 100 % 100), Day: int(u % 100)}
	}
}
