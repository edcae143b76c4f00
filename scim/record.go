package scim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// A Record is an Object of one resource type in its compact encoding. It is
// immutable: readers share it without a copy, and the strings that are read from
// it share its memory.
//
//	record  = attr*                      in ascending order of number
//	attr    = uvarint(num<<3 | tag) body
//	tag 0   false        no body
//	tag 1   true         no body
//	tag 2   int          zigzag varint
//	tag 3   string       uvarint length, bytes
//	tag 4   constant     uvarint number in the table of constants
//	tag 5   complex      uvarint length, attr*
//	tag 6   list         uvarint length, element*; an element is an attr with num 0
//	tag 7   decimal      uvarint length, JSON text
//
// Attribute names are not stored: the numbers are those of the schema. The
// numbers of attributes, tags and constants never change.
type Record string

const (
	tagFalse = iota
	tagTrue
	tagInt
	tagString
	tagConst
	tagComplex
	tagList
	tagDecimal
)

// constants are strings that many records hold. Append only.
var constants = []string{"work", "home", "other", "mobile", "fax", "WindowsAzureActiveDirectoryRole", "User", "de-DE", "en-US", "en-GB", "Europe/Berlin", "de", "en", "US", "DE"}

// errRecord is what decoding says of bytes that no Encode made.
var errRecord = errors.New("scim: malformed record")

// maxNesting bounds the nesting of a record; the schemas need four levels.
const maxNesting = 8

// Encode returns the record of o, a normalised Object of rt. What is derived
// and read-only, and what is unassigned, is not stored.
func Encode(rt *ResourceType, o Object) Record {
	return Record(AppendRecord(make([]byte, 0, 1<<10), rt, o))
}

// AppendRecord appends what Encode returns.
func AppendRecord(dst []byte, rt *ResourceType, o Object) []byte {
	return appendObject(dst, rt.stored, o)
}

// stored reports whether a record holds a.
func (a *Attribute) stored() bool {
	return a.Mutability != ReadOnly && a.Returned != ReturnedNever && (!a.Derived || a.Kept)
}

// appendObject appends o. attrs ascend by number, and mostly o is in their order:
// then both are gone through once.
func appendObject(dst []byte, attrs []*Attribute, o Object) []byte {
	before, rest := len(dst), o
	for _, a := range attrs {
		if len(rest) == 0 {
			return dst
		}
		if rest[0].Name == a.Name {
			if v := rest[0].Value; a.stored() && !v.IsUnassigned() {
				dst = appendAttr(dst, a.Num, a, v)
			}
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return dst
	}
	dst = dst[:before]
	for _, a := range attrs {
		if v := o.Get(a.Name); a.stored() && !v.IsUnassigned() {
			dst = appendAttr(dst, a.Num, a, v)
		}
	}
	return dst
}

func byNum(a, b *Attribute) int { return int(a.Num) - int(b.Num) }

func appendAttr(dst []byte, num uint16, a *Attribute, v Value) []byte {
	switch v.Kind() {
	case Bool:
		if v.Bool() {
			dst = appendHead(dst, num, tagTrue)
		} else {
			dst = appendHead(dst, num, tagFalse)
		}
	case Int:
		dst = appendHead(dst, num, tagInt)
		dst = binary.AppendVarint(dst, v.Int())
	case String:
		if i := slices.Index(constants, v.Str()); i >= 0 {
			dst = appendHead(dst, num, tagConst)
			return binary.AppendUvarint(dst, uint64(i))
		}
		dst = appendHead(dst, num, tagString)
		dst = appendBytes(dst, v.Str())
	case Decimal:
		dst = appendHead(dst, num, tagDecimal)
		dst = appendBytes(dst, v.Str())
	case Complex:
		dst = append(appendHead(dst, num, tagComplex), 0)
		start := len(dst)
		dst = setLength(appendObject(dst, a.Sub, v.Obj()), start)
	case List:
		dst = append(appendHead(dst, num, tagList), 0)
		start := len(dst)
		for _, e := range v.List() {
			dst = appendAttr(dst, 0, a, e)
		}
		dst = setLength(dst, start)
	}
	return dst
}

func appendHead(dst []byte, num uint16, tag int) []byte {
	return binary.AppendUvarint(dst, uint64(num)<<3|uint64(tag))
}

// setLength writes the length of dst[start:] into the byte before it, which is
// enough for most, or moves it for a longer one.
func setLength(dst []byte, start int) []byte {
	size := len(dst) - start
	if size < 0x80 {
		dst[start-1] = byte(size)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(size))
	dst = append(dst, length[1:n]...)
	copy(dst[start+n-1:], dst[start:])
	copy(dst[start-1:], length[:n])
	return dst
}

func appendBytes[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Object returns what r holds, or an error if r is no record of rt.
func (r Record) Object(rt *ResourceType) (Object, error) { return (*Room)(nil).Object(r, rt) }

// Object is Record.Object, with the result in r.
func (r *Room) Object(rec Record, rt *ResourceType) (Object, error) {
	if r == nil {
		const each = 12 // bytes that an attribute takes, about
		r = &Room{attrs: make([]Attr, 0, len(rec)/each+1), values: make([]Value, 0, len(rec)/(8*each))}
	}
	return decodeObject(r, string(rec), rt.Attributes, maxNesting)
}

// Attr returns the top-level attribute a, or Null. Bytes that no Encode made
// give Null: Object is the one that reports them.
func (r Record) Attr(a *Attribute) Value {
	for rest := string(r); len(rest) > 0; {
		num, tag, body, tail, err := split(rest)
		if err != nil || num > uint64(a.Num) {
			return Value{}
		}
		if num == uint64(a.Num) {
			v, err := decodeValue(nil, tag, body, a, maxNesting)
			if err != nil {
				return Value{}
			}
			return v
		}
		rest = tail
	}
	return Value{}
}

// ExtAttr returns the attribute a of the extension ext, or Null.
func (r Record) ExtAttr(ext, a *Attribute) Value {
	for rest := string(r); len(rest) > 0; {
		num, tag, body, tail, err := split(rest)
		if err != nil {
			return Value{}
		}
		if num == uint64(ext.Num) && tag == tagComplex {
			return Record(body).Attr(a)
		}
		rest = tail
	}
	return Value{}
}

// Texts calls yield with what the elements of the multi-valued attribute a hold
// as their text called sub, until yield returns false. It copies nothing.
func (r Record) Texts(a *Attribute, sub string, yield func(string) bool) {
	part := find(a.Sub, sub)
	s := newScan(string(r))
	if !s.reaches(a.Num) || s.tag != tagList {
		return
	}
	for e := newScan(s.body); e.more; e.step() {
		value := newScan(e.body)
		if e.tag != tagComplex || !value.reaches(part.Num) {
			continue
		}
		if v, err := decodeValue(nil, value.tag, value.body, part, 1); err == nil && v.Kind() == String && !yield(v.Str()) {
			return
		}
	}
}

// split cuts the first attribute off b.
func split(b string) (num uint64, tag int, body, tail string, err error) {
	head, n := uvarint(b)
	if n <= 0 {
		return 0, 0, "", "", errRecord
	}
	b = b[n:]
	num, tag = head>>3, int(head&7)
	switch tag {
	case tagFalse, tagTrue:
		return num, tag, "", b, nil
	case tagInt, tagConst:
		if _, n = uvarint(b); n <= 0 {
			return 0, 0, "", "", errRecord
		}
		return num, tag, b[:n], b[n:], nil
	}
	size, n := uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return 0, 0, "", "", errRecord
	}
	b = b[n:]
	return num, tag, b[:size], b[size:], nil
}

// uvarint is binary.Uvarint of a string. It returns 0 bytes where s ends too
// early, and a number below for what is too large.
func uvarint(s string) (v uint64, n int) {
	switch {
	case len(s) > 0 && s[0] < 0x80:
		return uint64(s[0]), 1
	case len(s) > 1 && s[1] < 0x80:
		return uint64(s[0]&0x7f) | uint64(s[1])<<7, 2
	}
	for i := range min(len(s), binary.MaxVarintLen64) {
		c := uint64(s[i])
		if i == binary.MaxVarintLen64-1 && c > 1 {
			return 0, -1
		}
		v |= c & 0x7f << (7 * i)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func decodeObject(room *Room, b string, attrs []*Attribute, depth int) (Object, error) {
	if depth == 0 {
		return nil, errRecord
	}
	var o Object
	if n := countAttrs(b); n > 0 {
		o = room.object(n)
	}
	last := uint64(0)
	for len(b) > 0 {
		num, tag, body, tail, err := split(b)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(attrs, func(a *Attribute) bool { return uint64(a.Num) == num })
		if i < 0 || num <= last {
			return nil, fmt.Errorf("%w: attribute number %d", errRecord, num)
		}
		v, err := decodeValue(room, tag, body, attrs[i], depth)
		if err != nil {
			return nil, err
		}
		o = append(o, Attr{attrs[i].Name, v})
		b, last = tail, num
	}
	return o, nil
}

func decodeValue(room *Room, tag int, body string, a *Attribute, depth int) (Value, error) {
	switch tag {
	case tagFalse, tagTrue:
		return Boolean(tag == tagTrue), nil
	case tagInt:
		n, _ := uvarint(body)
		return Integer(int64(n>>1) ^ -int64(n&1)), nil
	case tagConst:
		n, _ := uvarint(body)
		if n >= uint64(len(constants)) {
			return Value{}, fmt.Errorf("%w: constant %s", errRecord, strconv.FormatUint(n, 10))
		}
		return Text(constants[n]), nil
	case tagString:
		return Text(body), nil
	case tagDecimal:
		return Number(body), nil
	case tagComplex:
		o, err := decodeObject(room, body, a.Sub, depth-1)
		return ObjectOf(o...), err
	}
	return decodeList(room, body, a, depth-1)
}

// countAttrs returns how many attributes b holds.
func countAttrs(b string) (n int) {
	for s := newScan(b); s.more; s.step() {
		n++
	}
	return n
}

func decodeList(room *Room, b string, a *Attribute, depth int) (Value, error) {
	if depth == 0 {
		return Value{}, errRecord
	}
	var out []Value
	if n := countAttrs(b); n > 0 {
		out = room.list(n)
	}
	for len(b) > 0 {
		num, tag, body, tail, err := split(b)
		if err != nil || num != 0 {
			return Value{}, errRecord
		}
		e, err := decodeValue(room, tag, body, a, depth)
		if err != nil {
			return Value{}, err
		}
		out = append(out, e)
		b = tail
	}
	return ListOf(out...), nil
}
