package main

import (
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
