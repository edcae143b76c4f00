package main

import (
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"golang.org/x/sys/unix"
)

// A badgerSink commits a batch as one synced transaction.
type badgerSink struct {
	db    *badger.DB
	keeps bool        // one goroutine commits, and begins the next transaction before the last is answered, as the daemon's
	ready *badger.Txn // that one
}

const (
	memTable       = 16 << 20
	tables         = 10      // that gather before they are merged
	valueThreshold = 1 << 20 // everything below stays out of the value log
)

// openBadger opens a store in dir, with what the daemon's own store is opened
// with (persistence/store.go), so that what is held against the daemon is as
// well tuned: synced writes, no value log, small write buffers, tables that are
// merged seldom, nothing compressed or cached that is only appended. It is Badger as
// its options make it: the empty value log is synced, too, and merges do not rest as
// the daemon's do; what is put off while it is measured would be done while the
// other one is.
func openBadger(dir string) (sink, error) { return openBadgerSink(dir, true) }

// openBadgerForMany is openBadger for goroutines that commit side by side.
func openBadgerForMany(dir string) (sink, error) { return openBadgerSink(dir, false) }

func openBadgerSink(dir string, keeps bool) (sink, error) {
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
		WithLogger(nil))
	if err != nil {
		return nil, err
	}
	return &badgerSink{db: db, keeps: keeps}, nil
}

func (s *badgerSink) commit(batch []waiting, first uint64) error {
	txn := s.ready
	if txn == nil {
		txn = s.db.NewTransaction(true)
	}
	defer func() {
		txn.Discard()
		if s.keeps {
			s.ready = s.db.NewTransaction(true)
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
	if s.ready != nil {
		s.ready.Discard()
	}
	return s.db.Close()
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
