package main

import (
	"context"
	"os"
	"time"

	"github.com/prometheus/procfs"
)

// Servers put work off: a store merges its tables for seconds after the last
// request. What is measured next, which is mostly the other side, is not to pay
// for it. They are at rest once they take less than a calmShare of one processor
// for a calmTime.
const (
	calmTime  = 500 * time.Millisecond // fifty ticks, in which the kernel counts
	calmShare = 0.05
	calmMost  = 20 * time.Second // of one wait
)

// calm waits until the servers that the suite has started are at rest, or until
// its patience has ended, which the report says then.
func (s *suite) calm(ctx context.Context) error {
	if s.patience == 0 {
		return nil
	}
	began := time.Now()
	rested, err := awaitRest(ctx, min(calmMost, s.patience-s.waited))
	s.waited += time.Since(began)
	if err == nil && !rested {
		s.restless++
	}
	return err
}

// awaitRest waits until the children of this process are at rest, but no longer
// than most, and reports whether they are.
func awaitRest(ctx context.Context, most time.Duration) (bool, error) {
	end := time.Now().Add(most)
	before, err := childrenTime()
	for err == nil && time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(calmTime):
		}
		var now float64
		now, err = childrenTime()
		took := now - before // negative if one has ended: it says nothing of the others
		if err == nil && took >= 0 && took < calmShare*calmTime.Seconds() {
			return true, nil
		}
		before = now
	}
	return false, err
}

// childrenTime returns how many seconds of processor time the children of this
// process have taken so far.
func childrenTime() (float64, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, p := range all {
		if stat, err := p.Stat(); err == nil && stat.PPID == os.Getpid() { // an error: it has ended meanwhile
			sum += stat.CPUTime()
		}
	}
	return sum, nil
}
