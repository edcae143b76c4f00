package main

import (
	"context"
	"os"
	"time"

	"github.com/prometheus/procfs"
)

// Servers put work off: a store merges its tables for seconds after the last
// request. What is measured next, which is mostly the other side, is not to pay
// for it. They are calm once they take less than a calmShare of one processor for
// a calmTime.
const (
	calmTime  = 500 * time.Millisecond // fifty ticks, in which the kernel counts
	calmShare = 0.05
)

// calm waits until the servers that bench has started have little to do, but no
// longer than most.
func calm(ctx context.Context, most time.Duration) error {
	end := time.Now().Add(most)
	before, err := childrenTime()
	for err == nil && time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(calmTime):
		}
		var now float64
		if now, err = childrenTime(); now-before < calmShare*calmTime.Seconds() {
			return err
		}
		before = now
	}
	return err
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
