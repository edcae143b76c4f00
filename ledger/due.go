package ledger

import "time"

// due is one thing that happens by itself.
type due uint8

// In the order in which they are settled if they are due at one instant: what
// a window makes of the purchased seats is billed with it, and is part of the
// period that ends.
const (
	dueWindow due = iota
	dueCollect
	duePeriod
)

// NextDue returns when the books next change by themselves. There is always
// such an instant: periods end for ever.
func (b *Books) NextDue(t Terms) time.Time {
	at, _ := b.next(t)
	return at
}

func (b *Books) next(t Terms) (time.Time, due) {
	at, what := t.anchorAfter(b.Period), duePeriod
	if len(b.Unbilled) > 0 {
		if c := t.collectAt(b.Unbilled[0].Closed); !c.After(at) {
			at, what = c, dueCollect
		}
	}
	if b.Open != nil && !b.Open.Ends.After(at) {
		at, what = b.Open.Ends, dueWindow
	}
	return at, what
}

// anchorAfter returns the first instant after t0 at which a billing period
// begins.
func (t *Terms) anchorAfter(t0 time.Time) time.Time {
	day := DateOf(t0.In(t.Zone))
	for {
		_, day = t.Price.Period(day)
		if at := day.In(t.Zone); at.After(t0) {
			return at.UTC()
		}
	}
}

// collectAt returns when a window that closed at the given instant is billed.
func (t *Terms) collectAt(closed time.Time) time.Time {
	day := DateOf(closed.In(t.Zone))
	switch t.Collect {
	case PerDay:
		if day.In(t.Zone).Equal(closed) {
			return closed
		}
		return day.Plus(1).In(t.Zone).UTC()
	case PerPeriod:
		return t.anchorAfter(closed.Add(-1))
	}
	return closed
}

// Settle does everything that is due at or before the draft's instant, in due
// order, each as of its own instant.
func (d *Draft) Settle() {
	for {
		at, what := d.next(d.terms)
		if at.After(d.now) {
			return
		}
		switch what {
		case dueWindow:
			d.closeAt(at)
		case dueCollect:
			d.bill(at)
		case duePeriod:
			d.closePeriod(at)
		}
	}
}

func (d *Draft) closePeriod(at time.Time) {
	released := min(d.Releasing, max(0, d.Purchased-d.seated))
	d.post(PeriodClosed{
		At: at, Purchased: d.Purchased - released, Booked: d.Booked, Seated: d.seated, Waiting: d.Waiting(), Released: released,
	})
}
