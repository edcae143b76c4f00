package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/rs/zerolog"

	"rosterd/metrics"
)

// A Config says how to open a Store.
type Config struct {
	Dir       string        // the data directory; made if it is not there
	Reserve   uint64        // bytes of free space below which writes are refused; 0: none
	Retention time.Duration // how long events behind the newest snapshot are kept
	Now       func() time.Time
	Metrics   *metrics.Metrics // may be nil
	Log       zerolog.Logger
	// FreeSpace returns the free bytes of the file system that holds dir. Nil
	// asks the operating system.
	FreeSpace func(dir string) (uint64, error)
}

// A Store is the journal of all workspaces. It is safe for concurrent use.
type Store struct {
	cfg    Config
	db     *badger.DB
	writer writer
	space  *space

	failOnce sync.Once
	failed   chan struct{}
	failure  error // set before failed is closed

	closing   chan struct{}
	work      sync.WaitGroup // the writer, the watchdog and running snapshots
	snapshots chan struct{}  // one token per running snapshot
}

// snapshotsAtOnce bounds the snapshots that are written side by side.
const snapshotsAtOnce = 2

// Files of a data directory.
const (
	formatFile = "FORMAT"
	journalDir = "journal"
)

// Open opens the store in cfg.Dir, or makes one. It returns an error of one
// line, having changed nothing, if the directory is in use, was written by a
// newer version, is no data directory, or has too little space.
func Open(cfg Config) (*Store, error) {
	if cfg.Now == nil {
		return nil, errors.New("persistence: Config.Now is not set")
	}
	if cfg.FreeSpace == nil {
		cfg.FreeSpace = freeSpace
	}
	fresh, err := checkDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkSpace(cfg); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, journalDir), 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s := &Store{
		cfg: cfg, failed: make(chan struct{}), closing: make(chan struct{}),
		snapshots: make(chan struct{}, snapshotsAtOnce),
	}
	s.db, err = badger.Open(s.options())
	if err != nil {
		return nil, openError(cfg.Dir, err)
	}
	if fresh {
		if err := os.WriteFile(filepath.Join(cfg.Dir, formatFile), []byte(strconv.Itoa(formatVersion)+"\n"), 0o600); err != nil {
			return nil, errors.Join(err, s.db.Close())
		}
	}
	s.space = newSpace(s)
	s.writer.init(s)
	s.work.Go(s.writer.run)
	s.work.Go(s.space.watch)
	return s, nil
}

// openError makes one line of why Badger did not open.
func openError(dir string, err error) error {
	if strings.Contains(err.Error(), "lock") {
		return fmt.Errorf("data directory %s is in use by another rosterd", dir)
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("data directory %s: %s", dir, first)
}

// checkDir reports whether dir is new, and refuses what is no data directory
// of this version.
func checkDir(dir string) (fresh bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, formatFile))
	switch {
	case err == nil:
		if version := strings.TrimSpace(string(text)); version != strconv.Itoa(formatVersion) {
			return false, fmt.Errorf("data directory %s has format %s, this rosterd knows %d; use a newer rosterd", dir, version, formatVersion)
		}
		return false, nil
	case !errors.Is(err, os.ErrNotExist):
		return false, fmt.Errorf("data directory: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("data directory: %w", err)
	}
	for _, f := range files {
		if f.Name() != journalDir { // what an interrupted first start leaves
			return false, fmt.Errorf("data directory %s is neither empty nor rosterd's: it has no file %s", dir, formatFile)
		}
	}
	return true, nil
}

// memtable is the size of Badger's write buffer, in bytes. It bounds a
// transaction to about 15 % of it, which is twice what a member list of fifty
// thousand takes, packed; two or three of these buffers are in memory.
const memtable = 32 << 20

// valueThreshold is the length from which Badger would use its value log, in
// bytes. Every record is shorter.
const valueThreshold = 1 << 20

// options are Badger's options for this job: one writer, records of at most a
// quarter of a megabyte, reads only at start-up and for the log. Nothing goes
// to the value log, whose sync errors Badger swallows.
func (s *Store) options() badger.Options {
	return badger.DefaultOptions(filepath.Join(s.cfg.Dir, journalDir)).
		WithSyncWrites(true).
		WithDetectConflicts(false).
		WithNumVersionsToKeep(1).
		WithMemTableSize(memtable).
		WithNumMemtables(2).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(1 << 20).
		WithCompression(options.Snappy).
		WithBlockCacheSize(8 << 20).
		WithIndexCacheSize(8 << 20).
		WithNumCompactors(2).
		WithCompactL0OnClose(true).
		WithChecksumVerificationMode(options.OnTableRead).
		WithMetricsEnabled(false).
		WithLogger(badgerLog{s})
}

// badgerLog reads Badger's log for errors, which Badger may survive and this
// store does not.
type badgerLog struct{ s *Store }

func (l badgerLog) Errorf(format string, args ...any) {
	l.s.fail(fmt.Errorf("badger: %s", strings.TrimSpace(fmt.Sprintf(format, args...))))
}

func (l badgerLog) Warningf(format string, args ...any) {
	l.s.cfg.Log.Warn().Msgf("badger: %s", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (l badgerLog) Infof(string, ...any)  {}
func (l badgerLog) Debugf(string, ...any) {}

// fail makes err the end of the store.
func (s *Store) fail(err error) {
	s.failOnce.Do(func() {
		s.failure = err
		s.cfg.Log.Error().Err(err).Msg("storage failed; nothing more is acknowledged")
		close(s.failed)
	})
}

// Failed is closed when the store has failed for good. The process must end.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Err returns why the store failed, or nil.
func (s *Store) Err() error {
	select {
	case <-s.failed:
		return s.failure
	default:
		return nil
	}
}

// Close writes what was handed over, waits for snapshots that are being
// written, and closes the store. Appends after it are refused.
func (s *Store) Close() error {
	close(s.closing)
	s.writer.stop()
	s.work.Wait()
	s.space.close()
	err := s.db.Close()
	if err == nil {
		err = s.Err()
	}
	return err
}
