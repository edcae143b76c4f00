package httpapi

import (
	"context"
	"slices"
	"testing"

	"rosterd/scim"
	"rosterd/workspace"
)

// late answers no PATCH of a person in time, and goes on with it for ever.
type late struct {
	Workspaces
	rooms []*scim.Room // that the commands may still use
}

func (l *late) Do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error) {
	if patch, ok := cmd.(workspace.PatchUser); ok {
		l.rooms = append(l.rooms, patch.Room)
		return workspace.Result{}, nil, context.DeadlineExceeded
	}
	return l.Workspaces.Do(ctx, ws, env, cmd)
}

// TestLentRoom: a command whose request was answered without it keeps the room of
// that request for itself, or two people would be written into one place.
func TestLentRoom(t *testing.T) {
	var l *late
	r := newRig(t, func(c *Config) {
		l = &late{Workspaces: c.Workspaces}
		c.Workspaces = l
	})
	c := newCaller(t, r)
	id := "019b8d0c-2280-7000-8000-000000000001"
	for range 20 {
		c.send(request("PATCH", "/scim/v2/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Pilot"}]}`), 503)
	}
	for i, room := range l.rooms {
		if room == nil || slices.Contains(l.rooms[:i], room) {
			t.Fatalf("command %d has room %p, as one before it", i+1, room)
		}
	}
}
