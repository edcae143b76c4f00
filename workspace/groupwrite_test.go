package workspace

import (
	"testing"

	"rosterd/scim"
	"rosterd/scim/patch"
)

// TestMostLooks: what looks at all members may do so once, whatever their
// number, and then as long as there are looks left; what an index finds always.
func TestMostLooks(t *testing.T) {
	l := newLister(t, 1)
	for range 200 {
		l.write()
	}
	var g *group
	l.state.view.groups.Scan(func(_ uint32, x *group) bool {
		if g == nil || x.members.Len() > g.members.Len() {
			g = x
		}
		return true
	})
	n := g.members.Len()
	if n == 0 {
		t.Fatal("no group has members")
	}
	body := func(path string) []patch.MemberOp {
		raw, err := scim.Decode([]byte(`{"Operations":[{"op":"remove","path":"`+path+`"}]}`), scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		d := mustDialect("generic")
		ops, err := patch.Parse(scim.Group, raw, d, scim.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		_, members, err := patch.Members(ops, d)
		if err != nil {
			t.Fatal(err)
		}
		return members
	}
	scan, one := body(`members[display sw \"zzz\"]`)[0], body(`members[value eq \"` + l.ids[0].String() + `\"]`)[0]
	for _, c := range []struct {
		looks  int
		op     patch.MemberOp
		refuse bool
	}{
		{0, scan, false}, {mostLooks - n, scan, false}, {mostLooks - n + 1, scan, true}, {mostLooks, one, false},
	} {
		looks := c.looks
		d := decision{view: &l.state.view, dialect: *mustDialect("generic"), looks: &looks}
		err := d.planMembers(g).apply(c.op)
		if refused := err != nil && err.Type == scim.TooMany; refused != c.refuse || err != nil && !refused {
			t.Errorf("after %d looks: %v", c.looks, err)
		}
	}
}
