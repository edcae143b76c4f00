package persistence

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// derived fills a store with a workspace that is due and has consumers.
func derived(t *testing.T, s *Store) *journaltest.Writer {
	t.Helper()
	w := journaltest.NewWriter(t, s, "acme", 1)
	w.Must(t, journaltest.Person(1))
	w.Must(t, workspace.CreateWebhook{ID: "a", URL: "https://a.example.com", Secret: "s"})
	w.Must(t, journaltest.Person(2))
	s.Acknowledge("acme", "a", w.State.Seq())
	s.Acknowledge("acme", workspace.MailConsumer, w.State.Seq()-1)
	journaltest.NewWriter(t, s, "bolt", 2)
	return w
}

// indexes reads the due index and the cursors.
func indexes(t *testing.T, s *Store) (due map[workspace.ID]time.Time, cursors map[string]uint64) {
	t.Helper()
	due, cursors = map[workspace.ID]time.Time{}, map[string]uint64{}
	if err := s.Due(func(ws workspace.ID, at time.Time) bool { due[ws] = at; return true }); err != nil {
		t.Fatal(err)
	}
	err := s.Cursors(func(ws workspace.ID, consumer string, seq uint64) bool {
		cursors[string(ws)+" "+consumer] = seq
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return due, cursors
}

// findings returns what Check reports.
func findings(t *testing.T, s *Store) (out []string) {
	t.Helper()
	if err := s.Check(func(line string) { out = append(out, line) }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCheckFindsWhatIsWrongWithIndexes: one difference is injected at a time.
func TestCheckFindsWhatIsWrongWithIndexes(t *testing.T) {
	s := open(t, config(t.TempDir()))
	defer s.Close()
	w := derived(t, s)
	if got := findings(t, s); len(got) > 0 {
		t.Fatalf("nothing is wrong, and Check says %q", got)
	}
	at, seq := w.State.View().Due(), w.State.Seq()
	late := dueKey(at.Add(time.Millisecond), "acme")
	ghost := dueKey(at, "ghost")
	right := []entry{
		{key: dueKey(at, "acme"), record: seal(dueKey(at, "acme"), nil)}, {key: late}, {key: ghost},
		cursorEntry("acme", "a", seq), {key: cursorKey("acme", "b")}, {key: cursorKey("ghost", "a")},
	}
	for want, wrong := range map[string][]entry{
		"it is due at":                           {{key: dueKey(at, "acme")}},
		"the index says " + at.Add(1e6).String(): {{key: dueKey(at, "acme")}, {key: late, record: seal(late, nil)}},
		"does not belong there":                  {{key: late, record: seal(late, nil)}},
		"nothing is due":                         {{key: ghost, record: seal(ghost, nil)}},
		"its cursor is at 0":                     {{key: cursorKey("acme", "a")}},
		"its cursor is at 3":                     {cursorEntry("acme", "a", 3)},
		"is done with event":                     {cursorEntry("acme", "a", seq+1)},
		"no such webhook":                        {cursorEntry("acme", "b", 1)},
		"no such workspace":                      {cursorEntry("ghost", "a", 1)},
	} {
		if err := s.writer.write(wrong); err != nil {
			t.Fatal(err)
		}
		got := findings(t, s)
		if len(got) > 2 || !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("%q: Check says %q", want, got)
		}
		if err := s.writer.write(right); err != nil {
			t.Fatal(err)
		}
	}
	if got := findings(t, s); len(got) > 0 {
		t.Errorf("it is mended, and Check says %q", got)
	}
}

// TestBackupKeepsIndexes: what is due and who has what to be delivered.
func TestBackupKeepsIndexes(t *testing.T) {
	base := t.TempDir()
	s := open(t, config(filepath.Join(base, "from")))
	derived(t, s)
	due, cursors := indexes(t, s)
	if len(due) != 2 || len(cursors) != 2 {
		t.Fatalf("due %v, cursors %v", due, cursors)
	}
	var backup bytes.Buffer
	if err := s.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to := config(filepath.Join(base, "to"))
	if err := Restore(&backup, to); err != nil {
		t.Fatal(err)
	}
	s = open(t, to)
	defer s.Close()
	gotDue, gotCursors := indexes(t, s)
	if !maps.EqualFunc(gotDue, due, time.Time.Equal) || !maps.Equal(gotCursors, cursors) {
		t.Errorf("due %v, want %v; cursors %v, want %v", gotDue, due, gotCursors, cursors)
	}
	if got := findings(t, s); len(got) > 0 {
		t.Errorf("Check says %q", got)
	}
}
