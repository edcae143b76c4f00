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

func (s *sleeper) stop() { s.timer.Stop() }
