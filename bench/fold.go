package main

import (
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Bounds of one folded transaction, well inside Badger's own for a memtable of
// this size (15% of its bytes).
const (
	memTable       = 64 << 20
	valueThreshold = 1 << 20 // everything below stays out of the value log
	foldBodies     = 4096
	foldBytes      = 4 << 20
)

// A folder appends bodies to a Badger store, durably. Badger syncs once per
// transaction and shares no sync between concurrent ones, so one goroutine
// puts all bodies that wait into one transaction. It never waits for more: an
// idle folder syncs a lone body at once.
type folder struct {
	db      *badger.DB
	queue   chan waiting
	drained chan struct{} // closed when the goroutine has ended
	syncs   atomic.Int64
}

// waiting is a body whose sender waits. The sender keeps the bytes as they are
// until it hears.
type waiting struct {
	body   []byte
	synced chan error
}

var errTooLong = errors.New("the body is longer than goes into one transaction")

// openFolder opens the store in dir, with the options of a journal: synced
// writes, no value log, nothing compressed or cached that is only appended.
func openFolder(dir string) (*folder, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).
		WithSyncWrites(true).
		WithValueThreshold(valueThreshold).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithMemTableSize(memTable).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithLogger(nil))
	if err != nil {
		return nil, err
	}
	f := &folder{db: db, queue: make(chan waiting, foldBodies), drained: make(chan struct{})}
	go f.run()
	return f, nil
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

// close waits for what is queued and closes the store.
func (f *folder) close() error {
	close(f.queue)
	<-f.drained
	return f.db.Close()
}

func (f *folder) run() {
	defer close(f.drained)
	var sequence uint64
	var batch []waiting
	for first := range f.queue {
		batch = f.gather(append(batch[:0], first))
		err := f.commit(batch, sequence)
		sequence += uint64(len(batch))
		for _, w := range batch {
			w.synced <- err
		}
	}
}

// gather adds what is queued now to the batch, up to the bounds.
func (f *folder) gather(batch []waiting) []waiting {
	for size := len(batch[0].body); size < foldBytes && len(batch) < foldBodies; {
		select {
		case w, open := <-f.queue:
			if !open {
				return batch
			}
			batch = append(batch, w)
			size += len(w.body)
		default:
			return batch
		}
	}
	return batch
}

func (f *folder) commit(batch []waiting, sequence uint64) error {
	txn := f.db.NewTransaction(true)
	defer txn.Discard()
	for i, w := range batch {
		if err := txn.Set(binary.BigEndian.AppendUint64(nil, sequence+uint64(i)), w.body); err != nil {
			return err
		}
	}
	f.syncs.Add(1)
	return txn.Commit()
}
