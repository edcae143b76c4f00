package main

import (
	"errors"
)

// Bounds of one folded commit, well inside Badger's own of a transaction for
// memTable (15% of its bytes).
const (
	foldBodies = 4096
	foldBytes  = 2 << 20
)

// A sink makes bodies durable, all of them with one sync.
type sink interface {
	commit(batch []waiting, first uint64) error // first is the number of the batch's first body
	close() error
}

// A folder appends bodies to a sink, durably. Badger syncs once per transaction
// and shares no sync between concurrent ones, so one goroutine puts all bodies
// that wait into one commit. It never waits for more: an idle folder syncs a
// lone body at once.
type folder struct {
	sink    sink
	queue   chan waiting
	drained chan struct{} // closed when the goroutine has ended
}

// waiting is a body whose sender waits. The sender keeps the bytes as they are
// until it hears.
type waiting struct {
	body   []byte
	synced chan error
}

var errTooLong = errors.New("the body is longer than goes into one transaction")

// newFolder returns a folder into s, which it closes.
func newFolder(s sink) *folder {
	f := &folder{sink: s, queue: make(chan waiting, foldBodies), drained: make(chan struct{})}
	go f.run()
	return f
}

// append returns when body is on disk. It must not be called after close.
func (f *folder) append(body []byte) error {
	if len(body) >= valueThreshold {
		return errTooLong
	}
	w := waiting{body: body, synced: make(chan error, 1)}
	f.queue <- w
	return <-w.synced
}

// close waits for what is queued and closes the sink.
func (f *folder) close() error {
	close(f.queue)
	<-f.drained
	return f.sink.close()
}

func (f *folder) run() {
	defer close(f.drained)
	var sequence uint64
	var batch []waiting
	for next := f.first(); next.synced != nil; {
		batch, next = f.gather(append(batch[:0], next))
		err := f.sink.commit(batch, sequence)
		sequence += uint64(len(batch))
		for _, w := range batch {
			w.synced <- err
		}
		if next.synced == nil {
			next = f.first()
		}
	}
}

// first waits for a body. It has none once the folder is closed.
func (f *folder) first() waiting { return <-f.queue }

// gather adds what is queued now to the batch, up to the bounds, and returns the
// body that did not fit any more, if there was one.
func (f *folder) gather(batch []waiting) (all []waiting, next waiting) {
	for size := len(batch[0].body); len(batch) < foldBodies; {
		select {
		case w := <-f.queue:
			if size += len(w.body); w.synced == nil || size > foldBytes {
				return batch, w
			}
			batch = append(batch, w)
		default:
			return batch, waiting{}
		}
	}
	return batch, waiting{}
}
