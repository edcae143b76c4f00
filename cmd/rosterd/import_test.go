package main

import (
	"flag"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"rosterd/bench/play"
)

var samples = flag.Int("samples", 500, "samples of TestSeatsWhileImporting")

// TestImport2000 plays the first cycle of an Entra job of 2,000 people into
// 1,500 purchased seats: with automatic booking one invoice of 500 seats comes
// of it; without, 500 people wait, and the identity provider hears nothing but
// 201.
func TestImport2000(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	admin := adminOf(t, p, dir)
	for _, auto := range []bool{true, false} {
		w := enterprise("booking", 1500)
		if !auto {
			w = enterprise("waiting", 1500)
		}
		w.Seats.AutoBooking = auto
		if err := admin.CreateWorkspace(w); err != nil {
			t.Fatal(err)
		}
		importPeople(t, p, admin, w.ID, 2000)
	}
	t.Run("booking", func(t *testing.T) {
		want := shownSeats{Purchased: 1500, Booked: 500, Seated: 2000, Active: 2000}
		got := seatsOf(t, admin, "booking")
		if got.Window == nil || got.Window.Extra != 500 {
			t.Fatalf("%+v", got.Window)
		}
		if got.Window = nil; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		billOfWindow(t, admin, "booking", 500)
	})
	t.Run("waiting", func(t *testing.T) { seatWhoWaits(t, admin, "waiting") })
}

// importPeople plays a first cycle in which everybody has to be created.
func importPeople(t *testing.T, p *process, admin *play.Admin, ws string, people int) {
	t.Helper()
	token, err := admin.CreateToken(ws, "default", "test")
	if err != nil {
		t.Fatal(err)
	}
	client := play.NewClient(p.url+"/scim/v2", token, 32)
	defer client.Close()
	var created atomic.Int64
	sum, err := play.Entra(t.Context(), client, play.Roster(7, people, 0, 0), play.Options{Connections: 32, Observe: func(c play.Call) {
		if c.Kind == "create user" && c.Status == http.StatusCreated {
			created.Add(1)
		}
	}})
	if err != nil || sum.Failed > 0 || len(sum.Refusals) > 0 || created.Load() != int64(people) {
		t.Fatalf("%s: %d people got 201, %d failed: %+v %v", ws, created.Load(), sum.Failed, sum.Refusals, err)
	}
}

// billOfWindow closes the only window that a workspace ever had, and finds one
// invoice of so many seats.
func billOfWindow(t *testing.T, admin *play.Admin, ws string, seats int64) {
	t.Helper()
	var after shownSeats
	if err := admin.Post("/workspaces/"+ws+"/window/close", nil, &after); err != nil {
		t.Fatal(err)
	}
	if after.Booked != 0 || after.Window != nil || after.balance() != "" {
		t.Errorf("after the window: %+v", after)
	}
	invoices := everything[shownInvoice](t, admin, "/workspaces/"+ws+"/invoices")
	if len(invoices) != 1 || len(invoices[0].Windows) != 1 || invoices[0].Windows[0].Seats != seats || invoices[0].Number != ws+"-000001" {
		t.Errorf("invoices: %+v", invoices)
	}
	log := logOf(t, admin, ws)
	for kind, n := range map[string]int{"window.opened": 1, "window.closed": 1, "invoice.issued": 1} {
		if got := len(ofKind(log, kind)); got != n {
			t.Errorf("%s: %d times, want %d", kind, got, n)
		}
	}
	billed := 0
	for _, u := range everything[shownPerson](t, admin, "/workspaces/"+ws+"/users") {
		if u.Seat.Invoice == invoices[0].Number {
			billed++
		}
	}
	if int64(billed) != seats {
		t.Errorf("%d people carry the number of the invoice", billed)
	}
}

// seatWhoWaits purchases 200 seats for 500 people who wait, and books for the
// rest.
func seatWhoWaits(t *testing.T, admin *play.Admin, ws string) {
	if got, want := seatsOf(t, admin, ws), (shownSeats{Purchased: 1500, Seated: 1500, Waiting: 500, Active: 2000}); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
	queue := ofKind(logOf(t, admin, ws), "seat.waiting")
	taken := len(ofKind(logOf(t, admin, ws), "seat.taken"))
	bought := struct {
		Seats    int    `json:"seats"`
		BilledBy string `json:"billedBy"`
	}{200, "shop"}
	if err := admin.Post("/workspaces/"+ws+"/seats/purchase", bought, nil); err != nil {
		t.Fatal(err)
	}
	log := logOf(t, admin, ws)
	inOneCommit(t, ofKind(log, "seat.taken")[taken:], queue[:200])
	patchWorkspace(t, admin, ws, bookAutomatically)
	log = logOf(t, admin, ws)
	inOneCommit(t, ofKind(log, "seat.booked"), queue[200:])
	want := shownSeats{Purchased: 1700, Booked: 300, Seated: 2000, Active: 2000}
	got := seatsOf(t, admin, ws)
	if got.Window = nil; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	billOfWindow(t, admin, ws, 300)
}

// inOneCommit wants the people of a queue seated by one request, in its order.
func inOneCommit(t *testing.T, seated, queue []shownEntry) {
	t.Helper()
	subject := func(e shownEntry) shownSubject { return e.Subject }
	if !slices.EqualFunc(seated, queue, func(a, b shownEntry) bool { return subject(a) == subject(b) }) {
		t.Errorf("%d of %d people were seated, or in another order", len(seated), len(queue))
	}
	for i, e := range seated {
		if e.RequestID == "" || e.RequestID != seated[0].RequestID || !e.At.Equal(seated[0].At) || i > 0 && e.Seq != seated[i-1].Seq+1 {
			t.Fatalf("not in one commit: %+v after %+v", e, seated[0])
		}
	}
}

// TestSeatsWhileImporting reads the seats while 64 connections create people
// and take them out again: the rules of seats hold in every answer.
func TestSeatsWhileImporting(t *testing.T) {
	const connections, readers, limit = 64, 2, 150
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	admin := adminOf(t, p, dir)
	w := enterprise("acme", 100)
	most := limit // so that there are free, booked and waiting ones in turn
	w.Seats.AutoBooking, w.Seats.Cap = true, &most
	if err := admin.CreateWorkspace(w); err != nil {
		t.Fatal(err)
	}
	token, err := admin.CreateToken("acme", "default", "test")
	if err != nil {
		t.Fatal(err)
	}
	client := play.NewClient(p.url+"/scim/v2", token, connections)
	defer client.Close()
	enough := make(chan struct{})
	var importing, reading sync.WaitGroup
	var created, taken atomic.Int64
	for c := range connections {
		importing.Go(func() {
			for i := c; !closed(enough); i += connections {
				created.Add(comeAndGo(t, client, i))
			}
		})
	}
	seen := make([]map[string]bool, readers)
	for r := range readers {
		seen[r] = map[string]bool{}
		reading.Go(func() {
			for !t.Failed() && (taken.Add(1) <= int64(*samples) || created.Load() < 4*limit) {
				sample(t, admin, seen[r])
			}
		})
	}
	reading.Wait()
	close(enough)
	importing.Wait()
	states := map[string]bool{}
	for _, s := range seen {
		for state := range s {
			states[state] = true
		}
	}
	t.Logf("%d samples, %d people created, seen %v", taken.Load()-readers, created.Load(), states)
	if !states["booked"] || !states["waiting"] || !states["window"] {
		t.Error("the samples did not see all that there was to see")
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// comeAndGo creates person i, and deactivates every second one again. It
// returns how many people were created.
func comeAndGo(t *testing.T, c *play.Client, i int) int64 {
	a, err := c.Do("POST", "/Users", play.PersonAt(11, i).Body())
	if err != nil || a.Status != http.StatusCreated {
		t.Errorf("POST: %d %s %v", a.Status, a.Body, err)
		return 0
	}
	if i/64%2 == 0 {
		return 1
	}
	a, err = c.Do("PATCH", "/Users/"+idOf(a), []byte(`{"Operations":[{"op":"replace","path":"active","value":false}]}`))
	if err != nil || a.Status != http.StatusOK {
		t.Errorf("PATCH: %d %s %v", a.Status, a.Body, err)
	}
	return 1
}

// sample reads the seats once and notes what there was to be seen.
func sample(t *testing.T, admin *play.Admin, seen map[string]bool) {
	var s shownSeats
	if err := admin.Get("/workspaces/acme/seats", &s); err != nil {
		t.Error(err)
		return
	}
	if broken := s.balance(); broken != "" {
		t.Errorf("the seats do not add up: %s", broken)
	}
	for state, n := range map[string]int64{"free": s.Free, "booked": s.Booked, "waiting": s.Waiting} {
		if n > 0 {
			seen[state] = true
		}
	}
	if s.Window != nil {
		seen["window"] = true
	}
}
