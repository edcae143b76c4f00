package main

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The daemon's memory is rosters that live for ever and a write path that
// makes much garbage. Go paces the collector by a percentage of what lives,
// which collects a small daemon many times a second and lets a large one
// waste half of its memory. Here the garbage that may gather is an amount, and
// at least half of what lives.
const (
	garbageAllowed = 96 << 20 // bytes
	garbageLeast   = 50       // percent
	garbageMost    = 300      // percent
	garbagePeriod  = 100 * time.Millisecond
)

// paceCollector adjusts the collector until stop is closed. Whoever sets GOGC
// wants to do it differently.
func paceCollector(stop <-chan struct{}) {
	if os.Getenv("GOGC") != "" {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(garbagePeriod)
	defer tick.Stop()
	for {
		metrics.Read(sample)
		debug.SetGCPercent(garbagePercent(sample[0].Value.Uint64()))
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

// garbagePercent returns what to let gather beside so many living bytes.
func garbagePercent(live uint64) int {
	if live == 0 {
		return garbageMost
	}
	percent := math.Round(100 * garbageAllowed / float64(live))
	return int(min(max(percent, garbageLeast), garbageMost))
}

// A daemon that was busy and is quiet now gives back what it took meanwhile: the
// garbage of an import, the workspaces that went to sleep. By itself Go collects
// every two minutes where nothing is allocated, and returns pages slowly.
const (
	restPeriod = 10 * time.Second
	restAllocs = 64 << 20 // bytes allocated in one period: below it is quiet
	restTimes  = 3        // Badger lets go of its buffers one by one, for half a minute
)

// giveBack returns memory to the operating system until stop is closed.
func giveBack(stop <-chan struct{}) {
	var r rest
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	tick := time.NewTicker(restPeriod)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		metrics.Read(sample)
		if r.due(sample[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
	}
}

// A rest decides when memory goes back.
type rest struct {
	allocated uint64 // bytes since the start, a period ago
	times     int    // that are left
}

// due reports whether this is one of the first quiet periods after a busy one.
func (r *rest) due(allocated uint64) bool {
	busy := allocated-r.allocated >= restAllocs
	r.allocated = allocated
	if busy {
		r.times = restTimes
	}
	if busy || r.times == 0 {
		return false
	}
	r.times--
	return true
}
