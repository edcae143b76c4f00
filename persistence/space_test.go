package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// TestShortSpace: below the reserve writes are refused and reads go on, the
// ballast is given back, and writes go on when there is space again.
func TestShortSpace(t *testing.T) {
	const reserve = 1 << 30
	var free atomic.Uint64
	free.Store(2 * reserve)
	cfg := config(t.TempDir())
	cfg.Reserve = reserve
	cfg.FreeSpace = func(string) (uint64, error) { return free.Load(), nil }
	s := open(t, cfg)
	w := journaltest.NewWriter(t, s, "acme", 1)
	ballast := filepath.Join(cfg.Dir, ballastFile)
	if info, err := os.Stat(ballast); err != nil || info.Size() != ballastSize {
		t.Errorf("ballast: %v", err)
	}

	free.Store(reserve - 1)
	s.space.look()
	refused := w.Decide(t, journaltest.Person(1))
	if err := journaltest.Durable(s, refused); !errors.Is(err, workspace.ErrReadOnly) {
		t.Errorf("write: %v", err)
	}
	if err := s.snapshot(w.State.View()); !errors.Is(err, workspace.ErrReadOnly) {
		t.Errorf("snapshot: %v", err)
	}
	if err := journaltest.Durable(s, workspace.Append{Workspace: "acme", After: refused.After}); err != nil {
		t.Errorf("fence: %v", err)
	}
	if st, err := s.Load("acme"); err != nil || st.Seq() != refused.After {
		t.Errorf("read: %v", err)
	}
	if _, err := os.Stat(ballast); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the ballast is kept: %v", err)
	}

	free.Store(reserve + ballastSize) // not enough to make the ballast again
	s.space.look()
	if err := journaltest.Durable(s, refused); !errors.Is(err, workspace.ErrReadOnly) {
		t.Errorf("with little space: %v", err)
	}
	free.Store(2 * reserve)
	s.space.look()
	if err := journaltest.Durable(s, refused); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(ballast); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close left the ballast: %v", err)
	}

	free.Store(reserve - 1)
	if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "disk-reserve") || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: %v", err)
	}
}

// TestUnknownSpaceIsFinal: a file system that does not answer has failed.
func TestUnknownSpaceIsFinal(t *testing.T) {
	var broken atomic.Bool
	cfg := config(t.TempDir())
	cfg.FreeSpace = func(string) (uint64, error) {
		if broken.Load() {
			return 0, os.ErrInvalid
		}
		return 1 << 40, nil
	}
	s := open(t, cfg)
	w := journaltest.NewWriter(t, s, "acme", 1)
	broken.Store(true)
	s.space.look()
	ended(t, s, w)
}
