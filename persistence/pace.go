package persistence

import "time"

// # Pace
//
// Snapshots and backups are work that nobody waits for, and there is more of
// it than fits between two appends. So they are made in steps. While there are
// appends the steps are small, what a step writes shares the transaction of
// the appends that wait by then, and after a step comes a rest that is longer
// than it was: appends find a processor and a disk that are free. Without
// appends there are no rests, and the steps are large.

const (
	// busyFor is how long after an append others are expected.
	busyFor = 100 * time.Millisecond
	// rideBytes and rideCount bound what rides with appends. The disk takes
	// these bytes in a fraction of the time of a sync.
	rideBytes = 32 << 10
	rideCount = 256
	// restShare is how much longer a rest is than the step before it.
	restShare = 4
	// maxRest bounds a rest: a step may take long for reasons that do not burden
	// the machine, as a backup whose reader is slow.
	maxRest = 20 * time.Millisecond
)

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
	rest := time.NewTimer(min(restShare*time.Since(p.began), maxRest))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-p.w.s.closing:
	case <-p.w.s.failed:
	}
}

// work begins a step.
func (p *pace) work() { p.began = time.Now() }
