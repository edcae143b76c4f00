package persistence

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// damage writes a record that is not what it was.
func damage(t *testing.T, s *Store, key []byte) {
	t.Helper()
	err := s.db.Update(func(txn *badger.Txn) error {
		it, err := txn.Get(key)
		if err != nil {
			return err
		}
		record, err := it.ValueCopy(nil)
		if err != nil {
			return err
		}
		record[len(record)-1] ^= 1
		return txn.Set(key, record)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ended fails t unless the store has failed for good: the process hears of it
// and no append is acknowledged any more.
func ended(t *testing.T, s *Store, w *journaltest.Writer) {
	t.Helper()
	select {
	case <-s.Failed():
	default:
		t.Fatal("the store goes on")
	}
	if err := journaltest.Durable(s, w.Decide(t, journaltest.Person(99))); err == nil {
		t.Error("an append is acknowledged after storage has failed")
	}
	if err := s.Close(); err == nil {
		t.Error("Close says that all is well")
	}
}

// TestDamageIsFinal damages a record and reads it in each way.
func TestDamageIsFinal(t *testing.T) {
	everything := func(uint64, workspace.Envelope, workspace.Event) bool { return true }
	for name, c := range map[string]struct {
		key  []byte
		read func(*Store) error
	}{
		"load":            {journalKey("acme", 1), func(s *Store) error { _, err := s.Load("acme"); return err }},
		"log":             {journalKey("acme", 1), func(s *Store) error { return s.ReadLog(t.Context(), "acme", 0, everything) }},
		"heads":           {headKey("acme"), func(s *Store) error { _, err := s.Heads("", 0); return err }},
		"token":           {tokenKey([32]byte{1}), func(s *Store) error { _, _, err := s.WorkspaceOfToken([32]byte{1}); return err }},
		"backup":          {journalKey("acme", 1), func(s *Store) error { return s.Backup(io.Discard) }},
		"dump":            {journalKey("acme", 1), func(s *Store) error { return s.Dump(io.Discard, "") }},
		"head of a write": {headKey("acme"), func(s *Store) error { return s.lookAgain("acme") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, config(t.TempDir()))
			w := journaltest.NewWriter(t, s, "acme", 1)
			damage(t, s, c.key)
			if err := c.read(s); !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v", err)
			}
			ended(t, s, w)
		})
	}
}

// lookAgain has the writer read the head of ws, as the first write after a
// start does.
func (s *Store) lookAgain(ws workspace.ID) error {
	delete(s.writer.tails, ws)
	return journaltest.Durable(s, workspace.Append{Workspace: ws})
}

// TestWriteErrorsAreFinal: what Badger returns, and what it only logs.
func TestWriteErrorsAreFinal(t *testing.T) {
	for name, fault := range map[string]func(*Store) error{
		"logged":   func(s *Store) error { badgerLog{s}.Errorf("failed to sync: %v", io.ErrShortWrite); return s.Err() },
		"returned": func(s *Store) error { return s.writer.write([]entry{{key: nil, record: []byte("no key")}}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, config(t.TempDir()))
			w := journaltest.NewWriter(t, s, "acme", 1)
			if err := fault(s); err == nil {
				t.Error("no error")
			}
			ended(t, s, w)
		})
	}
}

// TestCallersErrorsAreNotStorages: a caller who leaves, or cannot take what is
// read, does not end the store.
func TestCallersErrorsAreNotStorages(t *testing.T) {
	s := open(t, config(t.TempDir()))
	w := journaltest.NewWriter(t, s, "acme", 1)
	gone, leave := context.WithCancel(t.Context())
	err := s.ReadLog(gone, "acme", 0, func(uint64, workspace.Envelope, workspace.Event) bool {
		leave()
		return true
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("log: %v", err)
	}
	if err := s.Backup(broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("backup: %v", err)
	}
	w.Must(t, journaltest.Person(1))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// broken is a connection whose other end is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
