package workspace

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/ledger"
	"rosterd/scim"
	"rosterd/scim/filter"
)

var seeds = flag.Uint64("seeds", 40, "seeds of TestSimulation")

// TestSimulation sends random commands of everybody, valid and not, in two
// plays for each seed. The one is about people, groups and lists: after each
// run, replay and snapshot give the same state, counts agree with a recount,
// every filter that an index serves gives what a scan gives. The other is about
// seats and invoices: after each command, everything agrees with the naive
// model. The same seed gives the same journal, byte for byte.
func TestSimulation(t *testing.T) {
	reached := make([]map[string]bool, *seeds)
	t.Run("seeds", func(t *testing.T) {
		for seed := range *seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				reached[seed] = checkSeats(t, seed)
				checkPeople(t, seed)
			})
		}
	})
	if *seeds < 200 || t.Failed() { // few seeds may miss what is rare
		return
	}
	for _, what := range mustReach {
		if !slices.ContainsFunc(reached, func(m map[string]bool) bool { return m[what] }) {
			t.Errorf("no seed came across: %s", what)
		}
	}
}

func checkPeople(t *testing.T, seed uint64) {
	a, b := simulate(t, seed), simulate(t, seed)
	if digest(t, a.log) != digest(t, b.log) {
		t.Error("two runs of one seed differ")
	}
	a.agree()
	a.recount()
	a.indexes()
	a.lookups()
	a.renderings()
}

func simulate(t *testing.T, seed uint64) *world {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(seed, 2))
	w.open(fmt.Sprintf(`{"seats":{"purchased":%d}}`, r.IntN(6)))
	id := func() string { return fmt.Sprintf("#%d", 1+r.IntN(len(w.ids)+1)) }
	name := func() string { return fmt.Sprintf("user%d@example.com", r.IntN(12)) }
	who := func() string { return []string{"entra", "okta", "strict", "default"}[r.IntN(4)] }
	flag := func() string { return []string{"true", "false"}[r.IntN(2)] }
	team := func() string { return []string{"Red", "Green", "Admin", "Lead"}[r.IntN(4)] }
	lines := []func() string{
		func() string {
			return fmt.Sprintf(`%s POST /Users {"userName":%q,"externalId":"x%d","active":%s,"emails":[{"value":%q}]}`, who(), name(), r.IntN(9), flag(), name())
		},
		func() string {
			return fmt.Sprintf(`%s PUT /Users/%s {"userName":%q,"active":%s}`, who(), id(), name(), flag())
		},
		func() string {
			return fmt.Sprintf(`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":"active","value":%q}]}`, who(), id(), flag())
		},
		func() string {
			path := scim.URNRosterdUser + ":teams"
			return fmt.Sprintf(`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":%q,"value":[%q]}]}`, who(), id(), path, team())
		},
		func() string {
			return fmt.Sprintf(`%s PATCH /Users/%s {"Operations":[{"op":"add","path":"roles","value":[{"value":%q}]}]}`, who(), id(), team())
		},
		func() string { return fmt.Sprintf(`%s DELETE /Users/%s`, who(), id()) },
		func() string {
			return fmt.Sprintf(`%s POST /Groups {"displayName":%q,"members":[{"value":%q}]}`, who(), team(), id())
		},
		func() string {
			return fmt.Sprintf(`%s PATCH /Groups/%s {"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, who(), id(), id())
		},
		func() string {
			return fmt.Sprintf(`%s PUT /Groups/%s {"displayName":%q,"members":[{"value":%q}]}`, who(), id(), team(), id())
		},
		func() string { return fmt.Sprintf(`%s DELETE /Groups/%s`, who(), id()) },
		func() string { return fmt.Sprintf(`admin add external {"userName":%q}`, name()) },
		func() string { return fmt.Sprintf(`admin edit %s {"title":"T%d"}`, id(), r.IntN(3)) },
		func() string { return fmt.Sprintf(`admin member %s %s`, id(), id()) },
		func() string { return fmt.Sprintf(`admin unmember %s %s`, id(), id()) },
		func() string { return fmt.Sprintf(`admin allow %s %s`, id(), id()) },
		func() string { return fmt.Sprintf(`admin reactivate %s`, id()) },
		func() string { return fmt.Sprintf(`admin deactivate %s`, id()) },
		func() string { return fmt.Sprintf(`admin role Lead %d`, r.IntN(900)) },
		func() string { return fmt.Sprintf(`admin assignable %s %s`, id(), flag()) },
		func() string { return fmt.Sprintf(`admin rename %s %s`, id(), team()) },
		func() string { return fmt.Sprintf(`admin unrole %s`, id()) },
		func() string {
			return fmt.Sprintf(`%s PUT /Users/%s {"userName":%q,"roles":[{"value":%q}],"urn:ietf:params:scim:schemas:extension:rosterd:2.0:User":{"role":%q,"teams":[%q,%q]}}`, who(), id(), name(), team(), team(), team(), team())
		},
		func() string { return fmt.Sprintf(`wait %dm`, r.IntN(90)) },
		func() string { return fmt.Sprintf(`admin set {"seats":{"autoBooking":%s,"cap":9}}`, flag()) },
		func() string { return fmt.Sprintf(`admin purchase %d`, r.IntN(3)) },
		func() string {
			return fmt.Sprintf(`%s POST /Users {"userName":%q,"roles":[{"value":%q}]}`, who(), name(), team())
		},
		func() string { return fmt.Sprintf(`admin breakglass %s`, id()) },
	}
	for range 250 {
		line := lines[r.IntN(len(lines))]()
		w.step(line)
		w.queueInOrder(line)
	}
	return w
}

// queueInOrder checks that exactly the admins among those who wait go before
// the others, and that nobody waits beside a free seat.
func (w *world) queueInOrder(after string) {
	v := &w.state.view
	v.eachUser(func(u *user) bool {
		if u.seat.State == ledger.Waiting && u.seat.First != (v.effectiveRole(u) == RoleAdmin) {
			w.t.Errorf("%s: %s waits among the admins: %t", after, u.userName(), u.seat.First)
		}
		return true
	})
	if v.books.Free() > 0 && v.books.Waiting() > 0 {
		w.t.Errorf("%s: %d wait beside %d free seats", after, v.books.Waiting(), v.books.Free())
	}
}

// recount counts everything anew, the slow way.
func (w *world) recount() {
	v := w.state.View()
	active, managed, groups := 0, 0, 0
	v.eachUser(func(u *user) bool {
		if u.Active() {
			active++
		}
		if u.ManagedBy != "" {
			managed++
		}
		for _, ord := range u.groups {
			g, ok := v.groups.Get(ord)
			if !ok || v.sourcesOf(g, u) == nil {
				w.t.Errorf("user %v lists group %d, which does not list it", u.id, ord)
			}
		}
		groups += len(u.groups)
		return true
	})
	v.groups.Scan(func(_ uint32, g *group) bool {
		groups -= g.members.Len()
		return true
	})
	for _, wrong := range v.Recount() {
		w.t.Error(wrong)
	}
	if h := v.Head(); h.Active != active || h.Managed != managed || groups != 0 {
		w.t.Errorf("head %+v; counted %d active, %d managed, %d memberships too many", h, active, managed, groups)
	}
}

// lookups compares what Lookup finds with what filters find.
func (w *world) lookups() {
	d, _ := scim.DialectByName("generic")
	texts := []string{"x1", "X1", "red", "Admin", "r Admin", w.ids[len(w.ids)-1].String(), strings.ToUpper(w.ids[0].String()), "nobody", "\u212aed"}
	for i := range 12 {
		texts = append(texts, fmt.Sprintf("USER%d@example.com", i), fmt.Sprintf("0123456789abcdef0123456789abcdefuser%d@example.com", i), fmt.Sprintf("x%d", i))
	}
	w.state.view.eachUser(func(u *user) bool {
		texts = append(texts, u.id.String(), u.userName())
		return true
	})
	w.state.view.groups.Scan(func(_ uint32, g *group) bool {
		texts = append(texts, g.id.String(), g.Name)
		return true
	})
	var found Listing
	var slot Slot
	for _, who := range []string{"entra", "strict"} {
		r := w.state.View().As(who, "")
		for _, a := range []*scim.Attribute{scim.UserID, scim.UserExternalID, scim.UserUserName, scim.GroupID, scim.GroupExternalID, scim.GroupDisplayName} {
			rt := scim.User
			if slices.Contains(scim.Group.Attributes, a) {
				rt = scim.Group
			}
			for _, text := range texts {
				f, err := filter.Parse(rt, fmt.Sprintf(`%s eq "%s"`, a.Name, text), d, scim.DefaultLimits)
				if err != nil {
					w.t.Fatal(err)
				}
				want, _ := r.List(Query{Select: []Selector{{Type: rt, Filter: f}}})
				if !found.Lookup(r, a, text, &slot) || !slices.Equal(found.order, want.order) {
					w.t.Errorf("%s: %v: looked up %v, listed %v", who, f, found.order, want.order)
				}
			}
		}
	}
}

// indexes compares filters that an index serves with the same ones in a form
// that none serves.
func (w *world) indexes() {
	d, _ := scim.DialectByName("generic")
	parse := func(text string) *filter.Filter {
		f, err := filter.Parse(scim.User, text, d, scim.DefaultLimits)
		if err != nil {
			w.t.Fatal(err)
		}
		return f
	}
	for _, who := range []string{"entra", "okta"} {
		r := w.state.View().As(who, "")
		for i := range 12 {
			for _, f := range []string{
				fmt.Sprintf(`userName eq "USER%d@example.com"`, i),
				fmt.Sprintf(`externalId eq "x%d"`, i),
				fmt.Sprintf(`emails.value eq "user%d@example.com"`, i),
				fmt.Sprintf(`active eq true and emails[value eq "user%d@example.com"]`, i),
				fmt.Sprintf(`emails[not (type eq "home")].value eq "user%d@example.com"`, i),
			} {
				served, _ := r.List(Query{Select: []Selector{{Type: scim.User, Filter: parse(f)}}})
				scanned, _ := r.List(Query{Select: []Selector{{Type: scim.User, Filter: parse("not (not (" + f + "))")}}})
				if !slices.Equal(served.order, scanned.order) {
					w.t.Errorf("%s: %s: an index gives %d, a scan %d", who, f, served.Total(), scanned.Total())
				}
			}
		}
	}
}

// TestScanDeadline gives a scan no time.
func TestScanDeadline(t *testing.T) {
	w := newWorld(t)
	for i := range scanStep {
		w.must(Envelope{Actor: ActorOperator}, AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprint(i))}}})
	}
	d, _ := scim.DialectByName("generic")
	f, _ := filter.Parse(scim.User, `title eq "x"`, d, scim.DefaultLimits)
	_, err := w.state.View().As("okta", "").List(Query{Select: []Selector{{Type: scim.User, Filter: f}}, Expired: func() bool { return true }})
	if err == nil || err.Type != scim.TooMany {
		t.Errorf("got %v", err)
	}
}

// TestIdempotencyKey sends an admin write twice, another one with its key, and
// the first again a day later.
func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	env := Envelope{Actor: ActorOperator, IdempotencyKey: "k", BodyHash: [32]byte{1}}
	add := AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text("a@example.com")}}}
	_, first, err := w.do(env, add)
	if err != nil {
		t.Fatal(err)
	}
	commits, again, err := w.do(env, add)
	if err != nil || !cmp.Equal(again, first, exact) || commits != nil {
		t.Errorf("again: %v %v %v", commits, again, err)
	}
	other := env
	other.BodyHash = [32]byte{2}
	if _, _, err := w.do(other, add); err == nil || err.(*scim.Error).Status != 422 {
		t.Errorf("another body: %v", err)
	}
	w.agree()
	w.now = w.now.Add(24 * time.Hour)
	if _, _, err := w.do(env, add); err == nil || err.(*scim.Error).Status != 409 {
		t.Errorf("a day later: %v", err)
	}
}

// TestKeptAnswers keeps answers for Idempotency-Keys: once, refusals too, but
// for one that ran beside what was done.
func TestKeptAnswers(t *testing.T) {
	w := newWorld(t)
	by := func(key string) Envelope { return Envelope{Actor: ActorOperator, IdempotencyKey: key} }
	do := func(key string, cmd Command) Result {
		t.Helper()
		_, res, err := w.do(by(key), cmd)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		return res
	}
	is := func(key string, cmd Command, status int, body string) {
		t.Helper()
		if res := do(key, cmd); res.Status != status || res.Answer != body {
			t.Errorf("%s: kept %d %q, want %d %q", key, res.Status, res.Answer, status, body)
		}
	}
	add := AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text("a@example.com")}}}
	person := do("k", add)
	is("k", add, 0, "")
	is("k", KeepAnswer{409, "refused"}, 0, "")
	is("k", KeepAnswer{201, "first"}, 201, "first")
	is("k", KeepAnswer{201, "second"}, 201, "first")
	is("k", add, 201, "first")
	if again := do("k", add); again.ID != person.ID || !again.Created {
		t.Errorf("the outcome became %+v", again)
	}
	is("refusal", KeepAnswer{404, "gone"}, 404, "gone")
	is("refusal", add, 404, "gone")
	other := by("refusal")
	other.BodyHash = [32]byte{1}
	if _, _, err := w.do(other, KeepAnswer{201, "other"}); err == nil || err.(*scim.Error).Status != 422 {
		t.Errorf("another body: %v", err)
	}
	w.agree()

	// A snapshot holds nothing of somebody who was deleted.
	w.must(Envelope{Actor: ActorOperator}, DeleteUser{ID: person.ID})
	is("k", add, 201, "first")
	for item := range w.state.View().Snapshot() {
		if a, ok := item.(SnapAnswer); ok && a.Key == "k" && (a.Result.Status != 201 || a.Result.Answer != "") {
			t.Errorf("snapshot: %+v", a)
		}
	}
	w.agree()

	w.now = w.now.Add(24 * time.Hour)
	is("k", KeepAnswer{200, "later"}, 200, "later")
	if res := do("k", add); res.ID != (ResourceID{}) {
		t.Errorf("an outcome of yesterday is kept: %+v", res)
	}
}

// TestRefusalsAreBounded sends more refused writes in a minute than the log
// takes.
func TestRefusalsAreBounded(t *testing.T) {
	w := newWorld(t)
	env := Envelope{Actor: ActorToken, Token: "okta", Connection: "okta"}
	for range 2 * refusalsPerMinute {
		w.do(env, DeleteUser{})
	}
	before := len(w.log)
	w.now = w.now.Add(time.Minute)
	w.do(env, DeleteUser{})
	logged := 0
	for _, c := range w.log[:before] {
		for _, ev := range c.Events {
			if _, ok := ev.(RequestRefused); ok {
				logged++
			}
		}
	}
	if logged != refusalsPerMinute || len(w.log) != before+1 {
		t.Errorf("%d lines in the first minute, %d after it", logged, len(w.log)-before)
	}
}

// BenchmarkView is one write with a view of its own among many people: the
// price of copying on write (docs/adr).
func BenchmarkView(b *testing.B) {
	for _, people := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			w := newWorld(b)
			for i := range people {
				w.must(Envelope{Actor: ActorOperator}, AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprint(i))}}})
				w.ids, w.log = w.ids[len(w.ids)-1:], nil
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w.must(Envelope{Actor: ActorOperator}, AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("n%d", i))}}})
				w.ids, w.log = w.ids[len(w.ids)-1:], nil
				w.state.View()
			}
		})
	}
}
