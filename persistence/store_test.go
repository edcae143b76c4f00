package persistence

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/persistence/journaltest"
)

func config(dir string) Config {
	return Config{Dir: dir, Now: time.Now, Log: zerolog.New(io.Discard), Retention: 90 * 24 * time.Hour}
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
