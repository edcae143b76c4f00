package httpapi

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlines hand out contexts that end after commandTimeout, or up to a
// deadlineStep later: all commands of one step share one, since a context and a
// timer for each are garbage that a command of a millisecond never needs.
type deadlines struct{ current atomic.Pointer[deadline] }

const deadlineStep = 100 * time.Millisecond

// next returns the context of a command that begins now.
func (d *deadlines) next() context.Context {
	now := time.Now()
	if c := d.current.Load(); c != nil && now.Before(c.shared) {
		return c
	}
	c := &deadline{shared: now.Add(deadlineStep), at: now.Add(deadlineStep + commandTimeout), done: make(chan struct{})}
	time.AfterFunc(deadlineStep+commandTimeout, func() { close(c.done) })
	d.current.Store(c)
	return c
}

// A deadline is a context that ends at an instant and cannot be cancelled.
type deadline struct {
	shared, at time.Time // until when it is handed out, and when it ends
	done       chan struct{}
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.done }

// Err implements context.Context.
func (d *deadline) Err() error {
	select {
	case <-d.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Value implements context.Context.
func (*deadline) Value(any) any { return nil }
