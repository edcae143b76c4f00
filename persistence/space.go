package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// space is the watchdog of free space. A full disk kills Badger in the middle
// of a write to mapped memory, so writes stop before that: below the reserve
// the store is read-only, and gives back a ballast file so that Badger's own
// housekeeping has room to end.
type space struct {
	s     *Store
	short atomic.Bool
}

const (
	ballastFile = "ballast"
	ballastSize = 16 << 20
	spacePeriod = time.Second
)

func newSpace(s *Store) *space {
	sp := &space{s: s}
	sp.look()
	return sp
}

// freeSpace returns the bytes that an unprivileged process may still write.
func freeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// checkSpace refuses to open a store where there is not even the reserve.
func checkSpace(cfg Config) error {
	dir := cfg.Dir
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		dir = filepath.Dir(filepath.Clean(dir))
	}
	if _, err := os.Stat(dir); err != nil {
		return nil // MkdirAll says what is wrong
	}
	free, err := cfg.FreeSpace(dir)
	if err != nil {
		return fmt.Errorf("data directory %s: free space: %w", cfg.Dir, err)
	}
	if free < cfg.Reserve {
		return fmt.Errorf("data directory %s: %d bytes are free, and %d are kept in reserve (disk-reserve)", cfg.Dir, free, cfg.Reserve)
	}
	return nil
}

func (sp *space) watch() {
	tick := time.NewTicker(spacePeriod)
	defer tick.Stop()
	for {
		select {
		case <-sp.s.closing:
			return
		case <-tick.C:
			sp.look()
		}
	}
}

// look measures, and switches between read-only and writable. What it takes to
// become writable again is the reserve and the ballast, so that the two states
// do not chase each other.
func (sp *space) look() {
	s := sp.s
	free, err := s.cfg.FreeSpace(s.cfg.Dir)
	if err != nil {
		s.fail(fmt.Errorf("free space: %w", err))
		return
	}
	lsm, vlog := s.db.Size()
	s.cfg.Metrics.JournalBytes(lsm + vlog)
	s.cfg.Metrics.StorageFree(free)
	switch short := sp.short.Load(); {
	case !short && free < s.cfg.Reserve:
		sp.short.Store(true)
		s.cfg.Log.Error().Uint64("free", free).Uint64("reserve", s.cfg.Reserve).Msg("space is short: writes are refused")
		sp.dropBallast()
	case short && free >= s.cfg.Reserve+2*ballastSize:
		sp.keepBallast()
		sp.short.Store(false)
		s.cfg.Log.Info().Uint64("free", free).Msg("there is space again: writes go on")
	case !short:
		sp.keepBallast()
	}
	s.cfg.Metrics.ReadOnly(sp.short.Load())
}

func (sp *space) path() string { return filepath.Join(sp.s.cfg.Dir, ballastFile) }

// keepBallast makes the ballast if it is not there. A ballast that cannot be
// made is no reason to stop.
func (sp *space) keepBallast() {
	if _, err := os.Stat(sp.path()); err == nil || sp.s.cfg.Reserve == 0 {
		return
	}
	f, err := os.OpenFile(sp.path(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		sp.s.cfg.Log.Warn().Err(err).Msg("no ballast file")
		return
	}
	err = errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, ballastSize), f.Close())
	if err != nil {
		sp.s.cfg.Log.Warn().Err(err).Msg("no ballast file")
		sp.dropBallast()
	}
}

func (sp *space) dropBallast() {
	if err := os.Remove(sp.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		sp.s.cfg.Log.Warn().Err(err).Msg("ballast file")
	}
}

// close leaves nothing of the watchdog in the data directory.
func (sp *space) close() { sp.dropBallast() }
