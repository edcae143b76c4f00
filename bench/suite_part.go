package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// A part of the suite measures what has one set of servers in common.
type part struct {
	id      string
	title   string // what is done, for the progress
	seconds func(sizes) float64
	targets []target
	run     func(context.Context, *suite) error // its error fails the part, not the suite
}

// A target is a measurement that a part is there for, and its goal.
type target struct {
	id, title, unit string
	bound           string
	goal            float64
}

// A finding is what a part has measured for a target.
type finding struct {
	ours    side
	against *side
	note    string
	failure error // nil: there are figures
}

// A contender is one of those that are driven in turn. run measures it once.
type contender struct {
	name string
	run  func(ctx context.Context, round int) (float64, error)
}

// alternate measures every contender as often as there are alternations. Each
// time another one is first, so that none is always behind the same, and none
// begins before what the others have put off is done.
func (s *suite) alternate(ctx context.Context, contenders ...contender) ([]side, error) {
	samples := make([][]float64, len(contenders))
	for round := range s.Alternations {
		for i := range contenders {
			n := (i + round) % len(contenders)
			s.status.say("round %d of %d: %s", round+1, s.Alternations, contenders[n].name)
			if err := s.calm(ctx); err != nil {
				return nil, err
			}
			value, err := contenders[n].run(ctx, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", contenders[n].name, err)
			}
			samples[n] = append(samples[n], value)
		}
	}
	sides := make([]side, len(contenders))
	for i, c := range contenders {
		sides[i] = newSide(c.name, samples[i])
	}
	return sides, ctx.Err()
}

// compare notes what was measured of a target: ours against another.
func (s *suite) compare(id string, ours, against side, note string) {
	s.findings[id] = finding{ours: ours, against: &against, note: note}
}

// absolute notes what was measured of a target that nothing is beside.
func (s *suite) absolute(id string, ours side, note string) {
	s.findings[id] = finding{ours: ours, note: note}
}

// fail notes why a target of a part that goes on was not measured.
func (s *suite) fail(id string, err error) { s.findings[id] = finding{failure: err} }

// settle holds what a part has found against its targets. Those that it has
// not found fail, with the part's error.
func (s *suite) settle(p part, failed error) {
	for _, t := range p.targets {
		m := measurement{ID: t.id, Part: p.id, Title: t.title, Unit: t.unit, Bound: t.bound, Goal: t.goal}
		f, ok := s.findings[t.id]
		if !ok {
			f.failure = failed
		}
		m.Ours, m.Against, m.Note = f.ours, f.against, f.note
		if f.failure != nil {
			m.Failure = f.failure.Error()
		}
		m.conclude()
		s.report.Measurements = append(s.report.Measurements, m)
	}
	if failed == nil {
		return
	}
	s.status.say("failed: %v", failed)
	if len(p.targets) == 0 {
		s.report.Failed = append(s.report.Failed, p.id)
		s.report.Notes = append(s.report.Notes, p.id+": "+failed.Error())
	}
}

// progress tells what is run and how long the rest will take.
type progress struct {
	w     io.Writer
	parts []part
	sizes sizes
	at    int       // index of the part that runs
	since time.Time // when it began
}

func (p *progress) begin(at int) {
	p.at, p.since = at, time.Now()
	p.say("%s", p.parts[at].title)
}

// say writes a line.
func (p *progress) say(format string, args ...any) {
	prefix := ""
	if !p.since.IsZero() {
		prefix = fmt.Sprintf("[%d/%d, %v left] %s: ", p.at+1, len(p.parts), p.left().Round(time.Second), p.parts[p.at].id)
	}
	fmt.Fprintf(p.w, prefix+format+"\n", args...)
}

// left returns how long the rest will take if everything takes its time.
func (p *progress) left() time.Duration {
	seconds := max(0, p.parts[p.at].seconds(p.sizes)-time.Since(p.since).Seconds())
	for _, part := range p.parts[p.at+1:] {
		seconds += part.seconds(p.sizes)
	}
	return time.Duration(seconds * float64(time.Second))
}
