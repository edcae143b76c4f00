package persistence

import (
	"encoding/binary"
	"fmt"
)

// A message is a sequence of numbered fields in ascending order:
//
//	+----------------------------+---------------------------+
//	| uvarint number<<1 | sized  | uvarint value             |  sized = 0
//	+----------------------------+---------------------------+
//	+----------------------------+----------------+----------+
//	| uvarint number<<1 | sized  | uvarint length | bytes    |  sized = 1
//	+----------------------------+----------------+----------+
//
// A field with its zero value is absent, and numbers take as few bytes as they
// can, so that a message has one encoding only; any other is refused. Fields
// are added with new numbers; a number is never used again for something else.
// Whoever reads a number that it does not know stops.
//
// fields encodes a message or decodes one. The same description (codec.go),
// which names its fields in ascending order, serves both, so that the two
// cannot differ. The types of fields are in fieldtypes.go.
type fields struct {
	decoding bool
	out      []byte // encoding: what is written
	next     field  // decoding: the field that comes next; number 0: none
	rest     []byte // decoding: what follows it
	err      error  // the first error; nothing is decoded after it
}

// A field is the head of one field, and its bytes if it is sized.
type field struct {
	number uint64
	sized  bool
	value  uint64
	body   []byte
}

// encoded returns what was written.
func (f *fields) encoded() []byte {
	if f.err != nil { // a bug: what is written could not be read
		panic(f.err)
	}
	return f.out
}

// decode reads a message that describe describes. It refuses fields that
// describe does not ask for.
func decode(b []byte, describe func(*fields)) error {
	f := fields{decoding: true}
	f.nested(b, describe)
	return f.err
}

// nested decodes the message b inside the one that is being decoded.
func (f *fields) nested(b []byte, describe func(*fields)) {
	next, rest := f.next, f.rest
	f.next, f.rest = field{}, b
	f.advance()
	describe(f)
	if f.next.number != 0 {
		f.fail("unknown field %d", f.next.number)
	}
	f.next, f.rest = next, rest
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
	}
}

// advance reads the head of the next field.
func (f *fields) advance() {
	last := f.next.number
	f.next = field{}
	if len(f.rest) == 0 || f.err != nil {
		return
	}
	head, n := uvarint(f.rest)
	value, m := uvarint(f.rest[n:])
	x := field{number: head >> 1, sized: head&1 == 1, value: value}
	f.rest = f.rest[n+m:]
	switch {
	case n == 0 || m == 0 || x.number <= last:
		f.fail("field %d after field %d", x.number, last)
		return
	case value == 0:
		f.fail("field %d is there, but empty", x.number)
		return
	case x.sized && value > uint64(len(f.rest)):
		f.fail("field %d is longer than its message", x.number)
		return
	case x.sized:
		x.body, f.rest = f.rest[:value], f.rest[value:]
	}
	f.next = x
}

// take returns field n if it comes next, and goes on behind it.
func (f *fields) take(n uint64, sized bool) (field, bool) {
	x := f.next
	if x.number != n || f.err != nil {
		return field{}, false
	}
	if x.sized != sized {
		f.fail("field %d has the wrong type", n)
		return field{}, false
	}
	f.advance()
	return x, f.err == nil
}

// head begins a sized field of the given length.
func (f *fields) head(n uint64, length int) {
	f.out = binary.AppendUvarint(f.out, n<<1|1)
	f.out = binary.AppendUvarint(f.out, uint64(length))
}

// sized writes what write writes, after its length, and reports whether that
// is anything.
func (f *fields) sized(write func()) bool {
	start := len(f.out)
	f.out = sized(f.out, func(dst []byte) []byte {
		f.out = dst
		write()
		return f.out
	})
	return len(f.out) > start+1
}

// cut cuts a sized part off b.
func (f *fields) cut(b []byte) (body, rest []byte) {
	body, rest, err := cutSized(b)
	if err != nil && f.err == nil {
		f.err = err
	}
	return body, rest
}

// uvarint reads a number from the front of b, and how many bytes it takes: 0
// if there is none, or none in its shortest form.
func uvarint(b []byte) (uint64, int) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, 0
	}
	return v, n
}

// sized appends what add appends, after its length.
func sized(dst []byte, add func([]byte) []byte) []byte {
	start := len(dst)
	dst = add(append(dst, 0)) // most lengths take one byte
	body := len(dst) - start - 1
	if body < 0x80 {
		dst[start] = byte(body)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(body))
	dst = append(dst, length[:n-1]...)
	copy(dst[start+n:], dst[start+1:start+1+body])
	copy(dst[start:], length[:n])
	return dst
}

func appendSized(dst, body []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(body))), body...)
}

func cutSized(b []byte) (body, rest []byte, err error) {
	size, n := uvarint(b)
	if n == 0 || size > uint64(len(b)-n) {
		return nil, nil, fmt.Errorf("%w: a part is longer than its whole", ErrCorrupt)
	}
	return b[n : n+int(size)], b[n+int(size):], nil
}
