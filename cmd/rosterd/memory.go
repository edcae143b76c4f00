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
