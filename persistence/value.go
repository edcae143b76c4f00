package persistence

import (
	"encoding/binary"
	"fmt"

	"rosterd/scim"
)

// A value is its kind, one byte of scim.Kind, and what the kind needs:
//
//	Null                nothing
//	String, Decimal     uvarint length, bytes
//	Bool                one byte, 0 or 1
//	Int                 zigzag uvarint
//	Complex             uvarint count, then name (uvarint length, bytes) and value each
//	List                uvarint count, then values

// maxNesting bounds the nesting of a value: bodies are at most 16 deep.
const maxNesting = 20

func appendValue(dst []byte, v scim.Value) []byte {
	dst = append(dst, byte(v.Kind()))
	switch v.Kind() {
	case scim.String, scim.Decimal:
		dst = appendSized(dst, []byte(v.Str()))
	case scim.Bool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case scim.Int:
		dst = binary.AppendVarint(dst, v.Int())
	case scim.Complex:
		dst = binary.AppendUvarint(dst, uint64(len(v.Obj())))
		for _, a := range v.Obj() {
			dst = appendValue(appendSized(dst, []byte(a.Name)), a.Value)
		}
	case scim.List:
		dst = binary.AppendUvarint(dst, uint64(len(v.List())))
		for _, e := range v.List() {
			dst = appendValue(dst, e)
		}
	}
	return dst
}

// cutValue reads one value from the front of b.
func cutValue(b []byte, depth int) (v scim.Value, rest []byte, err error) {
	if len(b) == 0 || depth == 0 {
		return v, nil, fmt.Errorf("%w: value", ErrCorrupt)
	}
	kind := scim.Kind(b[0])
	b = b[1:]
	switch kind {
	case scim.Null:
		return v, b, nil
	case scim.String, scim.Decimal:
		body, rest, err := cutSized(b)
		if kind == scim.String {
			return scim.Text(string(body)), rest, err
		}
		return scim.Number(string(body)), rest, err
	case scim.Bool:
		if len(b) == 0 || b[0] > 1 {
			return v, nil, fmt.Errorf("%w: boolean", ErrCorrupt)
		}
		return scim.Boolean(b[0] == 1), b[1:], nil
	case scim.Int:
		n, size := uvarint(b)
		if size == 0 {
			return v, nil, fmt.Errorf("%w: number", ErrCorrupt)
		}
		return scim.Integer(int64(n>>1) ^ -int64(n&1)), b[size:], nil
	case scim.Complex:
		return cutObject(b, depth)
	case scim.List:
		return cutList(b, depth)
	}
	return v, nil, fmt.Errorf("%w: value of kind %d", ErrCorrupt, kind)
}

func cutObject(b []byte, depth int) (v scim.Value, rest []byte, err error) {
	count, b, err := cutCount(b)
	if err != nil {
		return v, nil, err
	}
	var out scim.Object
	for range count {
		var name []byte
		if name, b, err = cutSized(b); err != nil {
			return v, nil, err
		}
		if v, b, err = cutValue(b, depth-1); err != nil {
			return v, nil, err
		}
		out = append(out, scim.Attr{Name: string(name), Value: v})
	}
	return scim.ObjectOf(out...), b, nil
}

func cutList(b []byte, depth int) (v scim.Value, rest []byte, err error) {
	count, b, err := cutCount(b)
	if err != nil {
		return v, nil, err
	}
	var out []scim.Value
	for range count {
		if v, b, err = cutValue(b, depth-1); err != nil {
			return v, nil, err
		}
		out = append(out, v)
	}
	return scim.ListOf(out...), b, nil
}

// cutCount reads the number of parts, of which each takes a byte at least.
func cutCount(b []byte) (uint64, []byte, error) {
	count, size := uvarint(b)
	if size == 0 || count > uint64(len(b)) {
		return 0, nil, fmt.Errorf("%w: count", ErrCorrupt)
	}
	return count, b[size:], nil
}
