package actors

import "sync/atomic"

// landings counts the appends that became durable and that their actor has not
// settled yet. A message for each would wake an actor that has nothing to do:
// with one command at a time in each of many workspaces, that is every other
// time that an actor runs. So the actor asks for one only if it waits.
type landings struct {
	n       atomic.Int64
	awaited atomic.Bool
}

// add notes one, and reports whether the actor is to be told. The journal's
// goroutine calls it.
func (l *landings) add() bool {
	l.n.Add(1)
	return l.awaited.Swap(false)
}

// take returns how many there are, which are the actor's to settle.
func (l *landings) take() int { return int(l.n.Swap(0)) }

// await asks for a message at the next one, and reports false if that is there
// already; then a message may come or not.
func (l *landings) await() bool {
	l.awaited.Store(true)
	return l.n.Load() == 0
}
