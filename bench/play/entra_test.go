package play

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestEntraShapes compares the requests of a cycle with the ones a real job
// sends, byte for byte, in the order it sends them.
func TestEntraShapes(t *testing.T) {
	f := newFake(t)
	f.groups["role-1"] = &fakeGroup{ID: "role-1", DisplayName: "Manager"}
	plan := Plan{
		People: []Person{{
			UserName: "alex.meyer@example.test", ExternalID: "ameyer", GivenName: "Alex", FamilyName: "Meyer", Display: "Alex Meyer",
			Title: "Analyst", Department: "Design", Employee: "000001", Work: "+49 89 1", Mobile: "+49 2", Street: "Campus 1", City: "München",
			Postcode: "80331", Country: "DE", Language: "de", Locale: "de-DE", Timezone: "Europe/Berlin",
		}},
		Groups: []Group{
			{Name: "Research & Design", ExternalID: "8a", Members: []int{0}},
			{Name: "Manager", ExternalID: "8b", Role: true, Members: []int{0}},
		},
	}
	summary, err := Entra(t.Context(), f.client(t), plan, Options{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`GET /Users?filter=userName+eq+%22` + guidOf(f.log[0]) + `%22`,
		`GET /Users?filter=userName+eq+%22alex.meyer%40example.test%22`,
		`POST /Users {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],` +
			`"externalId":"ameyer","userName":"alex.meyer@example.test","active":true,"displayName":"Alex Meyer","title":"Analyst",` +
			`"preferredLanguage":"de","locale":"de-DE","timezone":"Europe/Berlin",` +
			`"emails":[{"primary":true,"type":"work","value":"alex.meyer@example.test"}],` +
			`"phoneNumbers":[{"primary":true,"type":"work","value":"+49 89 1"},{"primary":false,"type":"mobile","value":"+49 2"}],` +
			`"addresses":[{"type":"work","formatted":"Campus 1\n80331 München","streetAddress":"Campus 1","locality":"München","postalCode":"80331","country":"DE","primary":true}],` +
			`"meta":{"resourceType":"User"},"name":{"formatted":"Alex Meyer","familyName":"Meyer","givenName":"Alex"},"roles":[],` +
			`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"000001","department":"Design"}}`,
		`GET /Groups?excludedAttributes=members&filter=displayName+eq+%22Research+%26+Design%22`,
		`POST /Groups {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],` +
			`"externalId":"8a","displayName":"Research & Design","meta":{"resourceType":"Group"}}`,
		`GET /Groups?excludedAttributes=members&filter=displayName+eq+%22Manager%22`,
		`PATCH /Groups/id-2 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"id-1"}]}]}`,
		`PATCH /Groups/role-1 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"id-1"}]}]}`,
	}
	if !slices.Equal(f.log, want) {
		t.Errorf("requests\n%s\nwant\n%s", strings.Join(f.log, "\n"), strings.Join(want, "\n"))
	}
	if summary.Created != 1 || summary.Groups != 2 || summary.Memberships != 2 || summary.Requests != len(want) || summary.Failed != 0 {
		t.Errorf("summary %+v", summary)
	}
}

// guidOf returns what stands between the encoded quotes of a filter.
func guidOf(request string) string {
	parts := strings.Split(request, "%22")
	if len(parts) != 3 || len(parts[1]) != 36 {
		return "not a filter for a GUID"
	}
	return parts[1]
}

func TestEntraCycleAndVerify(t *testing.T) {
	f := newFake(t)
	plan := Roster(7, 200, 5, 2)
	var steps []Step
	calls := 0
	summary, err := Entra(t.Context(), f.client(t), plan, Options{
		Connections: 20,
		Progress:    func(s Step) { steps = append(steps, s) },
		Observe:     func(Call) { calls++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if summary.Created != 200 || summary.Groups != 7 || summary.Memberships != plan.Memberships() || len(summary.Refusals) != 0 {
		t.Errorf("summary %+v", summary)
	}
	if calls != summary.Requests || summary.Requests != len(f.log) || summary.PeoplePerSecond() <= 0 {
		t.Errorf("%d calls observed, %d requests counted, %d seen", calls, summary.Requests, len(f.log))
	}
	last := steps[len(steps)-1]
	if len(steps) != plan.Steps() || last.Done != plan.Steps() || last.Total != plan.Steps() || last.Phase != phaseMembers {
		t.Errorf("%d steps, last %+v, want %d", len(steps), last, plan.Steps())
	}
	if f.most > perGroup {
		t.Errorf("%d PATCHes of one group at a time, Entra has %d", f.most, perGroup)
	}
	report, err := Verify(t.Context(), f.client(t), plan, summary.Acked, 8)
	if err != nil || report.Differences != 0 || report.Read != 200+7+plan.Memberships() {
		t.Errorf("report %+v, %v", report, err)
	}
	f.lose(summary.Acked)
	report, err = Verify(t.Context(), f.client(t), plan, summary.Acked, 8)
	if err != nil || report.Differences != 3 || len(report.Examples) != 3 {
		t.Errorf("three things were lost; report %+v, %v", report, err)
	}
}

// lose forgets a user, changes another one's name and empties a membership.
func (f *fake) lose(acked Acked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.users, acked.Users[0])
	f.users[acked.Users[1]].UserName = "somebody.else"
	group := f.groups[acked.Groups[0]]
	group.Members = group.Members[1:]
}

// TestEntraAgain plays the plan twice: the second time everybody is found and
// written to, which is what makes a local user managed.
func TestEntraAgain(t *testing.T) {
	f := newFake(t)
	plan := Roster(7, 10, 1, 0)
	for range 2 {
		if _, err := Entra(t.Context(), f.client(t), plan, Options{Connections: 4}); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := Entra(t.Context(), f.client(t), plan, Options{Connections: 4})
	if err != nil || summary.Found != 10 || summary.Created != 0 || summary.Groups != 1 {
		t.Errorf("summary %+v, %v", summary, err)
	}
	if len(f.users) != 10 || len(f.groups) != 1 {
		t.Errorf("%d users, %d groups", len(f.users), len(f.groups))
	}
}

func TestEntraRefusals(t *testing.T) {
	f := newFake(t)
	plan := Roster(3, 4, 1, 0)
	var users, patches atomic.Int64
	f.refuse = func(method, uri string) (int, string) {
		switch {
		case method == "POST" && uri == "/Users" && users.Add(1) <= 2:
			return 409, "uniqueness"
		case method == "PATCH" && patches.Add(1) == 1:
			return 429, ""
		}
		return 0, ""
	}
	summary, err := Entra(t.Context(), f.client(t), plan, Options{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []Refusal{{409, "uniqueness", 2, "refused for the test"}, {429, "", 1, "refused for the test"}}
	if !slices.Equal(summary.Refusals, want) {
		t.Errorf("refusals %+v, want %+v", summary.Refusals, want)
	}
	// The two people left are added, one of them at the second attempt.
	if summary.Created != 2 || summary.Failed != 2 || summary.Skipped != 2 || summary.Memberships != 2 {
		t.Errorf("summary %+v", summary)
	}
}

func TestEntraGivesUpOn429(t *testing.T) {
	f := newFake(t)
	f.refuse = func(method, _ string) (int, string) {
		if method == "POST" {
			return 429, ""
		}
		return 0, ""
	}
	summary, err := Entra(t.Context(), f.client(t), Roster(3, 1, 0, 0), Options{})
	if err != nil || summary.Failed != 1 || summary.Refusals[0].Count != maxAttempts {
		t.Errorf("summary %+v, %v", summary, err)
	}
}

func TestEntraConnectionTest(t *testing.T) {
	f := newFake(t)
	f.refuse = func(string, string) (int, string) { return 401, "" }
	summary, err := Entra(t.Context(), f.client(t), Roster(1, 5, 0, 0), Options{Connections: 2})
	if err == nil || !strings.Contains(err.Error(), "401") || summary.Failed != 1 || len(f.log) != 1 {
		t.Errorf("summary %+v, %v after %d requests", summary, err, len(f.log))
	}
}

// TestEntraStops ends the cycle at its third step.
func TestEntraStops(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	summary, err := Entra(ctx, f.client(t), Roster(1, 50, 2, 0), Options{Connections: 1, Progress: func(s Step) {
		if s.Done == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || summary.Created != 2 || len(f.users) != 2 {
		t.Errorf("summary %+v, %v", summary, err)
	}
}

func TestIncrement(t *testing.T) {
	f := newFake(t)
	plan := Roster(7, 20, 2, 0)
	c := f.client(t)
	first, err := Entra(t.Context(), c, plan, Options{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	f.log = nil
	summary, err := Increment(t.Context(), c, plan, first.Acked, Changes{Rename: 1, Deactivate: 1, Remove: 1}, Options{})
	if err != nil || summary.Changes != 3 || summary.Failed != 0 {
		t.Errorf("summary %+v, %v", summary, err)
	}
	const patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	renamed, left, group := first.Acked.Users[0], first.Acked.Users[1], first.Acked.Groups[0]
	want := []string{
		"GET /Users/" + renamed,
		"PATCH /Users/" + renamed + " " + patchOp + `{"op":"Replace","path":"name.familyName","value":"` + plan.People[0].FamilyName +
			`-Lang"},{"op":"Replace","path":"displayName","value":"` + plan.People[0].Display + `-Lang"}]}`,
		"GET /Users/" + left,
		"PATCH /Users/" + left + " " + patchOp + `{"op":"Replace","path":"active","value":"False"}]}`,
		"GET /Groups/" + group + "?excludedAttributes=members",
		"PATCH /Groups/" + group + " " + patchOp + `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"` + renamed + `"}]}]}`,
	}
	if !slices.Equal(f.log, want) {
		t.Errorf("requests\n%s\nwant\n%s", strings.Join(f.log, "\n"), strings.Join(want, "\n"))
	}
}
