package workspace

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A play sends random requests about people, seats and money to a workspace,
// and holds it against the naive model after every one.
type play struct {
	*world
	rand    *rand.Rand
	opening string                 // settings of the workspace
	law     *naive                 // nil: nothing is compared
	steady  bool                   // time only goes forward, and nothing ticks
	after   func(line, key string) // called after each request, unless nil
	newest  func()                 // sends the newest admin write again
	trail   []string               // what was done, for whoever reads a failure
	read    int                    // invoices that were compared
}

const (
	admins = "#1" // the role Admin
	people = 24   // who may come and go
)

// mustReach is what a play has to come across in some of the seeds: a simulation
// that never gets somewhere proves nothing about it.
var mustReach = []string{
	"closed late", "closed early", "closed with nothing to bill", "closed with less to bill than was booked", "released in part",
	"an anchor inside a window", "a window that ends at an anchor", "two periods at once", "an admin goes first",
	"booked for somebody who waited", "a booked seat is taken once more", "purchased inside a window",
	"billed late since invoice.collect changed", "a price changed inside a window", "two documents at once", "two documents for two reasons",
	"a correction", "a correction of two windows", "an invoice of two windows", "an invoice of two rates", "a window of two lines", "a yearly price",
	"a POST is refused", "a re-hire is refused", "somebody who waits is adopted", "a guest is adopted", "a re-hire under another name",
	"a re-hire inside a window", "a namesake", "the last admin stays", "a held admin who waits is allowed", "a key again",
	"a key for another request", "a connection ends",
}

// checkSeats plays one seed twice, and returns what it came across.
func checkSeats(t *testing.T, seed uint64) map[string]bool {
	const steps = 250
	a, b := playSeats(t, seed, steps, true), playSeats(t, seed, steps, false)
	if digest(t, a.log) != digest(t, b.log) {
		t.Error("two runs of one seed differ")
	}
	a.agree()
	a.unchanged()
	return a.law.reached
}

// playSeats plays one seed.
func playSeats(t testing.TB, seed uint64, steps int, compare bool) *play {
	p := newPlay(t, seed)
	if !compare {
		p.law = nil
	}
	for range steps {
		p.step()
	}
	return p
}

// newPlay opens a workspace with random terms, and a naive model of it.
func newPlay(t testing.TB, seed uint64) *play {
	p := &play{world: &world{t: t, now: epoch}, rand: rand.New(rand.NewPCG(seed, 3))}
	n := &naive{anchored: epoch, initial: p.rand.Int64N(5), answers: map[string]naiveAnswer{}, gone: map[string]bool{}, reached: map[string]bool{}}
	n.terms = naiveTerms{
		auto: p.rand.IntN(6) > 0, cap: people + 20, collect: p.pick("window", "day", "period", "period"), zone: p.zone(), language: "en",
		price: naivePrice{currency: "EUR", minor: 1290, anchorDay: 1 + p.rand.IntN(31), anchorMonth: 1, category: "S", percent: "19"},
	}
	p.law = n
	p.begin(fmt.Sprintf(`{"timezone":%q,"seats":{"purchased":%d,"autoBooking":%t,"cap":%d},"invoice":{"collect":%q},
		"price":{"minor":1290,"anchorDay":%d,"tax":{"category":"S","percent":"19"}},"billing":{"buyer":{"vatId":"ATU1"}}}`,
		n.terms.zone, n.initial, n.terms.auto, n.terms.cap, n.terms.collect, n.terms.price.anchorDay))
	return p
}

// begin opens the workspace, with a fifth connection.
func (p *play) begin(opening string) {
	p.opening = opening
	p.open(opening)
	const name = "onelogin"
	p.must(Envelope{Actor: ActorOperator}, CreateConnection{ID: name, Name: name, Dialect: name})
	p.must(Envelope{Actor: ActorOperator}, CreateToken{ID: name, Name: name, Connection: name, Hash: [32]byte{9}, Read: true, Write: true})
}

func (p *play) pick(of ...string) string { return of[p.rand.IntN(len(of))] }

func (p *play) zone() *time.Location {
	zone, err := time.LoadLocation(p.pick("UTC", "Europe/Berlin", "America/Havana", "Atlantic/Azores", "America/Santiago",
		"Pacific/Auckland", "Asia/Kathmandu", "Australia/Lord_Howe"))
	if err != nil {
		p.t.Fatal(err)
	}
	return zone
}

// conn is a connection that there still is.
func (p *play) conn() string {
	all := p.state.view.Connections()
	return all[p.rand.IntN(len(all))].ID
}

func (p *play) flag() *bool {
	yes := p.rand.IntN(2) == 0
	return &yes
}

// someone returns the alias of somebody who is there, or was, or never was.
func (p *play) someone() string {
	var there []ResourceID
	p.state.view.eachUser(func(u *user) bool {
		there = append(there, u.id)
		return true
	})
	if len(there) == 0 || p.rand.IntN(10) == 0 {
		return fmt.Sprintf("#%d", 1+p.rand.IntN(len(p.ids)+1))
	}
	return fmt.Sprintf("#%d", 1+slices.Index(p.ids, there[p.rand.IntN(len(there))]))
}

func (p *play) idOf(alias string) ResourceID { return p.id(p.unalias(alias)) }

// step is one request, or a moment that passes.
func (p *play) step() {
	switch k := p.rand.IntN(100); {
	case k < 26:
		p.pass()
	case k < 50:
		p.post()
	case k < 63:
		p.push()
	case k < 67:
		p.ofAdmins()
	case k < 79:
		p.admin()
	case k < 88:
		p.money()
	case k < 97:
		p.settings()
	case !p.steady:
		p.restart()
	}
}

// pass lets time pass: mostly within a window, sometimes months, and now and
// then the clock is set back. Half of the time a tick follows.
func (p *play) pass() {
	switch k := p.rand.IntN(40); {
	case k < 16:
		p.now = p.now.Add(time.Duration(p.rand.IntN(600_000)) * time.Millisecond)
	case k < 23:
		p.now = p.now.Add(time.Duration(p.rand.IntN(90)) * time.Minute)
	case k < 26 && p.state.view.books.Open != nil: // exactly when it ends, or a millisecond before
		p.now = p.state.view.books.Open.Ends.Add(-time.Duration(p.rand.IntN(2)) * time.Millisecond)
	case k < 32: // exactly when something falls due, the length of a window before, or less
		p.now = p.state.view.due.Add(-[]time.Duration{0, naiveLength, time.Duration(p.rand.IntN(25)) * time.Minute}[p.rand.IntN(3)])
	case k < 34:
		p.now = p.now.Add(time.Duration(p.rand.IntN(96)) * time.Hour)
	case k < 36:
		p.now = p.now.Add(time.Duration(p.rand.IntN(100)) * 24 * time.Hour)
	case p.steady:
	case k < 38:
		p.now = p.now.Add(-time.Duration(p.rand.IntN(3600)) * time.Second)
	default:
		p.now = p.now.Add(-time.Duration(p.rand.IntN(72)) * time.Hour)
	}
	if !p.steady && p.rand.IntN(2) == 0 {
		p.send(func(*naive, ResourceID) int { return 200 }, "admin tick")
	}
}

func (p *play) post() {
	i := p.rand.IntN(people)
	r := naivePost{conn: p.conn(), name: fmt.Sprintf("User%d@example.com", i), ext: fmt.Sprintf("x%d", i)}
	body := ""
	switch p.rand.IntN(6) {
	case 0:
		r.ext = ""
	case 1:
		r.ext = fmt.Sprintf("x%d", p.rand.IntN(people+4))
	case 2:
		r.active = p.flag()
		body += fmt.Sprintf(`,"active":%t`, *r.active)
	case 3:
		r.name = strings.ToUpper(r.name)
	}
	if r.ext != "" {
		body += fmt.Sprintf(`,"externalId":%q`, r.ext)
	}
	if p.rand.IntN(8) == 0 {
		r.admin = true
		body += `,"roles":[{"value":"Admin"}]`
	}
	p.send(func(n *naive, id ResourceID) int { return n.post(r, id) }, `%s POST /Users {"userName":%q%s}`, r.conn, r.name, body)
}

// send sends a line once.
func (p *play) send(law law, format string, args ...any) {
	p.t.Helper()
	p.act(fmt.Sprintf(format, args...), "", law)
}

// push is a connection's write of somebody.
func (p *play) push() {
	conn, who, name, active := p.conn(), p.someone(), fmt.Sprintf("user%d@example.com", p.rand.IntN(people)), p.flag()
	id := p.idOf(who)
	switch p.rand.IntN(11) {
	case 0:
		p.send(func(n *naive, _ ResourceID) int { return n.push(id, &name, active) },
			`%s PUT /Users/%s {"userName":%q,"active":%t}`, conn, who, name, *active)
	case 1: // strict takes what is absent for inactive, the others keep it
		stays := (*bool)(nil)
		if conn == "strict" {
			stays = new(bool)
		}
		p.send(func(n *naive, _ ResourceID) int { return n.push(id, &name, stays) }, `%s PUT /Users/%s {"userName":%q}`, conn, who, name)
	case 2:
		p.send(func(n *naive, _ ResourceID) int { return n.push(id, &name, nil) },
			`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":"userName","value":%q}]}`, conn, who, name)
	case 3, 4:
		p.send(func(n *naive, _ ResourceID) int { return n.remove(id, true) }, `%s DELETE /Users/%s`, conn, who)
	case 5: // an admin as of the same request
		p.send(func(n *naive, _ ResourceID) int {
			if status := n.put(id, conn+" roles", true); status != 200 {
				return status
			}
			return n.push(id, nil, active)
		}, `%s PATCH /Users/%s {"Operations":[{"op":"replace","value":{"active":%t,"roles":[{"value":"Admin"}]}}]}`, conn, who, *active)
	case 6: // somebody else was faster
		p.send(func(n *naive, _ ResourceID) int {
			if n.person(id) == nil {
				return 404
			}
			return 412
		}, `%s DELETE /Users/%s If-Match:0 `, conn, who)
	default:
		p.send(func(n *naive, _ ResourceID) int { return n.push(id, nil, active) },
			`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":"active","value":%t}]}`, conn, who, *active)
	}
}

// ofAdmins is a connection's write of the role Admin: of the group, or of
// somebody's roles.
func (p *play) ofAdmins() {
	conn, who, role := p.conn(), p.someone(), p.pick("Admin", "Admin", "User")
	id, source := p.idOf(who), conn
	put := func(n *naive, _ ResourceID) int { return n.put(id, source, role == "Admin") }
	nested := p.state.view.groupByID(id) != nil // nobody is, and it is no member either
	switch {
	case p.rand.IntN(2) == 0:
		source += " roles"
		p.send(put, `%s PATCH /Users/%s {"Operations":[{"op":"replace","path":"roles","value":[{"value":%q}]}]}`, conn, who, role)
	case role == "Admin":
		if nested {
			put = func(*naive, ResourceID) int { return 400 }
		}
		p.send(put, `%s PATCH /Groups/%s {"Operations":[{"op":"add","path":"members","value":[{"value":"%s"}]}]}`, conn, admins, who)
	default:
		p.send(put, `%s PATCH /Groups/%s {"Operations":[{"op":"remove","path":"members[value eq \"%s\"]"}]}`, conn, admins, who)
	}
}

// restart loads the state from a snapshot, or replays the journal, and goes on
// with that.
func (p *play) restart() {
	replayed := New("acme")
	for _, c := range p.log {
		for _, ev := range c.Events {
			replayed.Apply(c.Envelope, ev)
		}
	}
	loaded, err := Load("acme", func(yield func(SnapshotItem, error) bool) {
		for item := range p.state.View().Snapshot() {
			if !yield(item, nil) {
				return
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	want := digest(p.t, slices.Collect(p.state.View().Snapshot()))
	for how, s := range map[string]*State{"replay": replayed, "snapshot": loaded} {
		if digest(p.t, slices.Collect(s.View().Snapshot())) != want {
			p.fail("%s gives other bytes", how)
		}
	}
	p.state = replayed
	if p.rand.IntN(2) == 0 {
		p.state = loaded
	}
}

// digest is a hash of what is in list, types and all.
func digest[T any](t testing.TB, list []T) [32]byte {
	h := sha256.New()
	for _, x := range list {
		fmt.Fprintf(h, "%T ", x)
		if c, ok := any(x).(Commit); ok {
			for _, ev := range c.Events {
				fmt.Fprintf(h, "%T ", ev)
				if posted, ok := ev.(Posted); ok {
					fmt.Fprintf(h, "%T ", posted.Entry)
				}
			}
		}
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(append(text, '\n'))
	}
	return [32]byte(h.Sum(nil))
}

func (p *play) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(p.trail[max(0, len(p.trail)-40):], "\n"))
}
