package play

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestTraceChanges has a server forget, one after the other, what the PUTs and
// PATCHes of a trace have changed.
func TestTraceChanges(t *testing.T) {
	f := newFake(t)
	f.groups["team"] = &fakeGroup{ID: "team", DisplayName: "Sales"}
	trace, err := ReadTrace(strings.NewReader(`{"method":"POST","path":"/Users","body":{"userName":"ann","displayName":"Ann"}}
{"method":"PUT","path":"/Users/${1}","body":{"userName":"ann.lee","displayName":"Ann Lee","name":{"familyName":"Lee"},"active":true}}
{"method":"PATCH","path":"/Users/${1}?attributes=id","body":{"Operations":[{"op":"Replace","path":"displayName","value":"Ann Day"}]}}
{"method":"PATCH","path":"/Users/${1}","body":{"Operations":[{"op":"replace","path":"active","value":"False"}]}}
{"method":"GET","path":"/Groups?filter=displayName%20eq%20%22Sales%22"}
{"method":"PUT","path":"/Groups/${5}","body":{"displayName":"Revenue","members":[]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if o := Drive(t.Context(), f.client(t), trace, Pace{Connections: 1}, nil); o.Count != 6 {
		t.Fatalf("%+v", o.Kinds)
	}
	verify := func(want string) {
		t.Helper()
		report, err := trace.Verify(t.Context(), f.client(t), 1)
		if got := strings.Join(report.Examples, "\n"); err != nil || report.Read != 2 || got != want {
			t.Errorf("%+v, %v\nwant %s", report, err, want)
		}
	}
	verify("")
	user := f.users["id-1"]
	f.groups["team"].DisplayName = "Sales"
	verify(`/Groups/team: displayName is "Sales", changed to "Revenue"`)
	f.groups["team"].DisplayName = "Revenue"
	user.UserName = "ann"
	verify(`/Users/id-1: userName is "ann", changed to "ann.lee"`)
	user.UserName, user.DisplayName = "ann.lee", "Ann Lee"
	verify(`/Users/id-1: displayName is "Ann Lee", changed to "Ann Day"`)
	user.DisplayName, user.Active = "Ann Day", true
	verify(`/Users/id-1: active is "true", changed to "false"`)
	user.Active, user.Name.FamilyName = false, ""
	verify(`/Users/id-1: name.familyName is "", changed to "Lee"`)
}

// TestTraceReuse: some servers make the id of the name, so that a new one may have
// the id of one that is gone, and nothing of what was changed of that.
func TestTraceReuse(t *testing.T) {
	trace, err := ReadTrace(strings.NewReader(`{"method":"POST","path":"/Users","body":{"userName":"ann"}}
{"method":"PATCH","path":"/Users/ann","body":{"Operations":[{"op":"replace","path":"displayName","value":"Ann"}]}}
{"method":"DELETE","path":"/Users/ann"}
{"method":"POST","path":"/Users","body":{"userName":"ann"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1, 0} {
		r := Request{Method: trace.lines[i].Method, Path: trace.lines[i].Path, Body: trace.lines[i].Body}
		status := map[string]int{"POST": 201, "PATCH": 200, "DELETE": 204}[r.Method]
		trace.done(i, r, Answer{Status: status, Body: []byte(`{"id":"ann"}`)}, nil)
		if got := len(trace.registers["/Users/ann"]); got != want {
			t.Errorf("after line %d: %d attributes are known to be changed, want %d", i+1, got, want)
		}
	}
}

// TestChanged reads what a body changes: null is anything.
func TestChanged(t *testing.T) {
	for _, c := range []struct{ method, body, want string }{
		{"PUT", `{"userName":"ann","Active":"True","name":{"givenName":"Ann"}}`, "active=true displayName=null name.familyName=null userName=ann"},
		{"PATCH", `{"Operations":[{"op":"replace","value":{"id":"7","displayName":"Sales"}}]}`, "displayName=Sales"},
		{"PATCH", `{"operations":[{"op":"Add","path":"name","value":{"familyName":"Lee"}},{"op":"replace","path":"USERNAME","value":"ann"}]}`, "name.familyName=Lee userName=ann"},
		{"PATCH", `{"Operations":[{"op":"add","value":{"name.familyName":"Lee","urn:ietf:params:scim:schemas:core:2.0:User:active":false}}]}`, "active=false name.familyName=Lee"},
		{"PATCH", `{"Operations":[{"op":"remove","path":"name"},{"op":"Remove","path":"urn:ietf:params:scim:schemas:core:2.0:Group:displayName"}]}`, "displayName=null name.familyName=null"},
		{"PATCH", `{"Operations":[{"op":"replace","path":"displayName","value":"A"},{"op":"replace","path":"displayName","value":"B"}]}`, "displayName=B"},
		{"PATCH", `{"Operations":[{"op":"replace","path":"displayName","value":null},{"op":"add","path":"members","value":[{"value":"7"}]}]}`, "displayName=null"},
		{"PATCH", `{"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"a@example.com"},{"op":"replace","path":"title","value":"Boss"}]}`, ""},
		{"PATCH", `{"Operations":[{"op":1}]}`, "active=null displayName=null name.familyName=null userName=null"},
	} {
		all := changed(c.method, []byte(c.body))
		var got []string
		for _, name := range []string{"active", "displayName", "name.familyName", "userName"} {
			value, ok := all[name]
			switch {
			case ok && value == nil:
				got = append(got, name+"=null")
			case ok:
				got = append(got, name+"="+*value)
			}
			delete(all, name)
		}
		if strings.Join(got, " ") != c.want || len(all) > 0 {
			t.Errorf("%s %s: %v, want %s; besides %v", c.method, c.body, got, c.want, all)
		}
	}
}

// TestRegister: what was acknowledged last is there, and of what was in flight
// at the same time, either. Each write is sent and answered at an instant, in
// the order of the answers.
func TestRegister(t *testing.T) {
	start := time.Now()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	type write struct {
		value          string
		sent, answered int
		err            error
	}
	lost, no := errors.New("no answer"), &refused{status: 409}
	for _, c := range []struct {
		name   string
		writes []write
		want   string // values that are right, of A to D
	}{
		{"nothing was written", nil, "ABCD"},
		{"one was", []write{{"A", 1, 2, nil}}, "A"},
		{"one after the other", []write{{"A", 1, 2, nil}, {"B", 3, 4, nil}}, "B"},
		{"at the same time", []write{{"A", 1, 3, nil}, {"B", 2, 4, nil}}, "AB"},
		{"and then another", []write{{"A", 1, 3, nil}, {"B", 2, 4, nil}, {"C", 5, 6, nil}}, "C"},
		{"a long one", []write{{"A", 1, 2, nil}, {"B", 3, 4, nil}, {"C", 1, 5, nil}}, "BC"},
		{"a refusal", []write{{"A", 1, 2, nil}, {"B", 3, 4, no}}, "A"},
		{"no answer", []write{{"A", 1, 2, nil}, {"B", 3, 4, lost}}, "AB"},
		{"no answer to the first", []write{{"A", 1, 2, lost}}, "ABCD"},
		{"it may yet happen", []write{{"A", 1, 2, lost}, {"B", 3, 4, nil}}, "AB"},
	} {
		r := anything
		for _, w := range c.writes {
			r = r.write(&w.value, at(w.sent), at(w.answered), w.err)
		}
		got := ""
		for _, value := range []string{"A", "B", "C", "D"} {
			if r.allows(value) {
				got += value
			}
		}
		if got != c.want {
			t.Errorf("%s: %s are right, want %s", c.name, got, c.want)
		}
	}
}
