package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// Weights say how often each sort of request occurs in a Mix, against the sum
// of all.
type Weights struct{ Get, Filter, Page, Create, Active, Member, Delete int }

// Mixed is a directory at work, in percent: mostly reads, with people who come,
// leave, return, change teams, and are deleted.
func Mixed() Weights {
	return Weights{Get: 40, Filter: 20, Page: 5, Create: 10, Active: 10, Member: 10, Delete: 5}
}

// Reads is what looks and changes nothing.
func Reads() Weights { return Weights{Get: 60, Filter: 30, Page: 10} }

// pageSize is how many people a page of a Mix has.
const pageSize = 100

// A Mix is a Source without end of requests that depend on no answer, about a
// population that is there. Whom they are about follows from the seed, as far
// as answers come in the same order. Nobody is written to twice at a time, and
// nobody is deleted who is being read, so that every refusal is the server's.
type Mix struct {
	plan    Plan
	weights Weights
	made    atomic.Uint64
	people  atomic.Int64 // number of the next person to be created

	mu    sync.Mutex // guards everything that follows
	acked Acked
	users []*someone // whom requests may be about
}

// someone is a person of the population.
type someone struct {
	number  int
	reads   int  // on their way
	writing bool // so is a write
	at      int  // position in users
	places  []place
}

// A place is one of a person in a group, by positions in the plan.
type place struct{ group, member int }

// NewMix returns a mix on what a server has acknowledged of a plan.
func NewMix(plan Plan, acked Acked, weights Weights) *Mix {
	m := &Mix{plan: plan, weights: weights, acked: acked}
	m.people.Store(int64(plan.People))
	places := make([][]place, plan.People)
	for g, group := range plan.Groups {
		if acked.Groups[g] == "" {
			continue
		}
		for i, person := range group.Members {
			places[person] = append(places[person], place{g, i})
		}
	}
	for i, account := range acked.Users {
		if account.State == Active || account.State == Inactive {
			m.add(&someone{number: i, places: places[i]})
		}
	}
	return m
}

// Acked returns what has been acknowledged by now.
func (m *Mix) Acked() Acked {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.acked
}

// add makes somebody part of the population. REQUIRES: m.mu held, unless the
// mix is new.
func (m *Mix) add(s *someone) {
	s.at = len(m.users)
	m.users = append(m.users, s)
}

// remove takes somebody out of it. REQUIRES: m.mu held.
func (m *Mix) remove(s *someone) {
	last := m.users[len(m.users)-1]
	m.users[s.at], last.at = last, s.at
	m.users = m.users[:len(m.users)-1]
}

// Next returns the next request.
func (m *Mix) Next(context.Context) (Request, bool) {
	var source rand.PCG
	source.Seed(m.plan.Seed, ^m.made.Add(1))
	random := rand.New(&source)
	w := m.weights
	drawn := random.IntN(w.Get + w.Filter + w.Page + w.Create + w.Active + w.Member + w.Delete)
	for _, sort := range []struct {
		weight int
		make   func(*rand.Rand) (Request, bool)
	}{{w.Create, m.create}, {w.Active, m.toggleActive}, {w.Member, m.toggleMember}, {w.Delete, m.delete}, {w.Filter, m.filter}, {w.Page, m.page}, {w.Get, m.get}} {
		if drawn -= sort.weight; drawn < 0 {
			if r, ok := sort.make(random); ok {
				return r, true
			}
			break // nobody is free for it
		}
	}
	return m.page(random)
}

func (m *Mix) create(*rand.Rand) (Request, bool) {
	number := int(m.people.Add(1) - 1)
	return Request{Kind: "create user", Method: http.MethodPost, Path: "/Users", Body: m.plan.Person(number).Body(), Done: func(a Answer, err error) {
		if err != nil || !a.OK() {
			return
		}
		created, err := a.Resource()
		if err != nil || created.ID == "" {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for len(m.acked.Users) <= number {
			m.acked.Users = append(m.acked.Users, Account{})
		}
		m.acked.Users[number] = Account{ID: created.ID, State: Active}
		m.add(&someone{number: number})
	}}, true
}

// pick draws somebody for whom free holds, and gives up after a few attempts.
// REQUIRES: m.mu held.
func (m *Mix) pick(random *rand.Rand, free func(*someone) bool) *someone {
	const attempts = 16
	for range min(attempts, len(m.users)) {
		if s := m.users[random.IntN(len(m.users))]; free(s) {
			return s
		}
	}
	return nil
}

func idle(s *someone) bool { return !s.writing }

// written is what a write came to.
func written(a Answer, err error) error {
	if err == nil && !a.OK() {
		err = refusalOf(a)
	}
	return err
}

// toggleActive deactivates somebody, or activates them again.
func (m *Mix) toggleActive(random *rand.Rand) (Request, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.pick(random, idle)
	if s == nil {
		return Request{}, false
	}
	s.writing = true
	account := m.acked.Users[s.number]
	kind, to, value := "deactivate user", Inactive, false
	if account.State == Inactive {
		kind, to, value = "activate user", Active, true
	}
	return Request{Kind: kind, Method: http.MethodPatch, Path: "/Users/" + account.ID, Body: activeBody(value), Done: func(a Answer, err error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.writing = false
		state := &m.acked.Users[s.number].State
		state.write(to, written(a, err))
		if *state == Unknown {
			m.remove(s)
		}
	}}, true
}

// toggleMember adds somebody to one of their groups, or removes them from it.
func (m *Mix) toggleMember(random *rand.Rand) (Request, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.pick(random, func(s *someone) bool { return !s.writing && len(s.places) > 0 })
	if s == nil {
		return Request{}, false
	}
	s.writing = true
	at := s.places[random.IntN(len(s.places))]
	id, state := m.acked.Users[s.number].ID, &m.acked.Members[at.group][at.member]
	kind, to, body := "add member", Present, oneLoginMember("add", id)
	if *state == Present {
		kind, to, body = "remove member", Absent, removeBody(id)
	}
	return Request{Kind: kind, Method: http.MethodPatch, Path: "/Groups/" + m.acked.Groups[at.group], Body: body, Done: func(a Answer, err error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.writing = false
		state.write(to, written(a, err))
	}}, true
}

// delete deletes somebody whom nobody is looking at.
func (m *Mix) delete(random *rand.Rand) (Request, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.pick(random, func(s *someone) bool { return !s.writing && s.reads == 0 })
	if s == nil {
		return Request{}, false
	}
	m.remove(s)
	return Request{Kind: "delete user", Method: http.MethodDelete, Path: "/Users/" + m.acked.Users[s.number].ID, Done: func(a Answer, err error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.acked.Users[s.number].State.write(Absent, written(a, err))
	}}, true
}

func (m *Mix) get(random *rand.Rand) (Request, bool) {
	return m.read(random, "get user", func(s *someone) string { return "/Users/" + m.acked.Users[s.number].ID })
}

func (m *Mix) filter(random *rand.Rand) (Request, bool) {
	return m.read(random, "filter user", func(s *someone) string {
		return "/Users?filter=userName%20eq%20" + percent(m.plan.Person(s.number).UserName)
	})
}

// read makes a request that somebody must not be deleted under.
func (m *Mix) read(random *rand.Rand, kind string, path func(*someone) string) (Request, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.pick(random, func(*someone) bool { return true })
	if s == nil {
		return Request{}, false
	}
	s.reads++
	return Request{Kind: kind, Method: http.MethodGet, Path: path(s), Done: func(Answer, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.reads--
	}}, true
}

// page reads a page anywhere in the list.
func (m *Mix) page(random *rand.Rand) (Request, bool) {
	m.mu.Lock()
	start := 1 + random.IntN(max(1, len(m.users)-pageSize))
	m.mu.Unlock()
	return Request{Kind: "page of users", Method: http.MethodGet, Path: "/Users?startIndex=" + strconv.Itoa(start) + "&count=" + strconv.Itoa(pageSize)}, true
}

func activeBody(value bool) []byte {
	return []byte(`{"schemas":["` + urnPatch + `"],"Operations":[{"op":"replace","path":"active","value":` + strconv.FormatBool(value) + `}]}`)
}

// removeBody removes one member in the form of RFC 7644 section 3.5.2.2.
func removeBody(id string) []byte {
	return compose(200, `{"schemas":["`+urnPatch+`"],"Operations":[{"op":"remove","path":`, fmt.Sprintf("members[value eq %q]", id), `}]}`)
}
