package actors

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/tidwall/btree"

	"rosterd/ledger"
	"rosterd/workspace"
)

// The seat-ledger actor turns bookings into invoices in time: it hears when
// each workspace next wants to be woken, keeps one timer for the earliest, and
// sends that workspace a Tick. It decides nothing: what a Tick does, and as of
// which instant, is the workspace's (Decide settles what is due before any
// command). So its timers are derived, a late one bills the same, and after a
// restart it reads the due index and goes on.

const (
	// clockPeriod is how often the wall clock is read anew. Go's timers stop
	// while a machine sleeps, and do not hear of a clock that is set.
	clockPeriod = 30 * time.Second
	// wakefulAtOnce bounds the ticks of workspaces that are loaded anyway.
	wakefulAtOnce = 64
	// retryAfter is when a tick that failed is tried again; the time doubles
	// with each failure, up to retryAtMost.
	retryAfter  = 5 * time.Second
	retryAtMost = time.Minute
)

// clock is the seat-ledger actor. protoactor runs Receive on one goroutine at
// a time.
//
// Invariant: each alarm is in the one queue that its place names, or is being
// ticked. So whatever happens costs O(log n), however many are due together.
type clock struct {
	sys    *System
	alarms map[workspace.ID]*alarm
	queues [places]*btree.BTreeG[*alarm]
	busy   [places]int // ticks under way of alarms that were in these queues
	timer  *time.Timer
	spare  []*alarm // that nobody uses
}

// alarmsAtOnce is how many alarms are made at a time. They live as long as their
// workspaces, and each is first needed amid the garbage of an import: made one by
// one, they would hold a page of memory each when the garbage is gone.
const alarmsAtOnce = 100

// add makes an alarm for a workspace that has none.
func (c *clock) add(ws workspace.ID, at time.Time) *alarm {
	if len(c.spare) == 0 {
		more := make([]alarm, alarmsAtOnce)
		for i := range more {
			c.spare = append(c.spare, &more[i])
		}
	}
	last := len(c.spare) - 1
	a := c.spare[last]
	c.spare = c.spare[:last]
	*a = alarm{ws: ws, due: at, at: at, place: ticking}
	c.alarms[ws] = a
	return a
}

// drop forgets an alarm that is in no queue and not being ticked.
func (c *clock) drop(a *alarm) {
	delete(c.alarms, a.ws)
	*a = alarm{}
	c.spare = append(c.spare, a)
}

// An alarm is when a workspace wants to be ticked.
type alarm struct {
	ws    workspace.ID
	due   time.Time // as the workspace says; zero: never
	at    time.Time // when to tick: due, or later after a failure
	fails int       // ticks that failed in a row
	place place
}

// A place is where an alarm is.
type place int

const (
	coming place = iota // not due yet, or to be tried again later
	awake               // due, in a workspace that is loaded
	asleep              // due, in one that is not
	places
	ticking = places // in no queue
)

// atOnce bounds the ticks under way.
var atOnce = [places]int{awake: wakefulAtOnce, asleep: sleepersAtOnce}

func sooner(a, b *alarm) bool {
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.ws < b.ws
}

// Messages to the clock.
type (
	// heard tells when a workspace is next due; the zero time: never.
	heard struct {
		at time.Time
		ws workspace.ID
	}
	// rang tells that the timer has run out.
	rang struct{}
	// ticked tells that a tick is over.
	ticked struct {
		alarm *alarm
		from  place
		err   error
	}
)

// newClock returns a clock that knows of nothing.
func newClock(s *System) *clock {
	c := &clock{sys: s, alarms: map[workspace.ID]*alarm{}}
	for p := range c.queues {
		c.queues[p] = btree.NewBTreeGOptions(sooner, btree.Options{NoLocks: true})
	}
	return c
}

// Start reads which workspaces are due, and keeps their time from now on. It is
// called once, before there is traffic.
func (s *System) Start() error {
	c := newClock(s)
	err := s.cfg.Journal.Due(func(ws workspace.ID, at time.Time) bool {
		c.hear(&heard{at, ws})
		return true
	})
	if err != nil {
		return err
	}
	pid := s.root.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return c }))
	s.clock.Store(pid)
	s.root.Root.Send(pid, &rang{}) // only now: what it ticks tells it when it is due again
	return nil
}

// due tells the clock when the workspace of v is next due, if that is news, as it
// is of an actor that was just loaded. Of most appends it is none, and a message
// for each would wake the clock for nothing.
func (s *System) due(h *handle, v *workspace.View) {
	clock := s.clock.Load()
	if clock == nil || !v.Exists() {
		return
	}
	if at := v.Due().UnixMicro(); h.told.Swap(at) != at {
		s.root.Root.Send(clock, &heard{v.Due(), v.ID()})
	}
}

// countInvoices counts what became durable.
func (s *System) countInvoices(commits []workspace.Commit) {
	for _, c := range commits {
		for _, ev := range c.Events {
			if p, ok := ev.(workspace.Posted); ok {
				if inv, ok := p.Entry.(ledger.InvoiceIssued); ok {
					s.cfg.Metrics.InvoiceIssued(inv.Invoice.IssuedAt.Sub(inv.Due))
				}
			}
		}
	}
}

// Receive implements actor.Actor.
func (c *clock) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopped:
		c.stop()
		return
	case *heard:
		if !c.hear(m) {
			return
		}
	case *ticked:
		c.ticked(m)
	case *actor.Started:
		if c.sys.clock.Load() == nil { // Start is not done
			return
		}
	case *rang:
	default:
		return
	}
	c.work(ctx)
}

func (c *clock) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

// move takes an alarm out of its queue and puts it into another.
func (c *clock) move(a *alarm, to place) {
	if a.place != ticking {
		c.queues[a.place].Delete(a)
	}
	if a.place = to; to != ticking {
		c.queues[to].Set(a)
	}
}

// hear notes when a workspace is due, and reports whether that is news.
func (c *clock) hear(m *heard) bool {
	a, known := c.alarms[m.ws]
	switch {
	case !known && m.at.IsZero():
		return false
	case !known:
		a = c.add(m.ws, m.at)
	case a.due.Equal(m.at):
		if a.place != asleep {
			return false
		}
		c.move(a, awake) // somebody has loaded it: no need to wait its turn
		return true
	case a.place == ticking: // ticked goes on with it
		a.due = m.at
		return false
	default:
		c.move(a, ticking)
		a.due, a.at, a.fails = m.at, m.at, 0
	}
	if m.at.IsZero() {
		c.drop(a)
		return false
	}
	c.move(a, coming)
	return true
}

// work starts what is due, and sets the timer for what is not.
func (c *clock) work(ctx actor.Context) {
	now := c.sys.cfg.Now()
	wait := clockPeriod
	for a, ok := c.queues[coming].Min(); ok; a, ok = c.queues[coming].Min() {
		if a.at.After(now) {
			wait = min(wait, a.at.Sub(now))
			break
		}
		to := asleep
		if _, loaded := c.sys.loaded(a.ws); loaded {
			to = awake
		}
		c.move(a, to)
	}
	for p := awake; p < places; p++ {
		for a, ok := c.queues[p].Min(); ok && c.busy[p] < atOnce[p]; a, ok = c.queues[p].Min() {
			c.begin(ctx, a)
		}
	}
	c.stop()
	self, root := ctx.Self(), ctx.ActorSystem().Root
	c.timer = time.AfterFunc(wait, func() { root.Send(self, &rang{}) })
}

// begin ticks a workspace, as its guest: one that was asleep goes to sleep again
// unless there is traffic by then.
func (c *clock) begin(ctx actor.Context, a *alarm) {
	from := a.place
	c.move(a, ticking)
	c.busy[from]++
	self, root, ws := ctx.Self(), ctx.ActorSystem().Root, a.ws
	c.sys.background(func() {
		err := c.sys.tick(ws)
		root.Send(self, &ticked{a, from, err})
	})
}

func (c *clock) ticked(m *ticked) {
	c.busy[m.from]--
	a, now := m.alarm, c.sys.cfg.Now()
	switch {
	case a.due.IsZero() || errors.Is(m.err, workspace.ErrNotFound):
		c.drop(a)
		return
	case m.err == nil && a.due.After(now):
		a.at, a.fails = a.due, 0
	default:
		// It failed, or the workspace's own clock is behind this one. Not at once
		// again, and not because the workspace is heard of while it is loaded anew.
		a.at = now.Add(min(retryAfter<<min(a.fails, 10), retryAtMost))
		a.fails++
	}
	c.move(a, coming)
}
