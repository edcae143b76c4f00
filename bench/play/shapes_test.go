package play

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files in testdata")

// TestShapes compares the requests of each client with those the real one
// sends, byte for byte and in its order: a first cycle with some changes, and
// once more, when everybody is found.
func TestShapes(t *testing.T) {
	for name, cycle := range map[string]func(context.Context, *Client, Plan, Options) (Summary, error){
		"entra": Entra, "okta": Okta, "okta-aiw": OktaAIW, "onelogin": OneLogin, "bulk": Bulk,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.groups["team-2"] = &fakeGroup{ID: "team-2", DisplayName: "Sales"}
			plan := Roster(4, 5, 2, 0)
			summary, err := cycle(t.Context(), f.client(t), plan, Options{Connections: 1, Changes: Changes{Rename: 1, Deactivate: 1, Delete: 1, Remove: 1}})
			if err != nil || summary.Created != 5 || summary.Groups != 2 || summary.Memberships != plan.Memberships() || summary.Changes != 4 || summary.Failed != 0 {
				t.Errorf("%+v, %v", summary, err)
			}
			if summary.Requests != len(f.log) {
				t.Errorf("%d requests counted, %d seen", summary.Requests, len(f.log))
			}
			requests := f.requests()
			report, err := Verify(t.Context(), f.client(t), plan, summary.Acked, 4)
			if err != nil || report.Differences != 0 {
				t.Errorf("%+v, %v", report, err)
			}
			again := ""
			if name != "bulk" { // which looks nobody up
				f.log = nil
				if summary, err = cycle(t.Context(), f.client(t), Roster(4, 1, 1, 0), Options{Connections: 1}); err != nil || summary.Found != 1 {
					t.Errorf("again: %+v, %v", summary, err)
				}
				again = "\n" + f.requests()
			}
			golden(t, filepath.Join("testdata", name+".txt"), requests+again)
		})
	}
}

// requests returns what was asked, a line each.
func (f *fake) requests() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.log, "\n") + "\n"
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("requests\n%s\nwant\n%s", got, want)
	}
}
