package persistence

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dgraph-io/badger/v4"

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

// TestMergesRest: while there are appends merges rest after each table, in turn,
// and less with every table that waits.
func TestMergesRest(t *testing.T) {
	const atOnce = 5
	for _, c := range []struct {
		name     string
		tables   int   // at the first level
		size     int64 // of it, in MB
		below    int64 // size of the level below, in MB
		idle     bool
		short    bool
		halvings int
		none     bool
	}{
		{name: "nothing waits"},
		{name: "a merge begins", tables: tables, size: 160, below: 20},
		{name: "one came meanwhile", tables: tables + 1, size: 176},
		{name: "two came meanwhile", tables: tables + 2, size: 192, halvings: 1},
		{name: "one very large table", tables: 1, size: 208},
		{name: "few wait, and the level below is full", tables: 3, size: 48, below: 150},
		{name: "some wait, and the level below is full", tables: 5, size: 80, below: 150, halvings: 2},
		{name: "no appends", tables: tables, size: 160, idle: true, none: true},
		{name: "space is short", tables: tables, size: 160, short: true, none: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &writer{s: &Store{space: &space{}}, began: time.Now()}
			w.s.space.short.Store(c.short)
			w.heard.Store(int64(time.Hour))
			if c.idle {
				w.heard.Store(-int64(busyFor))
			}
			m := newMerges(w, func() []badger.LevelInfo {
				return []badger.LevelInfo{
					{NumTables: c.tables, Size: c.size << 20, TargetSize: 10 << 20},
					{Level: 1, Size: c.below << 20, TargetSize: 10 << 20},
					{Level: 2, Size: 1 << 40, TargetSize: 10 << 20}, // the last one
				}
			})
			var group sync.WaitGroup
			for range atOnce {
				group.Go(m.rest)
			}
			group.Wait()
			want := atOnce * (mergeRest >> c.halvings)
			if c.none {
				want = 0
			}
			if got := time.Since(w.began); got != want {
				t.Errorf("%s: %d merges rested for %v, want %v", c.name, atOnce, got, want)
			}
		})
	}
	stalls := []badger.LevelInfo{{NumTables: 2*tables - 1}, {}}
	if rest := restOfMerge(stalls); rest > time.Millisecond {
		t.Errorf("just before appends have to wait, merges rest for %v", rest)
	}
}

// mergeEar counts the messages about tables that merges have filled.
type mergeEar struct {
	badger.Logger
	tables atomic.Int64
}

func (e *mergeEar) Debugf(format string, _ ...any) {
	if strings.HasPrefix(format, mergedTable) {
		e.tables.Add(1)
	}
}

// TestBadgerTellsOfMerges: Badger still has these words for a table that a merge
// has filled, and says them before it goes on.
func TestBadgerTellsOfMerges(t *testing.T) {
	s := open(t, config(t.TempDir()))
	options := s.options()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ear := &mergeEar{Logger: options.Logger}
	db, err := badger.Open(options.WithLogger(ear))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(txn *badger.Txn) error { return txn.Set([]byte("key"), []byte("value")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // merges what is in memory
		t.Fatal(err)
	}
	if ear.tables.Load() == 0 {
		t.Error("Badger merged, and its log did not hear of it")
	}
}
