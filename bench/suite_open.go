package main

import (
	"context"
	"fmt"

	"rosterd/bench/play"
)

// Shares of the daemon's own peak at which open loops run.
const (
	openShare  = 0.7
	pauseShare = 0.5
)

// peak returns how many of its requests a second the traffic reaches in a
// closed loop: the median of three rounds.
func (s *suite) peak(ctx context.Context, t traffic) (float64, error) {
	var all []float64
	for range 3 {
		s.status.say("looking for the peak")
		if err := s.calm(ctx); err != nil {
			return 0, err
		}
		perSecond, err := rate(ctx, s.closed(), t)
		if err != nil {
			return 0, err
		}
		all = append(all, perSecond)
	}
	return median(all), nil
}

// open drives the traffic in an open loop and returns its p99 in milliseconds.
// The seconds of the run are added to the timeline. If so many requests were
// still unsent at the end that the p99 is one of theirs, nobody knows it: then
// whose traffic it is gets the worst of what is known if it is ours, and the
// p99 of what was sent if it is what ours is held against.
func (s *suite) open(ctx context.Context, t traffic, perSecond float64, into *timeline, ours bool) (float64, error) {
	outcome, err := push(ctx, play.Pace{WarmUp: s.warmUp, Duration: s.long, Rate: perSecond}, t)
	if err == nil && outcome.Count == 0 {
		err = errNothing
	}
	if err != nil {
		return 0, err
	}
	into.add(outcome.Series, s.warmUp.Seconds())
	if outcome.Unsent > (outcome.Count+outcome.Unsent)/100 {
		into.late++
		if ours {
			return outcome.Latency.Max, nil
		}
	}
	return outcome.Latency.P99, nil
}

// A timeline is what latencies were, second by second, in one run after
// another.
type timeline struct {
	seconds  float64
	p50, p99 []point
	late     int // runs that did not hold the rate
}

// note says how often the rate was not held.
func (t *timeline) note(name string) string {
	if t.late == 0 {
		return ""
	}
	return fmt.Sprintf("; %d rounds of %s did not hold the rate", t.late, name)
}

// add adds a run, without its warm-up.
func (t *timeline) add(series []play.Second, warmUp float64) {
	last := 0.0
	for _, s := range series {
		if s.At <= warmUp {
			continue
		}
		last = s.At - warmUp
		if s.Count == 0 { // nothing was answered: a gap
			continue
		}
		t.p50 = append(t.p50, point{t.seconds + last, s.P50})
		t.p99 = append(t.p99, point{t.seconds + last, s.P99})
	}
	t.seconds += last
}

func (t *timeline) lines(name string) []line {
	return []line{{name + ", p50", t.p50}, {name + ", p99", t.p99}}
}

// measureOpen compares the p99 of creates with that of the bare server, both at
// a rate that leaves the daemon room.
func measureOpen(ctx context.Context, s *suite) error {
	p, err := s.startRivals(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	ours, bare := p.clients(connections)
	defer ours.Close()
	defer bare.Close()
	a, b := traffic{ours, creates(createSeed), connections}, traffic{bare, creates(createSeed), connections}
	peak, err := s.peak(ctx, a)
	if err != nil {
		return err
	}
	perSecond := openShare * peak
	var ofOurs, ofBare timeline
	sides, err := s.alternate(ctx,
		contender{"rosterd", func(ctx context.Context, _ int) (float64, error) { return s.open(ctx, a, perSecond, &ofOurs, true) }},
		contender{"bare server", func(ctx context.Context, _ int) (float64, error) { return s.open(ctx, b, perSecond, &ofBare, false) }})
	if err != nil {
		return err
	}
	s.compare("open", sides[0], sides[1], fmt.Sprintf("%.0f requests a second%s%s", perSecond, ofOurs.note("rosterd"), ofBare.note("the bare server")))
	s.report.Plots = append(s.report.Plots, plot{
		ID: "latency", Title: fmt.Sprintf("Latency of POST at %.0f a second", perSecond), X: "seconds", Y: "ms",
		Lines: append(ofOurs.lines("rosterd"), ofBare.lines("bare server")...),
	})
	return nil
}
