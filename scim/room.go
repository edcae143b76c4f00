package scim

// A Room is memory for the objects and lists of one request at a time: what it
// hands out is valid until Reset, and nothing that lives longer may hold it.
// Strings are not in it. A nil Room takes every object and list from the heap;
// the zero Room is ready.
type Room struct {
	attrs  []Attr
	values []Value
}

// What a Room begins with, and what it keeps at most for the next request, and
// for the next bulk.
const (
	roomAttrs  = 64
	roomValues = 16
	roomKept   = 4096
	bulkKept   = 16384
)

// Reset takes back all that was handed out.
func (r *Room) Reset() { r.reset(roomKept) }

// ResetBulk is Reset of a Room for bulks, which keeps a few megabytes.
func (r *Room) ResetBulk() { r.reset(bulkKept) }

func (r *Room) reset(kept int) {
	r.attrs = recycled(r.attrs, kept)
	r.values = recycled(r.values, kept)
}

// recycled returns s empty and cleared, or nothing if it is too large to keep.
func recycled[T any](s []T, kept int) []T {
	if cap(s) > kept {
		return nil
	}
	clear(s)
	return s[:0]
}

// object returns an empty object with room for n attributes; it is not nil.
func (r *Room) object(n int) Object {
	if r == nil || n == 0 {
		return make(Object, 0, n)
	}
	return take(&r.attrs, n, roomAttrs)
}

// list returns an empty list with room for n values; it is not nil.
func (r *Room) list(n int) []Value {
	if r == nil || n == 0 {
		return make([]Value, 0, n)
	}
	return take(&r.values, n, roomValues)
}

// take cuts n off what is left of s, or of more if that is not enough. What was
// handed out before stays where it is.
func take[T any](s *[]T, n, least int) []T {
	if cap(*s)-len(*s) < n {
		*s = make([]T, 0, max(n, least, 2*cap(*s)))
	}
	at := len(*s)
	*s = (*s)[:at+n]
	return (*s)[at : at : at+n]
}
