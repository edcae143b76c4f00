package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// TestNothingIsInTheValueLog: the file that is not synced has its header in it, and
// nothing else, whatever was written; and Badger still has the field that says so.
func TestNothingIsInTheValueLog(t *testing.T) {
	const header = 20 // bytes
	dir := t.TempDir()
	s := open(t, config(dir))
	if !restValueLog(s.db) {
		t.Error("this Badger has no vlog.opt.SyncWrites: look what became of it")
	}
	w := journaltest.NewWriter(t, s, "acme", 1)
	for length, want := range map[int]error{maxEvent: nil, maxEvent + 1: workspace.ErrTooLarge} {
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
	if info, err := os.Stat(logs[0]); err != nil || info.Size() != header {
		t.Errorf("%v, error %v, want %d bytes", info.Size(), err, header)
	}
}
