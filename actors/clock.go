package actors

import (
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
	// retryAfter is when a tick that failed is tried again.
	retryAfter = 5 * time.Second
)

// clock is the seat-ledger actor. protoactor runs Receive on one goroutine at
// a time.
//
// Invariant: queue holds exactly the workspaces of due that are not being
// ticked, at the instant that due names.
type clock struct {
	sys     *System
	due     map[workspace.ID]time.Time
	queue   *btree.BTreeG[appointment]
	ticking map[workspace.ID]bool
	asleep  int // ticks under way of workspaces that were not loaded
	awake   int // the others
	timer   *time.Timer
}

// An appointment is when a workspace wants to be ticked.
type appointment struct {
	at time.Time
	ws workspace.ID
}

func sooner(a, b appointment) bool {
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.ws < b.ws
}

// Messages to the clock.
type (
	// heard tells when a workspace is next due; the zero time: never.
	heard appointment
	// rang tells that the timer has run out.
	rang struct{}
	// ticked tells that a tick is over.
	ticked struct {
		ws     workspace.ID
		asleep bool
		err    error
	}
)

// Start reads which workspaces are due, and keeps their time from now on.
func (s *System) Start() error {
	c := &clock{
		sys: s, due: map[workspace.ID]time.Time{}, ticking: map[workspace.ID]bool{},
		queue: btree.NewBTreeGOptions(sooner, btree.Options{NoLocks: true}),
	}
	err := s.cfg.Journal.Due(func(ws workspace.ID, at time.Time) bool {
		c.set(ws, at)
		return true
	})
	if err != nil {
		return err
	}
	s.clock.Store(s.root.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return c })))
	return nil
}

// due tells the clock when the workspace of v is next due.
func (s *System) due(v *workspace.View) {
	if clock := s.clock.Load(); clock != nil && v.Exists() {
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
		if c.due[m.ws].Equal(m.at) {
			return
		}
		c.set(m.ws, m.at)
	case *ticked:
		c.ticked(m)
	case *actor.Started, *rang:
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

// set makes at the instant at which ws is due.
func (c *clock) set(ws workspace.ID, at time.Time) {
	if was, ok := c.due[ws]; ok {
		c.queue.Delete(appointment{was, ws})
	}
	if at.IsZero() {
		delete(c.due, ws)
		return
	}
	c.due[ws] = at
	if !c.ticking[ws] {
		c.queue.Set(appointment{at, ws})
	}
}

// work starts what is due, and sets the timer for what is not.
func (c *clock) work(ctx actor.Context) {
	now := c.sys.cfg.Now()
	wait := clockPeriod
	c.queue.Copy().Scan(func(a appointment) bool {
		if a.at.After(now) {
			wait = min(wait, a.at.Sub(now))
			return false
		}
		return c.begin(ctx, a)
	})
	c.stop()
	self, root := ctx.Self(), ctx.ActorSystem().Root
	c.timer = time.AfterFunc(wait, func() { root.Send(self, &rang{}) })
}

// begin ticks a workspace unless too many are ticked already; then the end of
// one of those goes on. It reports whether another may follow.
func (c *clock) begin(ctx actor.Context, a appointment) bool {
	_, loaded := c.sys.loaded(a.ws)
	if !loaded && c.asleep == sleepersAtOnce || loaded && c.awake == wakefulAtOnce {
		return c.asleep < sleepersAtOnce || c.awake < wakefulAtOnce
	}
	c.queue.Delete(a)
	c.ticking[a.ws] = true
	if loaded {
		c.awake++
	} else {
		c.asleep++
	}
	self, root := ctx.Self(), ctx.ActorSystem().Root
	c.sys.background(func() {
		err := c.sys.note(c.sys.life, a.ws, workspace.Tick{})
		root.Send(self, &ticked{a.ws, !loaded, err})
	})
	return true
}

func (c *clock) ticked(m *ticked) {
	delete(c.ticking, m.ws)
	if m.asleep {
		c.asleep--
	} else {
		c.awake--
	}
	at, ok := c.due[m.ws]
	if !ok {
		return
	}
	if now := c.sys.cfg.Now(); m.err != nil || !at.After(now) {
		// It failed, or the workspace's own clock is ahead of this one. Not at
		// once again.
		at = now.Add(retryAfter)
		c.due[m.ws] = at
	}
	c.queue.Set(appointment{at, m.ws})
}
