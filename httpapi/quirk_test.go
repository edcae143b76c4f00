package httpapi

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

const disable = `{"schemas":["` + scim.URNPatchOp + `"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`

// TestQuirksAreKept counts over a note to the journal and the server's stop:
// what waits and what is kept add up.
func TestQuirksAreKept(t *testing.T) {
	r := newRig(t, nil)
	r.do(workspace.CreateToken{ID: "second", Name: "second", Connection: "entra", Hash: sha256.Sum256([]byte("rsd_test_second")), Write: true})
	created := r.send("entra", "POST", "/scim/v2/Users", `{"schemas":["`+scim.URNUser+`"],"userName":"a@example.test"}`)
	id := created.header.Get("Location")[len("https://scim.example.com/scim/v2/Users/"):]
	counts := func() string {
		t.Helper()
		var out []string
		view, err := r.sys.View(context.Background(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		c, _ := view.Connection("entra")
		for _, u := range c.Quirks {
			out = append(out, u.Quirk.Info().Name+" "+string(scim.AppendValue(nil, scim.Integer(int64(u.Count)))))
		}
		return strings.Join(out, ", ")
	}
	patch := func(who string) {
		r.tick(time.Second)
		if a := r.send(who, "PATCH", "/scim/v2/Users/"+id, disable); a.status != 200 {
			t.Fatalf("%s: %d %s", who, a.status, a.body)
		}
	}
	patch("entra")
	patch("second")
	if got := counts(); got != "" {
		t.Errorf("noted at once: %s", got)
	}
	r.srv.noteQuirks(tokenKey{"acme", "entra"})
	if got := counts(); got != "textBoolean 1, operationCase 1" {
		t.Errorf("noted %s", got)
	}
	patch("entra")
	all := r.send("operator", "GET", "/api/v1/workspaces/acme/connections/entra/quirks", "").body
	if strings.Count(all, `"count":3,"firstSeenAt":"2026-01-05T09:00:01.000Z","lastSeenAt":"2026-01-05T09:00:03.000Z"`) != 2 {
		t.Errorf("listed %s", all)
	}
	r.srv.quirks.stop(context.Background(), r.srv)
	if got := counts(); got != "textBoolean 3, operationCase 3" {
		t.Errorf("kept at a stop: %s", got)
	}
	patch("entra")
	if got := r.srv.quirks.of(tokenKey{"acme", "entra"}); got != nil {
		t.Errorf("counted after a stop: %v", got)
	}
}
