package main

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rosterd/bench/play"
)

// A probeReport is what one thing that every server needs came to by itself.
type probeReport struct {
	Name      string       `json:"name"`
	Bytes     int          `json:"bytes"` // of a body, on average
	Done      int64        `json:"done"`
	PerSecond float64      `json:"perSecond"`
	Latency   play.Latency `json:"latency"`
}

// A diskProbe makes bodies durable without a server in front.
type diskProbe struct {
	name   string
	open   func(dir string) (sink, error)
	folded bool // by one goroutine, all that wait with one sync; else each with its own
}

var diskProbes = []diskProbe{
	{"fdatasync, each write its own", openFile, false},
	{"fdatasync, folded", openFile, true},
	{"Badger, each write its own", openBadgerForMany, false},
	{"Badger, folded", openBadger, true},
}

// measure writes bodies from so many goroutines, each its next when the last is
// durable, for d or until ctx ends, and each at least one: a machine may be busy
// elsewhere for all of d.
func (p diskProbe) measure(ctx context.Context, parent string, bodies [][]byte, writers int, d time.Duration) (report probeReport, err error) {
	dir, err := os.MkdirTemp(parent, "probe-*")
	if err != nil {
		return report, err
	}
	into, err := p.open(dir)
	if err != nil {
		return report, err
	}
	var next atomic.Uint64
	write := func(n uint64) error { return into.commit([]waiting{{body: bodies[n%uint64(len(bodies))]}}, n) }
	end := into.close
	if p.folded {
		f := newFolder(into)
		write, end = func(n uint64) error { return f.append(bodies[n%uint64(len(bodies))]) }, f.close
	}
	defer func() { err = errors.Join(err, end()) }()

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	latencies := make([][]time.Duration, writers)
	var group sync.WaitGroup
	start := time.Now()
	for i := range writers {
		group.Go(func() {
			for ctx.Err() == nil && (len(latencies[i]) == 0 || time.Since(start) < d) {
				began := time.Now()
				if err := write(next.Add(1) - 1); err != nil {
					stop(err)
					return
				}
				latencies[i] = append(latencies[i], time.Since(began))
			}
		})
	}
	group.Wait()
	all := slices.Concat(latencies...)
	return probeReport{
		Name: p.name, Bytes: meanLength(bodies), Done: int64(len(all)),
		PerSecond: ratio(float64(len(all)), time.Since(start).Seconds()), Latency: latencyOf(all),
	}, context.Cause(ctx)
}

// latencyOf returns the quantiles of the durations, which it sorts; 0 of none.
func latencyOf(all []time.Duration) play.Latency {
	slices.Sort(all)
	at := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return milliseconds(all[max(0, int(math.Ceil(share*float64(len(all))))-1)])
	}
	return play.Latency{P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: at(1)}
}

// meanLength returns how long the bodies are on average, in bytes.
func meanLength(bodies [][]byte) int {
	sum := 0
	for _, b := range bodies {
		sum += len(b)
	}
	return sum / max(len(bodies), 1)
}
