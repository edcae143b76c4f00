package workspace

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/btree"
)

// A keyKind says what a key of an index is.
type keyKind byte

const (
	keyID keyKind = iota
	keyName
	keyExternal
	keyEmail
)

// An index finds ordinals by key. It holds hint<<32|ordinal and no key: equal
// hints mean candidates, which the caller verifies on the record of the same
// state. It is copied on write with the state, so a View has its own.
type index struct{ set *btree.Set[uint64] }

func newIndex() index { return index{new(btree.Set[uint64])} }

func (x index) insert(hint uint32, ord uint32) { x.set.Insert(uint64(hint)<<32 | uint64(ord)) }

func (x index) remove(hint uint32, ord uint32) { x.set.Delete(uint64(hint)<<32 | uint64(ord)) }

// each calls yield with every ordinal entered under hint, ascending, until
// yield returns false.
func (x index) each(hint uint32, yield func(ord uint32) bool) {
	x.set.Ascend(uint64(hint)<<32, func(k uint64) bool {
		return uint32(k>>32) == hint && yield(uint32(k))
	})
}

// hintOf hashes a key. A scope (the connection of an externalId) is part of it.
func hintOf(kind keyKind, scope, key string) uint32 {
	var buf [128]byte
	b := append(buf[:0], byte(kind))
	b = append(b, scope...)
	b = append(b, 0)
	b = append(b, key...)
	return uint32(xxhash.Sum64(b))
}

// fold maps s to the representative of all texts that strings.EqualFold calls
// equal to it, so that equal names have equal hints.
func fold(s string) string {
	lower := true
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
		lower = lower && (c < 'A' || c > 'Z')
	}
	if lower {
		return s
	}
	return strings.ToLower(s)
}

// foldRune returns one member of r's case orbit, the same for all of them.
// ASCII letters stand for their orbit (K for the Kelvin sign), in lower case.
func foldRune(r rune) rune {
	least := r
	for q := unicode.SimpleFold(r); q != r; q = unicode.SimpleFold(q) {
		least = min(least, q)
	}
	if least >= 'A' && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}
