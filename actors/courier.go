package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rosterd/metrics"
	"rosterd/workspace"
)

// # Couriers
//
// A courier carries the events of one workspace to one consumer: a webhook, or
// the mail server. It reads the journal from a cursor, delivers in order, at
// least once, and acknowledges behind. It only runs while there is something
// to deliver: Views say so when they become durable (Marks), and at start-up
// the heads do. One courier never waits for another.

const (
	// giveUpAfter is how old an event may become before its message is given
	// up, after one attempt at least, and the next one goes.
	giveUpAfter = 24 * time.Hour
	// firstPause and longestPause bound the time between two attempts, which
	// doubles each time.
	firstPause   = time.Second
	longestPause = time.Hour
	// attemptTimeout bounds one attempt.
	attemptTimeout = 30 * time.Second
	// round is the most events that a courier reads, and delivers before it
	// acknowledges.
	round = 256
)

// A CourierJournal is what couriers need of storage.
type CourierJournal interface {
	// ReadLog calls fn with the events of ws after the given sequence number,
	// oldest first, until fn returns false or ctx is done.
	ReadLog(ctx context.Context, ws workspace.ID, after uint64, fn func(seq uint64, env workspace.Envelope, ev workspace.Event) bool) error
	// Cursors calls yield with every consumer and the sequence number that it
	// is done with, until it returns false.
	Cursors(yield func(ws workspace.ID, consumer string, seq uint64) bool) error
	// Acknowledge notes that a consumer is done with the events up to seq. It
	// does not wait for the disk.
	Acknowledge(ws workspace.ID, consumer string, seq uint64)
	// Heads returns up to limit heads of workspaces after a given one; a limit
	// below 1 returns all.
	Heads(after workspace.ID, limit int) ([]workspace.Head, error)
}

// A Hook is one message to an endpoint.
type Hook struct {
	ID      string // <workspace>-<seq>-<endpoint>, the same at each attempt
	URL     string
	Secrets []string // sign the message, the newest first
	At      time.Time
	Body    []byte
}

// A Deliverer carries one message. The error is an *Undelivered, or any other,
// which means: try again.
type Deliverer interface {
	Hook(ctx context.Context, h Hook) error
	// Mail sends a notice; id is the same at each attempt.
	Mail(ctx context.Context, id string, n workspace.Notice) error
	// Mails reports whether there is a mail server. Without one, notices are
	// dropped rather than kept until there is.
	Mails() bool
}

// Undelivered says why a message was not delivered.
type Undelivered struct {
	Permanent  bool          // trying again would not help
	RetryAfter time.Duration // what the other side asked for; 0: nothing
	Reason     string        // for the admin: no secrets, no queries
}

// Error implements error.
func (u *Undelivered) Error() string { return u.Reason }

// A CourierConfig configures Couriers. All but Metrics is required.
type CourierConfig struct {
	System    *System
	Journal   CourierJournal
	Deliverer Deliverer
	Now       func() time.Time
	Metrics   *metrics.Metrics // may be nil
	Log       zerolog.Logger
}

// Couriers are all couriers of the daemon. They are safe for concurrent use.
type Couriers struct {
	cfg  CourierConfig
	ctx  context.Context // ends with Stop
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	running map[route]*courier // guarded by mu
	done    map[route]uint64   // guarded by mu: cursors of couriers that do not run
	started bool               // guarded by mu: done holds what the journal says
	stopped bool               // guarded by mu
}

// A route is from where to whom.
type route struct {
	ws       workspace.ID
	consumer string
}

// A courier is one that runs. Its goroutine owns it, but for target.
type courier struct {
	all *Couriers
	route
	pos    uint64 // done with the events up to here
	target uint64 // guarded by all.mu: there is something to deliver up to here
}

// NewCouriers returns couriers that do not run yet.
func NewCouriers(cfg CourierConfig) *Couriers {
	ctx, stop := context.WithCancel(context.Background())
	return &Couriers{cfg: cfg, ctx: ctx, stop: stop, running: map[route]*courier{}, done: map[route]uint64{}}
}

// Start sends couriers after what was left undelivered. Nobody is woken who
// has nothing to deliver.
func (c *Couriers) Start() error {
	waiting := map[workspace.ID][]string{}
	err := c.cfg.Journal.Cursors(func(ws workspace.ID, consumer string, seq uint64) bool {
		c.mu.Lock()
		c.done[route{ws, consumer}] = seq
		c.mu.Unlock()
		waiting[ws] = append(waiting[ws], consumer)
		return true
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.started = true
	c.mu.Unlock()
	heads, err := c.cfg.Journal.Heads("", 0)
	for _, h := range heads {
		c.send(route{h.ID, workspace.MailConsumer}, h.Marks.Mail)
		for _, consumer := range waiting[h.ID] {
			if consumer != workspace.MailConsumer {
				c.send(route{h.ID, consumer}, h.Marks.Log)
			}
		}
	}
	return err
}

// Published sends couriers after what became durable. It does not block.
func (c *Couriers) Published(v *workspace.View) {
	marks := v.Head().Marks
	c.send(route{v.ID(), workspace.MailConsumer}, marks.Mail)
	for _, w := range v.Webhooks() {
		c.send(route{v.ID(), w.ID}, marks.Log)
	}
}

// send has a courier run until it is done with the events up to mark. Before
// the cursors are known nobody runs: a workspace that is ticked meanwhile would
// have everything delivered once more. Its head is read after that.
func (c *Couriers) send(r route, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if run, ok := c.running[r]; ok {
		run.target = max(run.target, mark)
		return
	}
	if !c.started || c.stopped || mark <= c.done[r] {
		return
	}
	run := &courier{all: c, route: r, pos: c.done[r], target: mark}
	c.running[r] = run
	c.work.Go(run.run)
}

// Stop ends all couriers. What they had under way is delivered again after the
// next start.
func (c *Couriers) Stop() {
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.stop()
	c.work.Wait()
}

// over ends r if there is nothing left to do.
func (r *courier) over(always bool) bool {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if !always && r.pos < r.target {
		return false
	}
	delete(r.all.running, r.route)
	r.all.done[r.route] = r.pos
	return true
}

func (r *courier) run() {
	for !r.over(r.all.ctx.Err() != nil) {
		before := r.pos
		err := r.round()
		if r.pos > before {
			r.all.cfg.Journal.Acknowledge(r.ws, r.consumer, r.pos)
		}
		if err != nil && r.all.ctx.Err() == nil {
			r.all.cfg.Log.Warn().Err(err).Str("workspace", string(r.ws)).Str("consumer", r.consumer).Msg("a courier waits")
			r.pause(r.all.ctx, firstPause)
		}
	}
}

// A parcel is one event on its way.
type parcel struct {
	seq uint64
	env workspace.Envelope
	ev  workspace.Event
}

// round reads some events and delivers those that the consumer wants.
func (r *courier) round() error {
	var parcels []parcel
	last := r.pos
	err := r.all.cfg.Journal.ReadLog(r.all.ctx, r.ws, r.pos, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		last = seq
		parcels = append(parcels, parcel{seq, env, ev})
		return len(parcels) < round
	})
	if err != nil {
		return err
	}
	for _, p := range parcels {
		if err := r.carry(p); err != nil {
			return err
		}
		r.pos = p.seq
	}
	if r.pos = max(r.pos, last); len(parcels) == 0 {
		r.all.mu.Lock()
		r.pos = r.target // the events up to there have passed their retention
		r.all.mu.Unlock()
	}
	return nil
}

// carry delivers one event, or gives it up. The error means that neither is
// so.
func (r *courier) carry(p parcel) error {
	for attempt := 0; ; attempt++ {
		err := r.attempt(p)
		var u *Undelivered
		switch {
		case err == nil:
			return nil
		case r.all.ctx.Err() != nil:
			return r.all.ctx.Err()
		case errors.As(err, &u) && u.Permanent || r.all.cfg.Now().Sub(p.env.At) >= giveUpAfter:
			return r.bury(p, err)
		}
		r.count("failed")
		wait := firstPause << min(attempt, 12)
		if u != nil {
			wait = max(wait, u.RetryAfter)
		}
		wait = min(wait, longestPause)
		r.pause(r.all.ctx, wait/2+rand.N(wait/2+1)) // jitter: those that failed together do not come back together
	}
}

// bury makes p a dead letter.
func (r *courier) bury(p parcel, why error) error {
	r.count("dead")
	return r.note(workspace.NoteDead{Consumer: r.consumer, Seq: p.seq, Detail: why.Error()})
}

// note runs a command of the courier's own.
func (r *courier) note(cmd workspace.Command) error {
	ctx, cancel := context.WithTimeout(r.all.ctx, attemptTimeout)
	defer cancel()
	_, _, err := r.all.cfg.System.Do(ctx, r.ws, workspace.Envelope{Actor: workspace.ActorSystem}, cmd)
	return err
}

func (r *courier) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// kind is what metrics call the consumer.
func (r *courier) kind() string {
	if r.consumer == workspace.MailConsumer {
		return "mail"
	}
	return "webhook"
}

func (r *courier) count(outcome string) { r.all.cfg.Metrics.Delivery(r.kind(), outcome) }
