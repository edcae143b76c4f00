package workspace

import (
	"encoding/binary"
	"time"
)

// An ID names a workspace: [a-z][a-z0-9-]{1,27}, never used again.
type ID string

// ValidID reports whether id has the form of a workspace id.
func ValidID(id ID) bool {
	if len(id) < 2 || len(id) > 28 || id[0] < 'a' || id[0] > 'z' {
		return false
	}
	for _, c := range []byte(id[1:]) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// A ResourceID names a user or a group of a workspace. It is a UUIDv7 (RFC
// 9562), strictly increasing within its workspace, so that id order is the
// order of creation. Clients see an opaque string.
type ResourceID [16]byte

// ParseResourceID reads the text form of an id, whose letters are lower case:
// ids are compared letter for letter. What is no UUID names nothing.
func ParseResourceID[T string | []byte](s T) (ResourceID, bool) {
	var id ResourceID
	if len(s) != textLen {
		return id, false
	}
	bad := byte(0)
	for i, at := 0, 0; i < len(id); i, at = i+1, at+2 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			bad |= s[at] ^ '-'
			at++
		}
		high, low := digitValues[s[at]], digitValues[s[at+1]]
		bad |= (high | low) & 0xf0
		id[i] = high<<4 | low
	}
	if bad != 0 {
		return ResourceID{}, false
	}
	return id, true
}

// digitValues are the values of hexadecimal digits; 0xff: it is none.
var digitValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, c := range []byte(hexDigits) {
		values[c] = byte(i)
	}
	return values
}()

// String returns the text form of id.
func (id ResourceID) String() string {
	var text [textLen]byte
	return string(id.Append(text[:0]))
}

// Append appends the text form of id to dst.
func (id ResourceID) Append(dst []byte) []byte {
	var text [textLen]byte
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = hexDigits[b>>4], hexDigits[b&0xf]
		at += 2
	}
	return append(dst, text[:]...)
}

// The text form is a UUID (RFC 9562 section 4).
const (
	textLen   = 36
	hexDigits = "0123456789abcdef"
)

// IsZero reports whether id names nothing.
func (id ResourceID) IsZero() bool { return id == ResourceID{} }

// NextResourceID returns an id for the instant now that is greater than last,
// also when the clock stands still or has gone back: then it is last with its
// random part raised by a random step.
func NextResourceID(last ResourceID, now time.Time, entropy [10]byte) ResourceID {
	var id ResourceID
	ms := uint64(max(now.UnixMilli(), 0))
	binary.BigEndian.PutUint64(id[:8], ms<<16)
	copy(id[6:], entropy[:])
	if string(id[:6]) <= string(last[:6]) {
		// The low 62 bits count; 2^32 random steps of 2^29 fit before they
		// carry into the next millisecond.
		id = last
		low := binary.BigEndian.Uint64(id[8:])&(1<<62-1) + 1 + uint64(binary.BigEndian.Uint32(entropy[:4])>>3)
		if low >= 1<<62 {
			binary.BigEndian.PutUint64(id[:8], (binary.BigEndian.Uint64(id[:8])>>16+1)<<16)
		}
		binary.BigEndian.PutUint64(id[8:], low&(1<<62-1))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
