package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"rosterd/bench/play"
)

// TestBulkImport imports a thousand people and their teams in bulks, kills the
// daemon and finds everything that was acknowledged; importing them once more
// changes nothing.
func TestBulkImport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	admin := adminOf(t, p, dir)
	w := enterprise("bulk", 900)
	w.Seats.AutoBooking = true
	if err := admin.CreateWorkspace(w); err != nil {
		t.Fatal(err)
	}
	token, err := admin.CreateToken("bulk", "default", "test")
	if err != nil {
		t.Fatal(err)
	}
	plan := play.Roster(3, 1000, 12, 0)
	load := func(p *process) play.Summary {
		t.Helper()
		client := play.NewClient(p.url+"/scim/v2", token, 4)
		defer client.Close()
		sum, err := play.Bulk(t.Context(), client, plan, play.Options{Connections: 4})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := load(p)
	if first.Created != 1000 || first.Groups != 12 || first.Memberships != plan.Memberships() || len(first.Refusals) > 0 {
		t.Fatalf("%+v", first.Refusals)
	}
	p.kill()
	p = startProcess(t, dir)
	admin = adminOf(t, p, dir)
	client := play.NewClient(p.url+"/scim/v2", token, 4)
	defer client.Close()
	if read, err := play.Verify(t.Context(), client, plan, first.Acked, 4); err != nil || read.Differences > 0 {
		t.Errorf("after the kill: %v %v", read.Examples, err)
	}
	again := load(p)
	if again.Created != 0 || again.Failed != 1012 {
		t.Errorf("once more: %d created, %d failed", again.Created, again.Failed)
	}
	for _, r := range again.Refusals {
		if r.Status != 409 || r.ScimType != "uniqueness" {
			t.Errorf("once more: %+v", r)
		}
	}
	want := shownSeats{Purchased: 900, Booked: 100, Seated: 1000, Active: 1000}
	got := seatsOf(t, admin, "bulk")
	if got.Window == nil || got.Window.Extra != 100 {
		t.Errorf("window: %+v", got.Window)
	}
	if got.Window = nil; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestBulkFitsTheJournal sends circles of growing size. What the actor lets
// through as one append the journal takes; what it does not is refused alone.
func TestBulkFitsTheJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	client := play.NewClient(p.url+"/scim/v2", openWorkspace(t, p, dir), 1)
	defer client.Close()
	statuses := map[string]int{}
	for n := 60; n <= 160; n += 10 {
		var ops []string
		for i := range n {
			ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":%s}`, i, longPerson(n, i)))
		}
		ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"beside","data":{"userName":"beside%d"}}`, n))
		a, err := client.Do("POST", "/Bulk", []byte(`{"Operations":[`+strings.Join(ops, ",")+`]}`))
		var answer struct {
			Operations []struct{ Status string }
		}
		if err != nil || a.Status != 200 || json.Unmarshal(a.Body, &answer) != nil || len(answer.Operations) != n+1 {
			t.Fatalf("%d people: %d %.300s %v", n, a.Status, a.Body, err)
		}
		for i, op := range answer.Operations {
			if i < n && op.Status != answer.Operations[0].Status || i == n && op.Status != "201" {
				t.Fatalf("%d people: operation %d got %s, the first %s", n, i+1, op.Status, answer.Operations[0].Status)
			}
		}
		statuses[answer.Operations[0].Status]++
	}
	if statuses["201"] == 0 || statuses["413"] == 0 || len(statuses) != 2 {
		t.Errorf("answers: %v", statuses)
	}
}

// longPerson is person i of n in a circle of managers, some 20 KB long. Texts
// differ, since the journal's records are what counts, not what compression
// makes of them.
func longPerson(n, i int) string {
	long := func(what string) string { return strings.Repeat(fmt.Sprintf("%s%d.%d ", what, n, i), 400) }
	manager := fmt.Sprintf(`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:%d"},"department":%q}`, (i+1)%n, long("d"))
	return fmt.Sprintf(`{"userName":"p%d.%d","title":%q,"nickName":%q,"displayName":%q,"name":{"formatted":%q},%s}`,
		n, i, long("t"), long("n"), long("s"), long("f"), manager)
}
