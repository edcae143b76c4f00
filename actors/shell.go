package actors

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"rosterd/workspace"
)

// shell is the actor of one workspace. protoactor runs Receive on one
// goroutine at a time, so its fields need no lock. It decides nothing.
//
// Invariants:
//   - state holds every durable event, and those of appends in flight and of
//     batch, unless broken;
//   - a reply leaves only when every event its command could have seen is
//     durable;
//   - while broken, state is a lie: nothing is decided on it, and it is loaded
//     anew once no append is in flight.
type shell struct {
	ws  workspace.ID
	sys *System
	h   *handle
	log zerolog.Logger

	state  *workspace.State
	last   workspace.ResourceID // the newest id that was minted
	batch  batch
	flying int        // appends in flight, or landed and not settled
	broken bool       // see above
	waits  []*request // what came while broken

	landings landings

	snapSeq  uint64  // events in the newest snapshot, or when one failed
	snapping bool    // a snapshot is being written
	halting  bool    // stop when nothing is left to do
	hasty    *unload // the same, without a snapshot, unless there is traffic by then
	timer    *time.Timer
}

// Messages that an actor sends to itself.
type (
	// failed tells that an append failed.
	failed struct{ err error }
	// landed tells an actor that waits for it that an append is durable.
	landed struct{}
	// snapped tells that a snapshot of seq events was written, or failed.
	snapped struct {
		seq uint64
		err error
	}
	// idle asks whether there has been no traffic for long.
	idle struct{}
	// halt asks to finish and stop.
	halt struct{}
	// unload asks to stop if there was no traffic since the actor was spawned.
	// If it stays, it closes kept.
	unload struct{ kept chan struct{} }
)

// Receive implements actor.Actor.
func (s *shell) Receive(c actor.Context) {
	s.settleLanded(c)
	s.receive(c)
	s.conclude(c)
	for s.waiting() && !s.landings.await() {
		s.settleLanded(c)
		s.conclude(c)
	}
}

func (s *shell) receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		s.load()
		s.h.once.Do(func() { close(s.h.ready) }) // protoactor restarts after a panic
		s.arm(c, s.sys.cfg.Idle)
	case *actor.Stopped:
		if s.timer != nil {
			s.timer.Stop()
		}
		s.sys.forget(s.ws, s.h)
	case *request:
		s.sys.cfg.Metrics.MailboxWait(time.Since(m.sent))
		s.decide(c, m)
	case *failed:
		s.settle(c, m.err)
	case *snapped:
		s.snapped(m)
	case *idle:
		s.rest(c)
	case *halt:
		s.halting = true
	case *unload:
		s.hasty = m
	}
}

// conclude stops the actor if that is asked for.
func (s *shell) conclude(c actor.Context) {
	s.reconsider()
	if s.halting || s.hasty != nil {
		s.finish(c)
	}
}

// waiting reports whether there is something to do as soon as what is in flight
// has landed. Else it is settled before the next message.
func (s *shell) waiting() bool {
	return s.flying > 0 && (len(s.batch.replies) > 0 || s.broken || s.halting || s.hasty != nil ||
		!s.snapping && s.longSince(s.state.Seq()))
}

// reconsider stays if there is traffic by now. What is on its way already would
// find nobody, and load the workspace once more.
func (s *shell) reconsider() {
	if s.hasty != nil && (s.h.used.Load() != 0 || s.h.inFlight.Load() > 0) {
		close(s.hasty.kept)
		s.hasty = nil
	}
}

// load makes state what the journal holds. Storage that cannot be read has
// failed for good; whoever asks gets ErrUnavailable until the process ends.
func (s *shell) load() {
	defer func() {
		if p := recover(); p != nil {
			s.state = nil
			s.log.Error().Str("panic", fmt.Sprint(p)).Msg("the journal of a workspace cannot be replayed")
		}
	}()
	s.broken = false
	st, err := s.sys.cfg.Journal.Load(s.ws)
	if err != nil {
		s.state = nil
		s.log.Error().Err(err).Msg("a workspace cannot be loaded")
		return
	}
	s.state, s.snapSeq = st, st.Covered()
	s.sys.published(s.h, st.View())
}

// decide runs one request against the newest state.
func (s *shell) decide(c actor.Context, m *request) {
	switch {
	case s.broken:
		s.waits = append(s.waits, m)
		return
	case s.state == nil:
		m.answer(reply{err: workspace.ErrUnavailable})
		return
	}
	if _, birth := m.cmd.(workspace.CreateWorkspace); !birth && !s.state.Exists() {
		m.answer(reply{err: workspace.ErrNotFound})
		return
	}
	commits, res, err, ok := s.execute(c, m)
	if !ok {
		m.answer(reply{err: workspace.ErrUnavailable})
		s.broken = true
		s.abandon(workspace.ErrUnavailable)
		s.reload(c)
		return
	}
	s.batch.add(m, commits, reply{res: res, err: err})
	if s.flying == 0 || s.batch.weight > maxBatch {
		s.flush(c)
	}
}

// execute calls the state machine. A panic is a violated assertion: the state
// cannot be trusted any more. The commits of a bulk are in batch already.
func (s *shell) execute(c actor.Context, m *request) (commits []workspace.Commit, res workspace.Result, err error, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error().Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("a command panicked; the workspace is loaded anew")
		}
	}()
	m.env.At = s.sys.cfg.Now()
	host := workspace.Host{Mint: s.mint, Window: s.sys.cfg.Window, Seller: s.sys.cfg.Seller, Gaps: s.sys.cfg.Gaps}
	if bulk, ok := m.cmd.(workspace.Bulk); ok {
		res = s.state.ExecuteBulk(bulk, m.env, host, func(next workspace.Commit) bool { return s.gather(c, m, next) })
		return nil, res, nil, true
	}
	commits, res, err = s.state.Execute(m.cmd, m.env, host)
	return commits, res, err, true
}

// gather takes a commit of a bulk into the batch before it is applied, or
// refuses one that no append holds. A batch that it would make too large for the
// journal is handed over first; the bulk is answered with the last one.
func (s *shell) gather(c actor.Context, m *request, next workspace.Commit) bool {
	w, largest := next.Weight()
	if (w > maxAppend || largest > maxEvent) && next.Actor != workspace.ActorSystem { // what is due cannot be refused
		return false
	}
	if s.batch.weight+w > maxAppend && len(s.batch.commits) > 0 {
		s.flush(c)
		m.parted = true
	}
	s.batch.gather(next)
	return true
}

// mint returns the next id.
func (s *shell) mint() workspace.ResourceID {
	if last := s.state.LastID(); string(last[:]) > string(s.last[:]) {
		s.last = last
	}
	s.last = workspace.NextResourceID(s.last, s.sys.cfg.Now(), s.sys.cfg.Entropy())
	return s.last
}

// flush hands the batch to the journal. A batch without events has nothing to
// make durable: it may leave if nothing is in flight, and waits otherwise.
func (s *shell) flush(c actor.Context) {
	b := s.batch
	if len(b.commits) == 0 {
		if s.flying == 0 {
			s.batch = batch{}
			b.answer(s.h.view.Load(), nil)
		}
		return
	}
	s.batch = batch{expected: min(len(b.commits), mostExpected)}
	s.flying++
	view := s.state.View()
	self, root := c.Self(), c.ActorSystem().Root
	s.sys.cfg.Journal.Append(workspace.Append{
		Workspace: s.ws, After: view.Seq() - uint64(b.events), Commits: b.commits, Head: view.Head(),
		Done: func(err error) {
			if err == nil {
				s.sys.published(s.h, view)
				s.sys.countInvoices(b.commits)
			}
			b.answer(view, err)
			switch {
			case err != nil:
				root.Send(self, &failed{err})
			case s.landings.add():
				root.Send(self, &landed{})
			}
		},
	})
}

// settleLanded goes on after the appends that are durable by now.
func (s *shell) settleLanded(c actor.Context) {
	for range s.landings.take() {
		s.settle(c, nil)
	}
}

// settle goes on after an append. After a failed one, everything that was
// decided on top of it fails as well.
func (s *shell) settle(c actor.Context, err error) {
	s.flying--
	if err != nil && !s.broken {
		s.log.Warn().Err(err).Msg("an append failed; the workspace is loaded anew")
		s.broken = true
	}
	if s.broken {
		s.abandon(workspace.ErrUnavailable)
		s.reload(c)
		return
	}
	if s.flying == 0 {
		s.flush(c)
	}
	s.maybeSnapshot(c)
}

// abandon answers what was decided and not handed over.
func (s *shell) abandon(err error) {
	s.batch.answer(nil, err)
	s.batch = batch{}
}

// reload loads the state anew once no append is in flight, and decides what
// came meanwhile.
func (s *shell) reload(c actor.Context) {
	if s.flying > 0 {
		return
	}
	s.load()
	waits := s.waits
	s.waits = nil
	for _, m := range waits {
		s.decide(c, m)
	}
}

// maybeSnapshot snapshots what is published when enough has happened since the
// last time: replaying must stay short, and so must writing snapshots.
func (s *shell) maybeSnapshot(c actor.Context) {
	if v := s.h.view.Load(); s.longSince(v.Seq()) {
		s.snapshot(c, v)
	}
}

// longSince reports whether a snapshot of so many events is worth while.
func (s *shell) longSince(seq uint64) bool {
	return seq-s.snapSeq >= uint64(max(s.sys.cfg.SnapshotEvery, s.h.view.Load().Resources()))
}

// A workspace that stops leaves some events to be replayed: that takes
// milliseconds, less than to write and to read a snapshot. Where thousands of
// workspaces fall asleep at a time, those that wait for their snapshot are still
// in memory (docs/adr/0024-few-events-are-replayed.md).
const (
	replayedLeast = 250  // events
	replayedEach  = 4    // events for each resource, in a workspace of few
	replayedMost  = 1000 // events, or a tenth of the resources of a large workspace
)

// replayable returns how many events a workspace of so many resources may leave.
func replayable(resources int) uint64 {
	return uint64(max(replayedLeast, min(replayedEach*resources, replayedMost), resources/10))
}

// longToReplay reports whether it is worth a snapshot that whoever loads the
// workspace next has less to replay.
func (s *shell) longToReplay() bool {
	return s.state.Seq()-s.snapSeq > replayable(s.h.view.Load().Resources())
}

func (s *shell) snapshot(c actor.Context, v *workspace.View) {
	if s.snapping {
		return
	}
	s.snapping = true
	self, root := c.Self(), c.ActorSystem().Root
	s.sys.cfg.Journal.Snapshot(v, func(err error) { root.Send(self, &snapped{v.Seq(), err}) })
}

func (s *shell) snapped(m *snapped) {
	s.snapping = false
	if m.err != nil {
		s.log.Warn().Err(m.err).Msg("no snapshot; it is tried again later")
	}
	// Also after a failure: trying again at once would not help.
	s.snapSeq = max(s.snapSeq, m.seq)
}

// rest stops the actor if there was no traffic for long. What does not exist
// is given no time at all.
func (s *shell) rest(c actor.Context) {
	quiet := time.Duration(time.Now().UnixNano() - s.h.used.Load())
	exists := s.state != nil && s.state.Exists()
	if exists && quiet < s.sys.cfg.Idle {
		s.arm(c, s.sys.cfg.Idle-quiet)
		return
	}
	if s.h.inFlight.Load() > 0 {
		s.arm(c, time.Second)
		return
	}
	s.halting = true
}

// finish stops the actor once nothing is left to do. Requests that reach its
// mailbox after that are sent anew by their senders, who watch gone.
func (s *shell) finish(c actor.Context) {
	switch {
	case s.flying > 0 || s.broken || s.snapping:
		return
	case s.hasty == nil && s.state != nil && s.state.Exists() && s.longToReplay():
		s.snapshot(c, s.h.view.Load())
		return
	}
	c.Stop(c.Self())
}

func (s *shell) arm(c actor.Context, after time.Duration) {
	if s.state == nil || !s.state.Exists() {
		after = min(after, time.Second)
	}
	self, root := c.Self(), c.ActorSystem().Root
	s.timer = time.AfterFunc(after, func() { root.Send(self, &idle{}) })
}

// maxBatch bounds what is gathered into one append, in bytes as Commit.Weight guesses
// them. It is far below what the journal takes. An append that is too large
// anyway has a large command in it: that one is refused, if it may be too large
// by itself, and otherwise fits when it is sent again.
const maxBatch = 1 << 20

// maxAppend bounds an append that holds a part of a bulk, as Commit.Weight guesses it:
// the journal takes a little more at once. A bulk is in as few appends as may
// be, and in none that fails with what others have in it.
const maxAppend = 2 << 20

// maxEvent bounds an event of a bulk, as Commit.Weight guesses it: the journal
// takes a little more.
const maxEvent = 15 << 16

// mostExpected bounds for how many commits there is room before they come.
const mostExpected = 128

// A batch is what was decided and not handed to the journal yet.
type batch struct {
	expected int // commits, by those of the last one; room for them is made at the first
	commits  []workspace.Commit
	events   int
	weight   int
	replies  []pending
}

type pending struct {
	m     *request
	r     reply
	large bool // it may be too large for the journal by itself
}

func (b *batch) add(m *request, commits []workspace.Commit, r reply) {
	whole, most := 0, 0
	for _, c := range commits {
		w, largest := b.gather(c)
		whole, most = whole+w, max(most, largest)
	}
	b.replies = append(b.replies, pending{m, r, whole > maxAppend || most > maxEvent})
}

// gather adds a commit and returns what it and the largest of its events weigh.
func (b *batch) gather(c workspace.Commit) (whole, largest int) {
	whole, largest = c.Weight()
	if b.commits == nil {
		b.commits = make([]workspace.Commit, 0, max(b.expected, 1))
	}
	b.commits = append(b.commits, c)
	b.events += len(c.Events)
	b.weight += whole
	return whole, largest
}

// answer releases the replies of an append that ended with err.
func (b *batch) answer(view *workspace.View, err error) {
	for _, p := range b.replies {
		switch {
		case err == nil:
			p.r.view = view
			p.m.answer(p.r)
		case p.m.parted: // what was handed over before may be durable
			p.m.answer(reply{err: workspace.ErrUnavailable})
		case errors.Is(err, workspace.ErrReadOnly):
			p.m.answer(reply{err: err})
		case errors.Is(err, workspace.ErrTooLarge) && p.large:
			p.m.answer(reply{err: err})
		default:
			p.m.answer(reply{err: workspace.ErrUnavailable})
		}
	}
}
