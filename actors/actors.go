// Package actors runs one actor per workspace. It is the only package that
// knows protoactor.
//
// # The write path
//
// A caller's goroutine sends a request that carries its own reply channel. The
// workspace's actor (shell.go) decides requests one at a time against the
// newest state and folds their events in at once; it does not wait for the
// disk. What it decides while an append is in flight is gathered into the next
// one, so a busy workspace makes few and large appends, and one View per
// append rather than per write.
//
// The journal says when an append is durable. Only then, and in this order,
// the View that holds it is published and its replies leave; so whoever has a
// reply finds the write in the next read, and nobody ever reads what a crash
// could take back. A refusal was decided on the same state, and waits as well.
//
// Serial: deciding within a workspace, publishing within a workspace.
// Concurrent: workspaces with each other; readers, who use the published View
// and never enter a mailbox; snapshots.
//
// After an append fails, everything decided on top of it fails too. The actor
// waits until no append is in flight and loads its state anew.
package actors

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"rosterd/ledger"
	"rosterd/metrics"
	"rosterd/workspace"
)

// A Journal is what an actor needs of storage.
type Journal interface {
	// Append makes a durable and calls a.Done once, in the order of appends of
	// a workspace, but for ErrUnavailable. It must not block. Done hears workspace.ErrFence if a does
	// not follow what is durable, ErrReadOnly, ErrTooLarge, or any other error
	// if storage has failed for good.
	Append(a workspace.Append)
	// Load returns the durable state of a workspace; one that was never
	// written does not exist.
	Load(ws workspace.ID) (*workspace.State, error)
	// Snapshot writes a snapshot of v, which is durable, and calls done once.
	// It must not block.
	Snapshot(v *workspace.View, done func(error))
	// Due calls yield with every workspace that wants a tick and when, in due
	// order, until it returns false.
	Due(yield func(workspace.ID, time.Time) bool) error
}

// A Config configures a System.
type Config struct {
	Journal       Journal
	Now           func() time.Time
	Idle          time.Duration // without traffic for so long, a workspace is stopped
	PerWorkspace  int           // the most commands of one workspace in flight
	Total         int           // the most commands in flight
	SnapshotEvery int           // the fewest events between two snapshots of a workspace that goes on
	Window        time.Duration // how long a window of bookings stays open
	Seller        ledger.Seller // issues invoices
	// Gaps names what an e-invoice lacks; see workspace.Host.
	Gaps func(ledger.Seller, ledger.Buyer, ledger.Tax) []string
	// Published, if set, hears of every View that becomes durable. It must not
	// block.
	Published func(*workspace.View)
	// Entropy returns random bytes for an id; nil means crypto/rand.
	Entropy func() [10]byte
	Metrics *metrics.Metrics // may be nil
	Log     zerolog.Logger
}

func (c Config) validate() error {
	switch {
	case c.Journal == nil:
		return errors.New("actors: Config.Journal is not set")
	case c.Now == nil:
		return errors.New("actors: Config.Now is not set")
	case c.Idle <= 0:
		return errors.New("actors: Config.Idle must be positive")
	case c.PerWorkspace <= 0:
		return errors.New("actors: Config.PerWorkspace must be positive")
	case c.Total <= 0:
		return errors.New("actors: Config.Total must be positive")
	case c.SnapshotEvery <= 0:
		return errors.New("actors: Config.SnapshotEvery must be positive")
	case c.Window <= 0:
		return errors.New("actors: Config.Window must be positive")
	case c.Gaps == nil:
		return errors.New("actors: Config.Gaps is not set")
	}
	return nil
}

// A System routes commands to the actors of workspaces. It is safe for
// concurrent use.
type System struct {
	cfg      Config
	root     *actor.ActorSystem
	workers  workers
	inFlight atomic.Int64
	down     sync.Once                 // shuts protoactor down
	clock    atomic.Pointer[actor.PID] // the seat-ledger actor; nil before Start
	beds     chan struct{}             // one token per workspace that is loaded for guests
	spare    chan struct{}             // one token per workspace that is loaded for couriers; taken first
	work     sync.WaitGroup            // ticks, and the unloading after guests
	life     context.Context
	end      context.CancelFunc // of life, by Stop

	readers *directory // what live holds

	mu       sync.Mutex
	live     map[workspace.ID]*handle // guarded by mu
	stays    map[workspace.ID]*stay   // guarded by mu
	stopping bool                     // guarded by mu; nothing is added to work any more
}

// A handle is how the System reaches one running actor. Sending to a stopped
// actor is silent, so senders also watch gone.
type handle struct {
	pid      *actor.PID
	ready    chan struct{} // closed, by once, when the state is loaded or could not be
	once     sync.Once
	gone     chan struct{} // closed when the actor has stopped for good
	view     atomic.Pointer[workspace.View]
	news     atomic.Pointer[chan struct{}] // closed at the next publication, if somebody waits
	inFlight atomic.Int64
	used     atomic.Int64 // UnixNano of the newest command or read
	told     atomic.Int64 // UnixMicro of when the clock heard last that it is due; 0: it has not heard of it
}

// touch notes traffic, to a hundredth of a second: writing the same word for
// each read would have the cores wait for each other.
func (h *handle) touch() {
	if now := time.Now().UnixNano(); now-h.used.Load() > int64(10*time.Millisecond) {
		h.used.Store(now)
	}
}

// tell wakes those who wait for news.
func (h *handle) tell() {
	if news := h.news.Swap(nil); news != nil {
		close(*news)
	}
}

// next returns a channel that is closed at the next publication.
func (h *handle) next() <-chan struct{} {
	for {
		if news := h.news.Load(); news != nil {
			return *news
		}
		fresh := make(chan struct{})
		if h.news.CompareAndSwap(nil, &fresh) {
			return fresh
		}
	}
}

// New returns a System without actors.
func New(cfg Config) (*System, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Entropy == nil {
		cfg.Entropy = randomBytes
	}
	life, end := context.WithCancel(context.Background())
	return &System{
		cfg: cfg, root: newRoot(), workers: newWorkers(), beds: make(chan struct{}, sleepersAtOnce),
		spare: make(chan struct{}, deferrableAtOnce), life: life, end: end,
		readers: newDirectory(), live: map[workspace.ID]*handle{}, stays: map[workspace.ID]*stay{},
	}, nil
}

// registryMaps is how many maps protoactor is to find actors in. Each has 32
// parts of its own, and each part that ever held an actor keeps room for eight:
// its 1,024 maps were 12 MB after ten thousand workspaces had come and gone.
const registryMaps = 4

// newRoot returns protoactor's side of a System. What is registered already, for
// messages to nobody and for events, moves into the maps that stay.
func newRoot() *actor.ActorSystem {
	root := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	registry := root.ProcessRegistry.LocalPIDs
	all := registry.LocalPIDs
	registry.LocalPIDs = slices.Clone(all[:registryMaps])
	for _, m := range all {
		if m.Count() == 0 {
			continue
		}
		for id, process := range m.Items() {
			registry.GetBucket(id).Set(id, process)
		}
	}
	return root
}

func randomBytes() (b [10]byte) {
	rand.Read(b[:]) // never fails (crypto/rand)
	return b
}

// Do runs cmd on ws and returns once its outcome is durable, with the View
// that shows it. env.At is set by the actor. The error refuses cmd
// (workspace.Refused), or is
//
//   - workspace.ErrNotFound: ws does not exist, and cmd does not create it;
//   - workspace.ErrBusy: too many commands are in flight, and nothing happened;
//   - workspace.ErrReadOnly, workspace.ErrTooLarge: nothing happened;
//   - workspace.ErrUnavailable, or ctx's error: cmd may have taken effect.
func (s *System) Do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error) {
	r := s.run(ctx, ws, env, cmd, true)
	return r.res, r.view, r.err
}

// run is Do. A guest's command is no traffic.
func (s *System) run(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command, traffic bool) reply {
	began := time.Now()
	r := s.do(ctx, ws, env, cmd, traffic)
	s.cfg.Metrics.Command(reflect.TypeOf(cmd).Name(), outcome(r.err), time.Since(began))
	return r
}

func outcome(err error) metrics.Outcome {
	switch {
	case err == nil:
		return metrics.Done
	case workspace.Refused(err):
		return metrics.Refused
	}
	return metrics.Failed
}

func (s *System) do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command, traffic bool) reply {
	if s.inFlight.Add(1) > int64(s.cfg.Total) {
		s.inFlight.Add(-1)
		s.cfg.Metrics.Rejection(metrics.CommandsTotal)
		return reply{err: workspace.ErrBusy}
	}
	s.cfg.Metrics.InFlight(1)
	defer func() {
		s.inFlight.Add(-1)
		s.cfg.Metrics.InFlight(-1)
	}()
	for range 2 {
		h, err := s.handle(ws, traffic)
		if err != nil {
			return reply{err: err}
		}
		r, sent := s.send(ctx, h, env, cmd)
		if sent {
			return r
		}
	}
	return reply{err: workspace.ErrUnavailable}
}

// send runs cmd on one actor. It reports false if the actor stopped, which it
// only does while idle, before it saw cmd.
func (s *System) send(ctx context.Context, h *handle, env workspace.Envelope, cmd workspace.Command) (reply, bool) {
	if h.inFlight.Add(1) > int64(s.cfg.PerWorkspace) {
		h.inFlight.Add(-1)
		s.cfg.Metrics.Rejection(metrics.CommandsPerWorkspace)
		return reply{err: workspace.ErrBusy}, true
	}
	defer h.inFlight.Add(-1)
	m := &request{env: env, cmd: cmd, reply: make(chan reply, 1), sent: time.Now()}
	s.root.Root.Send(h.pid, m)
	select {
	case r := <-m.reply:
		return r, true
	case <-ctx.Done():
		return reply{err: ctx.Err()}, true
	case <-h.gone:
	}
	select {
	case r := <-m.reply:
		return r, true
	default:
		return reply{}, false
	}
}

// View returns the newest durable View of ws, loading it if it sleeps. Reading
// counts as traffic. The error is workspace.ErrNotFound, ErrUnavailable, or
// ctx's.
func (s *System) View(ctx context.Context, ws workspace.ID) (*workspace.View, error) {
	h, err := s.handle(ws, true)
	if err != nil {
		return nil, err
	}
	return h.durable(ctx)
}

// durable returns the newest durable View; see System.View.
func (h *handle) durable(ctx context.Context) (*workspace.View, error) {
	select {
	case <-h.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	v := h.view.Load()
	switch {
	case v == nil:
		return nil, workspace.ErrUnavailable
	case !v.Exists():
		return nil, workspace.ErrNotFound
	}
	return v, nil
}

// Watch returns what View does, and a channel that is closed when there is a
// newer View, or when the actor has stopped: then Watch again.
func (s *System) Watch(ctx context.Context, ws workspace.ID) (*workspace.View, <-chan struct{}, error) {
	h, err := s.handle(ws, true)
	if err != nil {
		return nil, nil, err
	}
	news := h.next()
	v, err := h.durable(ctx)
	return v, news, err
}

// handle returns the actor of ws. This is the only place that spawns one. One
// that has had no traffic is unloaded when its guests leave, so traffic shows
// before anybody can look for it in vain.
func (s *System) handle(ws workspace.ID, traffic bool) (*handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.live[ws]; ok {
		if traffic {
			h.touch()
		}
		return h, nil
	}
	if s.stopping {
		return nil, workspace.ErrUnavailable
	}
	h := &handle{ready: make(chan struct{}), gone: make(chan struct{})}
	if traffic {
		h.touch()
	}
	h.pid = s.root.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		return &shell{ws: ws, sys: s, h: h, log: s.cfg.Log.With().Str("workspace", string(ws)).Logger()}
	}, actor.WithDispatcher(s.workers)))
	s.live[ws] = h
	s.readers.set(ws, h)
	return h, nil
}

func (s *System) forget(ws workspace.ID, h *handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, ws)
	s.readers.set(ws, nil)
	close(h.gone)
	h.tell()
}

// loaded returns the actor of ws if it runs.
func (s *System) loaded(ws workspace.ID) (*handle, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.live[ws]
	return h, ok
}

// published tells the world of a View that became durable.
func (s *System) published(h *handle, v *workspace.View) {
	h.view.Store(v)
	h.tell()
	s.due(h, v)
	if s.cfg.Published != nil {
		s.cfg.Published(v)
	}
}

// Loaded returns the number of workspaces in memory.
func (s *System) Loaded() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// Stop lets every actor finish what it was sent, snapshots what would take long
// to replay, and stops them. No actor is started any more. It returns ctx's error if that
// takes too long; what is acknowledged is durable all the same.
func (s *System) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	handles := slices.Collect(maps.Values(s.live))
	s.mu.Unlock()
	s.end()
	if clock := s.clock.Load(); clock != nil {
		s.root.Root.Stop(clock)
	}
	for _, h := range handles {
		s.root.Root.Send(h.pid, &halt{})
	}
	for _, h := range handles {
		select {
		case <-h.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.work.Wait() // briefly: no actor is left to wait for
	s.down.Do(s.root.Shutdown)
	return nil
}

// A request is one command on its way to an actor.
type request struct {
	env   workspace.Envelope
	cmd   workspace.Command
	reply chan reply // capacity 1
	sent  time.Time

	parted bool // a bulk that more than one append holds; the actor's
}

// answer delivers r unless the request has an answer. It never blocks, so that
// neither an actor nor the journal is held up by a caller who has left.
func (m *request) answer(r reply) {
	select {
	case m.reply <- r:
	default:
	}
}

type reply struct {
	res  workspace.Result
	view *workspace.View
	err  error
}
