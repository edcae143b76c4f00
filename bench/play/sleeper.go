package play

import (
	"context"
	"time"
)

// A sleeper is one goroutine's timer, used again for every wait.
type sleeper struct{ timer *time.Timer }

func newSleeper() *sleeper {
	s := &sleeper{timer: time.NewTimer(time.Hour)}
	s.timer.Stop()
	return s
}

// until returns true at t, at once if that has passed, and false as soon as
// ctx ends.
func (s *sleeper) until(ctx context.Context, t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	s.timer.Reset(d)
	select {
	case <-s.timer.C:
		return true
	case <-ctx.Done():
		s.timer.Stop()
		return false
	}
}

// timerSlack is how late a timer may be for want of precision: a machine that
// is mostly idle sleeps in whole milliseconds.
const timerSlack = 2 * time.Millisecond

// due waits for the instant of a request, and returns from when its latency is
// measured: from that instant; or, if it has been waited for and the timer was
// a little late, from now. late says that the instant had passed already. It is
// false as soon as ctx ends.
func (s *sleeper) due(ctx context.Context, instant time.Time) (from time.Time, late, ok bool) {
	if instant.Before(time.Now()) {
		return instant, true, ctx.Err() == nil
	}
	if !s.until(ctx, instant) {
		return instant, false, false
	}
	if now := time.Now(); now.Sub(instant) <= timerSlack {
		return now, false, true
	}
	return instant, false, true
}

func (s *sleeper) stop() { s.timer.Stop() }
