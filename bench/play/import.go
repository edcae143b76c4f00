package play

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Import makes a population for a Mix: it creates the people and the groups of
// a plan, without memberships. Whoever is there already, from an earlier load
// with the same seed, is looked up and is part of it. It is played as the
// cycles are, and reports alike; a server without groups is no error.
func Import(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	r.total = 1 + plan.People + len(plan.Groups)
	test := func(t *talk) error { return r.list(t, "test connection", "/Users?startIndex=1&count=1") }
	return r.play(ctx, c, r.connection(test),
		phase{func() int { return plan.People }, r.importPerson},
		r.groups(func(t *talk, g Group) (string, error) {
			id, err := r.create(t, "create group", "/Groups", g.Body())
			if taken(err) {
				id, err = r.find(t, "find group", "/Groups?filter=displayName%20eq%20"+percent(g.Name))
			}
			return id, err
		}))
}

func (r *run) importPerson(t *talk, i int) {
	p := r.plan.Person(i)
	id, err := r.create(t, "create user", "/Users", p.Body())
	account, count := Account{ID: id, State: Active}, &r.summary.Created
	if taken(err) {
		account, err = r.adopt(t, p)
		count = &r.summary.Found
	}
	if err == nil {
		r.acked.Users[i] = account
	}
	r.finish(t, phasePeople, err, count)
	r.peopleUntilNow()
}

// adopt looks somebody up who is there.
func (r *run) adopt(t *talk, p Person) (Account, error) {
	a, err := t.call("find user", http.MethodGet, "/Users?filter=userName%20eq%20"+percent(p.UserName), nil)
	if err != nil {
		return Account{}, err
	}
	list, err := a.List()
	if err == nil && (len(list.Resources) != 1 || list.Resources[0].ID == "") {
		err = fmt.Errorf("%s is taken, but %d are found", p.UserName, len(list.Resources))
	}
	if err != nil {
		return Account{}, r.wrong(a, err.Error())
	}
	account := Account{ID: list.Resources[0].ID, State: Active}
	if list.Resources[0].Inactive() {
		account.State = Inactive
	}
	return account, nil
}

// taken reports whether something is refused because it is there already.
func taken(err error) bool {
	var r *refused
	return errors.As(err, &r) && r.status == http.StatusConflict
}
