package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"rosterd/invoice"
	"rosterd/ledger"
)

// demoSeller issues the invoices of the demo.
var demoSeller = ledger.Seller{
	Name: "Rosterd Demo GmbH", Street: "Lindenstraße 1", PostalCode: "10969", City: "Berlin", Country: "DE",
	VATID: "DE123456789", Contact: "Rechnungswesen", Phone: "+49 30 1234567", Email: "rechnung@rosterd.example.com",
	Bank: "Musterbank", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", PaymentDays: 14,
	Note: "Amtsgericht Berlin HRB 123456",
}

// demoBilling is what the workspace needs for e-invoices.
const demoBilling = `{"billing":{"email":"billing@acme.example.com","buyer":{"name":"Acme GmbH","street":"Hauptstraße 5",
	"postalCode":"80331","city":"München","country":"DE","reference":"PO-4711"}},"invoice":{"eInvoice":true}}`

// seats reads how the seats stand.
func (dm *demo) seats(ctx context.Context) (*seatsView, error) {
	var o object
	if err := dm.admin().call(ctx, "GET", "/workspaces/"+demoWorkspace+"/seats", nil, &o); err != nil {
		return nil, err
	}
	return o.seats()
}

func (o object) seats() (*seatsView, error) {
	var s seatsView
	return &s, json.Unmarshal(o.raw, &s)
}

func (dm *demo) admin() *adminClient { return &adminClient{url: dm.d.url, token: dm.token} }

// watchSeats shows on bar how the seats fill, until ctx ends.
func (dm *demo) watchSeats(ctx context.Context, bar *progressbar.ProgressBar) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		if s, err := dm.seats(ctx); err == nil {
			bar.Describe(s.short())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// short says how the seats stand, in the words of a progress bar.
func (s *seatsView) short() string {
	text := fmt.Sprintf("%4d of %d seats", min(s.Seated, s.Purchased), s.Purchased)
	if s.Window == nil {
		return text
	}
	left := max(0, time.Until(s.Window.ClosesAt)).Round(time.Second)
	return fmt.Sprintf("%s + %d booked, %v, invoice in %v", text, s.Booked, s.Window.Gross, left)
}

// countdown shows the open window until it closes or ctx ends. It reports
// whether it has closed.
func (dm *demo) countdown(ctx context.Context) (closed bool) {
	s, err := dm.seats(ctx)
	if err != nil || s.Window == nil {
		return false
	}
	length := s.Window.ClosesAt.Sub(s.Window.OpenedAt)
	bar := progressbar.NewOptions64(int64(length), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(40),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if s, err = dm.seats(ctx); err != nil || s.Window == nil {
			_ = bar.Finish()
			return err == nil
		}
		bar.Describe(s.short())
		_ = bar.Set64(int64(min(length, time.Since(s.Window.OpenedAt)))) // a bar that cannot be drawn is no reason to stop
		select {
		case <-ctx.Done():
			_ = bar.Finish()
			return false
		case <-dm.d.store.Failed():
			return false
		case <-tick.C:
		}
	}
}

// closeWindow closes the open window, if one is.
func (dm *demo) closeWindow(ctx context.Context) error {
	s, err := dm.seats(ctx)
	if err != nil || s.Window == nil {
		return err
	}
	return dm.admin().call(ctx, "POST", "/workspaces/"+demoWorkspace+"/window/close", nil, nil)
}

// showInvoices prints the invoices and saves them as XML and PDF.
func (dm *demo) showInvoices(ctx context.Context) error {
	v, err := dm.d.actors.View(ctx, demoWorkspace)
	if err != nil {
		return err
	}
	v.Books().Invoices(0, func(inv *ledger.Invoice) bool {
		err = dm.showInvoice(inv)
		return err == nil
	})
	return err
}

func (dm *demo) showInvoice(inv *ledger.Invoice) error {
	fmt.Fprintf(dm.out, "\nInvoice %s of %v\n", inv.Number, inv.Issued)
	amount := func(n int64) string { return invoice.Amount(ledger.Money{Currency: inv.Currency, Minor: n}, "en") }
	row := func(what string, n int64) { fmt.Fprintf(dm.out, "  %-58s %16s\n", what, amount(n)) }
	for i := range inv.Lines {
		row(invoice.Description(&inv.Lines[i], "en"), inv.Lines[i].Amount)
	}
	row("net", inv.Net)
	for _, t := range inv.Taxes {
		row("VAT "+t.Tax.Rate.String()+" %", t.Amount)
	}
	row("to pay", inv.Gross)
	xml, err := invoice.XML(inv)
	if err != nil {
		return err
	}
	pdf, err := invoice.PDF(inv)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dm.papers, 0o700); err != nil {
		return err
	}
	base := filepath.Join(dm.papers, inv.Number)
	if err := os.WriteFile(base+".xml", xml, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(base+".pdf", pdf, 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(dm.out, "Saved as %s.xml (XRechnung) and %s\n", base, strings.TrimPrefix(base+".pdf", dm.papers+string(filepath.Separator)))
	return err
}
