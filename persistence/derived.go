package persistence

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// Due calls yield with every workspace that wants a tick and when, in due
// order, until it returns false.
func (s *Store) Due(yield func(workspace.ID, time.Time) bool) error {
	return s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindDue}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			at, ws, err := dueOf(it.Item().Key())
			if err != nil {
				return err
			}
			if !yield(ws, at) {
				return nil
			}
		}
		return nil
	})
}

// Cursors calls yield with every consumer and the sequence number that it is
// done with, until it returns false.
func (s *Store) Cursors(yield func(ws workspace.ID, consumer string, seq uint64) bool) error {
	return s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindCursor}, PrefetchValues: true, PrefetchSize: 64})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			ws, consumer, ok := strings.Cut(string(key[1:]), "\x00")
			if !ok {
				return fmt.Errorf("%w: key %q", ErrCorrupt, key)
			}
			var seq uint64
			err := it.Item().Value(func(record []byte) error {
				body, err := unseal(key, record)
				seq, _ = binary.Uvarint(body)
				return err
			})
			if err != nil || !yield(workspace.ID(ws), consumer, seq) {
				return err
			}
		}
		return nil
	})
}
