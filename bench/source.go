package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"rosterd/bench/play"
)

// A sequence makes the requests of the numbers from 0 to below n, or on
// without end. Used for several runs, it goes on where the last one ended.
type sequence struct {
	n       int64 // 0: without end
	request func(i int) play.Request
	next    atomic.Int64
	wrong   firstError // what an answer with a good status did not say
}

// checking has the sequence look at each answer that there is.
func (s *sequence) checking(check func(play.Answer) error) *sequence {
	plain := s.request
	s.request = func(n int) play.Request {
		r := plain(n)
		r.Done = func(a play.Answer, err error) {
			if err == nil && a.OK() { // the round is told of anything else
				s.wrong.note(check(a))
			}
		}
		return r
	}
	return s
}

// Next returns the request of the next number.
func (s *sequence) Next(context.Context) (play.Request, bool) {
	i := s.next.Add(1) - 1
	if s.n > 0 && i >= s.n {
		return play.Request{}, false
	}
	return s.request(int(i)), true
}

// create is the POST of a person of a seed.
func create(seed uint64, i int) play.Request {
	return play.Request{Kind: "create user", Method: http.MethodPost, Path: "/Users", Body: play.PersonAt(seed, i).Body()}
}

// firstRefusal is an error that tells of a run in which anything failed.
func firstRefusal(o play.Outcome) error {
	at := slices.IndexFunc(o.Kinds, func(k play.KindOutcome) bool { return len(k.Refusals) > 0 })
	if at < 0 {
		return nil
	}
	k := o.Kinds[at]
	return fmt.Errorf("%d of %d requests failed: %s: status %d: %s", o.Failed(), o.Failed()+o.Count,
		k.Kind, k.Refusals[0].Status, cmp.Or(k.Refusals[0].Detail, "no reason given"))
}
