package workspace

import (
	"testing"
	"time"

	"rosterd/scim"
)

// run executes commands on a new workspace, a second apart, and returns it.
func run(t *testing.T, start time.Time, cmds ...Command) *State {
	t.Helper()
	st, last := New("acme"), ResourceID{}
	for n, cmd := range cmds {
		at := start.Add(time.Duration(n) * time.Second)
		_, _, err := st.Execute(cmd, Envelope{At: at, Actor: ActorOperator}, Host{Mint: func() ResourceID {
			last = NextResourceID(last, at, [10]byte{7})
			return last
		}})
		if err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
	}
	return st
}

func settings(t *testing.T, text string) scim.Object {
	t.Helper()
	o, err := scim.Decode([]byte(text), scim.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestHeadCountsTokens: a head that is not written any more still says how many
// tokens expire soon, also after some of them have.
func TestHeadCountsTokens(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	cmds := []Command{CreateWorkspace{Settings: settings(t, `{"name":"Acme"}`)}}
	for n, days := range []time.Duration{40, 3, 0, 20, 5, 400} {
		id := string(rune('a' + n))
		cmd := CreateToken{ID: id, Name: id, Connection: DefaultConnection, Hash: [32]byte{byte(n + 1)}, Read: true}
		if days > 0 {
			cmd.Expires = start.Add(days * day)
		}
		cmds = append(cmds, cmd)
	}
	h := run(t, start, append(cmds, RevokeToken{ID: "d"})...).View().Head()
	if h.TokenExpires != start.Add(3*day) || len(h.LaterExpiries) != 3 {
		t.Errorf("the first expires at %v, later %v", h.TokenExpires, h.LaterExpiries)
	}
	for _, c := range []struct {
		after, within time.Duration
		want          int
	}{
		{1, 7, 2}, {1, 30, 2}, {1, 50, 3}, {1, 1000, 4},
		{3, 7, 1}, {4, 7, 1}, {5, 7, 0}, {20, 30, 1}, {400, 7, 0},
	} {
		if got := h.TokensExpiring(start.Add(c.after*day), c.within*day); got != c.want {
			t.Errorf("after %d days %d expire within %d, want %d", c.after, got, c.within, c.want)
		}
	}
}

// TestHeadBoundsExpiries: a head is written with every append, and must stay
// small.
func TestHeadBoundsExpiries(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	cmds := []Command{CreateWorkspace{Settings: settings(t, `{"name":"Acme"}`)}}
	for n := range 3 * expiriesKept {
		id := "t" + string(rune('0'+n/100)) + string(rune('0'+n/10%10)) + string(rune('0'+n%10))
		cmds = append(cmds, CreateToken{
			ID: id, Name: id, Connection: DefaultConnection, Hash: [32]byte{byte(n), byte(n >> 8), 1}, Read: true,
			Expires: start.Add(time.Duration(5000-n) * time.Hour),
		})
	}
	h := run(t, start, cmds...).View().Head()
	if len(h.LaterExpiries) != expiriesKept-1 || h.TokenExpires != start.Add((5001-3*expiriesKept)*time.Hour) {
		t.Errorf("%d expiries behind %v", len(h.LaterExpiries), h.TokenExpires)
	}
}

// TestHeadKnowsTheGate: a head says at any later instant what the workspace
// would say.
func TestHeadKnowsTheGate(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	create := func(text string) Command { return CreateWorkspace{Settings: settings(t, text)} }
	change := func(text string) Command { return ChangeWorkspace{Patch: settings(t, text)} }
	const open = `{"name":"Acme","plan":"enterprise","sso":{"issuer":"https://id.example.com","clientId":"c"},"scim":{"enabled":true,"graceDays":2}}`
	for name, cmds := range map[string][]Command{
		"never open":             {create(`{"name":"Acme"}`)},
		"open":                   {create(open)},
		"lapsed":                 {create(open), change(`{"plan":"team"}`)},
		"switched off":           {create(open), change(`{"scim":{"enabled":false}}`)},
		"lapsed, with more time": {create(open), change(`{"plan":"team"}`), change(`{"scim":{"graceDays":9}}`)},
		"lapsed, without time":   {create(open), change(`{"plan":"team"}`), change(`{"scim":{"graceDays":0}}`)},
		"back":                   {create(open), change(`{"plan":"team"}`), change(`{"plan":"enterprise"}`)},
	} {
		v := run(t, start, cmds...).View()
		h := v.Head()
		for hours := range time.Duration(24 * 12) {
			for _, s := range []time.Duration{-1, 0, 1, 2} {
				now := v.At().Add(hours*time.Hour + s*time.Second)
				if want, _ := v.Gate(now); now.After(v.At()) && h.GateAt(now) != want {
					t.Fatalf("%s: after %v the head says %d, the workspace %d", name, now.Sub(start), h.GateAt(now), want)
				}
			}
		}
	}
	if (Head{Gate: GateGrace}).GateAt(start) != GateGrace {
		t.Error("a head from before it knew when the grace time ends says that it has")
	}
}

// TestAdminRoleNeedNotBeTheFirst: new workspaces begin with it, but the journal
// does not promise that.
func TestAdminRoleNeedNotBeTheFirst(t *testing.T) {
	st := New("acme")
	env := Envelope{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Actor: ActorOperator}
	st.Apply(env, WorkspaceCreated{Settings: settings(t, `{"name":"Acme"}`)})
	st.Apply(env, GroupCreated{ID: ResourceID{1}, GroupDoc: GroupDoc{Kind: Role, Name: RoleUser, Rank: RankUser, Assignable: true, Builtin: true}})
	st.Apply(env, GroupCreated{ID: ResourceID{2}, GroupDoc: GroupDoc{Kind: Role, Name: RoleAdmin, Rank: RankAdmin, Builtin: true}})
	if g := st.View().adminRole(); g == nil || g.id != (ResourceID{2}) {
		t.Errorf("the role Admin is %+v", g)
	}
}
