package play

import (
	"context"
	"testing"
)

// TestRenamesLost has a server forget names that a client has changed, one after
// the other.
func TestRenamesLost(t *testing.T) {
	for _, c := range []struct {
		name           string
		cycle          func(context.Context, *Client, Plan, Options) (Summary, error)
		display, group bool // what the client changes beside the family name
	}{
		{"entra", Entra, true, false}, {"okta", Okta, true, true}, {"okta-aiw", OktaAIW, true, true}, {"onelogin", OneLogin, false, false},
	} {
		f := newFake(t)
		plan := Roster(4, 3, 1, 0)
		var acked Acked
		for _, changes := range []Changes{{Rename: 3}, {Rename: 1}} { // the second time the other two are renamed back
			summary, err := c.cycle(t.Context(), f.client(t), plan, Options{Connections: 2, Changes: changes})
			if err != nil || summary.Changes != changes.Rename {
				t.Fatalf("%s: %+v, %v", c.name, summary, err)
			}
			acked = summary.Acked
		}
		differ := func(what string, want int) {
			t.Helper()
			report, err := Verify(t.Context(), f.client(t), plan, acked, 2)
			if err != nil || report.Differences != want || report.Read != 4+plan.Memberships() {
				t.Errorf("%s: %s: %+v, %v", c.name, what, report, err)
			}
		}
		differ("all is there", 0)
		want := 0
		f.users[acked.Users[0].ID].Name.FamilyName = plan.Person(0).FamilyName
		want++
		differ("the family name is lost", want)
		f.users[acked.Users[1].ID].DisplayName = "Somebody Else"
		if c.display {
			want++
		}
		differ("the displayName is lost", want)
		f.groups[acked.Groups[0]].DisplayName = "Something Else"
		if c.group {
			want++
		}
		differ("the group's name is lost", want)
	}
}

// TestRenameDoubtful: if the server has not made up its mind about a rename,
// either name is right; if it has refused, the one before is.
func TestRenameDoubtful(t *testing.T) {
	for status, want := range map[int]int{503: 0, 400: 1} {
		f := newFake(t)
		plan := Roster(4, 1, 0, 0)
		if _, err := Entra(t.Context(), f.client(t), plan, Options{}); err != nil {
			t.Fatal(err)
		}
		patches := 0
		f.refuse = func(method, _ string) (int, string) {
			if method == "PATCH" {
				patches++
			}
			if patches == 2 { // the first one says the name of who is found
				return status, ""
			}
			return 0, ""
		}
		summary, err := Entra(t.Context(), f.client(t), plan, Options{Changes: Changes{Rename: 1}})
		if err != nil || summary.Found != 1 || summary.Failed != 1 {
			t.Fatalf("%+v, %v", summary, err)
		}
		f.refuse = nil
		f.users[summary.Acked.Users[0].ID].DisplayName = "Somebody Else"
		report, err := Verify(t.Context(), f.client(t), plan, summary.Acked, 1)
		if err != nil || report.Differences != want {
			t.Errorf("after %d: %+v, %v", status, report, err)
		}
	}
}
