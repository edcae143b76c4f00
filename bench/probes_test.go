package main

import (
	"slices"
	"testing"
	"time"

	"rosterd/bench/play"
)

// TestDiskProbes writes through every sink, each body by itself and folded,
// once by each writer in a time that is over before it begins.
func TestDiskProbes(t *testing.T) {
	bodies := [][]byte{[]byte("one"), []byte("three")}
	for _, p := range diskProbes {
		r, err := p.measure(t.Context(), t.TempDir(), bodies, 4, 0)
		if err != nil || r.Name != p.name || r.Bytes != 4 || r.Done != 4 || r.PerSecond <= 0 || r.Latency.P50 <= 0 || r.Latency.Max < r.Latency.P99 {
			t.Errorf("%s: %+v, %v", p.name, r, err)
		}
	}
}

// TestLatencyOf takes the value that so large a share is at most.
func TestLatencyOf(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i)*time.Millisecond)
	}
	for _, c := range []struct {
		all  []time.Duration
		want play.Latency
	}{
		{nil, play.Latency{}},
		{hundred[99:], play.Latency{P50: 1, P90: 1, P99: 1, P999: 1, Max: 1}},
		{slices.Clone(hundred), play.Latency{P50: 50, P90: 90, P99: 99, P999: 100, Max: 100}},
	} {
		if got := latencyOf(c.all); got != c.want {
			t.Errorf("%d durations: %+v, want %+v", len(c.all), got, c.want)
		}
	}
}
