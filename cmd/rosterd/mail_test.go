package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rosterd/bench/play"
	"rosterd/invoice"
	"rosterd/ledger"
)

// A mailing is a daemon with a mail server, and one workspace.
type mailing struct {
	*testing.T
	box   *postbox
	p     *process
	dir   string
	ws    string
	admin *play.Admin
	scim  *play.Client
}

// startMailing starts a daemon that sends through a postbox. The workspace acme
// is made of settings, a JSON object without id.
func startMailing(t *testing.T, settings string, flags ...string) *mailing {
	t.Helper()
	m := &mailing{T: t, box: startPostbox(t), dir: filepath.Join(t.TempDir(), "data"), ws: "acme"}
	m.p = startWith(t, m.box.environment(), m.dir, append(flags, mailFrom)...)
	m.admin = adminOf(t, m.p, m.dir)
	m.open(settings)
	return m
}

// open makes the workspace, and a client of its SCIM endpoint.
func (m *mailing) open(settings string) {
	m.Helper()
	body := fmt.Sprintf(`{"id":%q,"plan":"enterprise","sso":{"issuer":"http://127.0.0.1:9","clientId":"c"},"scim":{"enabled":true},%s`, m.ws, settings[1:])
	if err := m.admin.Post("/workspaces", json.RawMessage(body), nil); err != nil {
		m.Fatal(err)
	}
	token, err := m.admin.CreateToken(m.ws, "default", "test")
	if err != nil {
		m.Fatal(err)
	}
	m.scim = play.NewClient(m.p.url+"/scim/v2", token, 1)
	m.Cleanup(m.scim.Close)
}

// person creates somebody through SCIM and returns the id.
func (m *mailing) person(name, language string) string {
	m.Helper()
	body := fmt.Sprintf(`{"userName":"%s@acme.example.com","name":{"givenName":%q},"preferredLanguage":%q}`, strings.ToLower(name), name, language)
	a, err := m.scim.Do("POST", "/Users", []byte(body))
	if err != nil || a.Status != 201 {
		m.Fatalf("POST: %d %s %v", a.Status, a.Body, err)
	}
	return idOf(a)
}

// sync is the identity provider's push of active.
func (m *mailing) sync(id string, active bool) {
	m.Helper()
	body := fmt.Sprintf(`{"Operations":[{"op":"replace","path":"active","value":%v}]}`, active)
	if a, err := m.scim.Do("PATCH", "/Users/"+id, []byte(body)); err != nil || a.Status != 200 {
		m.Fatalf("PATCH: %d %s %v", a.Status, a.Body, err)
	}
}

// reactivate is an admin's.
func (m *mailing) reactivate(id string) {
	m.Helper()
	if err := m.admin.Post("/workspaces/"+m.ws+"/users/"+id+"/reactivate", nil, nil); err != nil {
		m.Fatal(err)
	}
}

// TestReactivationMails: whom an admin reactivates gets one mail in their
// language; whom an identity provider reactivates gets none unless the
// workspace wants it; who is created gets none. Mails of a workspace leave in
// the order of its log, so one that has come shows that none was to come
// before it.
func TestReactivationMails(t *testing.T) {
	m := startMailing(t, `{"name":"Acme GmbH","locale":"de-DE","appUrl":"https://acme.example.com","seats":{"purchased":9},"billing":{"email":"billing@acme.example.com"}}`)
	people := []struct{ name, language, mail, begins string }{
		{"Jürgen", "de-AT", "de", "Guten Tag Jürgen,\n"}, {"Zoë", "en-GB", "en", "Hello Zoë,\n"},
		{"Aïcha", "fr", "en", "Hello Aïcha,\n"}, {"Max", "", "de", "Guten Tag Max,\n"},
	}
	var ids []string
	for _, who := range people {
		id := m.person(who.name, who.language)
		ids = append(ids, id)
		m.sync(id, false)
		m.sync(id, true)
		m.sync(id, false)
		m.reactivate(id)
		m.reactivate(id) // is active already
	}
	m.box.wait(t, len(people)) // what is still to be mailed goes by the settings that it finds
	patchWorkspace(t, m.admin, "acme", `{"mail":{"onScimReactivation":true}}`)
	m.person("Neu", "de")
	m.sync(ids[1], false)
	m.sync(ids[1], true)
	letters := m.box.wait(t, len(people)+1)
	if len(letters) != len(people)+1 {
		t.Fatalf("%d letters: %+v", len(letters), letters)
	}
	subjects := map[string]string{"de": "Sie können sich wieder bei Acme GmbH anmelden", "en": "You can sign in to Acme GmbH again"}
	for i, l := range letters {
		who := people[i%len(people)]
		if i == len(people) {
			who = people[1]
		}
		if l.to != strings.ToLower(who.name)+"@acme.example.com" || l.language != who.mail || l.subject != subjects[who.mail] ||
			!strings.HasPrefix(l.text, who.begins) || !strings.Contains(l.text, "\nhttps://acme.example.com\n") || len(l.files) > 0 {
			t.Errorf("to %s: %+v", who.name, l)
		}
	}
	if byAdmin, synced := "an administrator of Acme GmbH has", letters[len(people)].text; strings.Contains(synced, byAdmin) || !strings.Contains(letters[1].text, byAdmin) {
		t.Errorf("who reactivated is told wrong: %s%s", letters[1].text, synced)
	}
	m.sentOnce(letters)
}

// sentOnce wants one line in the log for each letter, and no two letters of one
// Message-ID.
func (m *mailing) sentOnce(letters []received) {
	m.Helper()
	ids := map[string]bool{}
	for _, l := range letters {
		ids[l.id] = true
	}
	if len(ids) != len(letters) {
		m.Errorf("%d letters have %d ids", len(letters), len(ids))
	}
	var sent []shownEntry
	eventually(m.T, 10*time.Second, "the log tells of the letters", func() bool {
		sent = ofKind(logOf(m.T, m.admin, m.ws), "mail.sent")
		return len(sent) >= len(letters)
	})
	for i, e := range sent {
		if i >= len(letters) || !strings.HasSuffix(e.Detail, " to "+letters[i].to) {
			m.Errorf("the log says %q", e.Detail)
		}
	}
}

const sellerYAML = `name: Rosterd GmbH
street: Lindenstraße 1
postalCode: "10969"
city: Berlin
country: DE
vatId: DE123456789
contact: Buchhaltung
phone: +49 30 1234567
email: billing@rosterd.example.com
iban: DE89 3704 0044 0532 0130 00
paymentDays: 14
`

// TestBillingMails: a window that opens is one mail to the billing contact,
// with count, amount, until when and how to stop; an invoice is one mail with
// the PDF, and the XML where the workspace wants e-invoices.
func TestBillingMails(t *testing.T) {
	seller := filepath.Join(t.TempDir(), "seller.yaml")
	if err := os.WriteFile(seller, []byte(sellerYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	const price = `"seats":{"purchased":1},"price":{"minor":1290,"vatPercent":"19"},`
	const german = `{"name":"Acme GmbH","locale":"de-DE","timezone":"Europe/Berlin",` + price + `"invoice":{"eInvoice":true},
		"billing":{"email":"rechnung@acme.example.com","buyer":{"name":"Acme GmbH","street":"Hauptstraße 5","postalCode":"80331","city":"München","country":"DE","reference":"04011000-12345-03"}}}`
	const english = `{"name":"Bolt Ltd","locale":"en-IE","timezone":"America/New_York",` + price + `"billing":{"email":"billing@bolt.example.com"}}`
	m := startMailing(t, german, "--seller-file", seller, "--invoice-window", "8s")
	m.billing("de", "rechnung@acme.example.com", ".pdf", ".xml")
	m.ws = "bolt"
	m.open(english)
	m.billing("en", "billing@bolt.example.com", ".pdf")
}

// billing books five seats at once, and closes the window after its mail.
func (m *mailing) billing(language, to string, forms ...string) {
	m.Helper()
	before := len(m.box.wait(m.T, 0))
	var first string
	for i := range 6 {
		if id := m.person(fmt.Sprintf("Person%d", i), language); i == 0 {
			first = id
		}
	}
	patchWorkspace(m.T, m.admin, m.ws, bookAutomatically)
	w := seatsOf(m.T, m.admin, m.ws).Window
	if w == nil {
		m.Fatal("no window is open")
	}
	opened := m.box.wait(m.T, before+1)[before]
	if err := m.admin.Post("/workspaces/"+m.ws+"/window/close", nil, nil); err != nil {
		m.Fatal(err)
	}
	letters := m.box.wait(m.T, before+2)
	bill := letters[before+1]
	m.sync(first, false)
	m.reactivate(first) // whose mail comes after all others
	if letters = m.box.wait(m.T, before+3); len(letters) != before+3 || letters[before+2].to != "person0@acme.example.com" {
		m.Errorf("more than three letters, or others: %+v", letters)
	}
	zone := map[string]string{"de": "Europe/Berlin", "en": "America/New_York"}[language]
	loc, err := time.LoadLocation(zone)
	if err != nil {
		m.Fatal(err)
	}
	total := invoice.Amount(ledger.Money{Currency: "EUR", Minor: w.Gross.Minor}, language)
	until := map[string]string{"de": "um 15:04 Uhr (MST)", "en": "at 15:04 (MST)"}[language]
	for _, part := range []string{
		map[string]string{"de": "davon 5 berechnet: ", "en": "5 of them would be invoiced: "}[language] + total, w.ClosesAt.In(loc).Format(until), "seats.autoBooking",
	} {
		if opened.to != to || opened.language != language || !strings.Contains(opened.text, part) || len(opened.files) > 0 {
			m.Errorf("want %q in %+v", part, opened)
		}
	}
	number := m.ws + "-000001"
	if bill.to != to || bill.language != language || !strings.Contains(bill.subject, number) || !strings.Contains(bill.text, total) || len(bill.files) != len(forms) {
		m.Errorf("%s %s %q %d files", bill.to, bill.subject, bill.text, len(bill.files))
	}
	for _, form := range forms {
		m.sameFile(number+form, bill.files[number+form])
	}
	m.sentOnce(letters[before:])
}

// sameFile holds an attachment against what the admin API serves.
func (m *mailing) sameFile(name string, data []byte) {
	m.Helper()
	c := play.NewClient(m.p.url+"/api/v1", operatorToken(m.T, m.dir), 1)
	defer c.Close()
	a, err := c.Do("GET", "/workspaces/"+m.ws+"/invoices/"+name, nil)
	if err != nil || a.Status != 200 || len(data) == 0 || !bytes.Equal(a.Body, data) {
		m.Errorf("%s: %d, %d bytes served, %d attached: %v", name, a.Status, len(a.Body), len(data), err)
	}
}

// TestNoMailTwice stops the daemon while windows are open, and starts it when
// they are over: their invoices leave, and none of the mails that had left
// before. The many workspaces are all due at once, while couriers look for
// what was left undelivered.
func TestNoMailTwice(t *testing.T) {
	const workspaces = 24
	settings := `{"name":"Acme GmbH","seats":{"purchased":0},"price":{"minor":1290},"billing":{"email":"billing@acme.example.com"}}`
	m := startMailing(t, settings, "--invoice-window", "3s")
	for i := range workspaces {
		if i > 0 {
			m.ws = fmt.Sprintf("acme-%d", i)
			m.open(settings)
		}
		m.person("Ada", "en")
	}
	for i := range workspaces {
		patchWorkspace(t, m.admin, strings.TrimSuffix(fmt.Sprintf("acme-%d", i), "-0"), bookAutomatically)
	}
	m.box.wait(t, workspaces)
	var over time.Duration // until the last window has ended
	if w := seatsOf(t, m.admin, m.ws).Window; w != nil {
		over = time.Until(w.ClosesAt)
	}
	if code := m.p.stop(t); code != 0 {
		t.Fatalf("a clean stop ends with %d", code)
	}
	<-time.NewTimer(over).C
	m.p = startWith(t, m.box.environment(), m.dir, mailFrom, "--invoice-window", "3s")
	m.box.wait(t, 2*workspaces)
	m.admin = adminOf(t, m.p, m.dir)
	for i := range workspaces { // whose mail comes after all others
		m.ws = strings.TrimSuffix(fmt.Sprintf("acme-%d", i), "-0")
		var people shownPage[shownPerson]
		if err := m.admin.Get("/workspaces/"+m.ws+"/users", &people); err != nil {
			t.Fatal(err)
		}
		for _, act := range []string{"deactivate", "reactivate"} {
			if err := m.admin.Post("/workspaces/"+m.ws+"/users/"+people.Items[0].ID+"/"+act, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	letters := m.box.wait(t, 3*workspaces)
	ids := map[string]int{}
	for _, l := range letters {
		ids[l.id]++
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if len(ids) != 3*workspaces {
		t.Errorf("%d letters, want %d", len(ids), 3*workspaces)
	}
}
