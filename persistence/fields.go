package persistence

import (
	"encoding/binary"
	"fmt"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
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
// A field with its zero value is absent. Fields are added with new numbers; a
// number is never used again for something else. Whoever reads a number that
// it does not know stops.
//
// fields encodes a message or decodes one. The same description (codec.go)
// serves both, so that the two cannot differ.
type fields struct {
	decoding bool
	out      []byte
	in       [maxField + 1]field
	err      error
}

// maxField is the greatest field number of any message.
const maxField = 15

type field struct {
	present bool
	sized   bool
	value   uint64
	body    []byte
}

// encode returns the message that describe describes.
func encode(dst []byte, describe func(*fields)) []byte {
	f := fields{out: dst}
	describe(&f)
	return f.out
}

// decode reads a message that describe describes. It refuses fields that
// describe does not ask for.
func decode(b []byte, describe func(*fields)) error {
	f := fields{decoding: true}
	if err := f.split(b); err != nil {
		return err
	}
	describe(&f)
	for n, x := range f.in {
		if f.err == nil && x.present {
			f.err = fmt.Errorf("%w: unknown field %d", ErrCorrupt, n)
		}
	}
	return f.err
}

// split finds the fields of a message.
func (f *fields) split(b []byte) error {
	last := uint64(0)
	for len(b) > 0 {
		head, n := binary.Uvarint(b)
		number := head >> 1
		if n <= 0 || number <= last || number > maxField {
			return fmt.Errorf("%w: field %d after field %d", ErrCorrupt, number, last)
		}
		value, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return fmt.Errorf("%w: field %d", ErrCorrupt, number)
		}
		b, last = b[n+m:], number
		x := field{present: true, sized: head&1 == 1, value: value}
		if x.sized {
			if value > uint64(len(b)) {
				return fmt.Errorf("%w: field %d is longer than its message", ErrCorrupt, number)
			}
			x.body, b = b[:value], b[value:]
		}
		f.in[number] = x
	}
	return nil
}

// take returns field n and marks it as known.
func (f *fields) take(n int, sized bool) (field, bool) {
	x := f.in[n]
	f.in[n].present = false
	if x.present && x.sized != sized && f.err == nil {
		f.err = fmt.Errorf("%w: field %d has the wrong type", ErrCorrupt, n)
	}
	return x, x.present && f.err == nil
}

func (f *fields) uint(n int, p *uint64) {
	if f.decoding {
		if x, ok := f.take(n, false); ok {
			*p = x.value
		}
		return
	}
	if *p != 0 {
		f.out = binary.AppendUvarint(f.out, uint64(n)<<1)
		f.out = binary.AppendUvarint(f.out, *p)
	}
}

// int stores a number of either sign, in zigzag form.
func (f *fields) int(n int, p *int) {
	u := uint64(*p)<<1 ^ uint64(int64(*p)>>63)
	f.uint(n, &u)
	if f.decoding {
		*p = int(u>>1) ^ -int(u&1)
	}
}

func (f *fields) bool(n int, p *bool) {
	u := uint64(0)
	if *p {
		u = 1
	}
	f.uint(n, &u)
	*p = u != 0
}

// number stores a small enumeration.
func number[T ~uint8](f *fields, n int, p *T) {
	u := uint64(*p)
	f.uint(n, &u)
	if u > 255 && f.err == nil {
		f.err = fmt.Errorf("%w: field %d is %d", ErrCorrupt, n, u)
	}
	*p = T(u)
}

// time stores whole milliseconds; the zero time is absent.
func (f *fields) time(n int, p *time.Time) {
	ms := uint64(0)
	if !f.decoding && !p.IsZero() {
		ms = uint64(p.UnixMilli())
	}
	f.uint(n, &ms)
	if f.decoding && ms != 0 {
		*p = time.UnixMilli(int64(ms)).UTC()
	}
}

func (f *fields) put(n int, body []byte) {
	f.out = binary.AppendUvarint(f.out, uint64(n)<<1|1)
	f.out = binary.AppendUvarint(f.out, uint64(len(body)))
	f.out = append(f.out, body...)
}

// text stores a string or bytes; decoding copies them.
func text[T ~string | ~[]byte](f *fields, n int, p *T) {
	if f.decoding {
		if x, ok := f.take(n, true); ok {
			*p = T(string(x.body))
		}
		return
	}
	if len(*p) > 0 {
		f.put(n, []byte(*p))
	}
}

// fixed stores an array, absent when it is all zero.
func (f *fields) fixed(n int, p []byte) {
	if f.decoding {
		x, ok := f.take(n, true)
		if ok && len(x.body) != len(p) {
			f.err = fmt.Errorf("%w: field %d has %d bytes, want %d", ErrCorrupt, n, len(x.body), len(p))
			return
		}
		copy(p, x.body)
		return
	}
	for _, b := range p {
		if b != 0 {
			f.put(n, p)
			return
		}
	}
}

func (f *fields) id(n int, p *workspace.ResourceID) { f.fixed(n, p[:]) }

// message stores a nested message.
func (f *fields) message(n int, describe func(*fields)) {
	if !f.decoding {
		if body := encode(nil, describe); len(body) > 0 {
			f.put(n, body)
		}
		return
	}
	if x, ok := f.take(n, true); ok {
		f.err = decode(x.body, describe)
	}
}

// list stores messages, each after its length.
func list[T any](f *fields, n int, p *[]T, describe func(*fields, *T)) {
	if !f.decoding {
		var body []byte
		for i := range *p {
			body = appendSized(body, encode(nil, func(g *fields) { describe(g, &(*p)[i]) }))
		}
		if len(*p) > 0 {
			f.put(n, body)
		}
		return
	}
	x, ok := f.take(n, true)
	for rest := x.body; ok && len(rest) > 0; {
		var body []byte
		if body, rest, f.err = cutSized(rest); f.err != nil {
			return
		}
		var v T
		if f.err = decode(body, func(g *fields) { describe(g, &v) }); f.err != nil {
			return
		}
		*p = append(*p, v)
	}
}

func appendSized(dst, body []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(body))), body...)
}

func cutSized(b []byte) (body, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, fmt.Errorf("%w: a part is longer than its whole", ErrCorrupt)
	}
	return b[n : n+int(size)], b[n+int(size):], nil
}

func (f *fields) object(n int, p *scim.Object) {
	if f.decoding {
		x, ok := f.take(n, true)
		if !ok {
			return
		}
		v, rest, err := cutValue(x.body, maxNesting)
		if err == nil && (v.Kind != scim.Complex || len(rest) > 0) {
			err = fmt.Errorf("%w: field %d is no object", ErrCorrupt, n)
		}
		*p, f.err = v.Obj, err
		return
	}
	if *p != nil {
		f.put(n, appendValue(nil, scim.Value{Kind: scim.Complex, Obj: *p}))
	}
}

func (f *fields) value(n int, p *scim.Value) {
	if f.decoding {
		if x, ok := f.take(n, true); ok {
			var rest []byte
			if *p, rest, f.err = cutValue(x.body, maxNesting); f.err == nil && len(rest) > 0 {
				f.err = fmt.Errorf("%w: field %d has bytes behind its value", ErrCorrupt, n)
			}
		}
		return
	}
	if p.Kind != scim.Null {
		f.put(n, appendValue(nil, *p))
	}
}
