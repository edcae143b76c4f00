package scim

import (
	"encoding/binary"

	"github.com/go-json-experiment/json/jsontext"
)

// An Appender is a Resource that writes its derived attributes as JSON itself,
// without the Values in between. An answer holds most of them whole; where a
// Projection takes a value apart, Derived is asked.
type Appender interface {
	Resource
	// AppendDerived appends the JSON of what Derived returns for a, and nothing
	// where that is unassigned.
	AppendDerived(dst []byte, a *Attribute) []byte
}

// AppendString appends s as a JSON string. Invalid UTF-8, which cannot come
// from Decode, is replaced.
func AppendString(dst []byte, s string) []byte {
	if plain(s) {
		dst = append(append(dst, '"'), s...)
		return append(dst, '"')
	}
	dst, _ = jsontext.AppendQuote(dst, s) // the error says only what was replaced
	return dst
}

// plain reports whether s stands in JSON as it is: printable ASCII without
// quotes and backslashes. It looks at eight bytes at once, since most texts of
// most people are plain.
func plain(s string) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, slash, del := w^ones*'"', w^ones*'\\', w^ones*0x7f
		// A byte below 0x20, or one that is 0 after the exclusive or, borrows
		// from its high bit. A borrow can also come from a lower byte that is
		// such a one itself, which changes nothing.
		if (w|(w-ones*0x20)|(quote-ones)|(slash-ones)|(del-ones))&high != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Has reports whether r holds the top-level attribute a.
func (r Record) Has(a *Attribute) bool {
	s := newScan(string(r))
	return s.reaches(a.Num)
}

// Part returns what r holds of the complex top-level attribute a, or of an
// extension, as a Record of its own; empty if that is not there.
func (r Record) Part(a *Attribute) Record {
	if s := newScan(string(r)); s.reaches(a.Num) && s.tag == tagComplex {
		return Record(s.body)
	}
	return ""
}

// WithText returns r in which the text of the top-level attribute a, which it
// holds, is s.
func (r Record) WithText(a *Attribute, text string) Record {
	s, from := scan{rest: string(r)}, 0
	for s.step() && s.num < uint64(a.Num) {
		from = len(r) - len(s.rest)
	}
	if !s.more || s.num != uint64(a.Num) {
		return r
	}
	out := append(make([]byte, 0, len(r)+len(text)+binary.MaxVarintLen64), r[:from]...)
	return Record(append(appendAttr(out, a.Num, a, Text(text)), s.rest...))
}

// TextRecord returns the record of an object that holds the text s as its
// top-level attribute a alone.
func TextRecord(a *Attribute, s string) Record {
	return Record(appendAttr(make([]byte, 0, len(s)+2*binary.MaxVarintLen16), a.Num, a, Text(s)))
}
