package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"golang.org/x/sys/unix"
)

// A badgerSink commits a batch as one synced transaction.
type badgerSink struct {
	db     *badger.DB
	ready  atomic.Pointer[badger.Txn] // the next, begun before the last is answered, as the daemon's
	merges *merges
}

const (
	memTable       = 16 << 20
	tables         = 10      // that gather before they are merged
	valueThreshold = 1 << 20 // everything below stays out of the value log
)

// openBadger opens a store in dir, with what the daemon's own store is opened
// with (persistence/store.go), so that what is held against the daemon is as
// well tuned: synced writes, no value log, small write buffers, tables that are
// merged seldom, nothing compressed or cached that is only appended. Merges rest
// as the daemon's do.
func openBadger(dir string) (sink, error) {
	m := &merges{}
	db, err := badger.Open(badger.DefaultOptions(dir).
		WithSyncWrites(true).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(1 << 20).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithMemTableSize(memTable).
		WithNumMemtables(2).
		WithNumLevelZeroTables(tables).
		WithNumLevelZeroTablesStall(2 * tables).
		WithNumCompactors(2).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithLogger(m))
	if err != nil {
		return nil, err
	}
	m.db.Store(db)
	return &badgerSink{db: db, merges: m}, nil
}

func (s *badgerSink) commit(batch []waiting, first uint64) error {
	s.merges.heard.Store(time.Now().UnixMilli())
	txn := s.ready.Swap(nil)
	if txn == nil {
		txn = s.db.NewTransaction(true)
	}
	defer func() {
		txn.Discard()
		if next := s.db.NewTransaction(true); !s.ready.CompareAndSwap(nil, next) {
			next.Discard()
		}
	}()
	for i, w := range batch {
		if err := txn.Set(binary.BigEndian.AppendUint64(nil, first+uint64(i)), w.body); err != nil {
			return err
		}
	}
	return txn.Commit()
}

func (s *badgerSink) close() error {
	if txn := s.ready.Load(); txn != nil {
		txn.Discard()
	}
	s.merges.db.Store(nil)
	return s.db.Close()
}

// merges rest while there are commits, in turn, for 100 ms after each table, and
// half as long for every table that came since they began: as those of the daemon
// (persistence/pace.go), which hears of the tables in Badger's log, too. Nothing
// else in that log is of interest here.
type merges struct {
	db    atomic.Pointer[badger.DB] // nil while nothing is to rest
	heard atomic.Int64              // when the newest commit began, in milliseconds
	turn  sync.Mutex
}

func (m *merges) Errorf(string, ...any)   {}
func (m *merges) Warningf(string, ...any) {}
func (m *merges) Infof(string, ...any)    {}

func (m *merges) Debugf(format string, _ ...any) {
	if !strings.HasPrefix(format, "[%d] LOG Compact. Added ") {
		return
	}
	m.turn.Lock()
	defer m.turn.Unlock()
	if db := m.db.Load(); db != nil && time.Now().UnixMilli()-m.heard.Load() < 100 {
		time.Sleep(100 * time.Millisecond >> max(0, db.Levels()[0].NumTables-tables-1))
	}
}

// A fileSink appends a batch to one file with one write and syncs its data.
type fileSink struct{ file *os.File }

// openFile makes a file in dir.
func openFile(dir string) (sink, error) {
	file, err := os.OpenFile(filepath.Join(dir, "appended"), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o600)
	return fileSink{file}, err
}

func (s fileSink) commit(batch []waiting, _ uint64) error {
	var all []byte
	for _, w := range batch {
		all = append(all, w.body...)
	}
	if _, err := s.file.Write(all); err != nil {
		return err
	}
	return unix.Fdatasync(int(s.file.Fd()))
}

func (s fileSink) close() error { return s.file.Close() }
