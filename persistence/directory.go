package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Files of a data directory.
const (
	formatFile = "FORMAT"
	journalDir = "journal"

	// restoringFile stands in place of FORMAT while a backup is read in, and
	// becomes FORMAT by its renaming: what holds a part of a backup must not
	// look like a store.
	restoringFile = "RESTORING"

	// unfinished ends the name of a file that WriteFile has not finished.
	unfinished = ".new"
)

// formatText is what FORMAT holds.
var formatText = []byte(strconv.Itoa(formatVersion) + "\n")

// checkDir reports whether dir is new, and refuses what is no data directory
// of this version.
func checkDir(dir string) (fresh bool, err error) {
	for _, name := range []string{restoringFile, restoringFile + unfinished} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return false, fmt.Errorf("data directory %s: a restore into it was interrupted; delete the directory and restore again", dir)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, formatFile))
	if err == nil {
		return false, checkFormat(dir, strings.TrimSpace(string(text)))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("data directory: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("data directory: %w", err)
	}
	firstStart := []string{journalDir, formatFile + unfinished} // what an interrupted one leaves
	for _, f := range files {
		if !slices.Contains(firstStart, f.Name()) {
			return false, fmt.Errorf("data directory %s is neither empty nor rosterd's: it has no file %s", dir, formatFile)
		}
	}
	return true, nil
}

func checkFormat(dir, text string) error {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("data directory %s: its file %s holds %q, which is no format; write %d into it if this version wrote the directory, or restore a backup",
			dir, formatFile, text, formatVersion)
	case n > formatVersion:
		return fmt.Errorf("data directory %s has format %d, this rosterd knows %d; use a newer rosterd", dir, n, formatVersion)
	}
	return nil
}

// WriteFile writes a small file of a data directory. Whatever happens to the
// process or the power, the file is there afterwards with all of text, or it
// is as it was before.
func WriteFile(path string, text []byte) error {
	f, err := os.OpenFile(path+unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return rename(path+unfinished, path)
}

// rename renames a file within its folder, durably.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// makeDir makes dir and the folders above it, durably, and returns those that
// were not there, the outermost first.
func makeDir(dir string) (made []string, err error) {
	if _, err := os.Stat(dir); err == nil {
		return nil, nil
	}
	parent := filepath.Dir(dir)
	if made, err = makeDir(parent); err != nil {
		return made, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return made, fmt.Errorf("data directory: %w", err)
	}
	return append(made, dir), syncDir(parent)
}

// syncDir makes durable which files a folder has.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// sweep deletes logs without a byte from a journal. Badger makes a log by
// creating the file and then growing it, and deletes one by cutting it to
// nothing and then removing it. A process that is killed in between leaves an
// empty file, at which Badger's next start fails ("Create a new file",
// dgraph-io/badger issue 2207, as of 4.9). Nothing can have been in it. Badger's
// own lock is held meanwhile: the file of a rosterd that is running may be
// about to grow.
func sweep(journal string) error {
	d, err := os.Open(journal)
	if err != nil {
		return err
	}
	defer d.Close() // gives the lock back
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return errInUse
		}
		return fmt.Errorf("lock: %w", err)
	}
	files, err := d.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, f := range files {
		if ext := filepath.Ext(f.Name()); ext != ".mem" && ext != ".vlog" {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Size() == 0 {
			if err := os.Remove(filepath.Join(journal, f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// errInUse says that another process has the store open.
var errInUse = errors.New("in use by another rosterd")

// openError makes one line of why a journal did not open.
func openError(dir string, err error) error {
	if errors.Is(err, errInUse) || strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return fmt.Errorf("data directory %s is %w", dir, errInUse)
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("data directory %s: %s", dir, first)
}
