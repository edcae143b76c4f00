package workspace

import (
	"slices"
	"strings"
	"sync/atomic"
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

// An index finds ordinals by key. It holds hints and no keys: equal hints mean
// candidates, which the caller verifies on the record of the View it reads.
//
// All Views of a State share the pages: an entry that a State adds is one that
// older Views fail to verify, and one that nobody needs any more stays until
// its page is swept, into another page that only later Views know. So nothing
// is copied for a write, and readers need no lock.
//
// Ordinals beyond the first few of one hint, such as an e-mail that everybody
// has, would make pages long to search; they are in a tree, copied on write.
type index struct {
	pages []*page // by the upper bits of a hint; many places may hold one page
	many  *btree.Set[uint64]
	own   bool // no other index holds many
}

// A page is a hash table of all entries whose hints begin with the same bits.
// A slot holds hint<<32 | ordinal+1, or 0. used and stale are the State's own.
type page struct {
	bits  int // how many bits the hints share
	used  int // slots, those of stale entries among them
	stale int // entries that were removed, about
	slots []atomic.Uint64
}

// Sizes of a page, in slots, and of what one hint may have in it.
const (
	leastSlots = 8
	mostSlots  = 4096
	fewPerHint = 16
	mostBits   = 16 // of a page; beyond, it grows, so that chosen keys cannot make many
)

func newIndex() index {
	return index{pages: []*page{newPage(0, leastSlots)}, many: new(btree.Set[uint64])}
}

func newPage(bits, slots int) *page { return &page{bits: bits, slots: make([]atomic.Uint64, slots)} }

// copy returns the index for a View.
func (x *index) copy() index {
	x.own = false
	return *x
}

// changeMany returns many as it may be changed.
func (x *index) changeMany() *btree.Set[uint64] { return change(&x.many, &x.own) }

func entryOf(hint, ord uint32) uint64 { return uint64(hint)<<32 | (uint64(ord) + 1) }

func (x index) page(hint uint32) *page {
	return x.pages[uint64(hint)*uint64(len(x.pages))>>32]
}

// start returns the slot where the search for a hint begins. Hints in a page
// share their upper bits, and chosen ones may share others: all of them count.
func (p *page) start(hint uint32) int {
	return int(uint64(hint*0x9e3779b1) * uint64(len(p.slots)) >> 32)
}

// find returns the slot of an entry, or the empty one that ends the search, and
// how many entries of the same hint are before it.
func (p *page) find(entry uint64) (slot, before int, found bool) {
	mask := len(p.slots) - 1
	for slot = p.start(uint32(entry >> 32)); ; slot = (slot + 1) & mask {
		e := p.slots[slot].Load()
		switch {
		case e == entry:
			return slot, before, true
		case e == 0:
			return slot, before, false
		case e>>32 == entry>>32:
			before++
		}
	}
}

// insert enters ord under hint. It reports false if the page is full: then
// makeRoom comes first, and again if what it swept away was too little.
func (x *index) insert(hint, ord uint32) bool {
	entry := entryOf(hint, ord)
	p := x.page(hint)
	slot, before, found := p.find(entry)
	switch {
	case found: // it was removed and not swept yet
		p.stale = max(p.stale-1, 0)
	case before >= fewPerHint:
		x.changeMany().Insert(entry)
	case (p.used+1)*4 > len(p.slots)*3:
		return false
	default:
		p.slots[slot].Store(entry)
		p.used++
	}
	return true
}

// remove takes ord from under hint.
func (x *index) remove(hint, ord uint32) {
	entry := entryOf(hint, ord)
	p := x.page(hint)
	if _, _, found := p.find(entry); found {
		p.stale++
		return
	}
	if x.many.Contains(entry) {
		x.changeMany().Delete(entry)
	}
}

// makeRoom puts others in the place of the page of a hint: one without its stale
// entries if they are worth it, else one of twice the size, and two where that
// is too large. stays says which entries are still needed.
func (x *index) makeRoom(hint uint32, stays func(hint, ord uint32) bool) {
	p := x.page(hint)
	sweep := p.stale*4 >= p.used
	bits, slots := p.bits, len(p.slots)
	switch {
	case sweep:
	case slots < mostSlots || bits == mostBits:
		slots *= 2
	default:
		bits++
	}
	next := [2]*page{newPage(bits, slots), newPage(bits, slots)}
	if bits == p.bits {
		next[1] = next[0]
	}
	for i := range p.slots {
		e := p.slots[i].Load()
		if e == 0 || sweep && !stays(uint32(e>>32), uint32(e)-1) {
			continue
		}
		to := next[e>>(63-p.bits)&1]
		slot, _, _ := to.find(e)
		to.slots[slot].Store(e)
		to.used++
	}
	x.place(p, hint, next)
}

// place lets later Views know next where p was.
func (x *index) place(p *page, hint uint32, next [2]*page) {
	pages := slices.Clone(x.pages)
	if 1<<next[0].bits > len(pages) {
		pages = make([]*page, 2*len(x.pages))
		for i := range pages {
			pages[i] = x.pages[i/2]
		}
	}
	span := len(pages) >> p.bits // places that held p
	first := int(uint64(hint)*uint64(len(pages))>>32) / span * span
	for i := range span {
		pages[first+i] = next[2*i/span]
	}
	x.pages = pages
}

// An ordinals is room for what most hints have under them.
type ordinals [fewPerHint + 1]uint32

// under returns every ordinal that may be entered under hint, ascending, in room
// as far as that suffices. It takes no function to call, for what that captures
// would be garbage of every look at an index.
func (x index) under(hint uint32, room *ordinals) []uint32 {
	found := room[:0]
	p := x.page(hint)
	mask := len(p.slots) - 1
	for slot := p.start(hint); ; slot = (slot + 1) & mask {
		e := p.slots[slot].Load()
		if e == 0 {
			break
		}
		if uint32(e>>32) == hint {
			found = append(found, uint32(e)-1)
		}
	}
	if x.many.Len() > 0 {
		found = append(found, x.manyUnder(hint)...)
	}
	slices.Sort(found)
	return found
}

// manyUnder returns those that are in the tree.
func (x index) manyUnder(hint uint32) (found []uint32) {
	x.many.Ascend(uint64(hint)<<32, func(e uint64) bool {
		if uint32(e>>32) == hint {
			found = append(found, uint32(e)-1)
		}
		return uint32(e>>32) == hint
	})
	return found
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
