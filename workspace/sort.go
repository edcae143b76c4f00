package workspace

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"rosterd/scim"
)

// sortMost is the most resources that are sorted by an attribute which has to
// be decoded for it: all but userName, id and the instants of meta.
const sortMost = 100_000

// A sortValue is a resource's value of the attribute that a Query sorts by.
type sortValue struct {
	absent  bool
	numeric bool
	number  int64  // of a number, an instant or a truth
	text    string // of anything else; folded unless the attribute is exact in case
}

// A sortKey orders like its value: head is the number, or the first 16 bytes of
// the text. Keys are small and without pointers, since there may be a million.
type sortKey struct {
	head [2]uint64
	at   uint32 // index of what is sorted
}

// sort puts order, which is in order of creation, into that of q (RFC 7644
// section 3.4.2.3): texts by code point, in any letter case unless the
// attribute is exact in case; of a multi-valued attribute the primary value, or
// else the first; what has no value last, or first where it descends; equals in
// order of creation.
//
// There is no tree in such an order: it would cost every write to serve a rare
// read. What is asked for is sorted once for a walk through all its pages, for a
// Listing keeps its order. b bounds the time.
func (r Reader) sort(order []place, q Query, b *budget) *scim.Error {
	var absent []place
	present, texts := make([]place, 0, len(order)), make([]string, 0, len(order))
	keys := make([]sortKey, 0, len(order))
	for _, p := range order {
		by := q.Select[slices.IndexFunc(q.Select, func(s Selector) bool { return (s.Type == scim.Group) == p.isGroup() })].SortBy
		v, decoded := r.sortValue(p, by)
		cost := 1
		if decoded { // it may have been as long as a group has members
			cost = scanStep
		}
		switch {
		case decoded && len(present) == sortMost:
			return scim.Errorf(400, scim.TooMany, "more than %d resources cannot be sorted by this attribute; filter them, or sort by userName, meta.created or meta.lastModified", sortMost)
		case !b.spend(cost):
			return tooManyToSort()
		case v.absent:
			absent = append(absent, p)
			continue
		}
		keys = append(keys, sortKey{v.head(q.Descending), uint32(len(present))})
		present, texts = append(present, p), append(texts, v.text)
	}
	keys, done := sortKeys(keys, b, func(x, y sortKey) int {
		if c := cmp.Compare(x.head[0], y.head[0]); c != 0 {
			return c
		}
		if c := cmp.Compare(x.head[1], y.head[1]); c != 0 {
			return c
		}
		c := strings.Compare(texts[x.at], texts[y.at])
		if q.Descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(x.at, y.at))
	})
	if !done {
		return tooManyToSort()
	}
	rest := order
	if q.Descending {
		rest = order[copy(order, absent):]
	}
	for i, k := range keys {
		rest[i] = present[k.at]
	}
	if !q.Descending {
		copy(order[len(keys):], absent)
	}
	return nil
}

func tooManyToSort() *scim.Error {
	return scim.Errorf(400, scim.TooMany, "sorting ran out of time; filter what is to be sorted, or leave sortBy out: lists are in order of creation")
}

// head returns the head of v's key.
func (v sortValue) head(descending bool) (h [2]uint64) {
	var text [16]byte
	copy(text[:], v.text)
	h = [2]uint64{binary.BigEndian.Uint64(text[:8]), binary.BigEndian.Uint64(text[8:])}
	if v.numeric {
		h[0] = uint64(v.number) ^ 1<<63
	}
	if descending {
		h[0], h[1] = ^h[0], ^h[1]
	}
	return h
}

// sortKeys sorts keys in parts, which it merges, and looks at the deadline in
// between. It uses what keys is in, and reports whether it came to its end.
func sortKeys(keys []sortKey, b *budget, compare func(x, y sortKey) int) ([]sortKey, bool) {
	const part = 4096
	for c := range slices.Chunk(keys, part) {
		if slices.SortFunc(c, compare); !b.spend(len(c)) {
			return nil, false
		}
	}
	spare := make([]sortKey, len(keys))
	for width := part; width < len(keys); width *= 2 {
		for first := 0; first < len(keys); first += 2 * width {
			middle, end := min(first+width, len(keys)), min(first+2*width, len(keys))
			if mergeKeys(spare[first:end], keys[first:middle], keys[middle:end], compare); !b.spend(end - first) {
				return nil, false
			}
		}
		keys, spare = spare, keys
	}
	return keys, true
}

// mergeKeys fills dst with the keys of x and y, both sorted.
func mergeKeys(dst, x, y []sortKey, compare func(x, y sortKey) int) {
	for i := range dst {
		if len(y) == 0 || len(x) > 0 && compare(x[0], y[0]) <= 0 {
			dst[i], x = x[0], x[1:]
		} else {
			dst[i], y = y[0], y[1:]
		}
	}
}

// sortValue returns the value of the resource at p, and whether it had to be
// decoded.
func (r Reader) sortValue(p place, by scim.Ref) (v sortValue, decoded bool) {
	if by.Attr == nil {
		return sortValue{absent: true}, false
	}
	var id ResourceID
	var created, modified int64
	if p.isGroup() {
		g, _ := r.v.groups.Get(p.ordinal())
		id, created, modified = g.id, g.created, g.modified
	} else {
		u := r.v.user(p.ordinal())
		id, created, modified = u.id, u.created, u.modified
		if by.Attr == scim.UserUserName {
			return sortValue{text: fold(UserView{r, u}.shownUserName())}, false
		}
	}
	switch by.Attr {
	case scim.UserID, scim.GroupID:
		return sortValue{text: string(id[:])}, false
	case scim.UserMeta, scim.GroupMeta:
		switch by.Sub.Name {
		case "created":
			return sortValue{numeric: true, number: created}, false
		case "lastModified":
			return sortValue{numeric: true, number: modified}, false
		}
	}
	return valueOf(r.at(p), by), true
}

// valueOf reads the value of a resource as its reader sees it.
func valueOf(x scim.Resource, by scim.Ref) sortValue {
	var v scim.Value
	switch {
	case by.Attr.Derived:
		v = x.Derived(by.Attr)
	case by.Ext != nil:
		v = x.Record().ExtAttr(by.Ext, by.Attr)
	default:
		v = x.Record().Attr(by.Attr)
	}
	if v.Kind() == scim.List {
		v = preferred(v.List())
	}
	leaf := by.Attr
	if by.Sub != nil {
		v, leaf = v.Obj().Get(by.Sub.Name), by.Sub
	}
	out := sortValue{absent: v.Kind() == scim.Null, numeric: v.Kind() == scim.Bool || v.Kind() == scim.Int, number: v.Int(), text: v.Str()}
	if v.Bool() {
		out.number = 1
	}
	if at, err := time.Parse(time.RFC3339Nano, v.Str()); leaf.Type == scim.TypeDateTime && err == nil {
		out.numeric, out.number, out.text = true, at.UnixMilli(), ""
	}
	if !leaf.CaseExact {
		out.text = fold(out.text)
	}
	return out
}

// preferred returns the primary value of a list, or else its first.
func preferred(list []scim.Value) scim.Value {
	for _, e := range list {
		if e.Obj().Get("primary").Bool() {
			return e
		}
	}
	if len(list) == 0 {
		return scim.Value{}
	}
	return list[0]
}
