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
// the heads do. One courier never waits for another, but for its turn to read
// the journal and to load a sleeping workspace (guest.go), and mails take turns
// at their one server.

const (
	// giveUpAfter is how old an event may become before its message is given
	// up and the next one goes.
	giveUpAfter = 24 * time.Hour
	// leastTries is how often in a row a consumer must have failed before
	// anything is given up for its age: whoever was down for a day beside this
	// daemon gets a quarter of an hour to come back.
	leastTries = 10
	// firstPause and longestPause bound the time between two attempts, which
	// doubles each time.
	firstPause   = time.Second
	longestPause = time.Hour
	// troublePause is the longest time between two attempts if this daemon is
	// what fails.
	troublePause = time.Minute
	// attemptTimeout bounds one attempt. It is longer than what transports
	// allow, some of which wait for a mail server that scans what it takes.
	attemptTimeout = 90 * time.Second
	// ackPeriod is how long deliveries may go without being acknowledged.
	ackPeriod = time.Second
	// mailsAtOnce bounds the mails under way: all workspaces have one server.
	mailsAtOnce = 8
	// readsAtOnce bounds the reads of the journal. Thousands of couriers start
	// together when thousands of billing periods end.
	readsAtOnce = 8
	// fewest and most bound the events that a courier reads at once. It begins
	// with few, so that thousands that wait hold little.
	fewest = 16
	most   = 256
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
	// does not wait for the disk. A webhook that was deleted meanwhile, which
	// whoever acknowledges cannot know, gets no cursor back.
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
// which means: try again. Its text becomes that of a dead letter, which admins
// read.
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
	cfg     CourierConfig
	ctx     context.Context // ends with Stop
	stop    context.CancelFunc
	work    sync.WaitGroup
	reading chan struct{} // one token per read of the journal
	mailing chan struct{} // one token per mail under way

	mu        sync.Mutex
	running   map[workspace.ID]map[string]*courier // guarded by mu; by consumer
	done      map[route]uint64                     // guarded by mu: cursors of couriers that do not run
	replaying map[route]bool                       // guarded by mu
	started   bool                                 // guarded by mu: done holds the cursors of the journal
	stopped   bool                                 // guarded by mu
}

// A route is from where to whom.
type route struct {
	ws       workspace.ID
	consumer string
}

// A courier is one that runs. Its goroutine owns it, but for what is guarded.
type courier struct {
	all *Couriers
	route
	ctx     context.Context // ends with Stop, or with the endpoint
	cancel  context.CancelFunc
	pos     uint64 // done with the events up to here
	acked   uint64 // what the journal knows of pos
	ackedAt time.Time
	tries   int // attempts in a row that the consumer failed
	trouble int // rounds in a row that this daemon failed
	size    int // how many events to read at once

	target uint64             // guarded by all.mu: there is something to deliver up to here
	hook   *workspace.Webhook // guarded by all.mu: as it stands; nil: not known yet
	gone   bool               // guarded by all.mu: the endpoint was deleted
}

// NewCouriers returns couriers that do not run yet.
func NewCouriers(cfg CourierConfig) *Couriers {
	ctx, stop := context.WithCancel(context.Background())
	return &Couriers{
		cfg: cfg, ctx: ctx, stop: stop, reading: make(chan struct{}, readsAtOnce), mailing: make(chan struct{}, mailsAtOnce),
		running: map[workspace.ID]map[string]*courier{}, done: map[route]uint64{}, replaying: map[route]bool{},
	}
}

// Start sends couriers after what was left undelivered. Nobody is woken who
// has nothing to deliver. Until then no courier runs: without the cursors of
// the journal it would deliver everything anew.
func (c *Couriers) Start() error {
	waiting := map[workspace.ID][]string{}
	done := map[route]uint64{}
	err := c.cfg.Journal.Cursors(func(ws workspace.ID, consumer string, seq uint64) bool {
		done[route{ws, consumer}] = seq
		if consumer != workspace.MailConsumer {
			waiting[ws] = append(waiting[ws], consumer)
		}
		return true
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.done, c.started = done, true
	c.mu.Unlock()
	// What became durable before started was set is in these heads.
	heads, err := c.cfg.Journal.Heads("", 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range heads {
		c.send(route{h.ID, workspace.MailConsumer}, h.Marks.Mail, nil)
		for _, consumer := range waiting[h.ID] {
			c.send(route{h.ID, consumer}, h.Marks.Log, nil)
		}
	}
	return err
}

// Published sends couriers after what became durable. It does not block.
func (c *Couriers) Published(v *workspace.View) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started || c.stopped {
		return
	}
	marks := v.Marks()
	c.send(route{v.ID(), workspace.MailConsumer}, marks.Mail, nil)
	for _, w := range v.Webhooks() {
		c.send(route{v.ID(), w.ID}, marks.Log, w)
	}
	for consumer, run := range c.running[v.ID()] {
		if _, ok := v.Webhook(consumer); !ok && consumer != workspace.MailConsumer {
			run.end()
		}
	}
}

// send has a courier run until it is done with the events up to mark. An
// endpoint hears of nothing from before it was there. c.mu is held.
func (c *Couriers) send(r route, mark uint64, hook *workspace.Webhook) {
	if run, ok := c.running[r.ws][r.consumer]; ok {
		run.target = max(run.target, mark)
		if hook != nil {
			run.hook = hook
		}
		return
	}
	pos := c.done[r]
	if hook != nil {
		pos = max(pos, hook.Since)
	}
	if c.stopped || mark <= pos {
		return
	}
	run := c.courier(c.ctx, r)
	run.pos, run.acked, run.target, run.hook = pos, pos, mark, hook
	if c.running[r.ws] == nil {
		c.running[r.ws] = map[string]*courier{}
	}
	c.running[r.ws][r.consumer] = run
	c.work.Go(run.run)
}

func (c *Couriers) courier(ctx context.Context, r route) *courier {
	ctx, cancel := context.WithCancel(ctx)
	return &courier{all: c, route: r, ctx: ctx, cancel: cancel, size: fewest, ackedAt: time.Now()}
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

// end has the courier of an endpoint that was deleted end. all.mu is held.
func (r *courier) end() {
	r.gone = true
	r.cancel()
}

// over ends r if there is nothing left to do, or no more to be done. A mark
// that comes after it starts another courier.
func (r *courier) over() bool {
	c := r.all
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.ctx.Err() == nil && r.pos < r.target {
		return false
	}
	delete(c.running[r.ws], r.consumer)
	if len(c.running[r.ws]) == 0 {
		delete(c.running, r.ws)
	}
	if c.done[r.route] = r.pos; r.gone {
		delete(c.done, r.route)
	}
	return true
}

func (r *courier) run() {
	defer r.cancel()
	for !r.over() {
		err := r.round()
		r.acknowledge()
		if err != nil && r.ctx.Err() == nil {
			r.rest(err)
		}
	}
}

// acknowledge tells the journal how far r is.
func (r *courier) acknowledge() {
	if r.pos > r.acked {
		r.all.cfg.Journal.Acknowledge(r.ws, r.consumer, r.pos)
	}
	r.acked, r.ackedAt = r.pos, time.Now()
}

// rest pauses after a round that failed, the longer the more failed.
func (r *courier) rest(err error) {
	var u *Undelivered
	if !errors.As(err, &u) {
		r.all.cfg.Log.Warn().Err(err).Str("workspace", string(r.ws)).Str("consumer", r.consumer).Msg("a courier waits")
		r.trouble++
		r.pause(min(backOff(r.trouble), troublePause))
		return
	}
	r.trouble = 0
	r.pause(max(backOff(r.tries), min(u.RetryAfter, longestPause)))
}

// backOff returns how long to wait after so many failures in a row. Half of it
// is left to chance: those that failed together do not come back together.
func backOff(failures int) time.Duration {
	d := min(firstPause<<min(failures-1, 12), longestPause)
	return d/2 + rand.N(d/2+1)
}

func (r *courier) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// take takes a token of a channel that bounds something, and returns how to
// give it back.
func (r *courier) take(tokens chan struct{}) (giveBack func(), err error) {
	select {
	case tokens <- struct{}{}:
		return func() { <-tokens }, nil
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
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
