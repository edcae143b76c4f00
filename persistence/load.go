package persistence

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// Load returns the state of ws: its newest snapshot and the events after it. A
// workspace that was never written gives a State that does not exist. An error
// means that the store cannot be trusted, and ends it.
func (s *Store) Load(ws workspace.ID) (*workspace.State, error) {
	var st *workspace.State
	err := s.view("workspace "+string(ws), func(txn *badger.Txn) error {
		seq, found, err := newestSnapshot(txn, ws)
		if err != nil {
			return err
		}
		st = workspace.New(ws)
		if found {
			if st, err = loadSnapshot(txn, ws, seq); err != nil {
				return err
			}
		}
		if err := replay(txn, ws, st); err != nil {
			return err
		}
		h, err := readHead(txn, ws)
		if err == nil && h.Seq != st.Seq() {
			err = fmt.Errorf("%w: workspace %s ends at event %d, its head says %d", ErrCorrupt, ws, st.Seq(), h.Seq)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

// view runs fn on what is stored at this instant. An error of fn is storage
// that is not what was written or cannot be read, and ends the store; so what
// only concerns a caller must not be returned through fn. Once the store is
// closed it is workspace.ErrUnavailable.
func (s *Store) view(what string, fn func(*badger.Txn) error) error {
	if !s.reads.enter() {
		return workspace.ErrUnavailable
	}
	defer s.reads.leave()
	err := s.db.View(fn)
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		s.fail(err)
	}
	return err
}

// replay applies the events of ws that follow those st has.
func replay(txn *badger.Txn, ws workspace.ID, st *workspace.State) error {
	return events(txn, ws, st.Seq(), func(seq uint64, env workspace.Envelope, ev workspace.Event) (bool, error) {
		if seq != st.Seq()+1 {
			return false, fmt.Errorf("%w: workspace %s goes on with event %d after %d", ErrCorrupt, ws, seq, st.Seq())
		}
		st.Apply(env, ev)
		return true, nil
	})
}

// errEnough ends a walk over events early.
var errEnough = errors.New("enough")

// events calls yield with the events of ws after seq, until it returns false.
// A gap is an error, unless it is before the first event that is kept and
// nothing was promised: events behind a snapshot go after their retention.
func events(txn *badger.Txn, ws workspace.ID, after uint64, yield func(uint64, workspace.Envelope, workspace.Event) (bool, error)) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindJournal, ws), PrefetchValues: true, PrefetchSize: 8})
	defer it.Close()
	next := uint64(0)
	for it.Seek(recordWith(txn, ws, after+1)); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		seq, err := seqOf(key, ws)
		if err != nil {
			return err
		}
		if next != 0 && seq != next {
			return fmt.Errorf("%w: workspace %s goes on with event %d after %d", ErrCorrupt, ws, seq, next-1)
		}
		err = it.Item().Value(func(record []byte) error {
			body, err := unseal(key, record)
			if err != nil {
				return err
			}
			return decodeJournal(body, func(env workspace.Envelope, ev workspace.Event) error {
				seq++
				if seq-1 <= after {
					return nil
				}
				more, err := yield(seq-1, env, ev)
				if err == nil && !more {
					err = errEnough
				}
				return err
			})
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
		next = seq
	}
	return nil
}

// recordWith returns the key of the record that holds event seq, or of the
// first one after it.
func recordWith(txn *badger.Txn, ws workspace.ID, seq uint64) []byte {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindJournal, ws), Reverse: true})
	defer it.Close()
	it.Seek(journalKey(ws, seq))
	if it.Valid() {
		return it.Item().KeyCopy(nil)
	}
	return journalKey(ws, seq)
}

// ReadLog calls fn with the events of ws after the given sequence number,
// oldest first, until fn returns false or ctx is done. Events whose retention
// has passed are not there any more. An error other than ctx's ends the store.
func (s *Store) ReadLog(ctx context.Context, ws workspace.ID, after uint64, fn func(seq uint64, env workspace.Envelope, ev workspace.Event) bool) error {
	var left error // ctx's, which is no fault of the store
	err := s.view("log of workspace "+string(ws), func(txn *badger.Txn) error {
		return events(txn, ws, after, func(seq uint64, env workspace.Envelope, ev workspace.Event) (bool, error) {
			left = ctx.Err()
			return left == nil && fn(seq, env, ev), nil
		})
	})
	return cmp.Or(err, left)
}

// WorkspaceOfToken returns the workspace whose token has the given hash.
func (s *Store) WorkspaceOfToken(hash [32]byte) (ws workspace.ID, found bool, err error) {
	err = s.view("index of tokens", func(txn *badger.Txn) error {
		key := tokenKey(hash)
		it, err := txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return it.Value(func(record []byte) error {
			body, err := unseal(key, record)
			ws, found = workspace.ID(body), err == nil
			return err
		})
	})
	return ws, found, err
}

// Heads returns up to limit heads of workspaces whose ids come after a given
// one, in order of id; a limit below 1 returns all.
func (s *Store) Heads(after workspace.ID, limit int) ([]workspace.Head, error) {
	var out []workspace.Head
	err := s.view("heads", func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindHead}, PrefetchValues: true, PrefetchSize: 100})
		defer it.Close()
		for it.Seek(append(headKey(after), 0)); it.Valid() && (limit < 1 || len(out) < limit); it.Next() {
			var h workspace.Head
			key := it.Item().KeyCopy(nil)
			err := it.Item().Value(func(record []byte) error {
				body, err := unseal(key, record)
				if err != nil {
					return err
				}
				return decode(body, func(f *fields) { describeHead(f, &h) })
			})
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}
