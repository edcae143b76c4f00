package persistence

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

const day = 24 * time.Hour

// A clock stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// log returns the sequence numbers of the first and the last event that are
// there; zeros if there is none.
func logged(t *testing.T, s *Store) (first, last uint64) {
	t.Helper()
	err := s.ReadLog(t.Context(), "acme", 0, func(seq uint64, _ workspace.Envelope, _ workspace.Event) bool {
		if first == 0 {
			first = seq
		}
		last = seq
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, last
}

// mentions reports whether any record of the store holds a text.
func mentions(t *testing.T, s *Store, text string) (found bool) {
	t.Helper()
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			record, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			body, err := unseal(key, record)
			if err != nil {
				return err
			}
			found = found || bytes.Contains(body, []byte(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func clean(t *testing.T, s *Store) {
	t.Helper()
	err := s.Check(func(line string) { t.Error("check: " + line) })
	if err != nil {
		t.Fatal(err)
	}
}

// forget makes workspace acme with a person who is deleted again.
func forget(t *testing.T, s *Store) *journaltest.Writer {
	t.Helper()
	w := journaltest.NewWriter(t, s, "acme", 1)
	w.Must(t, workspace.AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text("gone@example.com")}}})
	w.Must(t, workspace.DeleteUser{ID: w.State.LastID()})
	return w
}

// TestRetentionNeedsNoWrites: a workspace that nobody writes to forgets whom it
// deleted, though no snapshot was ever taken.
func TestRetentionNeedsNoWrites(t *testing.T) {
	c := &clock{now: today()}
	cfg := config(t.TempDir())
	cfg.Now = c.Now
	s := open(t, cfg)
	w := forget(t, s)
	c.set(w.Now().Add(cfg.Retention - time.Minute))
	s.retainAll()
	if !mentions(t, s, "gone@example.com") {
		t.Error("forgotten before its time")
	}
	c.set(w.Now().Add(cfg.Retention + time.Minute))
	s.retainAll()
	if mentions(t, s, "gone@example.com") {
		t.Error("not forgotten after the retention")
	}
	if first, last := logged(t, s); first != 0 {
		t.Errorf("events %d to %d are left", first, last)
	}
	clean(t, s)
	w.Must(t, journaltest.Guest(1))
	if first, last := logged(t, s); first != w.State.Seq() || last != first {
		t.Errorf("events %d to %d after one more", first, last)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	st, err := s.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	journaltest.Same(t, st, w.State)
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRetentionKeepsWhatIsYoung: what is older goes, also where a busy
// workspace writes on and its newest snapshot is old.
func TestRetentionKeepsWhatIsYoung(t *testing.T) {
	c := &clock{now: today()}
	cfg := config(t.TempDir())
	cfg.Now = c.Now
	s := open(t, cfg)
	w := forget(t, s)
	snapshot(t, s, w.State.View())
	w.Must(t, journaltest.Guest(1)) // in no snapshot
	old := w.State.Seq()
	w.Pass(60 * day)
	w.Must(t, journaltest.Guest(2))
	w.Must(t, journaltest.Guest(3))
	c.set(w.Now().Add(40 * day))
	for range 2 { // the second time there is nothing left to do
		s.retainAll()
		if first, last := logged(t, s); first != old+1 || last != w.State.Seq() {
			t.Errorf("events %d to %d are left, want %d to %d", first, last, old+1, w.State.Seq())
		}
	}
	if mentions(t, s, "gone@example.com") {
		t.Error("not forgotten after the retention")
	}
	st, err := s.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	journaltest.Same(t, st, w.State)
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRetentionKeepsWhatIsUndelivered: what a webhook waits for is there until
// it is delivered or given up, however old it is.
func TestRetentionKeepsWhatIsUndelivered(t *testing.T) {
	c := &clock{now: today()}
	cfg := config(t.TempDir())
	cfg.Now = c.Now
	s := open(t, cfg)
	w := forget(t, s)
	w.Must(t, workspace.CreateWebhook{ID: "a", URL: "https://a.example.com", Secret: "s"})
	hook := w.State.Seq()
	w.Must(t, journaltest.Guest(1))
	w.Must(t, journaltest.Guest(2))
	c.set(w.Now().Add(cfg.Retention + time.Minute))
	for done := hook; done <= w.State.Seq(); done++ {
		if err := s.writer.write([]entry{cursorEntry("acme", "a", done)}); err != nil {
			t.Fatal(err)
		}
		s.retainAll()
		first, _ := logged(t, s)
		if want := (done + 1) % (w.State.Seq() + 1); first != want { // none is left at the end
			t.Errorf("delivered up to %d: event %d is the first that is left, want %d", done, first, want)
		}
	}
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRetentionAtStart: a daemon that was down for long does not wait an hour.
func TestRetentionAtStart(t *testing.T) {
	c := &clock{now: today()}
	cfg := config(t.TempDir())
	cfg.Now = c.Now
	s := open(t, cfg)
	w := forget(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.set(w.Now().Add(cfg.Retention + day))
	kept := cfg
	kept.Retention = 0
	s = open(t, kept)
	s.retainAll()
	if first, _ := logged(t, s); first != 1 {
		t.Errorf("without a retention the log begins with event %d", first)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	for first := uint64(1); first != 0; { // the test's own time limit ends it
		first, _ = logged(t, s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSnapshotInProgressStays: cleaning up behind one snapshot leaves a newer
// one alone that is being written.
func TestSnapshotInProgressStays(t *testing.T) {
	s := open(t, config(t.TempDir()))
	w := journaltest.NewWriter(t, s, "acme", 1)
	part := snapshotKey("acme", w.State.Seq()+1, 0)
	if err := s.writer.write([]entry{{key: part, record: seal(part, []byte("the first chunk"))}}); err != nil {
		t.Fatal(err)
	}
	snapshot(t, s, w.State.View())
	if !mentions(t, s, "the first chunk") {
		t.Error("it lost its first chunk")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSnapshotsSideBySide: an actor and the retention may snapshot the same
// workspace at once, in any order.
func TestSnapshotsSideBySide(t *testing.T) {
	s := open(t, config(t.TempDir()))
	w := journaltest.NewWriter(t, s, "acme", 1)
	var all sync.WaitGroup
	for n := range 60 {
		w.Must(t, journaltest.Guest(n))
		if n%3 == 0 {
			v := w.State.View()
			all.Go(func() {
				if err := s.snapshot(v); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := s.cover("acme"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	st, err := s.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	journaltest.Same(t, st, w.State)
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSnapshotsOfOneInstant: two who snapshot a workspace as it is at the same
// instant divide it in chunks as they see fit, under the same keys.
func TestSnapshotsOfOneInstant(t *testing.T) {
	dir, w := filled(t, 2000) // seven small chunks, and two large ones
	s := open(t, config(dir))
	var both sync.WaitGroup
	hurry(s)
	write := func(v *workspace.View) {
		both.Go(func() {
			if err := s.snapshot(v); err != nil {
				t.Error(err)
			}
		})
	}
	write(w.State.View())
	for begun := false; !begun && !t.Failed(); {
		keys, _, err := s.chunksAt("acme", w.State.Seq())
		if err != nil {
			t.Fatal(err)
		}
		begun = len(keys) > 1
	}
	s.writer.heard.Store(-int64(time.Hour))
	write(w.State.View())
	both.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}

// TestCloseTakesBytesOut: what was deleted is in no file after a stop.
func TestCloseTakesBytesOut(t *testing.T) {
	dir := t.TempDir()
	const kept, deleted = "kept-kept-kept-kept", "gone-gone-gone-gone"
	write := func(entries ...entry) {
		t.Helper()
		s := open(t, config(dir))
		if err := s.writer.write(entries); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	one, two := journalKey("acme", 1), journalKey("acme", 2)
	write(entry{key: one, record: []byte(deleted)}, entry{key: two, record: []byte(kept)})
	if !inFiles(t, dir, deleted) || !inFiles(t, dir, kept) {
		t.Fatal("what was written is in no file as it is")
	}
	write(entry{key: one})
	if inFiles(t, dir, deleted) {
		t.Error("what was deleted is in a file")
	}
	if !inFiles(t, dir, kept) {
		t.Error("what was not deleted is in no file")
	}
}

// inFiles reports whether a file of a store holds a text.
func inFiles(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Contains(b, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
