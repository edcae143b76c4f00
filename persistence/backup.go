package persistence

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// A backup is every key and record at one instant:
//
//	"rosterd-backup 1\n"
//	(uvarint key length, key, uvarint record length, record)*
//	0, count of records (8, big endian), CRC-32C of all before (4, little endian)
//
// It does not depend on Badger, and without its end it is no backup.
const backupMagic = "rosterd-backup 1\n"

// maxBackupPart bounds a key or record of a backup that is read.
const maxBackupPart = 64 << 20

// Backup writes a consistent backup to w while the store goes on, and slowly
// while there are appends (pace.go). An error means that what was written must
// be thrown away.
func (s *Store) Backup(w io.Writer) error {
	sum := crc32.New(castagnoli)
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
	_, _ = out.WriteString(backupMagic) // an error stays, and Flush returns it
	count := uint64(0)
	pace, step := s.writer.pace(), 0
	var sizes []byte
	err := s.view("backup", func(txn *badger.Txn) error {
		for item := range everything(txn) {
			key := item.Key()
			var refused error // by w, which is no fault of the store
			err := item.Value(func(record []byte) error {
				if err := intact(key, record); err != nil {
					return err
				}
				sizes = binary.AppendUvarint(appendSized(sizes[:0], key), uint64(len(record)))
				_, _ = out.Write(sizes) // as above
				_, refused = out.Write(record)
				return nil
			})
			if err != nil || refused != nil {
				return err
			}
			count++
			if step += int(item.EstimatedSize()); step >= pace.step(maxRecord) {
				pace.rest()
				pace.work()
				step = 0
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := out.Write(binary.BigEndian.AppendUint64([]byte{0}, count)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	s.cfg.Metrics.BackupSucceeded(s.cfg.Now())
	return nil
}

// heldBytes is how much everything reads with one iterator.
const heldBytes = 16 << 20

// everything is every item that txn sees, in the order of their keys. An iterator
// holds the files that are there when it is made until it is closed, also those
// that are merged into others meanwhile; then all of these go at once, and syncs
// wait for that. So it is made anew now and then: what txn sees stays the same.
func everything(txn *badger.Txn) iter.Seq[*badger.Item] {
	return func(yield func(*badger.Item) bool) {
		var from []byte
		for more := true; more; {
			from, more = some(txn, from, yield)
		}
	}
}

// some is what everything reads with one iterator, beginning at a key. It returns
// the key to go on with, and whether to.
func some(txn *badger.Txn, from []byte, yield func(*badger.Item) bool) (next []byte, more bool) {
	// Badger would prefetch each value in a goroutine of its own, and copy it.
	it := txn.NewIterator(badger.IteratorOptions{})
	defer it.Close()
	read := int64(0)
	for it.Seek(from); it.Valid(); it.Next() {
		if read >= heldBytes {
			return it.Item().KeyCopy(nil), true
		}
		if !yield(it.Item()) {
			return nil, false
		}
		read += it.Item().EstimatedSize()
	}
	return nil, false
}

// Restore makes the store of cfg.Dir, which must be empty or not there, from a
// backup. A backup that is cut short or damaged is refused and leaves nothing
// behind. A process that dies on the way leaves a directory that Open refuses.
func Restore(r io.Reader, cfg Config) error {
	if files, err := os.ReadDir(cfg.Dir); err == nil && len(files) > 0 {
		if _, err := checkDir(cfg.Dir); err != nil {
			return err
		}
		return fmt.Errorf("data directory %s is not empty; restore into a new one", cfg.Dir)
	}
	made, err := makeDir(cfg.Dir)
	if err == nil {
		err = restore(r, cfg)
	}
	if err != nil {
		discard(cfg.Dir, made, errors.Is(err, errInUse))
	}
	return err
}

// discard removes what a restore that failed has left in dir, and the folders
// that it made. A journal that is in use is somebody else's, who was quicker.
// What cannot be removed goes on looking like an unfinished restore, and the
// reason of the failure is what to tell.
func discard(dir string, made []string, inUse bool) {
	names := []string{restoringFile, restoringFile + unfinished}
	if !inUse {
		names = append([]string{formatFile, journalDir}, names...)
	}
	for _, name := range names {
		if os.RemoveAll(filepath.Join(dir, name)) != nil {
			return
		}
	}
	for _, dir := range slices.Backward(made) {
		_ = os.Remove(dir) // fails if somebody else uses it by now
	}
}

// restore reads a backup into an empty directory, which becomes a data
// directory with its last step.
func restore(r io.Reader, cfg Config) error {
	restoring := filepath.Join(cfg.Dir, restoringFile)
	if err := WriteFile(restoring, formatText); err != nil {
		return err
	}
	s, err := openJournal(cfg)
	if err != nil {
		return err
	}
	s.begin()
	err = s.restore(r)
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return rename(restoring, filepath.Join(cfg.Dir, formatFile))
}

// restore reads a backup into an empty store.
func (s *Store) restore(r io.Reader) error {
	var batch []entry
	size := 0
	err := readBackup(r, func(e entry) error {
		batch = append(batch, e)
		if size += len(e.key) + len(e.record); size <= maxRecord {
			return nil
		}
		err := s.writer.write(batch)
		batch, size = nil, 0
		return err
	})
	if err != nil {
		return err
	}
	return s.writer.write(batch)
}

// VerifyBackup reads a backup to its end. The error says what is wrong with
// it, or what r says.
func VerifyBackup(r io.Reader) error {
	return readBackup(r, func(entry) error { return nil })
}

// readBackup calls each with every key and record of a backup. Only when it
// returns nil was the backup whole.
func readBackup(r io.Reader, each func(entry) error) error {
	in := backupReader{in: bufio.NewReaderSize(r, 64<<10), sum: crc32.New(castagnoli)}
	if err := in.begin(); err != nil {
		return err
	}
	for count := uint64(0); ; count++ {
		e, err := in.entry()
		if err != nil {
			return err
		}
		if len(e.key) == 0 {
			return in.end(count)
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

// backupReader reads a backup and sums it up.
type backupReader struct {
	in   *bufio.Reader
	sum  hash.Hash32
	read int64 // bytes so far
	err  error // of reading: errShort, or what the file's reader says
}

// errShort means that a backup ends too early.
var errShort = errors.New("the backup is cut short")

// damaged says where a backup is not what was written: in the part that begins
// at a byte. All parts before it have been verified.
func damaged(at int64) error {
	return fmt.Errorf("the backup is damaged at byte %d or soon after it", at)
}

// ReadByte implements io.ByteReader, for uvarints.
func (r *backupReader) ReadByte() (byte, error) {
	var b [1]byte
	err := r.full(b[:])
	return b[0], err
}

func (r *backupReader) full(b []byte) error {
	n, err := io.ReadFull(r.in, b)
	r.read += int64(n)
	r.sum.Write(b[:n])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errShort
	}
	r.err = err
	return err
}

// blame returns what is wrong with the part that begins at a byte. Where the
// file ended in it, its length may be what is damaged.
func (r *backupReader) blame(at int64) error {
	switch r.err {
	case nil:
		return damaged(at)
	case errShort:
		return fmt.Errorf("%w after byte %d, or damaged at byte %d or soon after it", errShort, r.read, at)
	}
	return r.err
}

// begin reads what a backup begins with.
func (r *backupReader) begin() error {
	magic := make([]byte, len(backupMagic))
	err := r.full(magic)
	if err == nil && string(magic) != backupMagic || err == errShort {
		return errors.New("this is no backup of rosterd, or one of a newer version")
	}
	return err
}

// entry returns the next key and record, or no key at the end.
func (r *backupReader) entry() (entry, error) {
	at := r.read
	key, err := r.part()
	if err == nil && len(key) == 0 {
		return entry{}, nil
	}
	var record []byte
	if err == nil {
		record, err = r.part()
	}
	if err == nil {
		_, err = unseal(key, record)
	}
	if err != nil {
		return entry{}, r.blame(at)
	}
	return entry{key: key, record: record}, nil
}

// part reads a length and that many bytes.
func (r *backupReader) part() ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if n > maxBackupPart {
		return nil, ErrCorrupt
	}
	b := make([]byte, n)
	return b, r.full(b)
}

// end checks count and checksum, and that nothing follows.
func (r *backupReader) end(count uint64) error {
	at := r.read
	var n [8]byte
	if err := r.full(n[:]); err != nil {
		return r.blame(at)
	}
	want := r.sum.Sum32()
	var sum [4]byte
	if err := r.full(sum[:]); err != nil || binary.BigEndian.Uint64(n[:]) != count || binary.LittleEndian.Uint32(sum[:]) != want {
		return r.blame(at)
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		return fmt.Errorf("the backup is damaged: something follows its end at byte %d", r.read)
	}
	return nil
}
