package persistence

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"rosterd/persistence/journaltest"
	"rosterd/scim"
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

// TestSnapshotOfTheLongestEvent: whom an append may hold a snapshot may, too, though
// it says more of them.
func TestSnapshotOfTheLongestEvent(t *testing.T) {
	dir := t.TempDir()
	s := open(t, config(dir))
	random := rand.New(rand.NewPCG(1, 1))
	title := make([]byte, maxEvent) // which does not pack
	for i := range title {
		title[i] = 'a' + byte(random.IntN(26))
	}
	// person is an append of somebody with a title of so many bytes, and how long
	// its record is.
	person := func(w *journaltest.Writer, length int) (workspace.Append, int) {
		cmd := journaltest.Person(1).(workspace.AddPerson)
		cmd.Doc = append(cmd.Doc, scim.Attr{Name: "title", Value: scim.Text(string(title[:length]))})
		a := w.Decide(t, cmd)
		return a, len(s.journalEntries(a)[0].record)
	}
	const some = maxEvent / 2
	_, n := person(journaltest.NewWriter(t, s, "other", 2), some)
	w := journaltest.NewWriter(t, s, "acme", 1)
	a, n := person(w, maxEvent-(n-some)-64)
	if n > maxEvent || n < maxEvent-256 {
		t.Fatalf("a record of %d bytes, want almost %d", n, maxEvent)
	}
	if err := journaltest.Durable(s, a); err != nil {
		t.Fatal(err)
	}
	env, refused := workspace.Envelope{At: today(), Actor: workspace.ActorOperator}, workspace.RequestRefused{
		User: w.State.LastID(), Status: 400, Detail: string(title[:500]), // which the snapshot holds with the person
	}
	a = workspace.Append{Workspace: "acme", After: w.State.Seq(), Commits: []workspace.Commit{{Envelope: env, Events: []workspace.Event{refused}}}}
	w.State.Apply(env, refused)
	a.Head = w.State.View().Head()
	if err := journaltest.Durable(s, a); err != nil {
		t.Fatal(err)
	}
	snapshot(t, s, w.State.View())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}
