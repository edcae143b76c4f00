package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// # Retention
//
// An event stays for the retention, and until a snapshot holds what it did;
// then it goes for good. With it goes what it says of people who were deleted
// since: snapshots hold none of them. What is deleted here is marked as
// deleted; Badger's compaction, which runs by itself as the store is written
// and at every Close, takes the bytes out of its files.
//
// Snapshots are taken as events come (actors) and at a stop, if there are many.
// Neither can be waited for: a workspace that is only read, or one that sleeps,
// would keep its events for ever. Hence a sweep that needs no writes.

const (
	// retainEvery is the time between two sweeps.
	retainEvery = time.Hour
	// sweepHeads and sweepRecords bound what a sweep holds in memory.
	sweepHeads   = 256
	sweepRecords = 4096
)

// retain sweeps now and then every hour, until the store is closed.
func (s *Store) retain() {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		s.retainAll()
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
	}
}

// retainAll sweeps all workspaces, one at a time, so that at most one is in
// memory for it.
func (s *Store) retainAll() {
	for after := workspace.ID(""); ; {
		heads, err := s.Heads(after, sweepHeads)
		if err != nil || len(heads) == 0 {
			return // an error has ended the store
		}
		for _, h := range heads {
			if s.ends() {
				return
			}
			if err := s.retainOne(h.ID); err != nil && !s.ends() {
				s.cfg.Log.Warn().Err(err).Str("workspace", string(h.ID)).Msg("retention: tried again in an hour")
			}
			after = h.ID
		}
	}
}

// ends reports whether the store is being closed, or has failed.
func (s *Store) ends() bool {
	select {
	case <-s.closing:
		return true
	case <-s.failed:
		return true
	default:
		return false
	}
}

// retainOne deletes what is too old of ws. Where a snapshot must be taken
// first, that deletes it.
func (s *Store) retainOne(ws workspace.ID) error {
	bare, err := s.bare(ws)
	if err != nil {
		return err
	}
	if bare {
		return s.cover(ws)
	}
	return s.clean(ws)
}

// horizon is the instant before which events are too old.
func (s *Store) horizon() time.Time { return s.cfg.Now().Add(-s.cfg.Retention) }

// bare reports whether ws has an event that is too old and in no snapshot.
func (s *Store) bare(ws workspace.ID) (old bool, err error) {
	err = s.view("workspace "+string(ws), func(txn *badger.Txn) error {
		seq, _, err := newestSnapshot(txn, ws)
		if err != nil {
			return err
		}
		return events(txn, ws, seq, func(_ uint64, env workspace.Envelope, _ workspace.Event) (bool, error) {
			old = env.At.Before(s.horizon())
			return false, nil
		})
	})
	return old, err
}

// cover snapshots ws as it is on disk. Its actor, if it has one, is not asked:
// it may be writing, and it need not even run.
func (s *Store) cover(ws workspace.ID) (err error) {
	defer func() { // Apply asserts; whoever uses the workspace hears of it
		if p := recover(); p != nil {
			err = fmt.Errorf("the journal cannot be replayed: %v", p)
		}
	}()
	st, err := s.Load(ws)
	if err != nil {
		return err
	}
	return s.snapshot(st.View())
}

// expire deletes the events of ws that its newest snapshot holds and that are
// too old.
func (s *Store) expire(ws workspace.ID) error {
	for s.cfg.Retention > 0 && !s.ends() {
		keys, first, err := s.expired(ws)
		if err != nil || len(keys) == 0 {
			return err
		}
		// The mark comes first: after a crash in between, records may be there
		// that need not, and none is missing that must be.
		mark := firstKey(ws)
		entries := []entry{{key: mark, record: seal(mark, binary.AppendUvarint(nil, first))}}
		for _, key := range keys {
			entries = append(entries, entry{key: key})
		}
		if err := s.writer.write(entries); err != nil {
			return err
		}
		s.cfg.Log.Info().Str("workspace", string(ws)).Int("records", len(keys)).Uint64("first", first).
			Msg("retention: events are gone for good")
	}
	return nil
}

// expired returns the keys of records that are to be deleted, up to a bound,
// and the first event that is left then.
func (s *Store) expired(ws workspace.ID) (keys [][]byte, first uint64, err error) {
	err = s.view("workspace "+string(ws), func(txn *badger.Txn) error {
		covered, found, err := newestSnapshot(txn, ws)
		if err != nil || !found {
			return err
		}
		undelivered, err := undelivered(txn, ws)
		if err != nil {
			return err
		}
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindJournal, ws), PrefetchValues: true, PrefetchSize: 8})
		defer it.Close()
		for it.Rewind(); it.Valid() && len(keys) < sweepRecords; it.Next() {
			last, at, err := span(it.Item(), ws)
			if err != nil || last > covered || last >= undelivered || !at.Before(s.horizon()) {
				return err
			}
			keys, first = append(keys, it.Item().KeyCopy(nil)), last+1
		}
		return nil
	})
	return keys, first, err
}

// undelivered returns the first event of ws that a webhook still waits for, or
// the greatest number: a daemon that was down for long must deliver it first.
// That ends, because a courier gives a message up in time. Mails keep nothing:
// without a mail server nobody would ever send or give up what waits for one.
func undelivered(txn *badger.Txn, ws workspace.ID) (uint64, error) {
	first := uint64(math.MaxUint64)
	head, err := readHead(txn, ws)
	if err != nil {
		return 0, err
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindCursor, ws), PrefetchValues: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		_, consumer, seq, err := readCursor(it.Item())
		if err != nil {
			return 0, err
		}
		if consumer != workspace.MailConsumer && seq < head.Marks.Log {
			first = min(first, seq+1)
		}
	}
	return first, nil
}

// span returns the number and the instant of the last event in a journal
// record of ws.
func span(it *badger.Item, ws workspace.ID) (last uint64, at time.Time, err error) {
	key := it.KeyCopy(nil)
	if last, err = seqOf(key, ws); err != nil {
		return 0, at, err
	}
	last--
	err = it.Value(func(record []byte) error {
		body, err := unseal(key, record)
		if err != nil {
			return err
		}
		return decodeJournal(body, func(env workspace.Envelope, _ workspace.Event) error {
			last, at = last+1, env.At
			return nil
		})
	})
	return last, at, err
}

// firstKept returns the first event of ws that must be there: 1, or what
// expire has left.
func firstKept(txn *badger.Txn, ws workspace.ID) (uint64, error) {
	first, key := uint64(1), firstKey(ws)
	it, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return first, nil
	}
	if err != nil {
		return 0, err
	}
	err = it.Value(func(record []byte) error {
		body, err := unseal(key, record)
		if err != nil {
			return err
		}
		n := 0
		if first, n = uvarint(body); n != len(body) || first == 0 {
			return fmt.Errorf("%w: %q holds no sequence number", ErrCorrupt, key)
		}
		return nil
	})
	return first, err
}
