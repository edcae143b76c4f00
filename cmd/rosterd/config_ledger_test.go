package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBillingMistakes: what is wrong with the keys of windows, mails and the
// seller ends the start with code 2 and one line, before the data directory is
// touched. No line holds the password.
func TestBillingMistakes(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, "fresh")
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const password = "s3cr3t-p4ss"
	const from = "--mail-from=billing@example.com"
	for _, c := range []struct {
		args   []string
		detail string
	}{
		{[]string{"--invoice-window", "999ms"}, "invoice-window: write 1s to 24h"},
		{[]string{"--invoice-window", "24h1s"}, "invoice-window: write 1s to 24h"},
		{[]string{"--invoice-window", "1.0005s"}, "invoice-window: write whole milliseconds"},
		{[]string{"--invoice-window", "0"}, "invoice-window"},
		{[]string{"--invoice-window", "-30m"}, "invoice-window"},
		{[]string{"--invoice-window", "soon"}, "invoice-window"},
		{[]string{"--smtp-url", "smtp://mail.example.com"}, "smtp-url and mail-from belong together"},
		{[]string{from}, "smtp-url and mail-from belong together"},
		{[]string{"--smtp-url", "smtp://user:" + password + "@mail.example.com", "--mail-from", "nobody"}, "mail-from: not an e-mail address"},
		{[]string{"--smtp-url", "smtp://user:" + password + "@mail.example.com", "--mail-from", "x@müller.example"}, "mail-from: the address must be ASCII"},
		{[]string{from, "--smtp-url", "https://user:" + password + "@mail.example.com"}, "smtp-url: must begin with smtp://"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@"}, "smtp-url: has no host"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "/x@mail.example.com"}, "smtp-url: "},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "%@mail.example.com"}, "smtp-url: not a URL"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@mail.example.com:smtp"}, "smtp-url: not a URL"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@mail.example.com:0"}, "smtp-url: the port"},
		{[]string{from, "--smtp-url", "smtp://user@mail.example.com"}, "smtp-url: has only one of user and password"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@mail.example.com/x"}, "smtp-url: nothing may follow the port"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@mail.example.com?starttls=no"}, "smtp-url: the only parameter"},
		{[]string{from, "--smtp-url", "smtp://mail.example.com?starttls=off"}, "smtp-url: starttls=off is only for"},
		{[]string{from, "--smtp-url", "smtp://user:" + password + "@127.0.0.1?starttls=off"}, "smtp-url: with starttls=off there can be no password"},
		{[]string{"--seller-file", filepath.Join(dir, "nowhere.yaml")}, "nowhere.yaml"},
		{[]string{"--seller-file", dir}, "seller-file"},
		{[]string{"--seller-file", file("unknown.yaml", "name: Rosterd GmbH\niban2: x\n")}, `there is no key "iban2"; it takes paymentDays, name`},
		{[]string{"--seller-file", file("nested.yaml", "bank:\n  name: x\n")}, "seller-file"},
		{[]string{"--seller-file", file("list.yaml", "- name\n")}, "list.yaml"},
		{[]string{"--seller-file", file("many.yaml", "paymentDays: many\n")}, "paymentDays: write 0 to 365"},
		{[]string{"--seller-file", file("part.yaml", "paymentDays: 1.5\n")}, "paymentDays: write 0 to 365"},
		{[]string{"--seller-file", file("less.yaml", "paymentDays: -1\n")}, "paymentDays: write 0 to 365"},
		{[]string{"--seller-file", file("more.yaml", "paymentDays: 366\n")}, "paymentDays: write 0 to 365"},
		{[]string{"--seller-file", file("octal.yaml", "postalCode: 01067\n")}, "postalCode: write a text in quotes"}, // YAML reads 567
		{[]string{"--seller-file", file("texts.yaml", "name: [x]\n")}, "name: write a text in quotes"},
		{[]string{"--seller-file", file("iban.yaml", "iban: DE88 3704 0044 0532 0130 00\n")}, "iban: the check digits are wrong"},
		{[]string{"--seller-file", file("country.yaml", "country: Germany\n")}, "country: the ISO 3166-1 code, such as DE"},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--data", fresh}, c.args...)
		code, out, errs := rosterd(t, nil, args...)
		if code != 2 || !strings.Contains(errs, c.detail) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("%v: code %d, %q %q", c.args, code, errs, out)
		}
		if strings.Contains(errs, password) {
			t.Errorf("%v: the password is in %q", c.args, errs)
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Errorf("%v: the data directory was made", c.args)
		}
	}
}

// TestBillingConfig: both bounds of the window are allowed, the seller is read,
// and what is printed shows no password.
func TestBillingConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seller.yaml")
	if err := os.WriteFile(path, []byte(sellerYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, window := range []string{"1s", "24h0m0s"} {
		env := []string{"ROSTERD_SMTP_URL=smtp://user:s3cr3t@mail.example.com", "ROSTERD_MAIL_FROM=Billing <billing@example.com>"}
		code, out, errs := rosterd(t, env, "serve", "--print-config", "--invoice-window", window, "--seller-file", path)
		if code != 0 || errs != "" {
			t.Fatalf("%s: code %d, %s", window, code, errs)
		}
		for _, want := range []string{"invoice-window: " + window, "mail-from: Billing <billing@example.com>", "seller-file: " + path, "smtp-url: '********'"} {
			if !strings.Contains(out, want+"\n") {
				t.Errorf("want %q in\n%s", want, out)
			}
		}
		if strings.Contains(out, "s3cr3t") || strings.Contains(out, "mail.example.com:") {
			t.Errorf("it shows\n%s", out)
		}
	}
	seller, err := readSeller(path)
	if err != nil {
		t.Fatal(err)
	}
	if seller.Name != "Rosterd GmbH" || seller.Street != "Lindenstraße 1" || seller.PostalCode != "10969" || seller.City != "Berlin" || seller.Country != "DE" ||
		seller.VATID != "DE123456789" || seller.Contact != "Buchhaltung" || seller.Phone != "+49 30 1234567" || seller.Email != "billing@rosterd.example.com" ||
		seller.IBAN != "DE89370400440532013000" || seller.PaymentDays != 14 || seller.TaxNumber+seller.Bank+seller.BIC+seller.Note != "" {
		t.Errorf("%+v", seller)
	}
}
