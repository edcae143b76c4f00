package main

import (
	"context"
	"fmt"
	"io"

	"rosterd/bench/play"
)

// A load is one run of the command.
type load struct {
	*loadFlags
	client *play.Client
	stderr io.Writer
	plan   play.Plan
	report loadReport
}

// changes is how much a cycle changes after it has brought everybody in.
func (l *load) changes() play.Changes {
	few := max(1, l.people/100)
	return play.Changes{Rename: few, Deactivate: few, Delete: few, Remove: loadTeams}
}

func (l *load) cycle(ctx context.Context, play cycle) error {
	options, end := l.options(l.profile, l.pace, l.plan.Steps()+l.changes().Steps())
	options.Changes = l.changes()
	summary, err := play(ctx, l.client, l.plan, options)
	end()
	if err != nil {
		return err
	}
	l.report.add(summary)
	l.report.Outcome = summary.Outcome
	l.report.nobody = summary.Created+summary.Found == 0
	return l.verify(ctx, summary.Acked)
}

func (l *load) mix(ctx context.Context, weights play.Weights) error {
	filling, end := l.options("population", play.Pace{}, 1+l.plan.People+len(l.plan.Groups))
	population, err := play.Import(ctx, l.client, l.plan, filling)
	end()
	if err != nil {
		return err
	}
	if population.Created+population.Found == 0 {
		return fmt.Errorf("nobody could be created: %v", population.Refusals)
	}
	l.report.add(population)
	pace := l.pace
	if pace.Duration == 0 && pace.Count == 0 {
		pace.Duration = mixDuration
	}
	mix := play.NewMix(l.plan, population.Acked, weights)
	l.report.Outcome = l.drive(ctx, l.profile, mix, pace, 0)
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.verify(ctx, mix.Acked())
}

func (l *load) replay(ctx context.Context, trace *play.Trace) error {
	l.report.People = 0
	l.report.Outcome = l.drive(ctx, "trace", trace, l.pace, trace.Requests())
	if err := ctx.Err(); err != nil {
		return err
	}
	l.report.Skipped = trace.Skipped()
	var err error
	l.report.Verified, err = trace.Verify(ctx, l.reader(), l.pace.Connections)
	return err
}

func (l *load) verify(ctx context.Context, acked play.Acked) error {
	fmt.Fprintln(l.stderr, "reading back what was acknowledged")
	var err error
	l.report.Verified, err = play.Verify(ctx, l.reader(), l.plan, acked, l.pace.Connections)
	return err
}

// reader returns a client of the same server whose requests are not recorded.
func (l *load) reader() *play.Client { return play.NewClient(l.url, l.token, l.pace.Connections) }

// drive sends the requests of a source, so many if it ends, with a progress
// bar.
func (l *load) drive(ctx context.Context, title string, source play.Source, pace play.Pace, requests int) play.Outcome {
	m := newMeter(l.stderr, title, pace, requests)
	defer m.end()
	return play.Drive(ctx, l.client, source, pace, m.second)
}

// options of a cycle of so many steps, with a progress bar that end closes.
func (l *load) options(title string, pace play.Pace, steps int) (o play.Options, end func()) {
	m := newMeter(l.stderr, title, pace, steps)
	return play.Options{Connections: l.pace.Connections, Pace: pace, Progress: m.step, Seconds: m.second}, m.end
}
