package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// knownBadger is the version of which it is known who reads what syncsValueLog
// finds: the value log alone.
const knownBadger = "v4.9.6"

// TestValueLogIsNotSynced: the log that everything is in is synced, and the value
// log is not.
func TestValueLogIsNotSynced(t *testing.T) {
	s := open(t, config(t.TempDir()))
	if syncs := syncsValueLog(s.db); syncs == nil || *syncs {
		t.Error("the value log is synced, or this Badger has no vlog.opt.SyncWrites")
	}
	if !s.db.Opts().SyncWrites {
		t.Error("transactions are not synced")
	}
	module, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "\tgithub.com/dgraph-io/badger/v4 "+knownBadger+"\n") {
		t.Errorf("this is not Badger %s: look who reads vlog.opt.SyncWrites now, and whether its log in memory does (docs/adr/0027-value-log.md)", knownBadger)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsInTheValueLog: the file that is not synced has its header in it, and
// nothing else, whatever was written.
func TestNothingIsInTheValueLog(t *testing.T) {
	const header = 20 // bytes
	dir := t.TempDir()
	s := open(t, config(dir))
	w := journaltest.NewWriter(t, s, "acme", 1)
	for length, want := range map[int]error{valueThreshold - 1: nil, valueThreshold: workspace.ErrTooLarge} {
		err := s.writer.write([]entry{{key: journalKey("other", 1), record: make([]byte, length)}})
		if !errors.Is(err, want) {
			t.Errorf("a record of %d bytes: %v, want %v", length, err, want)
		}
	}
	w.Must(t, journaltest.Person(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, journalDir, "*.vlog"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("value logs %q, error %v", logs, err)
	}
	info, err := os.Stat(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != header {
		t.Errorf("%d bytes, want %d", info.Size(), header)
	}
}
