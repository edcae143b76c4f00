package workspace

import "slices"

// A table holds users or groups by ordinal. Ordinals are given in order and never
// again, so it is a tree of arrays, three levels of them: a look is three fetches
// from memory, where a search tree takes a dozen, and no key is stored.
//
// All Views of a State share it. What no View knows, from the first ordinal on
// that was given since the last one, is written in place: to create copies
// nothing. Anything else is written into a copy of its page and of what is above,
// which may be changed until the next View.
//
// The zero T stands for nothing. The zero table is empty.
type table[T comparable] struct {
	branches []branchAt[T]
	next     uint32 // the first ordinal that was not given
	count    int    // of what is there
	known    uint32 // ordinals below it may be in a View
	copied   *copied
}

// A copied marks what was copied since the last View.
type copied struct{ _ byte } // of a size, so that no two are the same

// A branchAt is a branch and how much of it is gone: the search for a place goes
// through all of these.
type branchAt[T comparable] struct {
	*branch[T]
	goneInAll int
}

const (
	pageBits   = 6
	pageSize   = 1 << pageBits
	branchBits = 2 * pageBits
)

type branch[T comparable] struct {
	copied *copied
	gone   [pageSize]uint8 // of each page
	pages  [pageSize]*itemPage[T]
}

type itemPage[T comparable] struct {
	copied *copied
	items  [pageSize]T
}

// share is to be called before the table is copied for a View.
func (t *table[T]) share() { t.known, t.copied = t.next, nil }

// Len returns how much is there.
func (t *table[T]) Len() int { return t.count }

// page returns the page of an ordinal that was given.
func (t *table[T]) page(ord uint32) *itemPage[T] {
	return t.branches[ord>>branchBits].pages[ord>>pageBits%pageSize]
}

// Get returns what has an ordinal, and whether anything has.
func (t *table[T]) Get(ord uint32) (x T, found bool) {
	var nothing T
	if ord < t.next {
		x = t.page(ord).items[ord%pageSize]
	}
	return x, x != nothing
}

// Set gives x an ordinal: one that was given, or the next.
func (t *table[T]) Set(ord uint32, x T) {
	if ord == t.next {
		t.grow()
	}
	if ord >= t.known {
		t.page(ord).items[ord%pageSize] = x
		return
	}
	_, page := t.own(ord)
	page.items[ord%pageSize] = x
}

// grow gives the next ordinal. What is behind the last one may be there already,
// if a State was set back to one of its Views: then it is made anew.
func (t *table[T]) grow() {
	ord := t.next
	if ord%(1<<branchBits) == 0 {
		t.branches = append(t.branches, branchAt[T]{branch: new(branch[T])})
	}
	if ord%pageSize == 0 {
		t.branches[ord>>branchBits].pages[ord>>pageBits%pageSize] = new(itemPage[T])
	}
	t.next, t.count = ord+1, t.count+1
}

// Delete takes away what has an ordinal.
func (t *table[T]) Delete(ord uint32) {
	var nothing T
	at, page := t.own(ord)
	page.items[ord%pageSize] = nothing
	at.goneInAll++
	at.gone[ord>>pageBits%pageSize]++
	t.count--
}

// own returns where an ordinal is, as it may be changed.
func (t *table[T]) own(ord uint32) (*branchAt[T], *itemPage[T]) {
	if t.copied == nil {
		t.copied = new(copied)
		t.branches = slices.Clone(t.branches)
	}
	at := &t.branches[ord>>branchBits]
	if at.copied != t.copied {
		b := *at.branch
		b.copied, at.branch = t.copied, &b
	}
	page := &at.pages[ord>>pageBits%pageSize]
	if (*page).copied != t.copied {
		p := **page
		p.copied, *page = t.copied, &p
	}
	return at, *page
}

// At returns the ordinal of the i-th that is there, from 0; i is below Len.
func (t *table[T]) At(i int) uint32 {
	if t.count == int(t.next) {
		return uint32(i)
	}
	var nothing T
	ord := 0
	for b := 0; ; b++ { // it ends: i is below Len
		live := min(1<<branchBits, int(t.next)-ord) - t.branches[b].goneInAll
		if i < live {
			break
		}
		i, ord = i-live, ord+1<<branchBits
	}
	for gone := &t.branches[ord>>branchBits].gone; ; {
		live := min(pageSize, int(t.next)-ord) - int(gone[ord>>pageBits%pageSize])
		if i < live {
			break
		}
		i, ord = i-live, ord+pageSize
	}
	for page := t.page(uint32(ord)); ; ord++ {
		if page.items[ord%pageSize] == nothing {
			continue
		}
		if i == 0 {
			return uint32(ord)
		}
		i--
	}
}

// Scan calls yield with all that is there, ascending, until yield returns false.
func (t *table[T]) Scan(yield func(ord uint32, x T) bool) { t.Ascend(0, yield) }

// Ascend is Scan from an ordinal on.
func (t *table[T]) Ascend(from uint32, yield func(ord uint32, x T) bool) {
	var nothing T
	for ord := from; ord < t.next; {
		page := t.page(ord)
		for end := min(t.next, ord-ord%pageSize+pageSize); ord < end; ord++ {
			if x := page.items[ord%pageSize]; x != nothing && !yield(ord, x) {
				return
			}
		}
	}
}
