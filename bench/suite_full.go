package main

import (
	"context"
	"fmt"

	"rosterd/bench/play"
)

// measureFull compares a workspace full of people with an empty one: creates,
// and the last page of its people with the first.
func measureFull(ctx context.Context, s *suite) error {
	k, err := s.keep(ctx, s.People)
	if err != nil {
		return err
	}
	s.report.Plots = append(s.report.Plots, plot{
		ID: "memory", Title: "Resident memory while people are created", X: "people", Y: "MB", Lines: []line{{"rosterd", k.Memory}},
	})
	full, err := s.on(ctx, k)
	if err != nil {
		return err
	}
	defer full.kill()
	client := full.client(k.Token, connections)
	defer client.Close()
	if err := s.measurePages(ctx, client, k.People); err != nil {
		return err
	}
	empty, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	defer empty.kill()
	ours, others := traffic{client, creates(createSeed), connections}, creates(createSeed)
	sides, err := s.alternate(ctx,
		contender{fmt.Sprintf("with %d people", k.People), func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), ours) }},
		contender{"empty", func(ctx context.Context, round int) (float64, error) {
			token, err := empty.openWorkspace(fmt.Sprintf("empty-%d", round), seats)
			if err != nil {
				return 0, err
			}
			c := empty.client(token, connections)
			defer c.Close()
			return rate(ctx, s.closed(), traffic{c, others, connections})
		}})
	if err != nil {
		return err
	}
	s.compare("full", sides[0], sides[1], "")
	return nil
}

// measurePages compares the last page with the first, one request at a time.
func (s *suite) measurePages(ctx context.Context, client *play.Client, people int) error {
	page := func(name string, start int) contender {
		return contender{name, func(ctx context.Context, _ int) (float64, error) {
			var all []float64
			for range s.pages {
				answer, err := client.Do("GET", fmt.Sprintf("/Users?startIndex=%d&count=%d", start, pageSize), nil)
				if err != nil {
					return 0, err
				}
				if list, err := answer.List(); err != nil || len(list.Resources) != pageSize {
					return 0, fmt.Errorf("status %d: %d on the page: %w", answer.Status, len(list.Resources), err)
				}
				all = append(all, milliseconds(answer.Elapsed))
			}
			return median(all), nil
		}}
	}
	sides, err := s.alternate(ctx, page("last page", people-pageSize+1), page("first page", 1))
	if err != nil {
		return err
	}
	s.compare("pages", sides[0], sides[1], fmt.Sprintf("medians of %d requests", s.pages))
	return nil
}

// tailShare is how many more people there are, as a share of them, when a daemon
// is killed than when it was started. A stop takes no snapshot for so few, so in
// each round there is as much more to replay.
const tailShare = 0.01

// measureStarts starts the daemon on both kept stores, after a clean stop and
// after kill -9, and reads the memory of the large one.
func measureStarts(ctx context.Context, s *suite) error {
	var all [2]*starter
	for i, people := range []int{s.People, s.FewPeople} {
		k, err := s.keep(ctx, people)
		if err != nil {
			return err
		}
		d, err := s.on(ctx, k)
		if err != nil {
			return err
		}
		all[i] = &starter{kept: k, daemon: d, people: k.People}
		defer func() { all[i].daemon.kill() }()
		if err := d.stop(); err != nil {
			return err
		}
	}
	for round := range s.Alternations {
		for _, one := range all {
			s.status.say("round %d of %d: %d people", round+1, s.Alternations, one.kept.People)
			if err := one.round(ctx, round); err != nil {
				return err
			}
		}
	}
	large, few := all[0], all[1]
	name := func(n int) string { return fmt.Sprintf("%d people", n) }
	stop, kill := newSide(name(s.People), large.afterStop), newSide(name(s.People), large.afterKill)
	replayed := func(rounds int) string {
		return fmt.Sprintf("in the last round %.0f %% of the people are in no snapshot", 100*tailShare*float64(rounds))
	}
	stopped, killed := replayed(s.Alternations-1), replayed(s.Alternations)
	s.absolute("start-stop", stop, stopped)
	s.absolute("start-kill", kill, killed)
	s.compare("start-stop-growth", stop, newSide(name(s.FewPeople), few.afterStop), stopped)
	s.compare("start-kill-growth", kill, newSide(name(s.FewPeople), few.afterKill), killed)
	s.absolute("memory", newSide(name(s.People), large.resident), fmt.Sprintf(
		"RssAnon + RssShmem, the larger of two readings after each start; RssFile beside it %s to %s MB; a person is %d bytes of JSON",
		figure(newSide("", large.mapped).Min), figure(newSide("", large.mapped).Max), large.kept.Bytes))
	return nil
}

// A starter starts and ends a daemon on one store.
type starter struct {
	kept   *kept
	daemon *daemon
	people int // acknowledged

	afterStop, afterKill []float64 // seconds
	resident, mapped     []float64 // megabytes
}

// round starts the daemon, which was stopped cleanly, adds people, kills it,
// starts it again and stops it.
func (t *starter) round(ctx context.Context, round int) error {
	seconds, err := t.start(ctx)
	if err != nil {
		return fmt.Errorf("after a clean stop: %w", err)
	}
	t.afterStop = append(t.afterStop, seconds)
	before, err := t.daemon.memory()
	if err != nil {
		return err
	}
	if err := t.add(round); err != nil {
		return err
	}
	after, err := t.daemon.memory()
	if err != nil {
		return err
	}
	t.resident = append(t.resident, max(before.Resident, after.Resident))
	t.mapped = append(t.mapped, before.Mapped, after.Mapped)
	t.daemon.kill()
	if seconds, err = t.start(ctx); err != nil {
		return fmt.Errorf("after kill -9: %w", err)
	}
	t.afterKill = append(t.afterKill, seconds)
	return t.daemon.stop()
}

// start returns the seconds from exec to the first answer, in which everybody
// has to be there.
func (t *starter) start(ctx context.Context) (float64, error) {
	if err := t.daemon.restart(ctx); err != nil {
		return 0, err
	}
	client := t.daemon.client(t.kept.Token, 1)
	defer client.Close()
	seconds, people, err := t.daemon.firstAnswer(ctx, client)
	if err == nil && people != t.people {
		err = fmt.Errorf("%d people were acknowledged, %d are there", t.people, people)
	}
	return seconds, err
}

// add creates people that no snapshot holds.
func (t *starter) add(round int) error {
	client := t.daemon.client(t.kept.Token, 1)
	defer client.Close()
	more := int(float64(t.kept.People) * tailShare)
	for from := 0; from < more; from += perBulk {
		people := make([]play.Person, min(perBulk, more-from))
		for i := range people {
			people[i] = play.PersonAt(createSeed+uint64(round), from+i)
		}
		if err := sendBulk(client, people); err != nil {
			return err
		}
		t.people += len(people)
	}
	return nil
}
