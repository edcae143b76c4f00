package persistence

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"rosterd/workspace"
)

// hurry makes a store believe for an hour that there are appends.
func hurry(s *Store) { s.writer.heard.Store(int64(time.Hour)) }

// TestAppendsGoFirst: what waits behind the appends rides with them, a little at
// a time, and all of it is written in the end.
func TestAppendsGoFirst(t *testing.T) {
	var w writer
	w.filled = sync.NewCond(&w.mu)
	for range 3 {
		w.put(job{ws: "behind", size: rideBytes / 2}, &w.behind)
	}
	w.put(job{ws: "behind", size: 8 * rideBytes}, &w.behind)
	for range 5 {
		w.put(job{ws: "append", size: rideBytes}, &w.queue)
	}
	w.stop()
	for n, want := range []map[workspace.ID]int{{"append": 5, "behind": 2}, {"behind": 1}, {"behind": 1}} {
		jobs := w.take()
		got := map[workspace.ID]int{}
		for _, j := range jobs {
			got[j.ws]++
		}
		if got["append"] != want["append"] || got["behind"] != want["behind"] || jobs[0].ws != "append" && n == 0 {
			t.Errorf("take %d: %v, want %v with the appends first", n, got, want)
		}
	}
	if jobs := w.take(); jobs != nil {
		t.Errorf("%d jobs at the end", len(jobs))
	}
}

// TestSnapshotWhileBusy: while there are appends the chunks are small, and the
// snapshot, and a backup that is taken meanwhile, hold what they always hold.
func TestSnapshotWhileBusy(t *testing.T) {
	const people = 600 // who take two small chunks, and a fifth of a large one
	dir, w := filled(t, people)
	s := open(t, config(dir))
	hurry(s)
	snapshot(t, s, w.State.View())
	keys, finished, err := s.chunksAt("acme", w.State.Seq())
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) < 3 || !finished {
		t.Errorf("%d chunks and an end: %t, want more than one chunk", len(keys), finished)
	}
	var backup bytes.Buffer
	if err := s.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	if err := VerifyBackup(&backup); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}

// TestDeletionsWhileBusy: many deletions come in small transactions.
func TestDeletionsWhileBusy(t *testing.T) {
	s := open(t, config(t.TempDir()))
	hurry(s)
	entries := make([]entry, 3*rideCount+1)
	for i := range entries {
		entries[i].key = snapshotKey("acme", 1, uint32(i))
	}
	before := s.db.MaxVersion()
	if err := s.writer.write(entries); err != nil {
		t.Fatal(err)
	}
	if n := s.db.MaxVersion() - before; n != 4 {
		t.Errorf("%d transactions, want 4", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRestEndsWithTheStore: nobody rests while the store is being closed.
func TestRestEndsWithTheStore(t *testing.T) {
	s := open(t, config(t.TempDir()))
	hurry(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1000 { // 20 s, if it did
		p := pace{&s.writer, time.Time{}}
		p.rest()
	}
}
