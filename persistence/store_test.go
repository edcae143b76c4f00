package persistence

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/persistence/journaltest"
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
