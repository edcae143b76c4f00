package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"

	"rosterd/persistence/journaltest"
)

// filled makes a store with people in it, closed, and returns the directory
// and the writer that knows what is in it.
func filled(t *testing.T, people int) (string, *journaltest.Writer) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, config(dir))
	w := journaltest.NewWriter(t, s, "acme", 1)
	for n := range people {
		w.Must(t, journaltest.Person(n))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, w
}

// holds wants the store in dir to open and to hold what w wrote.
func holds(t *testing.T, dir string, w *journaltest.Writer) {
	t.Helper()
	s := open(t, config(dir))
	defer s.Close()
	st, err := s.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	journaltest.Same(t, st, w.State)
	if err := s.Check(func(line string) { t.Error(line) }); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		return err.(*os.PathError).Err.Error()
	}
	var out []string
	for _, f := range files {
		out = append(out, f.Name())
	}
	return strings.Join(out, " ")
}

// TestEmptyLogs: a process that was killed while Badger made or deleted a log
// leaves it without a byte. The next start must not stumble over it.
func TestEmptyLogs(t *testing.T) {
	for _, name := range []string{"00000.mem", "99999.mem", "000000.vlog", "999999.vlog"} {
		t.Run(name, func(t *testing.T) {
			dir, w := filled(t, 3)
			write(t, "", dir, journalDir, name)
			holds(t, dir, w)
			holds(t, dir, w) // and once more
		})
	}
}

// TestEmptyLogOfAnother: what is empty may be about to grow while another
// process has the store open.
func TestEmptyLogOfAnother(t *testing.T) {
	dir, w := filled(t, 3)
	write(t, "", dir, journalDir, "99999.mem")
	d, err := os.Open(filepath.Join(dir, journalDir))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(dir)); err == nil || !strings.Contains(err.Error(), "in use by another rosterd") {
		t.Errorf("open beside another: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, journalDir, "99999.mem")); err != nil {
		t.Errorf("the other's file is gone: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, w)
}

// TestFormat is about the file that says what a directory is.
func TestFormat(t *testing.T) {
	for text, want := range map[string]string{
		"1\n": "", "1": "", "2\n": "use a newer rosterd", "": "is no format; write 1 into it", "\x00\x00": "is no format", "one": "is no format", "0": "is no format",
	} {
		dir, w := filled(t, 1)
		write(t, text, dir, formatFile)
		if want == "" {
			holds(t, dir, w)
			continue
		}
		s, err := Open(config(dir))
		if err == nil {
			t.Fatalf("%q: it opens: %v", text, s.Close())
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestFirstStart is interrupted at every file it makes.
func TestFirstStart(t *testing.T) {
	for _, left := range []string{"", journalDir + "/LOCK", journalDir + "/00001.mem", formatFile + unfinished} {
		dir := filepath.Join(t.TempDir(), "new", "data")
		if left != "" {
			write(t, "", dir, left)
		}
		if err := open(t, config(dir)).Close(); err != nil {
			t.Errorf("%s: %v", left, err)
		}
		if got := names(t, dir); got != "FORMAT journal" {
			t.Errorf("after %q: %s", left, got)
		}
	}
}

// TestOpenExisting makes no store where there is none.
func TestOpenExisting(t *testing.T) {
	base := t.TempDir()
	for _, dir := range []string{base, filepath.Join(base, "data")} {
		if _, err := OpenExisting(config(dir)); err == nil || !strings.Contains(err.Error(), "there is no store in") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if got := names(t, base); got != "" {
		t.Errorf("it made %s", got)
	}
	dir, _ := filled(t, 1)
	s, err := OpenExisting(config(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// backupOf returns a backup of the store in dir.
func backupOf(t *testing.T, dir string) []byte {
	t.Helper()
	s := open(t, config(dir))
	defer s.Close()
	var out bytes.Buffer
	if err := s.Backup(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A brokenReader gives part of a text and calls fail for the rest.
type brokenReader struct {
	text io.Reader
	fail func() error
}

func (r brokenReader) Read(b []byte) (int, error) {
	n, err := r.text.Read(b)
	if err == io.EOF {
		err = r.fail()
	}
	return n, err
}

// TestRestoreInterrupted looks at what a restore leaves that is killed on the
// way: nothing that passes for a store.
func TestRestoreInterrupted(t *testing.T) {
	from, w := filled(t, 500)
	backup := backupOf(t, from)
	base := t.TempDir()
	dir, killed := filepath.Join(base, "data"), filepath.Join(base, "killed")
	gone := errors.New("the disk is gone")
	err := Restore(brokenReader{bytes.NewReader(backup[:len(backup)/2]), func() error {
		if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		return gone
	}}, config(dir))
	if !errors.Is(err, gone) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if got := names(t, base); got != "killed" {
		t.Errorf("a restore that failed leaves %s", got)
	}
	for what, open := range map[string]func() error{
		"open":    func() error { _, err := Open(config(killed)); return err },
		"restore": func() error { return Restore(bytes.NewReader(backup), config(killed)) },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), "a restore into it was interrupted; delete the directory") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := Restore(bytes.NewReader(backup), config(dir)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "FORMAT journal" {
		t.Errorf("a restore leaves %s", got)
	}
	holds(t, dir, w)
}

// TestRestoreInto wants a directory that is new or empty.
func TestRestoreInto(t *testing.T) {
	from, w := filled(t, 3)
	backup := backupOf(t, from)
	for file, want := range map[string]string{
		"photo.jpg": "neither empty nor rosterd's", journalDir + "/MANIFEST": "is not empty", formatFile: "is no format", restoringFile: "interrupted",
	} {
		dir := filepath.Join(t.TempDir(), "data")
		write(t, "", dir, file)
		if err := Restore(bytes.NewReader(backup), config(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("beside %s: %v", file, err)
		}
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s was touched: %v", file, err)
		}
	}
	empty := t.TempDir()
	if err := Restore(bytes.NewReader(backup[:len(backup)-1]), config(empty)); err == nil {
		t.Error("a backup without its last byte is restored")
	}
	if got := names(t, empty); got != "" {
		t.Errorf("a directory that was empty holds %s", got)
	}
	if err := Restore(bytes.NewReader(backup), config(empty)); err != nil {
		t.Fatal(err)
	}
	holds(t, empty, w)
}

// TestDamagedBackups flips bits and cuts ends: the backup is refused, with
// words that say so and roughly where, and nothing is left.
func TestDamagedBackups(t *testing.T) {
	from, _ := filled(t, 20)
	backup := backupOf(t, from)
	base := t.TempDir()
	dir := filepath.Join(base, "deep", "data")
	refused := func(what string, b []byte, at int) {
		t.Helper()
		err := Restore(bytes.NewReader(b), config(dir))
		if err == nil {
			t.Fatalf("%s: restored", what)
		}
		text := err.Error()
		if strings.ContainsAny(text, "\"\n\x00\\") || !strings.HasPrefix(text, "the backup is damaged") && !strings.HasPrefix(text, "the backup is cut short") && !strings.HasPrefix(text, "this is no backup") {
			t.Errorf("%s: %s", what, text)
		}
		var begins int
		if _, where, ok := strings.Cut(text, "damaged at byte "); ok {
			if _, err := fmt.Sscan(where, &begins); err != nil || begins > at || begins < at-len(backup)/4 {
				t.Errorf("%s: byte %d is at fault: %s", what, at, text)
			}
		}
		if got := names(t, base); got != "" {
			t.Fatalf("%s: %s is left", what, got)
		}
	}
	for i := 0; i < len(backup); i += 1 + len(backup)/15 {
		b := bytes.Clone(backup)
		b[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("bit %d of byte %d of %d flipped", i%8, i, len(b)), b, i)
		refused(fmt.Sprintf("cut after %d of %d", i, len(b)), backup[:i], i)
	}
	for i := len(backup) - 13; i < len(backup); i += 3 { // the end
		b := bytes.Clone(backup)
		b[i] ^= 1
		refused(fmt.Sprintf("byte %d of %d", i, len(b)), b, i)
	}
	refused("something behind the end", append(bytes.Clone(backup), 0), len(backup))
}

// TestRestoreBesideAnother: whoever opened the directory while the restore
// began keeps what is theirs.
func TestRestoreBesideAnother(t *testing.T) {
	from, _ := filled(t, 1)
	backup := backupOf(t, from)
	cfg := config(filepath.Join(t.TempDir(), "data"))
	journal := filepath.Join(cfg.Dir, journalDir)
	cfg.FreeSpace = func(string) (uint64, error) { // asked before the journal is opened
		write(t, "", journal, "00001.mem")
		d, err := os.Open(journal)
		if err != nil {
			return 0, err
		}
		t.Cleanup(func() { d.Close() })
		return 1 << 40, unix.Flock(int(d.Fd()), unix.LOCK_EX)
	}
	if err := Restore(bytes.NewReader(backup), cfg); err == nil || !strings.Contains(err.Error(), "in use by another rosterd") {
		t.Errorf("restore: %v", err)
	}
	if got := names(t, cfg.Dir) + ": " + names(t, journal); got != "journal: 00001.mem" {
		t.Errorf("left is %s", got)
	}
}

// TestBackupsSeeOneInstant: what a backup has still to read when all of it is
// replaced and merged away is what it was when the backup began, though the files
// are others, and some of those that it began with are gone before it ends.
func TestBackupsSeeOneInstant(t *testing.T) {
	const length = 128 << 10
	const count = 2*heldBytes/length + 2 // for three iterators
	dir := t.TempDir()
	s := open(t, config(dir))
	var tables []string // that it began with
	there := func() (n int) {
		for _, name := range tables {
			if _, err := os.Stat(name); err == nil {
				n++
			}
		}
		return n
	}
	fill := func(with byte) error {
		entries := make([]entry, count)
		for i := range entries {
			entries[i] = entry{key: snapshotKey("acme", 1, uint32(i)), record: bytes.Repeat([]byte{with}, length)}
		}
		return s.writer.write(entries)
	}
	err := errors.Join(fill('a'), s.Close()) // which merges the first level into another
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, config(dir))
	if tables, err = filepath.Glob(filepath.Join(dir, journalDir, "*.sst")); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = s.db.View(func(txn *badger.Txn) error {
		for item := range everything(txn) {
			if seen == 0 {
				if err := errors.Join(fill('b'), s.db.Flatten(1)); err != nil {
					return err
				}
				if there() < len(tables) {
					t.Error("files are gone that it reads")
				}
			}
			value, err := item.ValueCopy(nil)
			if want := snapshotKey("acme", 1, uint32(seen)); err != nil || !bytes.Equal(item.Key(), want) || !bytes.HasPrefix(value, []byte("a")) {
				t.Errorf("%q: %.1q, error %v, want %q and an a", item.Key(), value, err, want)
			}
			if seen++; seen == count && there() == len(tables) {
				t.Errorf("all of the files that it began with are there at its end: %q", tables)
			}
		}
		return nil
	})
	if err != nil || seen != count {
		t.Errorf("%d records, error %v, want %d", seen, err, count)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
