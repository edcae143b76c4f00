package persistence

import (
	"cmp"
	"iter"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

func snapshot(t *testing.T, s *Store, v *workspace.View) {
	t.Helper()
	done := make(chan error, 1)
	s.Snapshot(v, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestSnapshotOverAnUnfinishedOne: a snapshot that was cut off, by a version
// that made more chunks, must not mix with a new one at the same event.
func TestSnapshotOverAnUnfinishedOne(t *testing.T) {
	dir, w := filled(t, 5)
	s := open(t, config(dir))
	var left []entry
	for chunk := range uint32(7) {
		key := snapshotKey("acme", w.State.Seq(), chunk)
		left = append(left, entry{key: key, record: seal(key, []byte("part of another snapshot"))})
	}
	if err := s.writer.write(left); err != nil {
		t.Fatal(err)
	}
	snapshot(t, s, w.State.View())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}

// TestSnapshotTwice: a snapshot that is finished is not written over, since a
// process that dies meanwhile would leave one that is neither.
func TestSnapshotTwice(t *testing.T) {
	dir, w := filled(t, 5)
	s := open(t, config(dir))
	written := func() (version uint64) {
		err := s.db.View(func(txn *badger.Txn) error {
			it, err := txn.Get(snapshotKey("acme", w.State.Seq(), 0))
			if err == nil {
				version = it.Version()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	snapshot(t, s, w.State.View())
	first := written()
	snapshot(t, s, w.State.View())
	if again := written(); again != first {
		t.Errorf("the first chunk is of transaction %d, and then of %d", first, again)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}

// TestAhead: everything comes, in order, whoever stops early leaves nothing
// behind, and a panic arrives where the items do.
func TestAhead(t *testing.T) {
	const n = 3*itemsAhead + 1
	running := false
	all := func(end func()) iter.Seq2[workspace.SnapshotItem, error] {
		return func(yield func(workspace.SnapshotItem, error) bool) {
			running = true
			defer func() { running = false }()
			for i := range uint64(n) {
				if !yield(workspace.SnapHead{Seq: i}, nil) {
					return
				}
			}
			end()
		}
	}
	for _, stop := range []uint64{0, 1, itemsAhead, 2 * itemsAhead, n} {
		seen := uint64(0)
		for item, err := range ahead(all(func() {})) {
			if err != nil || item.(workspace.SnapHead).Seq != seen {
				t.Fatalf("%v comes as number %d: %v", item, seen, err)
			}
			if seen++; seen == stop {
				break
			}
		}
		if want := cmp.Or(stop, n); seen != want {
			t.Errorf("%d items came, want %d", seen, want)
		}
		if running {
			t.Errorf("it goes on reading after %d items", seen)
		}
	}
	defer func() {
		if p := recover(); p != "torn" {
			t.Errorf("got the panic %v", p)
		}
	}()
	for range ahead(all(func() { panic("torn") })) {
	}
}
