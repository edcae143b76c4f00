package persistence

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/persistence/journaltest"
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
