package journaltest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// dueIndex: it moves with the appends, holds a workspace once, and is in due
// order.
func dueIndex(t *testing.T, j Journal, open func(*testing.T) Journal) Journal {
	// One id is the beginning of another, and none is in due order.
	w := map[workspace.ID]*Writer{"bolt": NewWriter(t, j, "bolt", 1), "bo": NewWriter(t, j, "bo", 2), "acme": NewWriter(t, j, "acme", 3)}
	check := func(when string) {
		t.Helper()
		checkDue(t, when, j, slices.Collect(maps.Values(w)))
	}
	check("periods")
	for i, ws := range []workspace.ID{"bolt", "acme", "bo"} {
		w[ws].now = w[ws].now.Add(time.Duration(i) * time.Minute)
		w[ws].Must(t, Person(1))
		w[ws].Must(t, booking)
		check("a window opens")
	}
	j = reopen(t, j, open)
	for _, x := range w {
		x.j = j
	}
	check("opened anew")
	lost := w["bolt"].Decide(t, workspace.CloseWindow{})
	lost.After++
	if err := Durable(j, lost); err == nil {
		t.Error("an append that does not follow was taken")
	}
	lost.After--
	if i := due(t, j)["bolt"]; !i.Before(lost.Head.Due) {
		t.Errorf("an append that was refused moves the index to %v", i)
	}
	if err := Durable(j, lost); err != nil {
		t.Fatal(err)
	}
	check("a window closes")
	var done []chan error // together, so that one transaction may hold several
	for n := range 20 {
		x := w["bo"]
		x.now = x.now.Add(time.Hour)
		a := x.Decide(t, Person(10+n)) // closes a window, or what is due
		c := make(chan error, 1)
		a.Done = func(err error) { c <- err }
		j.Append(a)
		done = append(done, c)
	}
	for _, c := range done {
		if err := <-c; err != nil {
			t.Fatal(err)
		}
	}
	check("many appends at once")
	w["acme"].now = w["acme"].now.Add(400 * 24 * time.Hour)
	w["acme"].Must(t, workspace.Tick{})
	check("periods end")
	j = reopen(t, j, open)
	check("opened anew at the end")
	return j
}

// booking opens a window for those who wait.
var booking = workspace.ChangeWorkspace{Patch: scim.Object{{Name: "seats", Value: scim.ObjectOf(
	scim.Attr{Name: "autoBooking", Value: scim.Boolean(true)}, scim.Attr{Name: "cap"},
)}}}

// due returns the due index.
func due(t *testing.T, j Journal) map[workspace.ID]time.Time {
	t.Helper()
	out := map[workspace.ID]time.Time{}
	if err := j.Due(func(ws workspace.ID, at time.Time) bool { out[ws] = at; return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

// checkDue compares the due index with the states that it comes from.
func checkDue(t *testing.T, when string, j Journal, writers []*Writer) {
	t.Helper()
	var got []time.Time
	seen := map[workspace.ID]bool{}
	err := j.Due(func(ws workspace.ID, at time.Time) bool {
		if seen[ws] {
			t.Errorf("%s: the index holds %s twice", when, ws)
		}
		seen[ws] = true
		got = append(got, at)
		return true
	})
	if err != nil || len(got) != len(writers) || !slices.IsSortedFunc(got, time.Time.Compare) {
		t.Errorf("%s: %d of %d workspaces, at %v (%v)", when, len(got), len(writers), got, err)
	}
	index := due(t, j)
	for _, w := range writers {
		if v := w.State.View(); !index[v.ID()].Equal(v.Due()) {
			t.Errorf("%s: %s is due at %v, the index says %v", when, v.ID(), v.Due(), index[v.ID()])
		}
	}
	n := 0
	if err := j.Due(func(workspace.ID, time.Time) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("%s: told to stop, it went on to %d (%v)", when, n, err)
	}
}

// cursors: a webhook has one from its creation to its deletion, the mails from
// their first acknowledgement on.
func cursors(t *testing.T, j Journal, open func(*testing.T) Journal) Journal {
	w, other := NewWriter(t, j, "acme", 1), NewWriter(t, j, "ac", 2)
	check := func(when string, want map[string]uint64) {
		t.Helper()
		// The end of whatever is on its way behind acknowledgements.
		if err := Durable(j, workspace.Append{Workspace: "acme", After: w.State.Seq()}); err != nil {
			t.Fatal(err)
		}
		if got := cursorsOf(t, j); !maps.Equal(got, want) {
			t.Errorf("%s: cursors %v, want %v", when, got, want)
		}
	}
	check("none", map[string]uint64{})
	w.Must(t, Person(1))
	w.Must(t, workspace.CreateWebhook{ID: "a", URL: "https://a.example.com", Secret: "s"})
	at := w.State.Seq()
	other.Must(t, workspace.CreateWebhook{ID: "a", URL: "https://a.example.com", Secret: "s"})
	far := other.State.Seq()
	check("created", map[string]uint64{"acme a": at, "ac a": far})
	w.Must(t, Person(2))
	j.Acknowledge("acme", "a", at+1)
	j.Acknowledge("acme", workspace.MailConsumer, at)
	j.Acknowledge("acme", "b", at)
	j.Acknowledge("acme", "a", at+2)
	check("acknowledged", map[string]uint64{"acme a": at + 2, "acme mail": at, "ac a": far})
	j = reopen(t, j, open)
	w.j, other.j = j, j
	check("opened anew", map[string]uint64{"acme a": at + 2, "acme mail": at, "ac a": far})
	n := 0
	err := j.Cursors(func(workspace.ID, string, uint64) bool { n++; return false })
	if err != nil || n != 1 {
		t.Errorf("told to stop, it went on to %d (%v)", n, err)
	}
	// Whoever acknowledges cannot know of a deletion that is not durable yet.
	gone := w.Decide(t, workspace.DeleteWebhook{ID: "a"})
	gone.Done = func(error) {}
	j.Acknowledge("acme", "a", at+2)
	j.Append(gone)
	j.Acknowledge("acme", "a", at+3)
	check("deleted", map[string]uint64{"acme mail": at, "ac a": far})
	j.Acknowledge("acme", "a", at+4)
	check("deleted long ago", map[string]uint64{"acme mail": at, "ac a": far})
	j = reopen(t, j, open)
	check("opened anew at the end", map[string]uint64{"acme mail": at, "ac a": far})
	return j
}

// cursorsOf returns all cursors by workspace and consumer.
func cursorsOf(t *testing.T, j Journal) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	err := j.Cursors(func(ws workspace.ID, consumer string, seq uint64) bool {
		out[string(ws)+" "+consumer] = seq
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// reopen ends a journal and opens it again. One in memory crashes instead.
func reopen(t *testing.T, j Journal, open func(*testing.T) Journal) Journal {
	t.Helper()
	if m, volatile := j.(*Memory); volatile {
		m.Crash()
		return j
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t)
}
