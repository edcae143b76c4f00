package main

import (
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/schollz/progressbar/v3"

	"rosterd/bench/play"
)

// A meter shows how a load goes: rate, latencies and errors of the last
// second, and how much is left. What it is measured by is what ends the load:
// its duration, its count, or its steps.
type meter struct {
	title string
	pace  play.Pace
	bar   *progressbar.ProgressBar

	mu             sync.Mutex // guards everything that follows
	counts         bool       // nobody reports steps
	answers, wrong int64
}

// newMeter draws on w, the process's stderr. Without a duration or count there
// are so many steps, or answers if none of them is reported.
func newMeter(w io.Writer, title string, pace play.Pace, steps int) *meter {
	m := &meter{title: title, pace: pace, counts: true}
	switch {
	case pace.Duration > 0:
		steps = int(math.Ceil((pace.WarmUp + pace.Duration).Seconds()))
	case pace.Count > 0:
		steps = pace.Count
	}
	m.bar = newBar(w, steps, title)
	return m
}

// end closes the line, if the load has not.
func (m *meter) end() {
	if !m.bar.IsFinished() {
		_ = m.bar.Exit() // what cannot be drawn is no reason to stop
	}
}

// step hears of a cycle's steps.
func (m *meter) step(s play.Step) {
	m.mu.Lock()
	m.counts = false
	m.mu.Unlock()
	if m.pace.Duration == 0 && m.pace.Count == 0 {
		_ = m.bar.Set(s.Done) // what cannot be drawn is no reason to stop
	}
}

// second hears of every second.
func (m *meter) second(s play.Second) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wrong += s.Errors
	if s.At > m.pace.WarmUp.Seconds() {
		m.answers += s.Count + s.Errors
	}
	if m.bar.IsFinished() {
		return // the line is closed
	}
	m.bar.Describe(fmt.Sprintf("%s: %.0f/s, p50 %s ms, p99 %s ms, %d errors", m.title, s.PerSecond, figure(s.P50), figure(s.P99), m.wrong))
	switch {
	case m.pace.Duration > 0:
		_ = m.bar.Set64(min(int64(math.Round(s.At)), m.bar.GetMax64())) // as above
	case m.pace.Count > 0 || m.counts:
		_ = m.bar.Set64(min(m.answers, m.bar.GetMax64())) // as above
	}
}
