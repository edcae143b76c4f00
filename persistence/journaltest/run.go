package journaltest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/scim"
	"rosterd/workspace"
)

// A Journal is what Run tests.
type Journal interface {
	Append(workspace.Append)
	Load(workspace.ID) (*workspace.State, error)
	Snapshot(*workspace.View, func(error))
	ReadLog(context.Context, workspace.ID, uint64, func(uint64, workspace.Envelope, workspace.Event) bool) error
	WorkspaceOfToken([32]byte) (workspace.ID, bool, error)
	Heads(workspace.ID, int) ([]workspace.Head, error)
	Due(func(workspace.ID, time.Time) bool) error
	Cursors(func(workspace.ID, string, uint64) bool) error
	Acknowledge(ws workspace.ID, consumer string, seq uint64)
	Close() error
}

// Run tests a journal. open opens the one of the sub-test, again after Close:
// what was acknowledged before must be there.
func Run(t *testing.T, open func(t *testing.T) Journal) {
	tests := map[string]func(*testing.T, Journal) Journal{
		"append and load":         func(t *testing.T, j Journal) Journal { return appendAndLoad(t, j, open) },
		"fence":                   fence,
		"order of done":           order,
		"snapshot then events":    func(t *testing.T, j Journal) Journal { return snapshotThenEvents(t, j, open) },
		"log from a cursor":       logFromCursor,
		"tokens and heads":        tokensAndHeads,
		"workspaces side by side": sideBySide,
		"due index":               func(t *testing.T, j Journal) Journal { return dueIndex(t, j, open) },
		"cursors":                 func(t *testing.T, j Journal) Journal { return cursors(t, j, open) },
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			j := test(t, open(t))
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A Writer drives one workspace against a journal as an actor does.
type Writer struct {
	State *workspace.State
	Log   []workspace.Commit // acknowledged
	j     Journal
	now   time.Time
	last  workspace.ResourceID
}

// NewWriter creates workspace ws with a token whose hash begins with b.
func NewWriter(t testing.TB, j Journal, ws workspace.ID, b byte) *Writer {
	t.Helper()
	w := &Writer{State: workspace.New(ws), j: j, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.Must(t, workspace.CreateWorkspace{Settings: scim.Object{{Name: "name", Value: scim.Text(string(ws))}}})
	w.Must(t, workspace.CreateToken{ID: "t", Name: "t", Connection: "default", Hash: [32]byte{b}, Read: true})
	return w
}

// Pass lets time pass.
func (w *Writer) Pass(d time.Duration) { w.now = w.now.Add(d) }

// Now returns the instant of the newest command.
func (w *Writer) Now() time.Time { return w.now }

// Decide executes cmd without appending it, and returns the append.
func (w *Writer) Decide(t testing.TB, cmd workspace.Command) workspace.Append {
	t.Helper()
	w.now = w.now.Add(time.Second)
	a := workspace.Append{Workspace: w.State.View().ID(), After: w.State.Seq()}
	env := workspace.Envelope{At: w.now, Actor: workspace.ActorOperator, RequestID: fmt.Sprint(w.State.Seq())}
	commits, _, err := w.State.Execute(cmd, env, workspace.Host{Mint: w.mint, Window: 30 * time.Minute})
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	a.Commits, a.Head = commits, w.State.View().Head()
	return a
}

func (w *Writer) mint() workspace.ResourceID {
	w.last = workspace.NextResourceID(w.last, w.now, [10]byte{7})
	return w.last
}

// Must makes cmd durable.
func (w *Writer) Must(t testing.TB, cmd workspace.Command) {
	t.Helper()
	a := w.Decide(t, cmd)
	if err := Durable(w.j, a); err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	w.Log = append(w.Log, a.Commits...)
}

// Durable appends a and waits for its outcome.
func Durable(j Journal, a workspace.Append) error {
	done := make(chan error, 1)
	a.Done = func(err error) { done <- err }
	j.Append(a)
	return <-done
}

// Guest returns a command that adds person number n, who takes no seat: it makes
// one event.
func Guest(n int) workspace.Command {
	cmd := Person(n).(workspace.AddPerson)
	cmd.Kind = workspace.External
	return cmd
}

// Person returns a command that adds person number n, a member.
func Person(n int) workspace.Command {
	return workspace.AddPerson{Doc: scim.Object{
		{Name: "userName", Value: scim.Text(fmt.Sprintf("person%d@example.com", n))},
		{Name: "displayName", Value: scim.Text(fmt.Sprintf("Person %d", n))},
	}}
}

// Exact has cmp look into fields that are not exported, too, and at the order of
// attributes and at time zones, to which Equal is blind.
var Exact = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b scim.Value) bool { return a.Equal(b) && a.String() == b.String() }),
	cmp.Comparer(func(a, b scim.Object) bool {
		return a.Equal(b) && scim.ObjectOf(a...).String() == scim.ObjectOf(b...).String()
	}),
	cmp.Comparer(func(a, b time.Time) bool { return a == b }),
}

// Same fails t unless two states hold the same.
func Same(t testing.TB, got, want *workspace.State) {
	t.Helper()
	if !cmp.Equal(slices.Collect(got.View().Snapshot()), slices.Collect(want.View().Snapshot()), Exact) {
		t.Errorf("the loaded state is not the one that was written (event %d, want %d)", got.Seq(), want.Seq())
	}
}

func appendAndLoad(t *testing.T, j Journal, open func(*testing.T) Journal) Journal {
	w := NewWriter(t, j, "acme", 1)
	for n := range 20 {
		w.Must(t, Person(n))
	}
	check := func(j Journal) {
		st, err := j.Load("acme")
		if err != nil {
			t.Fatal(err)
		}
		Same(t, st, w.State)
		if st, err := j.Load("nobody"); err != nil || st.Exists() {
			t.Errorf("a workspace that was never written: %v, exists %v", err, st.Exists())
		}
	}
	check(j)
	j = reopen(t, j, open)
	check(j)
	return j
}

func fence(t *testing.T, j Journal) Journal {
	w := NewWriter(t, j, "acme", 1)
	seq := w.State.Seq()
	for _, after := range []uint64{0, seq - 1, seq + 1} {
		a := workspace.Append{Workspace: "acme", After: after}
		if err := Durable(j, a); !errors.Is(err, workspace.ErrFence) {
			t.Errorf("fence after %d of %d: %v", after, seq, err)
		}
	}
	if err := Durable(j, workspace.Append{Workspace: "acme", After: seq}); err != nil {
		t.Errorf("fence: %v", err)
	}
	lost := w.Decide(t, Person(1))
	next := w.Decide(t, Person(2))
	if err := Durable(j, next); !errors.Is(err, workspace.ErrFence) {
		t.Errorf("an append behind one that never came: %v", err)
	}
	if err := Durable(j, lost); err != nil {
		t.Errorf("the one that was missing: %v", err)
	}
	if err := Durable(j, lost); !errors.Is(err, workspace.ErrFence) {
		t.Errorf("the same again: %v", err)
	}
	if err := Durable(j, next); err != nil {
		t.Errorf("now it follows: %v", err)
	}
	st, err := j.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	Same(t, st, w.State)
	return j
}

func order(t *testing.T, j Journal) Journal {
	w := NewWriter(t, j, "acme", 1)
	var mu sync.Mutex
	var got []int
	var pending sync.WaitGroup
	for n := range 200 {
		a := w.Decide(t, Person(n))
		pending.Add(1)
		a.Done = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			got = append(got, n)
			pending.Done()
		}
		j.Append(a)
	}
	pending.Wait()
	if len(got) != 200 || !slices.IsSorted(got) {
		t.Errorf("done in the order %v", got)
	}
	return j
}

func snapshotThenEvents(t *testing.T, j Journal, open func(*testing.T) Journal) Journal {
	w := NewWriter(t, j, "acme", 1)
	for n := range 30 {
		w.Must(t, Person(n))
		if n == 9 || n == 19 {
			done := make(chan error, 1)
			j.Snapshot(w.State.View(), func(err error) { done <- err })
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	j = reopen(t, j, open)
	st, err := j.Load("acme")
	if err != nil {
		t.Fatal(err)
	}
	Same(t, st, w.State)
	return j
}

func logFromCursor(t *testing.T, j Journal) Journal {
	w := NewWriter(t, j, "acme", 1)
	for n := range 10 {
		w.Must(t, Person(n))
	}
	var want []workspace.Event
	for _, c := range w.Log {
		want = append(want, c.Events...)
	}
	for _, after := range []uint64{0, 1, 5, uint64(len(want)), uint64(len(want)) + 5} {
		var got []workspace.Event
		next := after + 1
		err := j.ReadLog(t.Context(), "acme", after, func(seq uint64, _ workspace.Envelope, ev workspace.Event) bool {
			if seq != next {
				t.Errorf("after %d: event %d, want %d", after, seq, next)
			}
			next++
			got = append(got, ev)
			return len(got) < 4
		})
		if err != nil {
			t.Fatal(err)
		}
		rest := want[min(int(after), len(want)):]
		if !cmp.Equal(got, append([]workspace.Event(nil), rest[:min(4, len(rest))]...), Exact) {
			t.Errorf("after %d: %d events differ", after, len(got))
		}
	}
	return j
}

func tokensAndHeads(t *testing.T, j Journal) Journal {
	a, b := NewWriter(t, j, "acme", 1), NewWriter(t, j, "bolt", 2)
	a.Must(t, Person(1))
	if ws, ok, err := j.WorkspaceOfToken([32]byte{2}); ws != "bolt" || !ok || err != nil {
		t.Errorf("token 2: %q %v %v", ws, ok, err)
	}
	b.Must(t, workspace.RevokeToken{ID: "t"})
	if ws, ok, err := j.WorkspaceOfToken([32]byte{2}); ok || err != nil {
		t.Errorf("revoked: %q %v %v", ws, ok, err)
	}
	heads, err := j.Heads("", 0)
	want := []workspace.Head{a.State.View().Head(), b.State.View().Head()}
	if err != nil || !cmp.Equal(heads, want, Exact) {
		t.Errorf("heads %+v, want %+v (%v)", heads, want, err)
	}
	for _, page := range []struct {
		after workspace.ID
		limit int
		want  []workspace.Head
	}{{"", 1, want[:1]}, {"acme", 5, want[1:]}, {"acm", 1, want[:1]}, {"bolt", 5, nil}} {
		if got, err := j.Heads(page.after, page.limit); err != nil || !cmp.Equal(got, page.want, Exact) {
			t.Errorf("heads after %q: %+v (%v)", page.after, got, err)
		}
	}
	return j
}

func sideBySide(t *testing.T, j Journal) Journal {
	var all sync.WaitGroup
	writers := make([]*Writer, 8)
	for i := range writers {
		writers[i] = NewWriter(t, j, workspace.ID(fmt.Sprintf("ws-%d", i)), byte(i+1))
	}
	for _, w := range writers {
		all.Go(func() {
			for n := range 25 {
				a := w.Decide(t, Person(n))
				if err := Durable(j, a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, w := range writers {
		st, err := j.Load(w.State.View().ID())
		if err != nil {
			t.Fatal(err)
		}
		Same(t, st, w.State)
	}
	return j
}
