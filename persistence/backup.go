package persistence

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

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

// Backup writes a consistent backup to w while the store goes on. An error
// means that what was written must be thrown away.
func (s *Store) Backup(w io.Writer) error {
	sum := crc32.New(castagnoli)
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
	count := uint64(0)
	err := s.db.View(func(txn *badger.Txn) error {
		if _, err := out.WriteString(backupMagic); err != nil {
			return err
		}
		it := txn.NewIterator(badger.IteratorOptions{PrefetchValues: true, PrefetchSize: 16})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().Key()
			err := it.Item().Value(func(record []byte) error {
				if _, err := unseal(key, record); err != nil {
					return err
				}
				_, err := out.Write(appendSized(appendSized(nil, key), record))
				return err
			})
			if err != nil {
				return err
			}
			count++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("backup: %w", err)
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

// Restore makes the store of cfg.Dir, which must be empty or not there, from a
// backup. A backup that is cut short or damaged is refused and leaves nothing
// behind.
func Restore(r io.Reader, cfg Config) error {
	fresh, err := checkDir(cfg.Dir)
	if err == nil && !fresh {
		err = fmt.Errorf("data directory %s is not empty; restore into a new one", cfg.Dir)
	}
	if err != nil {
		return err
	}
	s, err := Open(cfg)
	if err != nil {
		return err
	}
	err = errors.Join(s.restore(r), s.Close())
	if err != nil {
		os.RemoveAll(filepath.Join(cfg.Dir, journalDir))
		os.Remove(filepath.Join(cfg.Dir, formatFile))
	}
	return err
}

// restore reads a backup into an empty store.
func (s *Store) restore(r io.Reader) error {
	in := backupReader{in: bufio.NewReaderSize(r, 64<<10), sum: crc32.New(castagnoli)}
	magic := make([]byte, len(backupMagic))
	if err := in.full(magic); err != nil || string(magic) != backupMagic {
		return errors.New("this is no backup of rosterd, or one of a newer version")
	}
	var batch []entry
	count, size := uint64(0), 0
	for {
		key, err := in.part()
		if err != nil {
			return err
		}
		if len(key) == 0 {
			break
		}
		record, err := in.part()
		if err != nil {
			return err
		}
		if _, err := unseal(key, record); err != nil {
			return err
		}
		batch = append(batch, entry{key, record})
		count++
		if size += len(key) + len(record); size > maxRecord {
			if err := s.writer.write(batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
	}
	if err := in.end(count); err != nil {
		return err
	}
	return s.writer.write(batch)
}

// backupReader reads a backup and sums it up.
type backupReader struct {
	in  *bufio.Reader
	sum hash.Hash32
}

var errTruncated = errors.New("the backup is cut short or damaged")

func (r backupReader) ReadByte() (byte, error) {
	var b [1]byte
	err := r.full(b[:])
	return b[0], err
}

func (r backupReader) full(b []byte) error {
	if _, err := io.ReadFull(r.in, b); err != nil {
		return errTruncated
	}
	r.sum.Write(b)
	return nil
}

func (r backupReader) part() ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > maxBackupPart {
		return nil, errTruncated
	}
	b := make([]byte, n)
	return b, r.full(b)
}

// end checks count and checksum, and that nothing follows.
func (r backupReader) end(count uint64) error {
	var n [8]byte
	if err := r.full(n[:]); err != nil || binary.BigEndian.Uint64(n[:]) != count {
		return errTruncated
	}
	want := r.sum.Sum32()
	var sum [4]byte
	if err := r.full(sum[:]); err != nil || binary.LittleEndian.Uint32(sum[:]) != want {
		return errTruncated
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		return errTruncated
	}
	return nil
}
