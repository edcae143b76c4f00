// Package persistence is the journal of the daemon: what happened in every
// workspace, in order, in one Badger store. It owns Badger and every byte on
// disk.
//
// # Writing
//
// One goroutine writes (writer.go). It takes whatever appends of all
// workspaces have been handed over, folds them into one transaction, syncs it
// once, and calls their Done in order; it never waits for more. Badger does
// not share a sync between transactions, so folding is what makes many small
// writes cheap. Snapshots and deletions ride behind the appends, a little at a
// time (pace.go). An append is all or nothing. Its After fences it: an append
// that does not follow what is durable is refused.
//
// # Faults
//
// Whatever goes wrong in the store is final (Store.Failed): nothing more is
// acknowledged and the process ends. That includes errors that Badger only
// logs, which is why its log is read. Short space is no fault: the store goes
// read-only while it lasts (space.go).
//
// # Keys
//
// The first byte says what a key is. Workspace ids end with a zero byte, so
// that no id is a prefix of another; numbers are big endian, so that key order
// is their order.
//
//	+-----+--------------+---+------------------+
//	| 'j' | workspace    | 0 | sequence (8)     |  journal record
//	+-----+--------------+---+------------------+
//	+-----+--------------+---+------------------+-----------+
//	| 's' | workspace    | 0 | sequence (8)     | chunk (4) |  snapshot chunk
//	+-----+--------------+---+------------------+-----------+
//	+-----+--------------+---+
//	| 'h' | workspace    | 0 |  head
//	+-----+--------------+---+
//	+-----+-------------------+
//	| 't' | SHA-256 (32)      |  token hash -> workspace
//	+-----+-------------------+
//	+-----+--------------+---+
//	| 'f' | workspace    | 0 |  first event that must be there
//	+-----+--------------+---+
//	+-----+------------------+--------------+---+
//	| 'd' | milliseconds (8) | workspace    | 0 |  when a workspace wants a tick
//	+-----+------------------+--------------+---+
//	+-----+--------------+---+-----------+
//	| 'c' | workspace    | 0 | consumer  |  -> sequence that a courier is done with
//	+-----+--------------+---+-----------+
//
// Tokens, due instants and heads are derived: they are written with the events
// they follow from, and Check holds them against those. Cursors are written
// behind, so that after a crash a courier may deliver twice, but never not at
// all.
//
// # Records
//
// Every value is a record:
//
//	+---------+---------------+---------+--------------+
//	| version | CRC-32C (4)   | packing | body         |
//	| 1 byte  | little endian | 1 byte  | packed or not |
//	+---------+---------------+---------+--------------+
//
// The checksum covers the key, the version, the packing and the body as it is
// stored, so that a record that was moved to another key is as wrong as one
// with a flipped bit. Packing 0 is none; 1 is S2, for long bodies: a list of
// fifty thousand members says the same group fifty thousand times. Bodies are
// drawn in docs/format.md; fields.go and codec.go are their code. Numbers that
// this version does not know are errors, never skipped: a journal that is read
// in part is a wrong state.
package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"

	"rosterd/workspace"
)

// formatVersion is the version byte of every record, and the number in the
// FORMAT file of a data directory.
const formatVersion = 1

const (
	kindJournal  = 'j'
	kindSnapshot = 's'
	kindHead     = 'h'
	kindToken    = 't'
	kindFirst    = 'f'
	kindDue      = 'd'
	kindCursor   = 'c'
)

// chunkLast is the chunk number of the record that ends a snapshot. A snapshot
// without it was never finished and does not count.
const chunkLast = 1<<32 - 1

// maxRecord bounds the body of one record, in bytes, as long as a single event
// does not need more.
const maxRecord = 256 << 10

// ErrCorrupt means that bytes of the store are not what was written.
var ErrCorrupt = errors.New("persistence: corrupt record")

// prefixOf has room for what most keys end with.
func prefixOf(kind byte, ws workspace.ID) []byte {
	key := append(make([]byte, 0, len(ws)+2+8), kind)
	return append(append(key, ws...), 0)
}

func journalKey(ws workspace.ID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(prefixOf(kindJournal, ws), seq)
}

func snapshotKey(ws workspace.ID, seq uint64, chunk uint32) []byte {
	key := binary.BigEndian.AppendUint64(prefixOf(kindSnapshot, ws), seq)
	return binary.BigEndian.AppendUint32(key, chunk)
}

func headKey(ws workspace.ID) []byte { return prefixOf(kindHead, ws) }

func firstKey(ws workspace.ID) []byte { return prefixOf(kindFirst, ws) }

func tokenKey(hash [32]byte) []byte { return append([]byte{kindToken}, hash[:]...) }

// dueKey begins with the instant, so that key order is due order. Instants
// before 1970 do not occur.
func dueKey(at time.Time, ws workspace.ID) []byte {
	key := binary.BigEndian.AppendUint64([]byte{kindDue}, uint64(at.UnixMilli()))
	return append(append(key, ws...), 0)
}

// dueOf reads what dueKey wrote.
func dueOf(key []byte) (time.Time, workspace.ID, error) {
	if len(key) < 10 || key[len(key)-1] != 0 {
		return time.Time{}, "", fmt.Errorf("%w: key %q", ErrCorrupt, key)
	}
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(key[1:]))).UTC()
	return at, workspace.ID(key[9 : len(key)-1]), nil
}

func cursorKey(ws workspace.ID, consumer string) []byte {
	return append(prefixOf(kindCursor, ws), consumer...)
}

// seqOf returns the sequence number of a journal or snapshot key of ws.
func seqOf(key []byte, ws workspace.ID) (uint64, error) {
	rest := key[len(ws)+2:]
	if len(rest) < 8 {
		return 0, fmt.Errorf("%w: key %q", ErrCorrupt, key)
	}
	return binary.BigEndian.Uint64(rest), nil
}

// chunkOf returns the chunk number of a snapshot key.
func chunkOf(key []byte) uint32 { return binary.BigEndian.Uint32(key[len(key)-4:]) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	headerSize = 6
	sumAt      = 1 // where the checksum stands
	packingAt  = 5

	packedNot = 0
	packedS2  = 1

	// packFrom is the length from which a body is packed: what two people who
	// come together take. One alone would gain a third at a cost that a workspace
	// where people come one by one pays for each.
	packFrom = 1 << 10
	// maxUnpacked bounds what a record may unpack to.
	maxUnpacked = 64 << 20
)

// seal makes a record of body.
func seal(key, body []byte) []byte {
	var out []byte
	if len(body) >= packFrom {
		room := bodies.Get().(*[]byte) // packing asks for more than it takes
		*room = slices.Grow((*room)[:0], s2.MaxEncodedLen(len(body)))
		out = recordOf(s2.Encode((*room)[:cap(*room)], body))
		out[packingAt] = packedS2
		recycle(*room, room)
	} else {
		out = recordOf(body)
	}
	out[0] = formatVersion
	binary.LittleEndian.PutUint32(out[sumAt:], checksum(key, out))
	return out
}

// recordOf returns a record of body without what goes before it.
func recordOf(body []byte) []byte {
	return append(make([]byte, headerSize, headerSize+len(body)), body...)
}

func checksum(key, record []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, record[:sumAt])
	return crc32.Update(sum, castagnoli, record[packingAt:])
}

// intact checks that a record is one, and what was written; it does not unpack
// it.
func intact(key, record []byte) error {
	if len(record) < headerSize {
		return fmt.Errorf("%w: %q has %d bytes", ErrCorrupt, key, len(record))
	}
	if record[0] != formatVersion {
		return fmt.Errorf("%w: %q has version %d, this rosterd knows %d", ErrCorrupt, key, record[0], formatVersion)
	}
	if binary.LittleEndian.Uint32(record[sumAt:]) != checksum(key, record) {
		return fmt.Errorf("%w: checksum of %q", ErrCorrupt, key)
	}
	return nil
}

// unseal returns the body of a record after checking it.
func unseal(key, record []byte) ([]byte, error) {
	if err := intact(key, record); err != nil {
		return nil, err
	}
	body := record[headerSize:]
	switch record[packingAt] {
	case packedNot:
		return body, nil
	case packedS2:
		if n, err := s2.DecodedLen(body); err != nil || n > maxUnpacked {
			return nil, fmt.Errorf("%w: packing of %q", ErrCorrupt, key)
		}
		out, err := s2.Decode(nil, body)
		if err != nil {
			return nil, fmt.Errorf("%w: packing of %q: %w", ErrCorrupt, key, err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w: %q is packed as %d", ErrCorrupt, key, record[packingAt])
}
