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
	return s.view("the due index", func(txn *badger.Txn) error {
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
	return s.view("the cursors", func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindCursor}, PrefetchValues: true, PrefetchSize: 64})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			ws, consumer, seq, err := readCursor(it.Item())
			if err != nil || !yield(ws, consumer, seq) {
				return err
			}
		}
		return nil
	})
}

func readCursor(it *badger.Item) (ws workspace.ID, consumer string, seq uint64, err error) {
	key := it.KeyCopy(nil)
	err = it.Value(func(record []byte) error {
		body, err := unseal(key, record)
		if err == nil {
			ws, consumer, seq, err = cursorOf(key, body)
		}
		return err
	})
	return ws, consumer, seq, err
}

// cursorOf reads what cursorEntry wrote.
func cursorOf(key, body []byte) (ws workspace.ID, consumer string, seq uint64, err error) {
	name, consumer, ok := strings.Cut(string(key[1:]), "\x00")
	seq, n := binary.Uvarint(body)
	if !ok || n != len(body) {
		return "", "", 0, fmt.Errorf("%w: cursor %q", ErrCorrupt, key)
	}
	return workspace.ID(name), consumer, seq, nil
}

// derivedEntries keeps the index of tokens, and drops the cursor of an endpoint
// that is gone, with the events they follow from.
func derivedEntries(ws workspace.ID, ev workspace.Event) []entry {
	switch ev := ev.(type) {
	case workspace.TokenCreated:
		key := tokenKey(ev.Hash)
		return []entry{{key: key, record: seal(key, []byte(ws))}}
	case workspace.TokenRevoked:
		return []entry{{key: tokenKey(ev.Hash)}}
	case workspace.WebhookDeleted:
		return []entry{{key: cursorKey(ws, ev.ID)}}
	}
	return nil
}

func cursorEntry(ws workspace.ID, consumer string, seq uint64) entry {
	key := cursorKey(ws, consumer)
	return entry{key: key, record: seal(key, binary.AppendUvarint(nil, seq))}
}
