package persistence

import (
	"time"

	"github.com/dgraph-io/badger/v4"
)

// # Pace
//
// Snapshots and backups are work that nobody waits for, and there is more of
// it than fits between two appends. So they are made in steps. While there are
// appends the steps are small, what a step writes shares the transaction of
// the appends that wait by then, and after a step comes a rest that is longer
// than it was: appends find a processor and a disk that are free. Without
// appends there are no rests, and the steps are large.
//
// Badger merges its tables by itself, as fast as it can, and has no option to do
// that slowly: for seconds goroutines would wait for a processor and syncs for the
// disk. But it tells its log of each table that a merge has filled, before it goes
// on. So that is where a merge rests while there are appends (merges, and
// docs/adr/0025-merges-rest.md).

const (
	// busyFor is how long after an append others are expected.
	busyFor = 100 * time.Millisecond
	// rideBytes and rideCount bound what rides with appends. The disk takes
	// these bytes in a fraction of the time of a sync.
	rideBytes = 32 << 10
	rideCount = 256
	// restShare is how much longer a rest is than the step before it: small steps
	// take a tenth of a processor.
	restShare = 9
	// maxRest bounds a rest: a step may take long for reasons that do not burden
	// the machine, as a backup whose reader is slow.
	maxRest = 20 * time.Millisecond
	// mergeRest is how long merges rest after a table, most of which have 2 to
	// 8 MB, as long as they keep up.
	mergeRest = 100 * time.Millisecond
)

// mergedTable is what Badger's message about a table that a merge has filled
// begins with.
const mergedTable = "[%d] LOG Compact. Added "

// busy reports whether there are appends these days.
func (w *writer) busy() bool {
	return time.Since(w.began)-time.Duration(w.heard.Load()) < busyFor
}

// A pace paces one piece of work.
type pace struct {
	w     *writer
	began time.Time // the step
}

func (w *writer) pace() *pace { return &pace{w, time.Now()} }

// step returns how many bytes to work through before the next rest, at most
// most.
func (p *pace) step(most int) int {
	if p.w.busy() {
		return min(most, rideBytes)
	}
	return most
}

// rest ends a step.
func (p *pace) rest() {
	if !p.w.busy() {
		return
	}
	p.w.sleep(min(restShare*time.Since(p.began), maxRest))
}

// sleep waits for d, or until the store is closed or has failed.
func (w *writer) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.s.closing:
	case <-w.s.failed:
	}
}

// work begins a step.
func (p *pace) work() { p.began = time.Now() }

// merges are those that Badger has under way, each in goroutines of its own.
type merges struct {
	w      *writer
	levels func() []badger.LevelInfo

	turn chan struct{} // held by the one that rests: all of them together are to be slow
}

func newMerges(w *writer, levels func() []badger.LevelInfo) *merges {
	return &merges{w, levels, make(chan struct{}, 1)}
}

// rest is called by a merge that has filled a table. Where space is short there is
// none: a merge gives back the tables that it has merged.
func (m *merges) rest() {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	if m.w.busy() && !m.w.s.space.short.Load() {
		m.w.sleep(restOfMerge(m.levels()))
	}
}

// restOfMerge halves the rest with every table that waits at the first level beyond
// those that may. While Badger merges them, a few more may come: appends stop at
// twice as many. Before it can begin to, what the last merge has left in the
// levels below has to be gone down, or nearly so; else it makes one table of all
// that wait, in one go. That one is large, and is not counted for more: nothing
// stops for it, and it takes as many rests as it is divided into.
func restOfMerge(levels []badger.LevelInfo) time.Duration {
	may := tables + 1
	for _, below := range levels[1 : len(levels)-1] {
		if below.Size > 2*below.TargetSize {
			may = tables / 3
		}
	}
	return mergeRest >> max(0, levels[0].NumTables-may)
}
