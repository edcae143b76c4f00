package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Names of the phases that Step reports.
const (
	phaseConnection = "connection"
	phasePeople     = "people"
	phaseGroups     = "groups"
	phaseMembers    = "members"
	phaseChanges    = "changes"
)

// A run is one cycle of a plan being played.
type run struct {
	tally
	*cycle
	plan      Plan
	acked     Acked
	noDisplay bool                    // the client writes no displayName of people
	abandon   context.CancelCauseFunc // ends the run
	began     time.Time
}

func newRun(plan Plan, acked Acked, options Options) *run {
	r := &run{tally: tally{options: options, total: plan.Steps() + options.Changes.Steps()}, cycle: newCycle(), plan: plan, acked: acked}
	r.observe = options.Observe
	return r
}

// play plays the phases. The error says that they did not come to their end:
// ctx ended, or the run was abandoned. That the pace ended them is none.
func (r *run) play(ctx context.Context, c *Client, phases ...phase) (Summary, error) {
	ctx, r.abandon = context.WithCancelCause(ctx)
	defer r.abandon(nil)
	r.phases = phases
	r.began = time.Now()
	pace := r.options.Pace
	pace.Connections = r.options.Connections
	o := Drive(ctx, c, r, pace, r.options.Seconds)
	r.close()
	s := &r.summary
	s.Acked, s.Outcome, s.Elapsed, s.Requests = r.acked, o, time.Since(r.began), int(o.Count+o.Failed())
	s.Refusals = slices.Clone(s.Inside)
	for _, k := range o.Kinds {
		for _, refusal := range k.Refusals {
			s.Refusals = addRefusal(s.Refusals, refusal)
		}
	}
	return r.summary, context.Cause(ctx)
}

// finish ends the last step of a conversation. What was cut off is no failure.
func (r *run) finish(t *talk, phase string, err error, count *int) {
	if t.cut {
		return
	}
	if err != nil {
		count = &r.summary.Failed
	}
	r.step(phase, count)
}

// connection is the phase that looks whether the server is there and the token
// is right. If test fails the run is abandoned.
func (r *run) connection(test func(*talk) error) phase {
	return phase{one, func(t *talk, _ int) {
		err := test(t)
		r.finish(t, phaseConnection, err, nil)
		if err != nil && !t.cut {
			if gone(err) == nil {
				err = fmt.Errorf("%w (is the address that of the SCIM base?)", err)
			}
			r.abandon(fmt.Errorf("connection test: %w", err))
		}
	}}
}

// one is the size of a phase of one conversation.
func one() int { return 1 }

// people is the phase of the people: bring returns a person's id, and whether
// they were there already.
func (r *run) people(bring func(t *talk, p Person) (id string, found bool, err error)) phase {
	return phase{func() int { return r.plan.People }, func(t *talk, i int) {
		id, found, err := bring(t, r.plan.Person(i))
		if err == nil {
			r.acked.Users[i] = Account{ID: id, State: Active}
		}
		count := &r.summary.Created
		if found {
			count = &r.summary.Found
			r.acked.Users[i].rename(r.names(r.plan.Person(i)), err)
		}
		r.finish(t, phasePeople, err, count)
		r.peopleUntilNow()
	}}
}

// names are what the client's changes call a person.
func (r *run) names(p Person) *Names {
	if r.noDisplay {
		return &Names{Family: p.FamilyName}
	}
	return &Names{p.FamilyName, p.Display}
}

// peopleUntilNow notes how long the people took until now.
func (r *run) peopleUntilNow() {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	r.summary.People = time.Since(r.began)
}

// groups is the phase of the groups: bring returns a group's id.
func (r *run) groups(bring func(t *talk, g Group) (id string, err error)) phase {
	return phase{func() int { return len(r.plan.Groups) }, func(t *talk, g int) {
		id, err := bring(t, r.plan.Groups[g])
		if err == nil {
			r.acked.Groups[g] = id
		}
		r.finish(t, phaseGroups, err, &r.summary.Groups)
	}}
}

// find sends a filter query and returns the id of the one match, or "" for
// none.
func (r *run) find(t *talk, kind, path string) (string, error) {
	a, err := t.call(kind, http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	list, err := a.List()
	switch {
	case err != nil:
		return "", r.wrong(a, err.Error())
	case list.Total > 1 || len(list.Resources) > 1:
		return "", r.wrong(a, "the filter matches more than one resource")
	case len(list.Resources) == 0:
		return "", nil
	case list.Resources[0].ID == "":
		return "", r.wrong(a, "the resource found has no id")
	}
	return list.Resources[0].ID, nil
}

// create posts body and returns the id it was given.
func (r *run) create(t *talk, kind, path string, body []byte) (string, error) {
	a, err := t.call(kind, http.MethodPost, path, body)
	if err != nil {
		return "", err
	}
	created, err := a.Resource()
	if err != nil {
		return "", r.wrong(a, err.Error())
	}
	if created.ID == "" {
		return "", r.wrong(a, "the created resource has no id")
	}
	return created.ID, nil
}

// wrong counts an answer that was accepted and cannot be used, as a refusal:
// the object is lost to the cycle just the same.
func (r *run) wrong(a Answer, detail string) error {
	r.refuse(Refusal{Status: a.Status, Detail: detail})
	return &refused{a.Status, scimError{Detail: detail}}
}

// nobody returns a GUID that nobody is called by.
func (r *run) nobody() string {
	return guid(rand.New(rand.NewPCG(r.plan.Seed, uint64(len(phaseConnection)))))
}

// plus and percent write a filter value into an address with a space as the
// client at hand writes it. Both write a quote as %22 and @ as %40.
func plus(value string) string    { return "%22" + url.QueryEscape(value) + "%22" }
func percent(value string) string { return strings.ReplaceAll(plus(value), "+", "%20") }
