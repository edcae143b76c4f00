package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/spf13/cobra"
)

// TestMoneyInTables: people read amounts, programs minor units.
func TestMoneyInTables(t *testing.T) {
	cmd := &cobra.Command{}
	var out bytes.Buffer
	cmd.SetOut(&out)
	var o object
	const invoice = `{"number":"acme-000002","net":{"currency":"EUR","minor":-774},"gross":{"currency":"JPY","minor":921},"seller":{"minor":1}}`
	if err := json.Unmarshal([]byte(invoice), &o); err != nil {
		t.Fatal(err)
	}
	table := newTable(cmd, "number", "net", "gross", "seller")
	if err := table.row(o); err != nil {
		t.Fatal(err)
	}
	if err := table.tabs.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = "NUMBER       NET        GROSS    SELLER\nacme-000002  -7.74 EUR  921 JPY  {\"minor\":1}\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
