package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"rosterd/bench/play"
)

// What tests read of the admin API.
type (
	shownMoney struct {
		Currency string `json:"currency"`
		Minor    int64  `json:"minor"`
	}
	shownSeats struct {
		Purchased int64        `json:"purchased"`
		Booked    int64        `json:"booked"`
		Seated    int64        `json:"seated"`
		Free      int64        `json:"free"`
		Waiting   int64        `json:"waiting"`
		Active    int64        `json:"active"`
		Window    *shownWindow `json:"window"`
	}
	shownWindow struct {
		OpenedAt time.Time  `json:"openedAt"`
		ClosesAt time.Time  `json:"closesAt"`
		ClosedAt time.Time  `json:"closedAt"`
		Extra    int64      `json:"extra"`
		Seats    int64      `json:"seats"`
		Net      shownMoney `json:"net"`
		Gross    shownMoney `json:"gross"`
	}
	shownEntry struct {
		Seq       uint64        `json:"seq"`
		At        time.Time     `json:"at"`
		Kind      string        `json:"kind"`
		RequestID string        `json:"requestId"`
		Subject   shownSubject  `json:"subject"`
		Changes   []shownChange `json:"changes"`
		Detail    string        `json:"detail"`

		raw string // as it was sent
	}
	shownSubject struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	shownChange struct {
		Path string          `json:"path"`
		To   json.RawMessage `json:"to"`
	}
	shownInvoice struct {
		Number   string        `json:"number"`
		Kind     string        `json:"kind"`
		IssuedAt time.Time     `json:"issuedAt"`
		Date     string        `json:"date"`
		Windows  []shownWindow `json:"windows"`
		Lines    []shownLine   `json:"lines"`
		Net      shownMoney    `json:"net"`
		VAT      shownMoney    `json:"vat"`
		Gross    shownMoney    `json:"gross"`
	}
	shownLine struct {
		Seats      int64      `json:"seats"`
		Days       int64      `json:"days"`
		PeriodDays int64      `json:"periodDays"`
		Quantity   int64      `json:"quantity"`
		UnitPrice  shownMoney `json:"unitPrice"`
		Period     struct {
			From string `json:"from"`
			To   string `json:"to"`
		} `json:"period"`
		Amount shownMoney `json:"amount"`
	}
	shownPerson struct {
		ID           string `json:"id"`
		AccountEmail string `json:"accountEmail"`
		State        string `json:"state"`
		Seat         struct {
			State   string `json:"state"`
			Source  string `json:"source"`
			Invoice string `json:"invoice"`
		} `json:"seat"`
	}
	shownPage[T any] struct {
		Items []T    `json:"items"`
		Next  string `json:"next"`
	}
)

// bookAutomatically is the change that switches booking on, without a cap.
const bookAutomatically = `{"seats":{"autoBooking":true,"cap":null}}`

// patchWorkspace changes settings of a workspace.
func patchWorkspace(t *testing.T, a *play.Admin, ws, patch string) {
	t.Helper()
	if err := a.Patch("/workspaces/"+ws, json.RawMessage(patch), nil); err != nil {
		t.Fatal(err)
	}
}

// everything reads a list of the admin API to its end.
func everything[T any](t *testing.T, a *play.Admin, path string) (out []T) {
	t.Helper()
	for after := ""; ; {
		var page shownPage[T]
		if err := a.Get(fmt.Sprintf("%s?limit=1000&after=%s", path, after), &page); err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Items...)
		if after = page.Next; after == "" {
			return out
		}
	}
}

// logOf reads the provisioning log of a workspace.
func logOf(t *testing.T, a *play.Admin, ws string) (out []shownEntry) {
	t.Helper()
	for _, raw := range everything[json.RawMessage](t, a, "/workspaces/"+ws+"/log") {
		e := shownEntry{raw: string(raw)}
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// ofKind returns the entries of one kind.
func ofKind(all []shownEntry, kind string) (out []shownEntry) {
	for _, e := range all {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func seatsOf(t *testing.T, a *play.Admin, ws string) shownSeats {
	t.Helper()
	var s shownSeats
	if err := a.Get("/workspaces/"+ws+"/seats", &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// balance says which rule of seats an answer breaks; "" is none.
func (s shownSeats) balance() string {
	if s.Seated+s.Free != s.Purchased+s.Booked || s.Seated+s.Waiting != s.Active || s.Waiting > 0 && s.Free != 0 || s.Free < 0 {
		return fmt.Sprintf("%+v", s)
	}
	return ""
}

// enterprise returns a workspace that SCIM is open for. Nobody answers for its
// issuer, so that no test asks the net.
func enterprise(id string, purchased int) play.Workspace {
	w := play.EnterpriseWorkspace(id, "Workspace "+id, purchased)
	w.SSO.Issuer = play.Unanswered
	return w
}

// adminOf returns a client of the admin API, which the test's end closes.
func adminOf(t *testing.T, p *process, dir string) *play.Admin {
	t.Helper()
	a := play.NewAdmin(p.url, operatorToken(t, dir))
	t.Cleanup(a.Close)
	return a
}

// eventually waits until ok, and fails the test if that takes too long.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
