package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"rosterd/bench/play"
)

// sleeper is the workspace that goes to sleep, and is snapshotted for it, while
// others write.
const sleeper = "sleeper"

// measurePause compares the p99 of creates while a snapshot and a backup run
// with that of a quiet daemon. A workspace that nobody uses leaves memory, and is
// snapshotted then if much of it has changed, which says when there will be a
// snapshot: people in it are changed, then there is a quiet round, and the other
// begins just before it sleeps. The creates go into a workspace so large that
// none of its own snapshots is due.
func measurePause(ctx context.Context, s *suite) error {
	k, err := s.keep(ctx, s.People)
	if err != nil {
		return err
	}
	d, err := s.on(ctx, k, "--workspace-idle", s.pauseIdle().String())
	if err != nil {
		return err
	}
	defer d.kill()
	token, err := d.openWorkspace(sleeper, seats)
	if err != nil {
		return err
	}
	p := &pauses{suite: s, daemon: d, other: d.client(token, fillAtOnce), all: traffic{d.client(k.Token, connections), creates(createSeed), connections}}
	defer p.other.Close()
	defer p.all.client.Close()
	fill := filler{client: p.other, people: s.FewPeople, daemon: d, say: s.status.say}
	if err := fill.fill(ctx); err != nil {
		return err
	}
	ids, err := userIDs(p.other, min(s.changed(), s.FewPeople))
	if err != nil {
		return err
	}
	// What needs no tolerance: what the daemon counts of it, and writes down a
	// minute later, would wake the sleeper.
	p.changes = traffic{p.other, setActive(ids), fillAtOnce}
	if _, _, err := d.firstAnswer(ctx, p.all.client); err != nil { // it may be asleep by now
		return err
	}
	peak, err := s.peak(ctx, p.all)
	if err != nil {
		return err
	}
	p.perSecond = pauseShare * peak
	var quiet, busy []float64
	for round := range s.Alternations {
		s.status.say("round %d of %d", round+1, s.Alternations)
		a, b, err := p.round(ctx)
		if err != nil {
			return err
		}
		quiet, busy = append(quiet, a), append(busy, b)
	}
	s.compare("pause", newSide("with a snapshot and a backup", busy), newSide("without", quiet), fmt.Sprintf(
		"%.0f requests a second; in each round a snapshot of %d people, and a backup of %d, of which %.0f MB came in all%s%s",
		p.perSecond, s.FewPeople, k.People+s.FewPeople, float64(p.backedUp)/megabyte, p.ofBusy.note("the busy ones"), p.ofQuiet.note("the quiet ones")))
	s.report.Plots = append(s.report.Plots, plot{
		ID: "pause", Title: fmt.Sprintf("Latency of POST at %.0f a second, with a snapshot and a backup, and without", p.perSecond), X: "seconds", Y: "ms",
		Lines: append(p.ofBusy.lines("with"), p.ofQuiet.lines("without")...),
	})
	return nil
}

// settled is when the disk is done with the changes.
func (z sizes) settled() time.Duration { return z.long / 2 }

// pauseIdle is when the sleeper sleeps: a moment after the busy round began.
func (z sizes) pauseIdle() time.Duration {
	return z.settled() + 2*z.warmUp + z.long + z.long/2 + time.Second
}

// changed is how many people are changed before the sleeper sleeps: more than the
// thousand events, and the tenth of its people, that a daemon replays rather than
// write a snapshot of.
func (z sizes) changed() int { return max(1200, z.FewPeople*12/100) }

// pauses are the rounds of measurePause.
type pauses struct {
	*suite
	daemon          *daemon
	other           *play.Client // of the sleeper
	changes         traffic      // of its people
	all             traffic
	perSecond       float64
	backedUp        int64 // bytes
	ofBusy, ofQuiet timeline
}

// round returns the p99 of a quiet round and of a busy one.
func (p *pauses) round(ctx context.Context) (quiet, busy float64, err error) {
	if _, err := push(ctx, play.Pace{Count: p.changed()}, p.changes); err != nil {
		return 0, 0, fmt.Errorf("wake the sleeper: %w", err)
	}
	sleeps := time.Now().Add(p.pauseIdle())
	if err := until(ctx, time.Now().Add(p.settled())); err != nil {
		return 0, 0, err
	}
	if quiet, err = p.open(ctx, p.all, p.perSecond, &p.ofQuiet, false); err != nil {
		return 0, 0, err
	}
	if err := until(ctx, sleeps.Add(-p.warmUp-p.long/4)); err != nil {
		return 0, 0, err
	}
	backing, stop := context.WithCancel(ctx)
	backed := make(chan error, 1)
	go func() { backed <- p.backUp(backing) }()
	busy, err = p.open(ctx, p.all, p.perSecond, &p.ofBusy, true)
	stop()
	if err = errors.Join(err, <-backed); err != nil {
		return 0, 0, err
	}
	stay := func() error { _, _, err := p.daemon.firstAnswer(ctx, p.all.client); return err }
	if err := p.awaitLoaded(ctx, p.daemon, 1, stay); err != nil {
		return 0, 0, fmt.Errorf("the sleeper does not sleep: %w", err)
	}
	return quiet, busy, nil
}

// until waits for an instant.
func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backUp takes one backup after another until ctx ends; the last one is cut
// off.
func (p *pauses) backUp(ctx context.Context) error {
	before := p.backedUp
	for {
		n, err := p.daemon.backup(ctx)
		p.backedUp += n
		switch {
		case ctx.Err() != nil && p.backedUp > before:
			return nil
		case ctx.Err() != nil:
			return errors.New("nothing of a backup came while the creates ran")
		case err != nil:
			return fmt.Errorf("backup: %w", err)
		case n == 0:
			return errors.New("a backup is empty")
		}
	}
}

// backup reads an online backup to its end and returns how many bytes it has.
// It goes through net/http, which does not keep them.
func (d *daemon) backup(ctx context.Context) (int64, error) {
	token, err := d.operatorToken()
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/api/v1/backup", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", answer.StatusCode)
	}
	return io.Copy(io.Discard, answer.Body)
}

// loadedDeadline is how long it may take until so many workspaces are loaded as
// ought to be: the daemon counts every 10 s.
const loadedDeadline = 3 * time.Minute

// awaitLoaded waits until the daemon says that so many workspaces are loaded.
// meanwhile is called now and then: those ought to be in use. A quick run, which
// claims nothing, does not wait for the daemon to count.
func (s *suite) awaitLoaded(ctx context.Context, d *daemon, n int, meanwhile func() error) error {
	ctx, cancel := context.WithTimeout(ctx, loadedDeadline)
	defer cancel()
	for began := time.Now(); ; {
		metrics, err := readScrape(d.url)
		if err = cmp.Or(err, meanwhile()); err != nil || s.flags.quick && time.Since(began) > 2*s.idle {
			return err
		}
		loaded, err := metrics.gauge("rosterd_workspaces", "state", "loaded")
		if err != nil {
			return err
		}
		if int(loaded) == n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%.0f workspaces are loaded, not %d: %w", loaded, n, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
