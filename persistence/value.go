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
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case scim.String, scim.Decimal:
		dst = appendSized(dst, []byte(v.Str))
	case scim.Bool:
		if v.Bool {
			return append(dst, 1)
		}
		return append(dst, 0)
	case scim.Int:
		dst = binary.AppendVarint(dst, v.Int)
	case scim.Complex:
		dst = binary.AppendUvarint(dst, uint64(len(v.Obj)))
		for _, a := range v.Obj {
			dst = appendValue(appendSized(dst, []byte(a.Name)), a.Value)
		}
	case scim.List:
		dst = binary.AppendUvarint(dst, uint64(len(v.List)))
		for _, e := range v.List {
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
	v.Kind, b = scim.Kind(b[0]), b[1:]
	switch v.Kind {
	case scim.Null:
		return v, b, nil
	case scim.String, scim.Decimal:
		body, rest, err := cutSized(b)
		v.Str = string(body)
		return v, rest, err
	case scim.Bool:
		if len(b) == 0 || b[0] > 1 {
			return v, nil, fmt.Errorf("%w: boolean", ErrCorrupt)
		}
		v.Bool = b[0] == 1
		return v, b[1:], nil
	case scim.Int:
		n, size := uvarint(b)
		if size == 0 {
			return v, nil, fmt.Errorf("%w: number", ErrCorrupt)
		}
		v.Int = int64(n>>1) ^ -int64(n&1)
		return v, b[size:], nil
	case scim.Complex, scim.List:
		return cutParts(v, b, depth)
	}
	return v, nil, fmt.Errorf("%w: value of kind %d", ErrCorrupt, v.Kind)
}

func cutParts(v scim.Value, b []byte, depth int) (scim.Value, []byte, error) {
	count, size := uvarint(b)
	if size == 0 || count > uint64(len(b)) {
		return v, nil, fmt.Errorf("%w: count", ErrCorrupt)
	}
	b = b[size:]
	for range count {
		var name []byte
		var part scim.Value
		var err error
		if v.Kind == scim.Complex {
			if name, b, err = cutSized(b); err != nil {
				return v, nil, err
			}
		}
		if part, b, err = cutValue(b, depth-1); err != nil {
			return v, nil, err
		}
		if v.Kind == scim.Complex {
			v.Obj = append(v.Obj, scim.Attr{Name: string(name), Value: part})
		} else {
			v.List = append(v.List, part)
		}
	}
	return v, b, nil
}
