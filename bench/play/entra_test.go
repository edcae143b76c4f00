package play

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

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
	delete(f.users, acked.Users[0].ID)
	f.users[acked.Users[1].ID].UserName = "somebody.else"
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
