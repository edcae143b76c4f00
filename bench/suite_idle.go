package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rosterd/bench/play"
)

// idleWorkers create workspaces side by side.
const idleWorkers = 8

// measureIdle compares the memory of a daemon with many workspaces, of which
// all but a few are idle, with one that has just those few.
func measureIdle(ctx context.Context, s *suite) error {
	var all [2]*tenants
	for i, n := range []int{s.Workspaces, s.Busy} {
		d, err := s.fresh(ctx, "--workspace-idle", s.idle.String())
		if err != nil {
			return err
		}
		defer d.kill()
		all[i] = &tenants{suite: s, daemon: d}
		// The first ones are in use all the while.
		stop, err := all[i].open(ctx, n)
		if err != nil {
			return err
		}
		defer stop()
	}
	many, few := all[0], all[1]
	s.status.say("waiting until all but %d are asleep", s.Busy)
	for _, t := range all {
		if err := s.awaitLoaded(ctx, t.daemon, s.Busy, t.failed.err); err != nil {
			return err
		}
	}
	sides, err := s.alternate(ctx, contender{fmt.Sprintf("%d workspaces", s.Workspaces), many.resident},
		contender{fmt.Sprintf("%d workspaces", s.Busy), few.resident})
	if err == nil {
		err = errors.Join(many.failed.err(), few.failed.err())
	}
	if err != nil {
		return err
	}
	s.compare("idle", sides[0], sides[1], fmt.Sprintf("RssAnon + RssShmem; those in use are read every %v", s.idle/4))
	return nil
}

// tenants are workspaces of one daemon, the first few of which are in use.
type tenants struct {
	*suite
	daemon *daemon
	admin  *play.Admin
	failed firstError
}

// open creates n workspaces with people. Those in use are read from then on
// until stop is called.
func (t *tenants) open(ctx context.Context, n int) (stop func(), err error) {
	if t.admin, err = t.daemon.admin(); err != nil {
		return nil, err
	}
	defer t.admin.Close()
	busy := make([]*play.Client, t.Busy)
	if err := t.each(ctx, t.Busy, func(i int) (err error) {
		busy[i], err = t.tenant(i)
		return err
	}); err != nil {
		return nil, err
	}
	using, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { t.use(using, busy) })
	stop = func() {
		cancel()
		group.Wait()
	}
	if err := t.each(ctx, n-t.Busy, func(i int) error {
		if i%1000 == 0 {
			t.status.say("%d of %d workspaces", i+t.Busy, n)
		}
		client, err := t.tenant(i + t.Busy)
		if err == nil {
			client.Close()
		}
		return err
	}); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// each calls do for 0 to n-1, some at a time, until one fails.
func (t *tenants) each(ctx context.Context, n int, do func(i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	for range idleWorkers {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					stop(err)
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// tenant creates the i-th workspace and its people.
func (t *tenants) tenant(i int) (*play.Client, error) {
	token, err := openWorkspace(t.admin, fmt.Sprintf("tenant-%d", i), seats)
	if err != nil {
		return nil, err
	}
	people := make([]play.Person, t.PerWorkspace)
	for k := range people {
		people[k] = play.PersonAt(keptSeed, k)
	}
	client := t.daemon.client(token, 1)
	return client, sendBulk(client, people)
}

// use reads from each workspace four times in the time after which it would
// sleep.
func (t *tenants) use(ctx context.Context, busy []*play.Client) {
	tick := time.NewTicker(t.idle / 4)
	defer tick.Stop()
	for {
		for _, client := range busy {
			answer, err := client.Do("GET", "/Users?count=1", nil)
			switch {
			case ctx.Err() != nil:
				return
			case err == nil && !answer.OK():
				err = fmt.Errorf("a workspace in use answers with status %d: %.300s", answer.Status, answer.Body)
			}
			t.failed.note(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// resident reads the daemon's memory after a while.
func (t *tenants) resident(ctx context.Context, _ int) (float64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(t.round):
	}
	memory, err := t.daemon.memory()
	return memory.Resident, err
}
