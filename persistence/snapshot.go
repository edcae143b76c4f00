package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// Snapshot writes a snapshot of v, which must be durable already, then drops
// older snapshots and the events that nobody needs any more. It returns at
// once; done is called when everything is on disk. Appends go on meanwhile and
// go first: a chunk rides with them, and is a small one then (pace.go). A
// snapshot that is there already is not written again: a process that died
// meanwhile would leave a mixture of two.
func (s *Store) Snapshot(v *workspace.View, done func(error)) {
	if !s.work.run(func() { done(s.snapshot(v)) }) {
		done(workspace.ErrUnavailable)
	}
}

func (s *Store) snapshot(v *workspace.View) error {
	ws, seq := v.ID(), v.Seq()
	defer s.turns.take(ws)()
	s.snapshots <- struct{}{}
	defer func() { <-s.snapshots }()
	there, finished, err := s.chunksAt(ws, seq)
	if err != nil {
		return err
	}
	if finished {
		return s.clean(ws)
	}
	chunks := uint32(0)
	var body, one []byte
	pace := s.writer.pace()
	flush := func() error {
		key := snapshotKey(ws, seq, chunks)
		chunks++
		record := seal(key, body)
		body = body[:0]
		pace.rest()
		defer pace.work()
		return s.writer.write([]entry{{key: key, record: record}})
	}
	for i := range v.Snapshot() {
		one = itemKinds.append(one[:0], i)
		if len(body) > 0 && len(body)+len(one) > pace.step(maxRecord) {
			if err := flush(); err != nil {
				return err
			}
		}
		body = append(body, one...)
	}
	if err := flush(); err != nil {
		return err
	}
	// What an unfinished snapshot left beyond these chunks goes before the end
	// makes this one count.
	var end []entry
	for _, key := range there {
		if chunkOf(key) >= chunks {
			end = append(end, entry{key: key})
		}
	}
	last := snapshotKey(ws, seq, chunkLast)
	end = append(end, entry{key: last, record: seal(last, binary.AppendUvarint(nil, uint64(chunks)))})
	if err := s.writer.write(end); err != nil {
		return err
	}
	return s.clean(ws)
}

// turns are taken by those who snapshot a workspace: its actor and the retention
// may at once, and each cuts its chunks as it sees fit. At the same event those
// have the same keys, and would be a mixture that nobody can load.
type turns struct {
	mu    sync.Mutex
	taken map[workspace.ID]chan struct{} // guarded by mu; closed at the end of the turn
}

// take waits until nobody snapshots ws, and returns how to end the turn.
func (t *turns) take(ws workspace.ID) (end func()) {
	mine := make(chan struct{})
	for {
		t.mu.Lock()
		other, taken := t.taken[ws]
		if !taken {
			if t.taken == nil {
				t.taken = map[workspace.ID]chan struct{}{}
			}
			t.taken[ws] = mine
		}
		t.mu.Unlock()
		if !taken {
			break
		}
		<-other
	}
	return func() {
		t.mu.Lock()
		delete(t.taken, ws)
		t.mu.Unlock()
		close(mine)
	}
}

// chunksAt returns the keys of the chunks of a snapshot of ws at seq, if one was
// begun, and whether it was finished.
func (s *Store) chunksAt(ws workspace.ID, seq uint64) (keys [][]byte, finished bool, err error) {
	err = s.view("snapshot of workspace "+string(ws), func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: binary.BigEndian.AppendUint64(prefixOf(kindSnapshot, ws), seq)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			keys = append(keys, key)
			finished = chunkOf(key) == chunkLast
		}
		return nil
	})
	return keys, finished, err
}

// clean deletes the snapshots of ws that are older than its newest one, and
// the events behind that whose retention has passed.
//
// An actor and the retention may snapshot one workspace side by side. So what
// is newer than the newest finished snapshot stays: it may be one that is
// being written.
func (s *Store) clean(ws workspace.ID) error {
	var gone []entry
	err := s.view("snapshots of workspace "+string(ws), func(txn *badger.Txn) error {
		newest, found, err := newestSnapshot(txn, ws)
		if err != nil || !found {
			return err
		}
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindSnapshot, ws)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			at, err := seqOf(key, ws)
			if err != nil || at >= newest {
				return err
			}
			gone = append(gone, entry{key: key})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.writer.write(gone); err != nil {
		return err
	}
	return s.expire(ws)
}

// newestSnapshot returns the sequence number of the newest snapshot of ws that
// was finished.
func newestSnapshot(txn *badger.Txn, ws workspace.ID) (seq uint64, found bool, err error) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindSnapshot, ws), Reverse: true})
	defer it.Close()
	for it.Seek(snapshotKey(ws, 1<<64-1, chunkLast)); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		if seq, err = seqOf(key, ws); err != nil {
			return 0, false, err
		}
		if chunkOf(key) == chunkLast {
			return seq, true, nil
		}
	}
	return 0, false, nil
}

// loadSnapshot reads the snapshot of ws at seq.
func loadSnapshot(txn *badger.Txn, ws workspace.ID, seq uint64) (*workspace.State, error) {
	st, err := workspace.Load(ws, ahead(snapshotItems(txn, ws, seq)))
	if err == nil && st.Seq() != seq {
		err = fmt.Errorf("%w: snapshot of %s at %d says %d", ErrCorrupt, ws, seq, st.Seq())
	}
	return st, err
}

// readItem is an item, or why there are no more.
type readItem struct {
	item workspace.SnapshotItem
	err  error
}

// itemsAhead are handed from one goroutine to the other at once.
const itemsAhead = 128

// ahead yields what all does, which runs on a goroutine of its own, up to three
// times itemsAhead before: to decode a snapshot takes as long as to build a state
// of it, and somebody waits for both. A panic of all is one of ahead.
func ahead(all iter.Seq2[workspace.SnapshotItem, error]) iter.Seq2[workspace.SnapshotItem, error] {
	return func(yield func(workspace.SnapshotItem, error) bool) {
		batches, enough := make(chan []readItem, 1), make(chan struct{})
		var panicked any
		var reader sync.WaitGroup
		reader.Go(func() {
			defer close(batches)
			defer func() { panicked = recover() }()
			var batch []readItem
			send := func() bool {
				select {
				case batches <- batch:
					batch = make([]readItem, 0, itemsAhead)
					return true
				case <-enough:
					return false
				}
			}
			for item, err := range all {
				if batch = append(batch, readItem{item, err}); len(batch) >= itemsAhead && !send() {
					return
				}
			}
			send()
		})
		defer reader.Wait() // all reads a transaction, which ends soon
		defer close(enough)
		for batch := range batches {
			for _, x := range batch {
				if !yield(x.item, x.err) {
					return
				}
			}
		}
		if panicked != nil {
			panic(panicked)
		}
	}
}

// snapshotItems reads the items of a snapshot, chunk after chunk.
func snapshotItems(txn *badger.Txn, ws workspace.ID, seq uint64) iter.Seq2[workspace.SnapshotItem, error] {
	return func(yield func(workspace.SnapshotItem, error) bool) {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindSnapshot, ws), PrefetchValues: true, PrefetchSize: 4})
		defer it.Close()
		want := uint32(0)
		for it.Seek(snapshotKey(ws, seq, 0)); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			last, err := readChunk(it.Item(), key, want, yield)
			if errors.Is(err, errEnough) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if last {
				return
			}
			want++
		}
		yield(nil, fmt.Errorf("%w: snapshot of %s at %d has no end", ErrCorrupt, ws, seq))
	}
}

// readChunk reads chunk number want, or the end of the snapshot.
func readChunk(it *badger.Item, key []byte, want uint32, yield func(workspace.SnapshotItem, error) bool) (last bool, err error) {
	err = it.Value(func(record []byte) error {
		body, err := unseal(key, record)
		if err != nil {
			return err
		}
		if last = chunkOf(key) == chunkLast; last {
			if n, _ := binary.Uvarint(body); n != uint64(want) {
				return fmt.Errorf("%w: snapshot %q has %d chunks of %d", ErrCorrupt, key, want, n)
			}
			return nil
		}
		if chunkOf(key) != want {
			return fmt.Errorf("%w: snapshot %q: chunk %d is missing", ErrCorrupt, key, want)
		}
		more := true
		err = decodeItems(body, func(i workspace.SnapshotItem) bool {
			more = yield(i, nil)
			return more
		})
		if err == nil && !more {
			err = errEnough
		}
		return err
	})
	return last, err
}
