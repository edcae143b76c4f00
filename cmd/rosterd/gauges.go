package main

import (
	"time"

	"rosterd/workspace"
)

// gaugePeriod is how often the gauges are counted anew.
const gaugePeriod = 10 * time.Second

// watch keeps the gauges, which are sums over the heads of all workspaces, so
// that no sleeping one is woken for them.
func (d *daemon) watch() {
	tick := time.NewTicker(gaugePeriod)
	defer tick.Stop()
	for {
		heads, err := d.store.Heads("", 0)
		if err != nil {
			d.log.Error().Err(err).Msg("the heads of workspaces cannot be read")
		} else {
			d.count(heads, time.Now())
		}
		select {
		case <-d.stopGauges:
			return
		case <-tick.C:
		}
	}
}

func (d *daemon) count(heads []workspace.Head, now time.Time) {
	var active, inactive, noAdmin, week, month int
	gates := map[workspace.Gate]int{}
	for _, h := range heads {
		active += h.Active
		inactive += h.Inactive
		gates[h.GateAt(now)] += h.Connections
		if h.NoAdmin {
			noAdmin++
		}
		week += h.TokensExpiring(now, 7*24*time.Hour)
		month += h.TokensExpiring(now, 30*24*time.Hour)
	}
	d.countSeats(heads, now)
	loaded := d.actors.Loaded()
	d.metrics.Workspaces("loaded", loaded)
	d.metrics.Workspaces("sleeping", max(len(heads)-loaded, 0))
	d.metrics.Users("active", active)
	d.metrics.Users("inactive", inactive)
	d.metrics.Connections("open", gates[workspace.GateOpen])
	d.metrics.Connections("grace", gates[workspace.GateGrace])
	d.metrics.Connections("closed", gates[workspace.GateClosed])
	d.metrics.WorkspacesWithoutAdmin(noAdmin)
	d.metrics.TokensExpiring("7d", week)
	d.metrics.TokensExpiring("30d", month)
}

// countSeats sums seats, windows and dead letters up.
func (d *daemon) countSeats(heads []workspace.Head, now time.Time) {
	var purchased, booked, seated, waiting int64
	var open, deadHooks, deadMails int
	var overdue, longest time.Duration
	for _, h := range heads {
		purchased, booked = purchased+h.Purchased, booked+h.Booked
		seated, waiting = seated+h.Seated, waiting+h.Waiting
		deadHooks, deadMails = deadHooks+h.DeadHooks, deadMails+h.DeadMails
		if !h.WindowEnds.IsZero() {
			open++
			overdue = max(overdue, now.Sub(h.WindowEnds))
		}
		if !h.WaitingSince.IsZero() {
			longest = max(longest, now.Sub(h.WaitingSince))
		}
	}
	for state, n := range map[string]int64{
		"purchased": purchased, "booked": booked, "seated": seated, "free": purchased + booked - seated, "waiting": waiting,
	} {
		d.metrics.Seats(state, n)
	}
	d.metrics.Windows(open, overdue)
	d.metrics.WaitingOldest(longest)
	d.metrics.DeliveriesDead("webhook", deadHooks)
	d.metrics.DeliveriesDead("mail", deadMails)
}
