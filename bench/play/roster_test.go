package play

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func TestRosterIsItsSeed(t *testing.T) {
	if a, b := Roster(5, 300, 14, 8), Roster(5, 300, 14, 8); !reflect.DeepEqual(a, b) {
		t.Error("the same arguments give two rosters")
	}
	a, b := Roster(5, 300, 3, 1), Roster(6, 300, 3, 1)
	for i := range a.People {
		p, other := a.Person(i), b.Person(i)
		if p.UserName == other.UserName || p.ExternalID == other.ExternalID {
			t.Fatalf("seeds 5 and 6 share %+v", p)
		}
	}
	if p := Roster(5, 10, 3, 1).Person(9); p != a.Person(9) {
		t.Errorf("person 9 depends on the size of the roster: %+v, %+v", p, a.Person(9))
	}
}

func TestRosterPeople(t *testing.T) {
	login := regexp.MustCompile(`^[a-z-]+\.[a-z-]+\.[0-9]+@r9\.example\.com$`)
	names, externals, locales := map[string]bool{}, map[string]bool{}, map[string]bool{}
	plan := Roster(9, 2000, 12, 3)
	for i := range plan.People {
		p := plan.Person(i)
		body := p.Body()
		if !jsontext.Value(body).IsValid() || len(body) < 800 || len(body) > 1500 {
			t.Fatalf("%d bytes: %s", len(body), body)
		}
		if !login.MatchString(p.UserName) || names[p.UserName] || externals[p.ExternalID] {
			t.Fatalf("userName %q, externalId %q", p.UserName, p.ExternalID)
		}
		if _, err := time.LoadLocation(p.Timezone); err != nil {
			t.Fatal(err)
		}
		names[p.UserName], externals[p.ExternalID], locales[p.Locale] = true, true, true
	}
	if len(locales) != len(cultures) {
		t.Errorf("%d locales of %d cultures", len(locales), len(cultures))
	}
}

// TestProfiles wants bodies of the lengths that are promised, in the shares
// that are asked for, and the same people for the same seed.
func TestProfiles(t *testing.T) {
	plan := Roster(3, 4000, 12, 0)
	plan.Shares = Shares{Short: 0.3, Long: 0.1}
	bounds := map[Profile][2]int{Short: {300, 560}, Ordinary: {800, 1500}, Long: {3500, 6000}}
	seen := map[Profile]int{}
	for i := range plan.People {
		p := plan.Person(i)
		seen[p.Profile]++
		if body := p.Body(); !jsontext.Value(body).IsValid() || len(body) < bounds[p.Profile][0] || len(body) > bounds[p.Profile][1] {
			t.Fatalf("profile %d, %d bytes: %s", p.Profile, len(body), body)
		}
	}
	if seen[Short] < 1100 || seen[Short] > 1300 || seen[Long] < 350 || seen[Long] > 450 {
		t.Errorf("of 4000 people, by profile: %v", seen)
	}
}

func TestRosterGroups(t *testing.T) {
	plan := Roster(1, 2000, 12, 3)
	if got := plan.Roles(); !slices.Equal(got, []string{"Manager", "Planner", "Auditor"}) {
		t.Errorf("roles %q", got)
	}
	names := map[string]bool{}
	for _, g := range plan.Groups {
		if names[g.Name] || len(g.Members) == 0 || !slices.IsSorted(g.Members) || len(slices.Compact(slices.Clone(g.Members))) != len(g.Members) {
			t.Errorf("group %q: %d members", g.Name, len(g.Members))
		}
		names[g.Name] = true
	}
	if plan.Memberships() != 2000+500+600 || plan.Steps() != 1+2000+15+3100 {
		t.Errorf("%d memberships, %d steps", plan.Memberships(), plan.Steps())
	}
	if more := Roster(1, 50, 30, 9); more.Groups[12].Name != "Engineering 2" || more.Groups[36].Name != "Manager 2" {
		t.Errorf("past the list: %q, %q", more.Groups[12].Name, more.Groups[36].Name)
	}
	if empty := Roster(1, -1, -1, -1); empty.Steps() != 1 {
		t.Errorf("an empty plan has %d steps", empty.Steps())
	}
}
