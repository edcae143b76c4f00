package workspace

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rosterd/scim"
	"rosterd/scim/filter"
)

var filters = flag.Int("filters", 2000, "random filters of TestFiltersByIndex")

// A lister writes into a workspace and asks it for lists, at random.
type lister struct {
	*world
	rand *rand.Rand
}

func newLister(t testing.TB, seed uint64) *lister {
	l := &lister{newWorld(t), rand.New(rand.NewPCG(seed, 3))}
	l.open(fmt.Sprintf(`{"seats":{"purchased":1000},"groups":{"rolePrefix":%q}}`, l.of("", "", "app-")))
	return l
}

func (l *lister) of(choices ...string) string { return choices[l.rand.IntN(len(choices))] }

// mail returns one of few addresses, in some letter case.
func (l *lister) mail() string {
	return l.of("u", "U") + fmt.Sprintf("ser%d@", l.rand.IntN(14)) + l.of("example.com", "Example.COM")
}

func (l *lister) id() string {
	if len(l.ids) == 0 || l.rand.IntN(20) == 0 {
		return l.of("none", "00000000-0000-7000-8000-000000000000")
	}
	return l.ids[l.rand.IntN(len(l.ids))].String()
}

func (l *lister) team() string { return l.of("Red", "GREEN", "green", "app-Lead", "Lead", "User") }

// write makes one random write, which may be refused.
func (l *lister) write() {
	who := l.of("entra", "okta", "strict", "default")
	switch n := l.rand.IntN(20); {
	case n < 7:
		l.step(fmt.Sprintf(`%s POST /Users {"userName":%q,"externalId":"%s%d","active":%s,"title":%q,"displayName":%q,"emails":[{"type":"work","value":%q},{"type":"home","value":%q,"primary":%s}]}`,
			who, l.mail(), l.of("x", "X"), l.rand.IntN(5), l.of("true", "false"), l.of("", "Clerk", "clerk", "Boss"), l.of("", "Ann", "bob", "Bob"), l.mail(), l.of("", l.mail()), l.of("true", "false")))
	case n < 9:
		l.step(fmt.Sprintf(`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":%q,"value":%q}]}`, who, l.id(), l.of("userName", "title", "displayName"), l.mail()))
	case n < 10: // Entra's soft delete (row 65)
		l.step(fmt.Sprintf(`entra PATCH /Users/%s {"Operations":[{"op":"replace","value":{"active":false,"userName":"0123456789abcdef0123456789abcdef%s"}}]}`, l.id(), l.mail()))
	case n < 11:
		l.step(fmt.Sprintf(`%s PATCH /Users/%s {"Operations":[{"op":"replace","path":"active","value":%s}]}`, who, l.id(), l.of("true", "false")))
	case n < 13:
		l.step(fmt.Sprintf(`%s POST /Groups {"displayName":%q,"externalId":%q,"members":[{"value":%q}]}`, who, l.team(), l.of("", "g1", "g2", "g3"), l.id()))
	case n < 17:
		l.step(fmt.Sprintf(`%s PATCH /Groups/%s {"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, who, l.id(), l.id()))
	case n < 18:
		l.step(fmt.Sprintf(`%s DELETE /Users/%s`, who, l.id()))
	case n < 19:
		l.step(fmt.Sprintf(`%s DELETE /Groups/%s`, who, l.id()))
	default:
		l.step(fmt.Sprintf(`admin role Lead %d`, l.rand.IntN(900)))
	}
	l.now = l.now.Add(time.Duration(l.rand.IntN(3)) * time.Second)
}

// userLeaf and groupLeaf return one comparison.
func (l *lister) userLeaf() string {
	op := l.of("eq", "eq", "eq", "EQ", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
	switch l.rand.IntN(12) {
	case 0, 1:
		return fmt.Sprintf(`userName %s %q`, op, l.of(l.mail(), l.mail(), "0123456789abcdef0123456789abcdef"+l.mail(), "", "u"))
	case 2:
		return fmt.Sprintf(`emails%s %s %q`, l.of("", ".value"), op, l.of(l.mail(), l.mail(), ""))
	case 3:
		return fmt.Sprintf(`emails[type %s "work"].value %s %q`, l.of("eq", "ne"), op, l.mail())
	case 4:
		return fmt.Sprintf(`emails[value eq %q %s (type eq "home" %s value eq %q)]`, l.mail(), l.of("and", "or"), l.of("and", "or"), l.mail())
	case 5:
		return fmt.Sprintf(`externalId %s "%s%d"`, op, l.of("x", "X"), l.rand.IntN(5))
	case 6:
		return fmt.Sprintf(`id %s %q`, l.of("eq", "ne"), l.of(l.id(), strings.ToUpper(l.id())))
	case 7:
		return fmt.Sprintf(`meta.%s %s %q`, l.of("lastModified", "created"), l.of("eq", "ne", "gt", "ge", "lt", "le", "sw"), epoch.Add(time.Duration(l.rand.IntN(80))*time.Second).Format(l.of(time.RFC3339, "2006-01-02T15:04:05.000Z")))
	case 8:
		return l.of("active eq true", `active eq "False"`, "emails pr", "title pr", "externalId eq null", "emails ne null", "meta.lastModified pr")
	case 9:
		return fmt.Sprintf(`groups.value eq %q`, l.id())
	case 10:
		return fmt.Sprintf(`urn:ietf:params:scim:schemas:extension:rosterd:2.0:User:effectiveRole eq %q`, l.team())
	}
	return fmt.Sprintf(`%s %s %q`, l.of("title", "displayName"), op, l.of("clerk", "BOB", "a"))
}

func (l *lister) groupLeaf() string {
	op := l.of("eq", "eq", "eq", "ne", "co", "sw", "lt")
	switch l.rand.IntN(8) {
	case 0, 1:
		return fmt.Sprintf(`displayName %s %q`, op, l.of(l.team(), l.team(), ""))
	case 2:
		return fmt.Sprintf(`externalId %s "g%d"`, op, l.rand.IntN(4))
	case 3:
		return fmt.Sprintf(`members%s %s %q%s`, l.of("", ".value"), op, l.id(), l.of("", fmt.Sprintf(` or members eq %q`, l.id())))
	case 4:
		return fmt.Sprintf(`members[value eq %q %s (type eq "User" %s value eq %q)]`, l.id(), l.of("and", "or"), l.of("and", "or"), l.id())
	case 5:
		return fmt.Sprintf(`id eq %q`, l.id())
	case 6:
		return fmt.Sprintf(`meta.lastModified %s %q`, op, epoch.Add(time.Duration(l.rand.IntN(80))*time.Second).Format(time.RFC3339))
	}
	return l.of("members pr", `members[display co "user1"]`, `urn:ietf:params:scim:schemas:extension:rosterd:2.0:Group:kind eq "role"`, "members eq null")
}

// expression joins leaves.
func (l *lister) expression(leaf func() string, depth int) string {
	if depth == 0 || l.rand.IntN(2) == 0 {
		return leaf()
	}
	left, right := l.expression(leaf, depth-1), l.expression(leaf, depth-1)
	return l.of("", "not ") + "(" + left + l.of(" and ", " and ", " or ") + right + ")"
}

func (l *lister) filter(rt *scim.ResourceType) *filter.Filter {
	leaf := l.userLeaf
	if rt == scim.Group {
		leaf = l.groupLeaf
	}
	d, _ := scim.DialectByName("generic")
	text := l.expression(leaf, 3)
	f, err := filter.Parse(rt, text, d, scim.DefaultLimits)
	if err != nil {
		l.t.Fatalf("%s: %v", text, err)
	}
	return f
}

// scan is what a filter selects, the slow way.
func (r Reader) scan(rt *scim.ResourceType, f *filter.Filter) (ids []ResourceID) {
	if rt == scim.Group {
		r.v.groups.Scan(func(_ uint32, g *group) bool {
			if f.Match(GroupView{r: r, g: g, union: true}) {
				ids = append(ids, g.id)
			}
			return true
		})
		return ids
	}
	r.v.eachUser(func(u *user) bool {
		if r.matches(f, u) {
			ids = append(ids, u.id)
		}
		return true
	})
	return ids
}

func idsOf(list []Resource) (ids []ResourceID) {
	for _, x := range list {
		ids = append(ids, x.ID())
	}
	return ids
}

// TestFiltersByIndex compares what lists give for random filters, of which an
// index serves many, with a scan that knows no index.
func TestFiltersByIndex(t *testing.T) {
	const perStore = 50
	served, found := 0, 0
	for seed := range uint64(*filters / perStore) {
		l := newLister(t, seed)
		for range 80 {
			l.write()
		}
		for range perStore {
			rt := scim.ResourceTypes[l.rand.IntN(2)]
			r := l.state.View().As(l.of("entra", "okta", "strict", ""), "")
			f := l.filter(rt)
			list, err := r.List(Query{Select: []Selector{{Type: rt, Filter: f}}})
			if err != nil {
				t.Fatal(err)
			}
			got, want := idsOf(list.Page("", 1, list.Total())), r.scan(rt, f)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %s %s: %d, a scan finds %d", seed, rt.Name, f, len(got), len(want))
			}
			if r.users(f).served && rt == scim.User || rt == scim.Group && r.groups(f).served {
				served++
				found += min(len(want), 1)
			}
		}
	}
	if served < *filters/10 || found < *filters/40 {
		t.Errorf("an index served %d of %d filters, and found something for %d: the test shows little", served, *filters, found)
	}
}

// sortValues are attributes to sort by, and how a reader finds them in a user.
var sortValues = map[string]func(scim.Resource) scim.Value{
	"userName":          func(x scim.Resource) scim.Value { return x.Record().Attr(scim.UserUserName) },
	"displayName":       func(x scim.Resource) scim.Value { return x.Record().Attr(scim.UserDisplayName) },
	"externalId":        func(x scim.Resource) scim.Value { return x.Derived(scim.UserExternalID) },
	"id":                func(x scim.Resource) scim.Value { return x.Derived(scim.UserID) },
	"meta.created":      func(x scim.Resource) scim.Value { return x.Derived(scim.UserMeta).Obj().Get("created") },
	"meta.lastModified": func(x scim.Resource) scim.Value { return x.Derived(scim.UserMeta).Obj().Get("lastModified") },
	"active": func(x scim.Resource) scim.Value {
		v := x.Record().Attr(scim.UserActive)
		if v.Kind() == scim.Bool {
			return scim.Text(fmt.Sprint(v.Bool()))
		}
		return v
	},
	"emails": func(x scim.Resource) scim.Value {
		list := x.Record().Attr(scim.UserEmails).List()
		for _, e := range list {
			if e.Obj().Get("primary").Bool() {
				return e.Obj().Get("value")
			}
		}
		return append(list, scim.Value{})[0].Obj().Get("value")
	},
}

// naiveBefore reports whether a comes before b, ascending (RFC 7644 section
// 3.4.2.3).
func naiveBefore(a, b scim.Value, exact bool) bool {
	if a.Kind() == scim.Null || b.Kind() == scim.Null {
		return a.Kind() != scim.Null && b.Kind() == scim.Null
	}
	return exact && a.Str() < b.Str() || !exact && strings.ToLower(a.Str()) < strings.ToLower(b.Str())
}

// TestSortedLists compares orders with those of a stable sort.
func TestSortedLists(t *testing.T) {
	for seed := range uint64(20) {
		l := newLister(t, 1000+seed)
		for range 80 {
			l.write()
		}
		r, f := l.state.View().As(l.of("entra", "okta", ""), ""), l.filter(scim.User)
		for by, value := range sortValues {
			for _, descending := range []bool{false, true} {
				q := Query{Select: []Selector{{Type: scim.User, Filter: f}}, Descending: descending}
				plain, _ := r.List(q)
				want := plain.Page("", 1, plain.Total())
				slices.SortStableFunc(want, func(x, y Resource) int {
					a, b, exact := value(x), value(y), by == "externalId" || by == "id"
					if descending {
						a, b = b, a
					}
					switch {
					case naiveBefore(a, b, exact):
						return -1
					case naiveBefore(b, a, exact):
						return 1
					}
					return 0
				})
				refs, err := filter.ParseSort([]*scim.ResourceType{scim.User}, by, scim.Dialects()[0])
				if err != nil {
					t.Fatal(err)
				}
				q.Select[0].SortBy, q.Sorted = refs[0], true
				sorted, err := r.List(q)
				if err != nil {
					t.Fatal(err)
				}
				if got := sorted.Page("", 1, sorted.Total()); !slices.Equal(idsOf(got), idsOf(want)) {
					t.Fatalf("seed %d: by %s, descending %t: %v, want %v", seed, by, descending, idsOf(got), idsOf(want))
				}
			}
		}
	}
}

// TestWalks reads lists page by page while others write. A Listing gives what
// it had when it was made. Next gives whoever is there all the time exactly
// once, and nobody else who was not selected at some time.
func TestWalks(t *testing.T) {
	for seed := range uint64(150) {
		l := newLister(t, 2000+seed)
		for range 60 {
			l.write()
		}
		who := l.of("entra", "okta", "")
		q := Query{}
		for _, rt := range scim.ResourceTypes {
			if s := (Selector{Type: rt}); l.rand.IntN(3) > 0 {
				if l.rand.IntN(2) > 0 {
					s.Filter = l.filter(rt)
				}
				q.Select = append(q.Select, s)
			}
		}
		first := l.state.View()
		list, err := first.As(who, "").List(q)
		if err != nil {
			t.Fatal(err)
		}
		w := walkOf{lister: l, q: q, who: who, until: first.LastID(), always: idsOf(list.Page("", 1, list.Total())), before: list}
		w.ever = slices.Clone(w.always)
		w.run(1 + l.rand.IntN(9))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// A walkOf is one walk, and what it may show.
type walkOf struct {
	*lister
	q            Query
	who          string
	until        ResourceID
	always, ever []ResourceID
	before       *Listing
}

func (w *walkOf) run(count int) {
	var byNext, byIndex []ResourceID
	var from Position
	for more := true; more; {
		items, next, err := w.state.View().As(w.who, "").Next(w.q, from, w.until, count)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(items) > count || next && len(items) < count {
			w.t.Errorf("%d items of %d, more %t", len(items), count, next)
		}
		if byNext, more = append(byNext, idsOf(items)...), next; more {
			from = w.q.PositionOf(items[len(items)-1])
		}
		byIndex = append(byIndex, idsOf(w.before.Page("", 1+len(byIndex), count))...)
		for range w.rand.IntN(12) {
			w.write()
			w.note()
		}
	}
	all := idsOf(w.before.Page("", 1, w.before.Total()))
	if !slices.Equal(byIndex, all[:len(byIndex)]) {
		w.t.Errorf("a list changed: %v, then %v", all, byIndex)
	}
	shown := map[ResourceID]int{}
	for _, id := range byNext {
		shown[id]++
		if shown[id] > 1 || !slices.Contains(w.ever, id) || string(id[:]) > string(w.until[:]) {
			w.t.Errorf("%v shown %d times, selected ever: %t, newer than %v", id, shown[id], slices.Contains(w.ever, id), w.until)
		}
	}
	for _, id := range w.always {
		if shown[id] != 1 {
			w.t.Errorf("%v is there all the time, and shown %d times", id, shown[id])
		}
	}
}

// note notes who is still there, and who has come.
func (w *walkOf) note() {
	list, err := w.state.View().As(w.who, "").List(w.q)
	if err != nil {
		w.t.Fatal(err)
	}
	now := idsOf(list.Page("", 1, list.Total()))
	w.always = slices.DeleteFunc(w.always, func(id ResourceID) bool { return !slices.Contains(now, id) })
	w.ever = append(w.ever, now...)
}

// TestSortKeys sorts more keys than fit into one part.
func TestSortKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for _, n := range []int{0, 1, 4096, 4097, 8192, 20_000} {
		keys := make([]sortKey, n)
		for i := range keys {
			keys[i] = sortKey{[2]uint64{r.Uint64N(50), r.Uint64N(50)}, uint32(i)}
		}
		compare := func(x, y sortKey) int {
			return cmp.Or(slices.Compare(x.head[:], y.head[:]), cmp.Compare(x.at, y.at))
		}
		want := slices.SortedFunc(slices.Values(keys), compare)
		if got, done := sortKeys(keys, new(budget), compare); !done || !slices.Equal(got, want) {
			t.Errorf("%d keys are out of order", n)
		}
	}
	for looks := range 5 + 6 { // parts, and merges in three rounds
		left := looks
		b := &budget{expired: func() bool { left--; return left < 0 }}
		if _, done := sortKeys(make([]sortKey, 20_000), b, func(_, _ sortKey) int { return 0 }); done {
			t.Errorf("after %d looks at the deadline, it was not seen", looks)
		}
	}
}

// TestOrderDeadline gives an order no time, and an attribute that has to be
// decoded more people than it may have.
func TestOrderDeadline(t *testing.T) {
	s := newWorld(t).state
	record := scim.Encode(scim.User, scim.Object{{Name: "userName", Value: scim.Text("x")}, {Name: "title", Value: scim.Text("x")}})
	for i := range uint32(sortMost + 1) {
		s.setUser(&user{ord: i, UserDoc: UserDoc{Record: record}})
	}
	r := s.View().As("okta", "")
	for by, c := range map[string]struct {
		expired func() bool
		detail  string
	}{
		"userName":          {func() bool { return true }, "ran out of time"},
		"meta.lastModified": {nil, ""},
		"title":             {nil, "more than 100000 resources"},
		"nickName":          {nil, ""}, // nobody has one
	} {
		refs, err := filter.ParseSort([]*scim.ResourceType{scim.User}, by, scim.Dialects()[0])
		if err != nil {
			t.Fatal(err)
		}
		l, err := r.List(Query{Select: []Selector{{Type: scim.User, SortBy: refs[0]}}, Sorted: true, Expired: c.expired})
		switch {
		case c.detail == "" && (err != nil || l.Total() != sortMost+1):
			t.Errorf("by %s: %v", by, err)
		case c.detail != "" && (err == nil || err.Type != scim.TooMany || !strings.Contains(err.Detail, c.detail)):
			t.Errorf("by %s: %v", by, err)
		}
	}
}

// TestOrderDeadlineOfFew: what has to be decoded may be as long as a group has
// members, so that the deadline is looked at with each.
func TestOrderDeadlineOfFew(t *testing.T) {
	l := newLister(t, 1)
	for range 40 {
		l.write()
	}
	refs, err := filter.ParseSort([]*scim.ResourceType{scim.Group}, "members.value", scim.Dialects()[0])
	if err != nil {
		t.Fatal(err)
	}
	q := Query{Select: []Selector{{Type: scim.Group, SortBy: refs[0]}}, Sorted: true, Expired: func() bool { return true }}
	if _, err := l.state.View().As("okta", "").List(q); err == nil || err.Type != scim.TooMany {
		t.Errorf("%v", err)
	}
}
