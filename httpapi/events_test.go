package httpapi

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"rosterd/scim"
	"rosterd/workspace"
)

// events opens the log of acme as a stream of events.
func (r *rig) events(ctx context.Context, query, last string) *bufio.Scanner {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+r.addr+"/api/v1/workspaces/acme/log"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	req.Header.Set("Accept", "text/event-stream")
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return bufio.NewScanner(res.Body)
}

// nextEvent returns id and kind of the next event, or "" at the end.
func nextEvent(s *bufio.Scanner) (id, kind string) {
	for s.Scan() {
		line := s.Text()
		if v, ok := strings.CutPrefix(line, "id: "); ok {
			id = v
		}
		if v, ok := strings.CutPrefix(line, "event: "); ok {
			kind = v
		}
		if strings.HasPrefix(line, "data: ") {
			return id, kind
		}
	}
	return "", ""
}

// TestEvents follows the log: what there is, what comes, from where a client
// was cut off, and until the server stops.
func TestEvents(t *testing.T) {
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	s := r.events(ctx, "?kind=user.created", "")
	add := func(name string) {
		r.do(workspace.AddPerson{Doc: personDoc(name)})
	}
	add("a@example.com")
	first, kind := nextEvent(s)
	if kind != "user.created" {
		t.Fatalf("the first event is %s %q", first, kind)
	}
	add("b@example.com")
	second, _ := nextEvent(s)
	if second == first || second == "" {
		t.Errorf("the second event is %q, after %q", second, first)
	}
	cancel()
	s = r.events(t.Context(), "", first)
	id, kind := nextEvent(s)
	for kind == "seat.taken" { // of the first person
		id, kind = nextEvent(s)
	}
	if id != second || kind != "user.created" {
		t.Errorf("behind %s comes %s %q, want %s", first, id, kind, second)
	}
	if err := r.srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id != "" {
		id, _ = nextEvent(s)
	}
}

func personDoc(name string) scim.Object {
	return scim.Object{{Name: "userName", Value: scim.Text(name)}}
}
