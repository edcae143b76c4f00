package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rosterd/ledger"
	"rosterd/workspace"
)

var rewrite = flag.Bool("rewrite", false, "write the letters into testdata; read the difference before committing it")

// billed returns an invoice of seats of 2026-08-15 to 31, or a correction.
func billed(t *testing.T, language string, buyer ledger.Buyer, corrects string) *ledger.Invoice {
	t.Helper()
	opened := time.Date(2026, 8, 15, 9, 30, 0, 0, time.UTC)
	price := ledger.Price{
		Unit:     ledger.Money{Currency: "EUR", Minor: 1290},
		Calendar: ledger.Calendar{AnchorDay: 1, AnchorMonth: 1}, Tax: ledger.Tax{Category: ledger.Standard, Rate: 190_000},
	}
	inv, err := ledger.Bill([]ledger.ClosedWindow{{Ordinal: 1, Opened: opened, Closed: opened.Add(30 * time.Minute), Extra: 500, Price: price}}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	inv.Serial, inv.Number, inv.Language, inv.Buyer = 1, "acme-000001", language, buyer
	inv.IssuedAt, inv.Issued = opened.Add(30*time.Minute), ledger.DateOf(opened)
	inv.Seller = ledger.Seller{
		Name: "Rosterd GmbH", Street: "Lindenstraße 1", PostalCode: "10969", City: "Berlin", Country: "DE", VATID: "DE123456789",
		Contact: "Buchhaltung", Phone: "+49 30 1234567", Email: "billing@rosterd.example.com", IBAN: "DE89370400440532013000", PaymentDays: 14,
	}
	if corrects != "" {
		for i := range inv.Lines {
			inv.Lines[i].Seats, inv.Lines[i].Amount = -inv.Lines[i].Seats, -inv.Lines[i].Amount
		}
		inv.Taxes[0].Basis, inv.Taxes[0].Amount = -inv.Taxes[0].Basis, -inv.Taxes[0].Amount
		inv.Net, inv.VAT, inv.Gross = -inv.Net, -inv.VAT, -inv.Gross
		inv.Kind, inv.Serial, inv.Number, inv.Corrects, inv.Reason = ledger.Correction, 2, "acme-000002", corrects, "Test"
		inv.Corrected = inv.Issued
	}
	return &inv
}

// TestLetters holds every letter in both languages against testdata.
func TestLetters(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	buyer := ledger.Buyer{
		Name: "Acme GmbH", Street: "Hauptstraße 5", PostalCode: "80331", City: "München", Country: "DE", Reference: "04011000-12345-03",
		Email: "billing@acme.example.com",
	}
	closes := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC) // the hour that there is twice: its zone tells which
	total := func(minor int64) ledger.Money { return ledger.Money{Currency: "EUR", Minor: minor} }
	for _, language := range []string{"de-AT", "en-GB"} {
		var out strings.Builder
		for _, c := range []struct {
			name string
			n    workspace.Notice
		}{
			{"reactivated", workspace.Notice{Kind: workspace.NoticeReactivated, Name: "Zoë", AppURL: "https://acme.example.com"}},
			{"reactivated, no appUrl", workspace.Notice{Kind: workspace.NoticeReactivated, Name: "Zoë"}},
			{"reactivated by an identity provider", workspace.Notice{Kind: workspace.NoticeReactivated, Name: "Zoë", Synced: true}},
			{"reactivated, a name of two lines", workspace.Notice{Kind: workspace.NoticeReactivated, Name: "Zoë\nSubject: you have won\t"}},
			{"window", workspace.Notice{Kind: workspace.NoticeWindow, Seats: 500, Extra: 488, Total: total(420_915), Closes: closes}},
			{"window, one seat", workspace.Notice{Kind: workspace.NoticeWindow, Seats: 1, Extra: 1, Total: total(842), Closes: closes}},
			{"window that is over", workspace.Notice{Kind: workspace.NoticeWindow, Closes: closes}},
			{"invoice", workspace.Notice{Kind: workspace.NoticeInvoice, Invoice: billed(t, language, buyer, "")}},
			{"invoice, e-invoice", workspace.Notice{Kind: workspace.NoticeInvoice, Invoice: billed(t, language, buyer, ""), EInvoice: true}},
			{"invoice, e-invoice without a buyer", workspace.Notice{Kind: workspace.NoticeInvoice, Invoice: billed(t, language, ledger.Buyer{}, ""), EInvoice: true}},
			{"correction", workspace.Notice{Kind: workspace.NoticeInvoice, Invoice: billed(t, language, buyer, "acme-000001"), EInvoice: true}},
			{"no admin", workspace.Notice{Kind: workspace.NoticeNoAdmin}},
		} {
			c.n.To, c.n.Language, c.n.Workspace, c.n.Zone = "x@acme.example.com", language, "Acme GmbH", berlin
			l, err := letter("acme-7-mail", c.n)
			if err != nil {
				t.Errorf("%s, %s: %v", language, c.name, err)
				continue
			}
			fmt.Fprintf(&out, "=== %s\n%s to %s in %s: %s\n", c.name, l.ID, l.To, l.Language, l.Subject)
			for _, a := range l.Attachments {
				fmt.Fprintf(&out, "with %s, %s, from %q\n", a.Name, a.Type, a.Data[:5])
			}
			fmt.Fprintf(&out, "\n%s\n", l.Text) // which ends with a line break
		}
		compareGolden(t, "letters."+language[:2]+".txt", out.String())
	}
}

// compareGolden holds a text against a file of testdata, or writes it there.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s is not what comes out:\n%s", path, got)
	}
}
