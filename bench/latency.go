package main

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of a latency, in microseconds; what is outside counts as the bound.
const (
	leastLatency = 1
	mostLatency  = int64(10 * time.Minute / time.Microsecond)
	digits       = 3 // significant ones kept
)

// A latency gathers durations of one kind of request, from any goroutine.
type latency struct {
	mu        sync.Mutex
	histogram *hdrhistogram.Histogram // guarded by mu
}

func newLatency() *latency {
	return &latency{histogram: hdrhistogram.New(leastLatency, mostLatency, digits)}
}

func (l *latency) record(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Cannot fail: the value is inside the bounds.
	_ = l.histogram.RecordValue(min(max(d.Microseconds(), leastLatency), mostLatency))
}

// quantiles are the figures reported of a latency, in milliseconds.
type quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

func (l *latency) quantiles() quantiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return quantiles{
		Count: l.histogram.TotalCount(),
		P50:   ms(l.histogram.ValueAtQuantile(50)),
		P99:   ms(l.histogram.ValueAtQuantile(99)),
		Max:   ms(l.histogram.Max()),
	}
}

// median returns the middle of the values, the mean of the two middle ones if
// there is no single one, and 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// ratio returns a / b, and 0 if b is 0: a run that measured nothing then
// misses every goal that asks for a least value.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// milliseconds returns d as a float, for medians and reports.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
