package workspace

import (
	"bytes"
	"sort"
	"time"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// A Query asks for resources (RFC 7644 section 3.4.2): those that the first of
// Select selects, then those of the next.
type Query struct {
	Select []Selector
	// Sorted puts everything in the order of the Selectors' SortBy instead of
	// that of creation (see sort.go).
	Sorted, Descending bool
	// Expired is asked now and then during a scan; once true, the scan is
	// given up and refused with 400 tooMany. Nil: there is no hurry.
	Expired func() bool
}

// A Selector says which resources of one type a Query is about.
type Selector struct {
	Type   *scim.ResourceType
	Filter *filter.Filter // nil: all
	SortBy scim.Ref       // of a sorted Query; see filter.ParseSort
}

// A Resource is a UserView or a GroupView.
type Resource interface {
	scim.Resource
	ID() ResourceID
	Version() uint64
	Type() *scim.ResourceType
}

// A Listing is what a Query gave, in its order. Like the View it comes from, it
// never changes: whoever keeps it reads page after page of the same list,
// whatever is written meanwhile.
type Listing struct {
	r     Reader
	types []*scim.ResourceType
	whole bool    // everything of types, in order of creation
	order []place // otherwise
}

// A place says where in a View a resource is: its ordinal, and whether it is a
// group.
type place uint32

const groupPlace place = 1 << 31

func (p place) isGroup() bool   { return p&groupPlace != 0 }
func (p place) ordinal() uint32 { return uint32(p &^ groupPlace) }

// List selects and sorts what q asks for. Without filter and order it costs
// nothing; a filter that an index serves (plan.go) costs what it finds; any
// other is a scan of everything, which Expired bounds.
func (r Reader) List(q Query) (*Listing, *scim.Error) {
	l := &Listing{r: r, whole: !q.Sorted}
	for _, s := range q.Select {
		l.types = append(l.types, s.Type)
		l.whole = l.whole && s.Filter == nil
	}
	if l.whole {
		return l, nil
	}
	b := budget{expired: q.Expired}
	for _, s := range q.Select {
		r.each(s, ResourceID{}, &b, func(p place) bool {
			l.order = append(l.order, p)
			return true
		})
	}
	if b.over {
		return nil, tooManyToScan()
	}
	if q.Sorted {
		return l, r.sort(l.order, q, &b)
	}
	return l, nil
}

// Total returns the number of resources in l.
func (l *Listing) Total() int {
	if !l.whole {
		return len(l.order)
	}
	n := 0
	for _, rt := range l.types {
		n += l.r.v.length(rt)
	}
	return n
}

// View returns the View that l keeps.
func (l *Listing) View() *View { return l.r.v }

// Page returns at most count resources from the 1-based start on, with
// addresses under base. It costs what it returns, wherever it begins.
func (l *Listing) Page(base string, start, count int) []Resource {
	r := Reader{l.r.v, l.r.connection, base}
	first, end := start-1, min(start-1+count, l.Total())
	if end <= first {
		return nil
	}
	out := make([]Resource, 0, end-first)
	for i := first; i < end; i++ {
		out = append(out, r.at(l.place(i)))
	}
	return out
}

// place returns the i-th place of l.
func (l *Listing) place(i int) place {
	if !l.whole {
		return l.order[i]
	}
	for _, rt := range l.types {
		n := l.r.v.length(rt)
		if i >= n {
			i -= n
			continue
		}
		if rt == scim.Group {
			ord := l.r.v.groups.At(i)
			return groupPlace | place(ord)
		}
		ord := l.r.v.users.At(i)
		return place(ord)
	}
	panic("workspace: a page beyond its list")
}

// length returns the number of resources of a type.
func (v *View) length(rt *scim.ResourceType) int {
	if rt == scim.Group {
		return v.groups.Len()
	}
	return v.users.Len()
}

// Len returns the number of users and groups.
func (v *View) Len() int { return v.users.Len() + v.groups.Len() }

// at returns the resource at p.
func (r Reader) at(p place) Resource {
	if p.isGroup() {
		g, _ := r.v.groups.Get(p.ordinal())
		return GroupView{r: r, g: g}
	}
	u := r.v.user(p.ordinal())
	return UserView{r, u}
}

// A Position is a place between two resources of a Query in order of creation:
// behind the resource ID, which may be gone, of the type that Select[Of]
// selects. The zero Position is before the first.
type Position struct {
	Of int
	ID ResourceID
}

// Next returns at most count resources of q that come after from in order of
// creation and are not newer than until, and whether there are more. Who goes
// on from the Position of the last one meets everything that is there all the
// time exactly once, in any number of Views: ids ascend, and never change.
func (r Reader) Next(q Query, from Position, until ResourceID, count int) (items []Resource, more bool, err *scim.Error) {
	b := budget{expired: q.Expired}
	for i := from.Of; i < len(q.Select) && !more; i++ {
		r.each(q.Select[i], from.ID, &b, func(p place) bool {
			x := r.at(p)
			if id := x.ID(); bytes.Compare(id[:], until[:]) > 0 {
				return false
			}
			if more = len(items) == count; !more {
				items = append(items, x)
			}
			return !more
		})
		from.ID = ResourceID{}
	}
	if b.over {
		return nil, false, tooManyToScan()
	}
	return items, more, nil
}

// PositionOf returns the Position behind x.
func (q Query) PositionOf(x Resource) Position {
	for i, s := range q.Select {
		if s.Type == x.Type() {
			return Position{i, x.ID()}
		}
	}
	return Position{}
}

// each calls yield with what s selects and is newer than after, in order of
// creation, until yield returns false or b is spent.
func (r Reader) each(s Selector, after ResourceID, b *budget, yield func(place) bool) {
	if s.Type == scim.Group {
		r.groups(s.Filter).each(after, b, func(ord uint32) bool { return yield(groupPlace | place(ord)) })
		return
	}
	r.users(s.Filter).each(after, b, func(ord uint32) bool { return yield(place(ord)) })
}

// A selection is what a filter leaves of the resources of one type.
type selection[T comparable] struct {
	all    *table[T]
	found  []uint32 // if served: the ordinals that may match, ascending
	served bool
	match  func(ord uint32, x T) bool
	id     func(T) ResourceID
	cost   func(T) int // of matching it, in ordinary resources
}

func (s selection[T]) each(after ResourceID, b *budget, yield func(ord uint32) bool) {
	visit := func(ord uint32, x T) bool { return b.spend(s.cost(x)) && (!s.match(ord, x) || yield(ord)) }
	if !s.served {
		if first := s.firstAfter(after); first < s.all.Len() {
			s.all.Ascend(s.all.At(first), visit)
		}
		return
	}
	for _, ord := range s.found {
		x, live := s.all.Get(ord)
		if !live {
			continue
		}
		if id := s.id(x); bytes.Compare(id[:], after[:]) > 0 && !visit(ord, x) {
			return
		}
	}
}

// firstAfter returns how many resources are not newer than after.
func (s selection[T]) firstAfter(after ResourceID) int {
	if after.IsZero() {
		return 0
	}
	return sort.Search(s.all.Len(), func(i int) bool {
		x, _ := s.all.Get(s.all.At(i))
		id := s.id(x)
		return bytes.Compare(id[:], after[:]) > 0
	})
}

// users returns the users whom f selects. A pushed userName is found beside the
// account e-mail (row 65); roles and teams are everybody's.
func (r Reader) users(f *filter.Filter) selection[packed] {
	s := selection[packed]{
		all: &r.v.users, match: func(uint32, packed) bool { return true },
		id: packed.id, cost: func(packed) int { return 1 },
	}
	if f != nil {
		var p plan
		p, s.served = serve(f.Expr, r.userPlan)
		s.found = p.found
		asks, u := r.userMatch(f), new(user)
		s.match = func(ord uint32, p packed) bool {
			u.unpack(ord, p)
			return asks(u)
		}
	}
	return s
}

// userMatch returns what f asks of a user. What it asks of meta.created and
// meta.lastModified comes first, since those need no decoding: clients poll for
// what has changed.
func (r Reader) userMatch(f *filter.Filter) func(*user) bool {
	var quick []func(*user) bool
	var rest filter.Expr
	for _, x := range filter.Conjuncts(f.Expr) {
		if check := instantCheck(x); check != nil {
			quick = append(quick, check)
		} else {
			rest = both(rest, x)
		}
	}
	return func(u *user) bool {
		for _, check := range quick {
			if !check(u) {
				return false
			}
		}
		return rest == nil || r.matches(&filter.Filter{Expr: rest}, u)
	}
}

// instantCheck returns x as a check, if it compares an instant of meta.
func instantCheck(x filter.Expr) func(*user) bool {
	c, ok := x.(filter.Compare)
	if !ok || c.Ref.Attr != scim.UserMeta || c.Value.Kind() != scim.String {
		return nil
	}
	at := func(u *user) int64 { return u.created }
	switch c.Ref.Sub.Name {
	case "created":
	case "lastModified":
		at = func(u *user) int64 { return u.modified }
	default:
		return nil
	}
	want, err := time.Parse(time.RFC3339Nano, c.Value.Str())
	if err != nil { // of co, sw or ew
		return nil
	}
	holds := map[filter.Op]func(int) bool{
		filter.Eq: func(n int) bool { return n == 0 }, filter.Ne: func(n int) bool { return n != 0 },
		filter.Gt: func(n int) bool { return n > 0 }, filter.Ge: func(n int) bool { return n >= 0 },
		filter.Lt: func(n int) bool { return n < 0 }, filter.Le: func(n int) bool { return n <= 0 },
	}[c.Op]
	if holds == nil {
		return nil
	}
	return func(u *user) bool { return holds(time.UnixMilli(at(u)).Compare(want)) }
}

// matches reports whether f holds of u.
func (r Reader) matches(f *filter.Filter, u *user) bool {
	return f.Match(everybodys{UserView{r, u}}) || u.Pushed != "" && f.Match(UserView{Reader{r.v, "", r.base}, u})
}

// groups returns the groups that f selects, members being everybody's.
func (r Reader) groups(f *filter.Filter) selection[*group] {
	s := selection[*group]{
		all: &r.v.groups, match: func(uint32, *group) bool { return true },
		id: func(g *group) ResourceID { return g.id }, cost: func(*group) int { return 1 },
	}
	if f == nil {
		return s
	}
	var p plan
	if p, s.served = serve(f.Expr, r.groupPlan); !s.served {
		p.rest = f.Expr
	}
	s.found = p.found
	if p.rest == nil {
		return s
	}
	f = &filter.Filter{Expr: p.rest}
	s.match = func(_ uint32, g *group) bool { return f.Match(GroupView{r: r, g: g, union: true}) }
	if f.Names(scim.GroupMembers) {
		s.cost = func(g *group) int { return 1 + g.members.Len() }
	}
	return s
}

// A budget bounds the time of a scan.
type budget struct {
	expired func() bool
	spent   int
	over    bool
}

// scanStep is the number of resources between two looks at the deadline.
const scanStep = 256

// spend reports whether the scan may go on for n more resources.
func (b *budget) spend(n int) bool {
	if b.spent += n; b.spent >= scanStep && b.expired != nil {
		b.spent = 0
		b.over = b.over || b.expired()
	}
	return !b.over
}

func tooManyToScan() *scim.Error {
	return scim.Errorf(400, scim.TooMany, "the filter had to look at every resource and ran out of time; filter by id, userName, externalId, displayName, emails.value or members.value with eq, alone, joined with and, or joined with or to others of them")
}
