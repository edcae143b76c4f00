package scim

import "strings"

// A field is what an answer needs of an attribute. Those of one object lie side
// by side, as their keys do: an answer goes through all of them, and what is
// scattered in memory takes longer to fetch than to write.
type field struct {
	key     string // ,"name":
	a       *Attribute
	parts   []field // of a.Sub
	num     uint16  // of a
	stored  bool    // a Record holds it
	derived bool    // the Resource is asked for it
	extends bool    // it stands for an extension
	shown   bool    // it is in an answer unless a Projection says otherwise
}

func fieldsOf(attrs []*Attribute) []field {
	var keys strings.Builder
	for _, a := range attrs {
		keys.WriteString(`,"` + a.Name + `":`)
	}
	out, rest := make([]field, len(attrs)), keys.String()
	for i, a := range attrs {
		n := len(a.Name) + len(`,"":`)
		out[i] = field{
			key: rest[:n], a: a, parts: fieldsOf(a.Sub), num: a.Num, stored: a.stored(), derived: a.Derived, extends: isURN(a.Name),
			shown: a.Returned == ReturnedDefault || a.Returned == ReturnedAlways,
		}
		rest = rest[n:]
	}
	return out
}

// appendKey appends the name of f in front of its value.
func (f *field) appendKey(dst []byte, first *bool) []byte {
	key := f.key
	if *first {
		key = key[1:] // without the comma
	}
	*first = false
	return append(dst, key...)
}
