// Package journaltest holds what every journal must do (Run), and a journal in
// memory that crashes and fails on demand (Memory), which passes Run itself.
package journaltest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rosterd/workspace"
)

// Memory is a journal in memory. What was acknowledged survives Crash, what
// was not does not. Its goroutine calls Done like that of a real journal.
type Memory struct {
	mu     sync.Mutex
	wake   *sync.Cond
	queue  []workspace.Append
	held   bool // appends wait until Release
	closed bool
	fail   func(workspace.Append) error
	spaces map[workspace.ID]*space
	loads  int
	ended  chan struct{}
}

// space is what is durable of one workspace.
type space struct {
	commits  []workspace.Commit
	seq      uint64
	head     workspace.Head
	snapshot []workspace.SnapshotItem
	at       uint64 // sequence number of the snapshot
	expired  uint64 // events up to here are out of ReadLog
	cursors  map[string]uint64
}

// NewMemory returns an empty journal. Close ends its goroutine.
func NewMemory() *Memory {
	m := &Memory{spaces: map[workspace.ID]*space{}, ended: make(chan struct{})}
	m.wake = sync.NewCond(&m.mu)
	go m.run()
	return m
}

// Fail makes every append fail for which f returns an error; nil ends it.
func (m *Memory) Fail(f func(workspace.Append) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

// Hold keeps appends from becoming durable until Release.
func (m *Memory) Hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
}

// Release lets appends become durable.
func (m *Memory) Release() {
	m.mu.Lock()
	m.held = false
	m.mu.Unlock()
	m.wake.Broadcast()
}

// Crash forgets every append that is not durable; their Done is never called.
func (m *Memory) Crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = nil
}

// Close ends the journal. Appends that wait are forgotten.
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed, m.queue = true, nil
	m.mu.Unlock()
	m.wake.Broadcast()
	<-m.ended
	return nil
}

// Append implements the journal.
func (m *Memory) Append(a workspace.Append) {
	m.mu.Lock()
	m.queue = append(m.queue, a)
	m.mu.Unlock()
	m.wake.Broadcast()
}

func (m *Memory) run() {
	defer close(m.ended)
	for {
		m.mu.Lock()
		for (m.held || len(m.queue) == 0) && !m.closed {
			m.wake.Wait()
		}
		if m.closed {
			m.mu.Unlock()
			return
		}
		a := m.queue[0]
		m.queue = m.queue[1:]
		err := m.write(a)
		m.mu.Unlock()
		a.Done(err)
	}
}

func (m *Memory) of(ws workspace.ID) *space {
	if m.spaces[ws] == nil {
		m.spaces[ws] = &space{cursors: map[string]uint64{}}
	}
	return m.spaces[ws]
}

func (m *Memory) write(a workspace.Append) error {
	sp := m.of(a.Workspace)
	if a.After != sp.seq {
		return workspace.ErrFence
	}
	if m.fail != nil {
		if err := m.fail(a); err != nil {
			return err
		}
	}
	for _, c := range a.Commits {
		sp.commits = append(sp.commits, c)
		for _, ev := range c.Events {
			sp.seq++
			switch ev := ev.(type) {
			case workspace.WebhookCreated:
				sp.cursors[ev.ID] = sp.seq // it hears of what comes after it
			case workspace.WebhookDeleted:
				delete(sp.cursors, ev.ID)
			}
		}
	}
	if len(a.Commits) > 0 {
		sp.head = a.Head
	}
	return nil
}

// Load implements the journal.
func (m *Memory) Load(ws workspace.ID) (*workspace.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	sp := m.of(ws)
	st, err := workspace.Load(ws, func(yield func(workspace.SnapshotItem, error) bool) {
		for _, i := range sp.snapshot {
			if !yield(i, nil) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	seq := uint64(0)
	for _, c := range sp.commits {
		for _, ev := range c.Events {
			if seq++; seq > sp.at {
				st.Apply(c.Envelope, ev)
			}
		}
	}
	return st, nil
}

// Loads returns how often Load was called.
func (m *Memory) Loads() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loads
}

// Snapshot implements the journal.
func (m *Memory) Snapshot(v *workspace.View, done func(error)) {
	items := slices.Collect(v.Snapshot())
	go func() {
		m.mu.Lock()
		sp := m.of(v.ID())
		var err error
		if v.Seq() > sp.seq {
			err = errors.New("journaltest: snapshot of what is not durable")
		} else {
			sp.snapshot, sp.at = items, v.Seq()
		}
		m.mu.Unlock()
		done(err)
	}()
}

// Snapshots returns the sequence number of the newest snapshot of ws; 0: none.
func (m *Memory) Snapshots(ws workspace.ID) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of(ws).at
}

// ReadLog implements the journal.
func (m *Memory) ReadLog(ctx context.Context, ws workspace.ID, after uint64, fn func(uint64, workspace.Envelope, workspace.Event) bool) error {
	m.mu.Lock()
	sp := m.of(ws)
	commits, after := slices.Clone(sp.commits), max(after, sp.expired)
	m.mu.Unlock()
	seq := uint64(0)
	for _, c := range commits {
		for _, ev := range c.Events {
			if seq++; seq > after && !fn(seq, c.Envelope, ev) {
				return nil
			}
		}
	}
	return ctx.Err()
}

// WorkspaceOfToken implements the journal.
func (m *Memory) WorkspaceOfToken(hash [32]byte) (workspace.ID, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ws, sp := range m.spaces {
		found := false
		for _, c := range sp.commits {
			for _, ev := range c.Events {
				switch ev := ev.(type) {
				case workspace.TokenCreated:
					found = found || ev.Hash == hash
				case workspace.TokenRevoked:
					found = found && ev.Hash != hash
				}
			}
		}
		if found {
			return ws, true, nil
		}
	}
	return "", false, nil
}

// Heads implements the journal.
func (m *Memory) Heads(after workspace.ID, limit int) ([]workspace.Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []workspace.Head
	for ws, sp := range m.spaces {
		if ws > after && sp.seq > 0 {
			out = append(out, sp.head)
		}
	}
	slices.SortFunc(out, func(a, b workspace.Head) int { return strings.Compare(string(a.ID), string(b.ID)) })
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out, nil
}

// Due implements the journal.
func (m *Memory) Due(yield func(workspace.ID, time.Time) bool) error {
	heads, err := m.Heads("", 0)
	slices.SortStableFunc(heads, func(a, b workspace.Head) int { return a.Due.Compare(b.Due) })
	for _, h := range heads {
		if !h.Due.IsZero() && !yield(h.ID, h.Due) {
			break
		}
	}
	return err
}

// Cursors implements the journal.
func (m *Memory) Cursors(yield func(workspace.ID, string, uint64) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ws := range slices.Sorted(maps.Keys(m.spaces)) {
		sp := m.spaces[ws]
		for _, consumer := range slices.Sorted(maps.Keys(sp.cursors)) {
			if !yield(ws, consumer, sp.cursors[consumer]) {
				return nil
			}
		}
	}
	return nil
}

// Acknowledge implements the journal.
func (m *Memory) Acknowledge(ws workspace.ID, consumer string, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cursors := m.of(ws).cursors
	if _, ok := cursors[consumer]; ok || consumer == workspace.MailConsumer {
		cursors[consumer] = seq
	}
}

// Expire ends the retention of the events of ws up to seq, which must be in its
// newest snapshot.
func (m *Memory) Expire(ws workspace.ID, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sp := m.of(ws)
	sp.expired = min(seq, sp.at)
}
