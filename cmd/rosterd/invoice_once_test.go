package main

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rosterd/bench/play"
)

const (
	// windowLength is long enough to put a kill before, at or after its end.
	windowLength = 2 * time.Second
	// requestPace is how often each client writes: slow enough for the
	// deliveries to keep up.
	requestPace = 100 * time.Millisecond
)

// A billing is TestInvoiceExactlyOnce at work.
type billing struct {
	*testing.T
	dir      string
	random   *rand.Rand
	receiver *receiver
	tenants  []*tenant

	p     *process // runs now
	admin *play.Admin
}

// TestInvoiceExactlyOnce kills the daemon with kill -9 before, at and after the
// ends of booking windows of 20 workspaces, whose clients create, deactivate
// and delete people, and send again what was not acknowledged. At the end the
// log is recounted: each window that ended with extra seats has exactly one
// invoice, with the right amounts; nobody who was acknowledged is without a
// seat; each webhook's consumer, by id, saw each entry once and in order.
func TestInvoiceExactlyOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	b := &billing{T: t, dir: filepath.Join(t.TempDir(), "data"), random: rand.New(rand.NewPCG(seed, 1)), tenants: tenants(20, seed)}
	b.receiver = startReceiver(t, rand.New(rand.NewPCG(seed, 2)))
	b.start()
	for _, ws := range b.tenants {
		ws.create(t, b.admin, b.receiver)
	}
	for round := range *kills {
		b.killAt(round)
		if round%3 == 2 {
			b.check()
		} else { // long enough, at times, for windows to end while nobody is there
			b.linger()
		}
		b.start()
	}
	b.work(func() { <-time.NewTimer(windowLength).C })
	eventually(t, time.Minute, "all windows are closed", func() bool {
		open := 0
		for _, ws := range b.tenants {
			if seatsOf(t, b.admin, ws.ID).Window != nil {
				open++
			}
		}
		return open == 0
	})
	b.verify()
}

func (b *billing) start() {
	b.Helper()
	b.p = startProcess(b.T, b.dir, "--invoice-window", windowLength.String(), "--webhook-allow-private")
	b.admin = play.NewAdmin(b.p.url, operatorToken(b.T, b.dir))
	b.Cleanup(b.admin.Close)
}

// linger lets at most the length of a window pass.
func (b *billing) linger() {
	<-time.NewTimer(time.Duration(b.random.Int64N(int64(windowLength)))).C
}

func (b *billing) check() {
	b.Helper()
	if code, out, errs := rosterd(b.T, nil, "check", "--data", b.dir); code != 0 || out != "no difference\n" {
		b.Fatalf("check: %s%s", out, errs)
	}
}

// work lets all clients work until meanwhile returns.
func (b *billing) work(meanwhile func()) {
	b.Helper()
	stop := make(chan struct{})
	var group sync.WaitGroup
	for _, ws := range b.tenants {
		l := link{play.NewClient(b.p.url+"/scim/v2", ws.token, len(ws.clients)), b.p.url + "/api/v1", operatorToken(b.T, b.dir)}
		defer l.scim.Close()
		for _, c := range ws.clients {
			group.Go(func() { c.work(l, requestPace, stop) })
		}
	}
	meanwhile()
	close(stop)
	group.Wait()
	for _, ws := range b.tenants {
		for _, c := range ws.clients {
			if c.fault != nil {
				b.Error(c.fault)
			}
		}
	}
	if b.Failed() {
		b.FailNow()
	}
}

// killAt kills the daemon around the end of a window of a random workspace:
// before, at or after it, in turns.
func (b *billing) killAt(round int) {
	b.Helper()
	b.work(func() {
		b.linger()
		var w *shownWindow
		eventually(b.T, time.Minute, "a window is open", func() bool {
			w = seatsOf(b.T, b.admin, b.tenants[b.random.IntN(len(b.tenants))].ID).Window
			return w != nil
		})
		around := [...]struct{ from, to time.Duration }{{-500, 0}, {-5, 30}, {30, 500}}[round%3]
		offset := around.from*time.Millisecond + time.Duration(b.random.Int64N(int64((around.to-around.from)*time.Millisecond)))
		select {
		case <-time.NewTimer(time.Until(w.ClosesAt.Add(offset))).C:
		case <-b.p.done:
			b.Fatal("the daemon ended by itself")
		}
		b.p.kill()
	})
}

// verify recounts everything.
func (b *billing) verify() {
	logs := map[string][]shownEntry{}
	var sum shownSeats
	windows, late, invoices, repeats, messages := 0, 0, 0, 0, 0
	for _, ws := range b.tenants {
		log := logOf(b.T, b.admin, ws.ID)
		logs[ws.ID] = log
		seats := seatsOf(b.T, b.admin, ws.ID)
		r := recountLog(b.T, ws.Workspace, windowLength, log)
		r.compare(seats, everything[shownInvoice](b.T, b.admin, "/workspaces/"+ws.ID+"/invoices"))
		ws.verifyPeople(b.T, b.admin, r)
		windows, late, invoices = windows+r.windows, late+r.late, invoices+len(r.bills)
		sum.Purchased, sum.Seated = sum.Purchased+seats.Purchased, sum.Seated+seats.Seated
		sum.Free, sum.Waiting = sum.Free+seats.Free, sum.Waiting+seats.Waiting
	}
	b.verifyGauges(sum)
	for _, ws := range b.tenants {
		want := len(ws.wants(logs[ws.ID]))
		eventually(b.T, time.Minute, ws.ID+"'s webhook has received everything", func() bool { return len(b.receiver.box(ws.hook).seqs) >= want })
	}
	if code := b.p.stop(b.T); code != 0 {
		b.Errorf("a clean stop ends with %d", code)
	}
	for _, ws := range b.tenants {
		box := b.receiver.box(ws.hook)
		box.compare(b.T, ws.ID, ws.wants(logs[ws.ID]))
		repeats, messages = repeats+box.repeats, messages+len(box.seqs)
	}
	b.check()
	b.Logf("%d kills; %d windows, %d of them closed late; %d invoices; %d messages and %d repetitions; %+v", *kills, windows, late, invoices, messages, repeats, sum)
	if invoices == 0 || *kills > 10 && (windows == invoices || late == 0 || repeats == 0) {
		b.Error("too little happened to prove anything")
	}
}

// verifyGauges waits until the metrics show the sums, as they are counted
// every few seconds.
func (b *billing) verifyGauges(sum shownSeats) {
	b.Helper()
	scrape := play.NewClient(b.p.url, "", 1)
	defer scrape.Close()
	want := map[string]int64{
		`rosterd_seats{state="purchased"}`: sum.Purchased, `rosterd_seats{state="booked"}`: 0, `rosterd_seats{state="seated"}`: sum.Seated,
		`rosterd_seats{state="free"}`: sum.Free, `rosterd_seats{state="waiting"}`: sum.Waiting,
		`rosterd_windows_open`: 0, `rosterd_window_overdue_seconds`: 0, `rosterd_deliveries_dead{kind="webhook"}`: 0,
	}
	eventually(b.T, 30*time.Second, "the gauges show the sums of all seats", func() bool {
		a, err := scrape.Do("GET", "/metrics", nil)
		if err != nil {
			b.Fatal(err)
		}
		found := 0
		for row := range strings.Lines(string(a.Body)) {
			series, value, _ := strings.Cut(strings.TrimSpace(row), " ")
			n, err := strconv.ParseFloat(value, 64)
			if w, ok := want[series]; ok && err == nil && int64(n) == w {
				found++
			}
		}
		return found == len(want)
	})
}

// verifyPeople holds the directory against what was acknowledged: the same
// people, nobody twice, each active one with a seat or a place in the queue.
func (ws *tenant) verifyPeople(t *testing.T, a *play.Admin, r *recount) {
	t.Helper()
	people := map[string]shownPerson{}
	for _, u := range everything[shownPerson](t, a, "/workspaces/"+ws.ID+"/users") {
		people[u.ID] = u
	}
	known := 0
	for _, c := range ws.clients {
		for _, p := range c.people {
			u, there := people[p.id]
			state, seat := "inactive", "none"
			if p.there {
				known++
			}
			if p.active {
				state = "active"
			}
			if r.seated[p.id] {
				seat = "seated"
			} else if r.waiting[p.id] != "" {
				seat = "waiting"
			}
			if p.there && (!there || u.AccountEmail != p.name || u.State != state || u.Seat.State != seat || p.active == (seat == "none")) {
				t.Errorf("%s: %s is %+v; acknowledged %s, recounted %s", ws.ID, p.name, u, state, seat)
			}
		}
	}
	if len(people) != known {
		t.Errorf("%s: %d people are there, %d were acknowledged", ws.ID, len(people), known)
	}
}
