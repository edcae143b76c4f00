package httpapi

import (
	"strings"

	"rosterd/invoice"
	"rosterd/ledger"
	"rosterd/scim"
	"rosterd/workspace"
)

// seats is what the admin API shows of the seats and the open window. cap and
// window are null where there is none.
func seats(v *workspace.View) []byte {
	b := v.Books()
	auto, limit := v.Settings().AutoBooking()
	o := scim.Object{
		{Name: "purchased", Value: scim.Integer(b.Purchased)},
		{Name: "booked", Value: scim.Integer(b.Booked)},
		{Name: "seated", Value: scim.Integer(b.Seated())},
		{Name: "free", Value: scim.Integer(b.Free())},
		{Name: "waiting", Value: scim.Integer(b.Waiting())},
		{Name: "active", Value: scim.Integer(v.ActiveMembers())},
		{Name: "releasing", Value: scim.Integer(b.Releasing)},
		{Name: "autoBooking", Value: scim.Boolean(auto)},
	}
	var most, window scim.Value
	if limit != ledger.NoCap {
		most = scim.Integer(limit)
	}
	if inv, open := v.Preview(); open {
		window = scim.ObjectOf(
			scim.Attr{Name: "openedAt", Value: instant(b.Open.Opened)},
			scim.Attr{Name: "closesAt", Value: instant(b.Open.Ends)},
			scim.Attr{Name: "extra", Value: scim.Integer(max(0, b.Seated()-b.Purchased))},
			scim.Attr{Name: "net", Value: money(&inv, inv.Net)},
			scim.Attr{Name: "gross", Value: money(&inv, inv.Gross)},
		)
	}
	body := scim.AppendObject(nil, o) // which leaves null out
	body = scim.AppendValue(append(body[:len(body)-1], `,"cap":`...), most)
	return append(scim.AppendValue(append(body, `,"window":`...), window), '}')
}

func money(inv *ledger.Invoice, minor int64) scim.Value {
	return workspace.MoneyValue(ledger.Money{Currency: inv.Currency, Minor: minor})
}

func (s *Server) getSeats(x *exchange) {
	if x.open() {
		x.send(200, plainJSON, seats(x.view))
	}
}

// commandOnSeats runs a command and answers with the seats that resulted.
func (x *exchange) commandOnSeats(cmd workspace.Command) {
	x.ws = workspace.ID(x.param(0))
	if _, view, ok := x.command(cmd); ok {
		x.send(200, plainJSON, seats(view))
	}
}

func (s *Server) purchaseSeats(x *exchange) {
	f := x.form()
	cmd := workspace.PurchaseSeats{Seats: f.requiredInt("seats")}
	if by := f.text("billedBy"); by != nil {
		cmd.BilledBy = *by
	}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.commandOnSeats(cmd)
}

func (s *Server) releaseSeats(x *exchange) {
	f := x.form()
	cmd := workspace.ReleaseSeats{Seats: f.requiredInt("seats")}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.commandOnSeats(cmd)
}

// closeWindow closes the window now. It takes no body.
func (s *Server) closeWindow(x *exchange) { x.commandOnSeats(workspace.CloseWindow{}) }

// document is an invoice as the admin API shows it. Money is in minor units.
func document(inv *ledger.Invoice) scim.Object {
	kind := "invoice"
	if inv.Kind == ledger.Correction {
		kind = "correction"
	}
	var lines, taxes []scim.Value
	for i := range inv.Lines {
		lines = append(lines, line(inv, &inv.Lines[i]))
	}
	for _, t := range inv.Taxes {
		taxes = append(taxes, scim.ObjectOf(
			scim.Attr{Name: "category", Value: scim.Text(string(t.Tax.Category))},
			scim.Attr{Name: "percent", Value: scim.Text(t.Tax.Rate.String())},
			scim.Attr{Name: "reason", Value: optional(t.Tax.Reason)},
			scim.Attr{Name: "basis", Value: money(inv, t.Basis)},
			scim.Attr{Name: "amount", Value: money(inv, t.Amount)},
		))
	}
	return scim.Object{
		{Name: "number", Value: scim.Text(inv.Number)},
		{Name: "kind", Value: scim.Text(kind)},
		{Name: "corrects", Value: optional(inv.Corrects)},
		{Name: "reason", Value: optional(inv.Reason)},
		{Name: "issuedAt", Value: instant(inv.IssuedAt)},
		{Name: "date", Value: scim.Text(inv.Issued.String())},
		{Name: "windows", Value: windows(inv)},
		{Name: "lines", Value: scim.ListOf(lines...)},
		{Name: "taxes", Value: scim.ListOf(taxes...)},
		{Name: "net", Value: money(inv, inv.Net)},
		{Name: "vat", Value: money(inv, inv.VAT)},
		{Name: "gross", Value: money(inv, inv.Gross)},
	}
}

// windows lists the windows that an invoice bills.
func windows(inv *ledger.Invoice) scim.Value {
	var out []scim.Value
	for i, l := range inv.Lines {
		if i > 0 && l.Window == inv.Lines[i-1].Window {
			continue
		}
		out = append(out, scim.ObjectOf(
			scim.Attr{Name: "openedAt", Value: instant(l.Opened)},
			scim.Attr{Name: "closedAt", Value: instant(l.Closed)},
			scim.Attr{Name: "seats", Value: scim.Integer(l.Seats)},
		))
	}
	return scim.ListOf(out...)
}

func line(inv *ledger.Invoice, l *ledger.Line) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "description", Value: scim.Text(invoice.Description(l, inv.Language))},
		scim.Attr{Name: "seats", Value: scim.Integer(l.Seats)},
		scim.Attr{Name: "days", Value: scim.Integer(int64(l.Days))},
		scim.Attr{Name: "periodDays", Value: scim.Integer(int64(l.PeriodDays))},
		scim.Attr{Name: "quantity", Value: scim.Integer(l.Quantity())},
		scim.Attr{Name: "unitPrice", Value: money(inv, l.Unit)},
		scim.Attr{Name: "period", Value: scim.ObjectOf(
			scim.Attr{Name: "from", Value: scim.Text(l.From.String())},
			scim.Attr{Name: "to", Value: scim.Text(l.To.String())},
		)},
		scim.Attr{Name: "amount", Value: money(inv, l.Amount)},
	)
}

// listInvoices lists invoices and corrections, oldest first; after is the
// number of the last one seen.
func (s *Server) listInvoices(x *exchange) {
	limit, err := x.limit()
	if err != nil {
		x.refuse(err)
		return
	}
	if !x.open() {
		return
	}
	from := uint32(0)
	if number := x.query("after"); number != "" {
		last, ok := x.view.Books().Invoice(number)
		if !ok {
			x.refuse(scim.Errorf(400, "", "after: there is no invoice %q", number))
			return
		}
		from = last.Serial
	}
	var items []scim.Object
	next := ""
	x.view.Books().Invoices(from, func(inv *ledger.Invoice) bool {
		if len(items) == limit {
			next = items[limit-1].Get("number").Str()
			return false
		}
		items = append(items, document(inv))
		return true
	})
	x.page(items, next)
}

// getInvoice answers with one document as JSON, XML (XRechnung) or PDF, by the
// suffix of its number.
func (s *Server) getInvoice(x *exchange) {
	if !x.open() {
		return
	}
	number, form, _ := strings.Cut(x.param(1), ".")
	inv, ok := x.view.Books().Invoice(number)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no invoice %q", number))
		return
	}
	switch form {
	case "":
		x.answer(200, document(inv))
	case "xml":
		body, err := invoice.XML(inv)
		if err != nil { // data is missing: the invoice stands, its e-invoice cannot
			x.refuse(scim.Errorf(409, "", "%s", err.Error()))
			return
		}
		x.file(number+".xml", "application/xml", body)
	case "pdf":
		body, err := invoice.PDF(inv)
		if err != nil {
			x.fail(err)
			return
		}
		x.file(number+".pdf", "application/pdf", body)
	default:
		x.refuse(scim.Errorf(404, "", "an invoice is there as JSON, .xml and .pdf, not as .%s", form))
	}
}

func (x *exchange) file(name, mediaType string, body []byte) {
	x.ctx.Response.Header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	x.send(200, mediaType, body)
}

func (s *Server) correctInvoice(x *exchange) {
	f := x.form()
	cmd := workspace.CorrectInvoice{Number: x.param(1), Seats: f.requiredInt("seats"), Reason: f.required("reason")}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	res, view, ok := x.command(cmd)
	if !ok {
		return
	}
	if inv, found := view.Books().Invoice(res.Key); found {
		x.answer(201, document(inv))
	}
}
