package persistence

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

// today is soon after the events of the tests, whose retention must not pass.
func today() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }

func config(dir string) Config {
	return Config{Dir: dir, Now: today, Log: zerolog.New(io.Discard), Retention: 90 * 24 * time.Hour}
}

func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	base := t.TempDir()
	journaltest.Run(t, func(t *testing.T) journaltest.Journal {
		return open(t, config(filepath.Join(base, filepath.Base(t.Name()))))
	})
}

// TestLargestAppend: an append is durable as a whole as long as it fits into one
// transaction, and refused without a trace when it does not.
func TestLargestAppend(t *testing.T) {
	s := open(t, config(t.TempDir()))
	const step = 64 << 10 // bytes of one person
	random := rand.New(rand.NewPCG(1, 1))
	text := func() string { // which does not pack
		b := make([]byte, step/2)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return hex.EncodeToString(b)
	}
	for name, tc := range map[workspace.ID]struct {
		beyond int // of what a transaction takes, in bytes
		want   error
	}{"fits": {-2 * step, nil}, "over": {1, workspace.ErrTooLarge}} {
		w := journaltest.NewWriter(t, s, name, name[0])
		before := w.State.Seq()
		a := workspace.Append{Workspace: name, After: before}
		for i := 0; sizeOf(s.journalEntries(a)) < s.writer.maxBytes+tc.beyond; i++ {
			cmd := journaltest.Person(i).(workspace.AddPerson)
			cmd.Doc = append(cmd.Doc, scim.Attr{Name: "title", Value: scim.Text(text())})
			one := w.Decide(t, cmd)
			a.Commits, a.Head = append(a.Commits, one.Commits...), one.Head
		}
		if err := journaltest.Durable(s, a); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		st, err := s.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if tc.want == nil {
			journaltest.Same(t, st, w.State)
		} else if st.Seq() != before {
			t.Errorf("%s left %d events", name, st.Seq()-before)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFoldAtTheLimits: transactions that are as full as they may be are no
// error, though each append also moves its workspace in the due index.
func TestFoldAtTheLimits(t *testing.T) {
	s := open(t, config(t.TempDir()))
	small := func(ws workspace.ID, after uint64, sizes ...int) job {
		j := job{ws: ws, after: after, events: 1, due: today().Add(time.Duration(after+1) * time.Hour)}
		for i, n := range sizes {
			key := append(journalKey(ws, after+1), byte(i))
			j.entries = append(j.entries, entry{key: key, record: make([]byte, n)})
		}
		j.size = sizeOf(j.entries)
		return j
	}
	// all hands jobs over at once and waits for them.
	all := func(jobs []job) {
		t.Helper()
		done := make(chan error, len(jobs))
		s.writer.mu.Lock()
		for _, j := range jobs {
			j.done = func(err error) { done <- err }
			s.writer.queue = append(s.writer.queue, j)
		}
		s.writer.mu.Unlock()
		s.writer.filled.Signal()
		for range jobs {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	var many [2][]job
	for i := range s.writer.maxCount * 2 / 5 { // two entries and two moves each: 1.6 times the most
		ws := workspace.ID(fmt.Sprintf("ws-%d", i))
		many[0], many[1] = append(many[0], small(ws, 0, 1, 1)), append(many[1], small(ws, 1, 1, 1))
	}
	all(many[0])
	all(many[1])
	full := small("full", 1, 900_000, 900_000, 0)
	full.entries[2].record = make([]byte, s.writer.maxBytes-full.size)
	full.size = sizeOf(full.entries)
	if full.size != s.writer.maxBytes {
		t.Fatalf("%d bytes, want %d", full.size, s.writer.maxBytes)
	}
	all([]job{small("full", 0, 1)})
	all([]job{full})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCloseOfWhatCannotBeWritten: Badger tries for ever to write what it holds
// in memory. Close does not.
func TestCloseOfWhatCannotBeWritten(t *testing.T) {
	cfg := config(t.TempDir())
	cfg.Drain = 50 * time.Millisecond
	s := open(t, cfg)
	journaltest.NewWriter(t, s, "acme", 1).Must(t, journaltest.Person(1))
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil {
		t.Error("Close says that all is well")
	}
}

// TestAfterClose: a daemon that could not wait for its actors closes the store
// under them. What they ask for then is refused, and is no failure of storage.
func TestAfterClose(t *testing.T) {
	s := open(t, config(t.TempDir()))
	w := journaltest.NewWriter(t, s, "acme", 1)
	w.Must(t, journaltest.Person(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	snapped := make(chan error, 1)
	s.Snapshot(w.State.View(), func(err error) { snapped <- err })
	if err := <-snapped; !errors.Is(err, workspace.ErrUnavailable) {
		t.Errorf("Snapshot: %v", err)
	}
	if _, err := s.Load("acme"); !errors.Is(err, workspace.ErrUnavailable) {
		t.Errorf("Load: %v", err)
	}
	if _, err := s.Heads("", 1); !errors.Is(err, workspace.ErrUnavailable) {
		t.Errorf("Heads: %v", err)
	}
	if err := s.Err(); err != nil {
		t.Errorf("the store failed: %v", err)
	}
}
