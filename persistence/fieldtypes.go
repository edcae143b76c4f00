package persistence

import (
	"encoding/binary"
	"time"
	"unique"

	"rosterd/scim"
	"rosterd/workspace"
)

func (f *fields) uint(n uint64, p *uint64) {
	if f.decoding {
		if x, ok := f.take(n, false); ok {
			*p = x.value
		}
		return
	}
	if *p != 0 {
		f.out = binary.AppendUvarint(f.out, n<<1)
		f.out = binary.AppendUvarint(f.out, *p)
	}
}

// int stores a number of either sign, in zigzag form.
func (f *fields) int(n uint64, p *int) {
	u := uint64(*p)<<1 ^ uint64(int64(*p)>>63)
	f.uint(n, &u)
	if f.decoding {
		*p = int(u>>1) ^ -int(u&1)
	}
}

func (f *fields) bool(n uint64, p *bool) {
	u := uint64(0)
	if *p {
		u = 1
	}
	f.uint(n, &u)
	if *p = u == 1; u > 1 {
		f.fail("field %d is %d, which is neither true nor false", n, u)
	}
}

// number stores an enumeration, of which last is the greatest number that this
// version knows.
func number[T ~uint8](f *fields, n uint64, p *T, last T) {
	u := uint64(*p)
	f.uint(n, &u)
	if *p = T(u); u > uint64(last) {
		f.fail("field %d is %d, which this version does not know", n, u)
	}
}

// time stores whole milliseconds; the zero time is absent.
func (f *fields) time(n uint64, p *time.Time) {
	ms := uint64(0)
	if !f.decoding && !p.IsZero() {
		ms = uint64(p.UnixMilli())
	}
	f.uint(n, &ms)
	if f.decoding && ms != 0 {
		*p = time.UnixMilli(int64(ms)).UTC()
	}
}

// text stores a string.
func text[T ~string](f *fields, n uint64, p *T) {
	if f.decoding {
		if x, ok := f.take(n, true); ok {
			*p = T(x.body)
		}
		return
	}
	if len(*p) > 0 {
		f.head(n, len(*p))
		f.out = append(f.out, *p...)
	}
}

// name stores a string that many records share, such as the id of a
// connection. A million users that are loaded hold it once.
func name(f *fields, n uint64, p *string) {
	text(f, n, p)
	if f.decoding && *p != "" {
		*p = unique.Make(*p).Value()
	}
}

// record stores the attributes of a user; decoding copies them, because the
// bytes that are decoded belong to Badger.
func (f *fields) record(n uint64, p *scim.Record) {
	if f.decoding {
		if x, ok := f.take(n, true); ok {
			*p = scim.Record(x.body)
		}
		return
	}
	if len(*p) > 0 {
		f.head(n, len(*p))
		f.out = append(f.out, *p...)
	}
}

// fixed stores an array, absent when it is all zero.
func (f *fields) fixed(n uint64, p []byte) {
	if f.decoding {
		x, ok := f.take(n, true)
		if ok && (len(x.body) != len(p) || zero(x.body)) {
			f.fail("field %d is no array of %d bytes", n, len(p))
			return
		}
		copy(p, x.body)
		return
	}
	if !zero(p) {
		f.head(n, len(p))
		f.out = append(f.out, p...)
	}
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

func (f *fields) id(n uint64, p *workspace.ResourceID) { f.fixed(n, p[:]) }

// message stores a nested message, absent when it is empty.
func (f *fields) message(n uint64, describe func(*fields)) {
	if f.decoding {
		if x, ok := f.take(n, true); ok {
			f.nested(x.body, describe)
		}
		return
	}
	start := len(f.out)
	f.out = binary.AppendUvarint(f.out, n<<1|1)
	if !f.sized(func() { describe(f) }) {
		f.out = f.out[:start]
	}
}

// list stores messages, each after its length.
func list[T any](f *fields, n uint64, p *[]T, describe func(*fields, *T)) {
	if f.decoding {
		x, ok := f.take(n, true)
		for rest := x.body; ok && len(rest) > 0 && f.err == nil; {
			var body []byte
			body, rest = f.cut(rest)
			var v T
			f.nested(body, func(f *fields) { describe(f, &v) })
			*p = append(*p, v)
		}
		return
	}
	if len(*p) == 0 {
		return
	}
	f.out = binary.AppendUvarint(f.out, n<<1|1)
	f.sized(func() {
		for i := range *p {
			f.sized(func() { describe(f, &(*p)[i]) })
		}
	})
}

// object stores the attributes of an object, absent when there are none.
func (f *fields) object(n uint64, p *scim.Object) {
	v := scim.Value{}
	if len(*p) > 0 {
		v = scim.ObjectOf(*p...)
	}
	f.value(n, &v)
	if !f.decoding {
		return
	}
	if v.Kind() != scim.Null && len(v.Obj()) == 0 {
		f.fail("field %d is no object", n)
	}
	*p = v.Obj()
}

// value stores a value, absent when it is Null.
func (f *fields) value(n uint64, p *scim.Value) {
	if !f.decoding {
		if p.Kind() != scim.Null {
			f.out = binary.AppendUvarint(f.out, n<<1|1)
			f.sized(func() { f.out = appendValue(f.out, *p) })
		}
		return
	}
	x, ok := f.take(n, true)
	if !ok {
		return
	}
	v, rest, err := cutValue(x.body, maxNesting)
	switch {
	case err != nil:
		f.err = err
	case len(rest) > 0 || v.Kind() == scim.Null:
		f.fail("field %d is no value", n)
	default:
		*p = v
	}
}
