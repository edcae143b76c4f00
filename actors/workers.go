package actors

import "time"

// workers run actors. protoactor starts a goroutine whenever an empty mailbox
// gets a message, with a small stack that the first command makes the runtime
// copy, two or three times: 4 % of an import. These wait for the next a while.
type workers struct{ work chan func() }

// idleWorker is how long a goroutine waits for more. It is shorter than what
// protoactor itself leaves behind for a second.
const idleWorker = 100 * time.Millisecond

func newWorkers() workers { return workers{make(chan func())} }

// Schedule implements actor.Dispatcher.
func (w workers) Schedule(fn func()) {
	select {
	case w.work <- fn:
	default:
		go w.run(fn)
	}
}

// Throughput implements actor.Dispatcher: an actor yields after so many
// messages. It is protoactor's own figure.
func (workers) Throughput() int { return 300 }

func (w workers) run(fn func()) {
	patience := time.NewTimer(idleWorker)
	defer patience.Stop()
	for {
		fn()
		patience.Reset(idleWorker)
		select {
		case fn = <-w.work:
		case <-patience.C:
			return
		}
	}
}
