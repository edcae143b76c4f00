package play

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// TestMix plays a mix over some connections and one at a time: whatever order
// answers come in, what was acknowledged is there.
func TestMix(t *testing.T) {
	for _, connections := range []int{1, 8} {
		f := newFake(t)
		plan := Roster(2, 60, 3, 0)
		population, err := Import(t.Context(), f.client(t), plan, Options{Connections: connections})
		if err != nil || population.Created != 60 || population.Groups != 3 {
			t.Fatalf("%+v, %v", population, err)
		}
		mix := NewMix(plan, population.Acked, Mixed())
		o := Drive(t.Context(), f.client(t), mix, Pace{Connections: connections, Count: 2000}, nil)
		if o.Count != 2000 || o.Failed() != 0 {
			t.Errorf("%d accepted, %+v", o.Count, o.Kinds)
		}
		kinds := map[string]int64{}
		for _, k := range o.Kinds {
			kinds[k.Kind] = k.Count
		}
		for kind, share := range map[string][2]int64{
			"get user": {700, 900}, "filter user": {350, 450}, "page of users": {70, 130}, "create user": {150, 250}, "delete user": {70, 130},
		} {
			if kinds[kind] < share[0] || kinds[kind] > share[1] {
				t.Errorf("%d of 2000 are %q", kinds[kind], kind)
			}
		}
		if kinds["deactivate user"]+kinds["activate user"] < 150 || kinds["add member"]+kinds["remove member"] < 100 || kinds["remove member"] == 0 {
			t.Errorf("kinds %v", kinds)
		}
		report, err := Verify(t.Context(), f.client(t), plan, mix.Acked(), 4)
		if err != nil || report.Differences != 0 || report.Read < 200 {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

// TestMixLost has a server forget what it acknowledged: people who were
// deleted are back, those who left are active again.
func TestMixLost(t *testing.T) {
	f := newFake(t)
	plan := Roster(2, 30, 2, 0)
	population, err := Import(t.Context(), f.client(t), plan, Options{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	mix := NewMix(plan, population.Acked, Weights{Active: 1, Delete: 1})
	Drive(t.Context(), f.client(t), mix, Pace{Count: 20}, nil)
	lost := 0
	for i, account := range mix.Acked().Users {
		if account.State != Active {
			f.users[account.ID] = &fakeUser{ID: account.ID, UserName: plan.Person(i).UserName, Active: true}
			lost++
		}
	}
	report, err := Verify(t.Context(), f.client(t), plan, mix.Acked(), 4)
	if err != nil || lost == 0 || report.Differences != lost {
		t.Errorf("%d lost: %+v, %v", lost, report, err)
	}
}

// TestImportAgain finds the population of an earlier load.
func TestImportAgain(t *testing.T) {
	f := newFake(t)
	plan := Roster(2, 10, 1, 0)
	first, err := Import(t.Context(), f.client(t), plan, Options{Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	f.users[first.Acked.Users[3].ID].Active = false
	again, err := Import(t.Context(), f.client(t), plan, Options{Connections: 4})
	if err != nil || again.Found != 10 || again.Created != 0 || again.Acked.Users[3].State != Inactive || again.Acked.Users[4].State != Active {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestTrace records a cycle against one server and plays it against another,
// whose ids are others.
func TestTrace(t *testing.T) {
	plan := Roster(4, 5, 2, 0)
	first := newFake(t)
	first.groups["team-2"] = &fakeGroup{ID: "team-2", DisplayName: "Sales"}
	var recorded bytes.Buffer
	client := first.client(t)
	end := client.Record(&recorded)
	options := Options{Connections: 1, Changes: Changes{Rename: 1, Deactivate: 1, Delete: 1, Remove: 1}}
	if _, err := Entra(t.Context(), client, plan, options); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	trace, err := ReadTrace(&recorded)
	if err != nil {
		t.Fatal(err)
	}
	trace.IgnoreOffsets()
	second := newFake(t)
	second.ids = 100
	second.groups["other-2"] = &fakeGroup{ID: "other-2", DisplayName: "Sales"}
	o := Drive(t.Context(), second.client(t), trace, Pace{Connections: 1}, nil)
	if o.Failed() != 0 || trace.Skipped() != 0 || int(o.Count) != trace.Requests() {
		t.Errorf("%+v, %d skipped", o.Kinds, trace.Skipped())
	}
	want := strings.ReplaceAll(strings.ReplaceAll(first.requests(), "id-", "id-10"), "team-2", "other-2")
	if got := second.requests(); got != want {
		t.Errorf("played\n%s\nrecorded\n%s", got, want)
	}
	report, err := trace.Verify(t.Context(), second.client(t), 2)
	if err != nil || report.Differences != 0 || report.Read != 6 {
		t.Errorf("%+v, %v", report, err)
	}
	for id := range second.users {
		delete(second.users, id)
		break
	}
	if report, err = trace.Verify(t.Context(), second.client(t), 2); err != nil || report.Differences != 1 {
		t.Errorf("one is lost: %+v, %v", report, err)
	}
}

// TestTraceSkips leaves out what needs an id that the server refused to give.
func TestTraceSkips(t *testing.T) {
	f := newFake(t)
	f.refuse = func(method, _ string) (int, string) {
		if method == "POST" {
			return 400, "invalidValue"
		}
		return 0, ""
	}
	trace, err := ReadTrace(strings.NewReader(`{"method":"POST","path":"/Users","body":{}}

{"method":"GET","path":"/Users/${1}"}
{"method":"GET","path":"/Users"}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := Drive(t.Context(), f.client(t), trace, Pace{Connections: 2}, nil)
	if o.Count != 1 || o.Refused != 1 || trace.Skipped() != 1 || o.Kinds[0].Kind != "GET /Users" {
		t.Errorf("%+v, %d skipped", o, trace.Skipped())
	}
}

// TestTraceLines names what is wrong with a trace, and where. Each case is a
// trace and its error.
func TestTraceLines(t *testing.T) {
	text, err := os.ReadFile("testdata/trace-errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.Split(string(text), "\n\n") {
		lines, want, _ := strings.Cut("\n"+strings.TrimSpace(c), "\n=> ")
		lines = strings.TrimPrefix(lines, "\n")
		if _, err := ReadTrace(strings.NewReader(lines)); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\n%v\nwant %s", lines, err, want)
		}
	}
}

// TestVerifyAsksAgain reads back from a server that closes each connection once
// instead of answering.
func TestVerifyAsksAgain(t *testing.T) {
	closing := func(n int, resp *fasthttp.Response) time.Duration {
		if n%2 == 0 {
			return -1
		}
		resp.SetBodyString(`{"id":"1","userName":"` + PersonAt(1, n/2).UserName + `"}`)
		return 0
	}
	inBubble(t, closing, func(t *testing.T, c *Client) {
		report, err := Verify(t.Context(), c, Roster(1, 3, 0, 0), Acked{Users: []Account{{ID: "1", State: Active}, {ID: "2", State: Active}, {ID: "3", State: Active}}}, 1)
		if err != nil || report.Read != 3 || report.Differences != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// TestCycleRests waits as long as Retry-After says, in virtual time, and goes
// on with others meanwhile.
func TestCycleRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCycle(phase{func() int { return 2 }, func(t *talk, i int) {
			if i == 0 && !t.yield(turn{rest: maxRetryAfter}) {
				t.cut = true
				return
			}
			_, _ = t.call("read", "GET", "/", nil)
		}})
		first, ok := c.Next(t.Context())
		if !ok || len(c.resting) != 1 {
			t.Fatalf("%v, %d rest", ok, len(c.resting))
		}
		first.Done(Answer{Status: 200}, nil)
		second, ok := c.Next(t.Context())
		if !ok || len(c.resting) != 0 {
			t.Fatalf("%v, %d rest", ok, len(c.resting))
		}
		second.Done(Answer{Status: 200}, nil)
		if _, ok := c.Next(t.Context()); ok {
			t.Error("there is more")
		}
		c.close()
	})
}
