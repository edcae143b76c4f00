package persistence

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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
	Retention time.Duration // how long events are kept once a snapshot holds what they did; 0: for ever
	Drain     time.Duration // how long Close waits for the disk; 0: for half a minute
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
	work      gate                   // the writer, the watchdog, the retention and running snapshots
	reads     gate                   // everything that reads, work included
	snapshots chan struct{}          // one token per running snapshot
	turns     turns                  // of those who snapshot the same workspace
	merges    atomic.Pointer[merges] // nil until the writer can say whether there are appends
}

// snapshotsAtOnce bounds the snapshots that are written side by side.
const snapshotsAtOnce = 2

// Open opens the store in cfg.Dir, or makes one. It returns an error of one
// line, having changed nothing, if the directory is in use, was written by a
// newer version, holds an unfinished restore, is no data directory, or has too
// little space.
func Open(cfg Config) (*Store, error) {
	fresh, err := checkDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	return openAs(cfg, fresh)
}

// OpenExisting is Open for those who only look: it makes no store.
func OpenExisting(cfg Config) (*Store, error) {
	fresh, err := checkDir(cfg.Dir)
	if err == nil && fresh {
		err = fmt.Errorf("there is no store in %s", cfg.Dir)
	}
	if err != nil {
		return nil, err
	}
	return openAs(cfg, false)
}

func openAs(cfg Config, fresh bool) (*Store, error) {
	s, err := openJournal(cfg)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := WriteFile(filepath.Join(cfg.Dir, formatFile), formatText); err != nil {
			return nil, errors.Join(err, s.db.Close())
		}
	}
	s.begin()
	return s, nil
}

// openJournal opens the journal of cfg.Dir, and makes it if it is not there.
func openJournal(cfg Config) (*Store, error) {
	if cfg.Now == nil {
		return nil, errors.New("persistence: Config.Now is not set")
	}
	if cfg.FreeSpace == nil {
		cfg.FreeSpace = freeSpace
	}
	cfg.Drain = cmp.Or(cfg.Drain, drainTime)
	if err := checkSpace(cfg); err != nil {
		return nil, err
	}
	journal := filepath.Join(cfg.Dir, journalDir)
	if _, err := makeDir(journal); err != nil {
		return nil, err
	}
	if err := sweep(journal); err != nil {
		return nil, openError(cfg.Dir, err)
	}
	s := &Store{
		cfg: cfg, failed: make(chan struct{}), closing: make(chan struct{}),
		snapshots: make(chan struct{}, snapshotsAtOnce),
	}
	var err error
	if s.db, err = badger.Open(s.options()); err != nil {
		return nil, openError(cfg.Dir, err)
	}
	if syncs := syncsValueLog(s.db); syncs != nil {
		*syncs = false // before anything is written
	}
	return s, nil
}

// begin starts what works beside the callers.
func (s *Store) begin() {
	s.space = newSpace(s)
	s.writer.init(s)
	s.merges.Store(newMerges(&s.writer, s.db.Levels))
	s.work.run(s.writer.run)
	s.work.run(s.space.watch)
	if s.cfg.Retention > 0 {
		s.work.run(s.retain)
	}
}

// memtable is the size of Badger's write buffer, in bytes. It bounds a
// transaction to about 15 % of it, which is what a list of eighty thousand new
// members takes, packed; two or three of these buffers are in memory. A buffer
// that is full becomes a table, and while the disk takes the table, the syncs of
// appends wait for it: the smaller, the shorter (docs/adr/0023-tables.md).
const memtable = 16 << 20

// tables is how many tables may gather before Badger merges them, and the double
// how many before it lets writes wait. Merging writes all of them again, with
// what was merged before, while appends want the same disk and the same
// processors. It needs as much room on the disk as it merges until it is over,
// which the reserve has to hold (space.go); and what was deleted stays in the
// files until then.
const tables = 10

// valueThreshold is the length from which Badger would use its value log, in
// bytes. Every record is shorter: the value log is not synced (valuelog.go).
const valueThreshold = 1 << 20

// options are Badger's options for this job: one writer, records of at most a
// quarter of a megabyte but for a single long event, most of which are packed
// already, and reads for a workspace that wakes and for the log, rather than for
// requests.
func (s *Store) options() badger.Options {
	return badger.DefaultOptions(filepath.Join(s.cfg.Dir, journalDir)).
		WithSyncWrites(true).
		WithDetectConflicts(false).
		WithNumVersionsToKeep(1).
		WithMemTableSize(memtable).
		WithNumMemtables(2).
		WithNumLevelZeroTables(tables).
		WithNumLevelZeroTablesStall(2 * tables).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(1 << 20).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithNumCompactors(2).
		WithCompactL0OnClose(true). // what was deleted is to go from the files (retention.go)
		WithChecksumVerificationMode(options.OnTableRead).
		WithMetricsEnabled(false).
		WithLogger(badgerLog{s})
}

// badgerLog reads Badger's log for errors, which Badger may survive and this
// store does not, and for what merges do.
type badgerLog struct{ s *Store }

func (l badgerLog) Errorf(format string, args ...any) {
	l.s.fail(fmt.Errorf("badger: %s", strings.TrimSpace(fmt.Sprintf(format, args...))))
}

func (l badgerLog) Warningf(format string, args ...any) {
	l.s.cfg.Log.Warn().Msgf("badger: %s", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (l badgerLog) Infof(string, ...any) {}

// Debugf hears where merges are, and holds them there.
func (l badgerLog) Debugf(format string, _ ...any) {
	if !strings.HasPrefix(format, mergedTable) {
		return
	}
	if m := l.s.merges.Load(); m != nil {
		m.rest()
	}
}

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

// drainTime is Config.Drain where that is not set.
const drainTime = 30 * time.Second

// Close writes what was handed over, waits for snapshots that are being written
// and for readers, and closes the store. Whoever comes after it, to write or to
// read, gets workspace.ErrUnavailable. Badger tries for ever to write what it
// holds in memory, so Close gives up after Config.Drain: it returns an error, and
// the process has to end. What was acknowledged is in the log on disk either way.
func (s *Store) Close() error {
	closed := make(chan error, 1)
	go func() { closed <- s.close() }()
	select {
	case err := <-closed:
		return cmp.Or(err, s.Err())
	case <-time.After(s.cfg.Drain):
		err := fmt.Errorf("the store did not close within %v", s.cfg.Drain)
		s.cfg.Log.Error().Err(err).Msg("giving up; what was acknowledged stays in the journal's log")
		return cmp.Or(s.Err(), err)
	}
}

func (s *Store) close() error {
	close(s.closing)
	s.writer.stop()
	s.work.shut()
	s.reads.shut()
	s.space.close()
	return s.db.Close()
}
