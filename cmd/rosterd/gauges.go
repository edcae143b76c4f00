package main

import (
	"time"

	"rosterd/workspace"
)

// gaugePeriod is how often the gauges are counted anew.
const gaugePeriod = 10 * time.Second

// headsAtOnce bounds how many heads are in memory for the gauges.
const headsAtOnce = 500

// watch keeps the gauges, which are sums over the heads of all workspaces, so
// that no sleeping one is woken for them.
func (d *daemon) watch() {
	tick := time.NewTicker(gaugePeriod)
	defer tick.Stop()
	for {
		if s, err := sum(d.store.Heads, headsAtOnce, time.Now()); err != nil {
			d.log.Error().Err(err).Msg("the heads of workspaces cannot be read")
		} else {
			d.show(s)
		}
		select {
		case <-d.stopGauges:
			return
		case <-tick.C:
		}
	}
}

// sum adds up all heads, so many at a time.
func sum(page func(after workspace.ID, limit int) ([]workspace.Head, error), limit int, now time.Time) (*sums, error) {
	s := &sums{now: now, gates: map[workspace.Gate]int{}}
	for after := workspace.ID(""); ; {
		heads, err := page(after, limit)
		if err != nil || len(heads) == 0 {
			return s, err
		}
		for i := range heads {
			s.add(&heads[i])
		}
		after = heads[len(heads)-1].ID
	}
}

// sums are what the gauges show, at an instant.
type sums struct {
	now time.Time

	workspaces, active, inactive  int
	gates                         map[workspace.Gate]int // connections
	noAdmin, week, month          int
	purchased, booked             int64
	seated, waiting               int64
	windows, deadHooks, deadMails int
	overdue, longest              time.Duration
}

func (s *sums) add(h *workspace.Head) {
	s.workspaces++
	s.active += h.Active
	s.inactive += h.Inactive
	s.gates[h.GateAt(s.now)] += h.Connections
	if h.NoAdmin {
		s.noAdmin++
	}
	s.week += h.TokensExpiring(s.now, 7*24*time.Hour)
	s.month += h.TokensExpiring(s.now, 30*24*time.Hour)
	s.purchased, s.booked = s.purchased+h.Purchased, s.booked+h.Booked
	s.seated, s.waiting = s.seated+h.Seated, s.waiting+h.Waiting
	s.deadHooks, s.deadMails = s.deadHooks+h.DeadHooks, s.deadMails+h.DeadMails
	if !h.WindowEnds.IsZero() {
		s.windows++
		s.overdue = max(s.overdue, s.now.Sub(h.WindowEnds))
	}
	if !h.WaitingSince.IsZero() {
		s.longest = max(s.longest, s.now.Sub(h.WaitingSince))
	}
}

// show sets the gauges.
func (d *daemon) show(s *sums) {
	loaded := d.actors.Loaded()
	d.metrics.Workspaces("loaded", loaded)
	d.metrics.Workspaces("sleeping", max(s.workspaces-loaded, 0))
	d.metrics.Users("active", s.active)
	d.metrics.Users("inactive", s.inactive)
	d.metrics.Connections("open", s.gates[workspace.GateOpen])
	d.metrics.Connections("grace", s.gates[workspace.GateGrace])
	d.metrics.Connections("closed", s.gates[workspace.GateClosed])
	d.metrics.WorkspacesWithoutAdmin(s.noAdmin)
	d.metrics.TokensExpiring("7d", s.week)
	d.metrics.TokensExpiring("30d", s.month)
	for state, n := range map[string]int64{
		"purchased": s.purchased, "booked": s.booked, "seated": s.seated, "free": s.purchased + s.booked - s.seated, "waiting": s.waiting,
	} {
		d.metrics.Seats(state, n)
	}
	d.metrics.Windows(s.windows, s.overdue)
	d.metrics.WaitingOldest(s.longest)
	d.metrics.DeliveriesDead("webhook", s.deadHooks)
	d.metrics.DeliveriesDead("mail", s.deadMails)
}
