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
		if a.People[i].UserName == b.People[i].UserName || a.People[i].ExternalID == b.People[i].ExternalID {
			t.Fatalf("seeds 5 and 6 share %+v", a.People[i])
		}
	}
	if p := Roster(5, 10, 3, 1).People[9]; p != a.People[9] {
		t.Errorf("person 9 depends on the size of the roster: %+v, %+v", p, a.People[9])
	}
}

func TestRosterPeople(t *testing.T) {
	login := regexp.MustCompile(`^[a-z-]+\.[a-z-]+\.[0-9]+@r9\.example\.com$`)
	names, externals, locales := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range Roster(9, 2000, 12, 3).People {
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
