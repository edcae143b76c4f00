package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

func waiting(c <-chan reply) bool {
	synctest.Wait()
	return len(c) == 0
}

func TestReplyWaitsForTheDisk(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.journal.Hold()
		write := b.start(journaltest.Person(1))
		synctest.Wait()
		again := b.start(journaltest.Person(1)) // refused, on a state that is not durable
		if !waiting(write) || !waiting(again) || b.people() != 0 {
			t.Error("an answer, or a View, left before the disk had the write")
		}
		b.journal.Release()
		if r := <-write; r.err != nil || r.view.Head().Active != 1 {
			t.Errorf("write: %v", r.err)
		}
		var refusal *scim.Error
		if r := <-again; !errors.As(r.err, &refusal) || refusal.Status != 409 {
			t.Errorf("the same again: %v", r.err)
		}
		if b.people() != 1 {
			t.Error("a reply without its View")
		}
	})
}

func TestWritesGatherWhileAnAppendIsInFlight(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		appends := 0
		b.journal.Fail(func(workspace.Append) error { appends++; return nil })
		b.journal.Hold()
		var all []<-chan reply
		for n := range 50 {
			all = append(all, b.start(journaltest.Person(n)))
			synctest.Wait()
		}
		b.journal.Release()
		for _, c := range all {
			if r := <-c; r.err != nil {
				t.Error(r.err)
			}
		}
		if appends != 2 {
			t.Errorf("50 writes behind one took %d appends, want 2", appends)
		}
	})
}

func TestFailedAppendTakesWhatFollowsWithIt(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		loads := b.journal.Loads()
		b.journal.Hold()
		first := b.start(journaltest.Person(1))
		synctest.Wait()
		second := b.start(journaltest.Person(2))
		synctest.Wait()
		fails := 1
		b.journal.Fail(func(workspace.Append) error {
			if fails--; fails >= 0 {
				return workspace.ErrFence
			}
			return nil
		})
		b.journal.Release()
		for _, c := range []<-chan reply{first, second} {
			if r := <-c; !errors.Is(r.err, workspace.ErrUnavailable) {
				t.Errorf("got %v", r.err)
			}
		}
		if r := b.do(journaltest.Person(3)); r.err != nil {
			t.Errorf("after loading anew: %v", r.err)
		}
		if b.people() != 1 || b.journal.Loads() != loads+1 {
			t.Errorf("%d people, %d loads", b.people(), b.journal.Loads()-loads)
		}
	})
}

func TestReadOnlyAndTooLargeAreSurvived(t *testing.T) {
	titled := func(bytes int) workspace.Command {
		return workspace.AddPerson{Doc: scim.Object{
			{Name: "userName", Value: scim.Text("big")},
			{Name: "title", Value: scim.Text(string(make([]byte, bytes)))},
		}}
	}
	for _, tc := range []struct {
		name  string
		cmd   workspace.Command
		fault error
		want  error
	}{
		{"no space", titled(1), workspace.ErrReadOnly, workspace.ErrReadOnly},
		{"an event too large", titled(maxEvent), workspace.ErrTooLarge, workspace.ErrTooLarge},
		// What fits by itself was too large beside others, and need not be next time.
		{"too large with others", titled(maxEvent / 2), workspace.ErrTooLarge, workspace.ErrUnavailable},
	} {
		bubble(t, nil, func(b *bench) {
			b.journal.Fail(func(workspace.Append) error { return tc.fault })
			if r := b.do(tc.cmd); !errors.Is(r.err, tc.want) {
				t.Errorf("%s: got %v, want %v", tc.name, r.err, tc.want)
			}
			b.journal.Fail(nil)
			synctest.Wait() // what came while it is loaded anew fails, too
			if r := b.do(journaltest.Person(1)); r.err != nil || b.people() != 1 {
				t.Errorf("%s, after it: %v", tc.name, r.err)
			}
		})
	}
}

// A command that State.Execute does not know panics there.
type unknown struct{ workspace.Command }

func TestPanicAnswersItsCaller(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.journal.Hold()
		before := b.start(journaltest.Person(1))
		synctest.Wait()
		if r := b.do(unknown{}); !errors.Is(r.err, workspace.ErrUnavailable) {
			t.Errorf("got %v", r.err)
		}
		after := b.start(journaltest.Person(2))
		synctest.Wait()
		b.journal.Release()
		if r := <-before; r.err != nil {
			t.Errorf("in flight: %v", r.err)
		}
		if r := <-after; r.err != nil || r.view.Head().Active != 2 {
			t.Errorf("after it: %v", r.err)
		}
	})
}

func TestIdleStops(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		if r := b.do(journaltest.Person(1)); r.err != nil {
			t.Fatal(r.err)
		}
		time.Sleep(40 * time.Minute)
		b.people() // reading counts as traffic
		time.Sleep(40 * time.Minute)
		if v, err := b.sys.View(context.Background(), "acme"); b.sys.Loaded() != 1 || err != nil || b.sys.Newest("acme") != v {
			t.Error("stopped in spite of traffic")
		}
		time.Sleep(40 * time.Minute)
		if b.sys.Newest("acme") == nil || b.sys.Newest("nobody") != nil {
			t.Error("stopped in spite of traffic that takes no lock")
		}
		time.Sleep(40 * time.Minute)
		if b.sys.Loaded() != 1 {
			t.Error("that is not noted as traffic")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.sys.Newest("acme") != nil {
			t.Error("stopped, it has a view")
		}
		if b.sys.Loaded() != 0 || b.journal.Snapshots("acme") != 0 {
			t.Errorf("%d loaded, snapshot at %d", b.sys.Loaded(), b.journal.Snapshots("acme"))
		}
		if b.people() != 1 || b.do(journaltest.Person(2)).err != nil || b.people() != 2 {
			t.Error("asleep, it lost something")
		}
	})
}

func TestRequestsMeetAStoppingActor(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Millisecond }, func(b *bench) {
		for n := range 200 {
			time.Sleep(time.Duration(n%3) * time.Millisecond)
			if r := b.do(journaltest.Person(n)); r.err != nil {
				t.Fatalf("write %d: %v", n, r.err)
			}
		}
		if b.people() != 200 {
			t.Errorf("%d people", b.people())
		}
	})
}

func TestFirstMessagesLoadOnce(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Millisecond }, func(b *bench) {
		time.Sleep(time.Second)
		loads := b.journal.Loads()
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				if r := b.do(journaltest.Person(n)); r.err != nil {
					t.Error(r.err)
				}
			})
		}
		all.Wait()
		if got := b.journal.Loads() - loads; got != 1 {
			t.Errorf("%d loads", got)
		}
	})
}

func TestAdmission(t *testing.T) {
	bubble(t, func(c *Config) { c.PerWorkspace, c.Total = 2, 3 }, func(b *bench) {
		b.create("bolt")
		b.create("cord")
		b.journal.Hold()
		on := func(ws workspace.ID, n int) <-chan reply {
			c := make(chan reply, 1)
			go func() {
				res, view, err := b.sys.Do(context.Background(), ws, workspace.Envelope{}, journaltest.Person(n))
				c <- reply{res, view, err}
			}()
			synctest.Wait()
			return c
		}
		in := []<-chan reply{on("acme", 1), on("acme", 2)}
		if r := <-on("acme", 3); !errors.Is(r.err, workspace.ErrBusy) {
			t.Errorf("third of a workspace: %v", r.err)
		}
		in = append(in, on("bolt", 1))
		if r := <-on("cord", 1); !errors.Is(r.err, workspace.ErrBusy) {
			t.Errorf("fourth of all: %v", r.err)
		}
		b.journal.Release()
		for _, c := range in {
			if r := <-c; r.err != nil {
				t.Error(r.err)
			}
		}
	})
}

func TestUnknownWorkspacesDoNotStay(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		for n := range 20 {
			ws := workspace.ID(fmt.Sprintf("none-%d", n))
			if _, err := b.sys.View(context.Background(), ws); !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("view: %v", err)
			}
			if _, _, err := b.sys.Do(context.Background(), ws, workspace.Envelope{}, journaltest.Person(1)); !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("do: %v", err)
			}
		}
		time.Sleep(2 * time.Second)
		if b.sys.Loaded() != 1 {
			t.Errorf("%d are loaded", b.sys.Loaded())
		}
	})
}

func TestCallerLeaves(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.journal.Hold()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := b.sys.Do(ctx, "acme", workspace.Envelope{}, journaltest.Person(1))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		b.journal.Release()
		synctest.Wait()
		if b.people() != 1 {
			t.Error("what was decided was undone because its caller left")
		}
	})
}

func TestSnapshotsKeepReplayShort(t *testing.T) {
	bubble(t, func(c *Config) { c.SnapshotEvery = 10 }, func(b *bench) {
		for n := range 60 {
			if r := b.do(journaltest.Person(n)); r.err != nil {
				t.Fatal(r.err)
			}
		}
		synctest.Wait()
		v, _ := b.sys.View(context.Background(), "acme")
		if at := b.journal.Snapshots("acme"); at == 0 || v.Seq()-at > uint64(b.people()) {
			t.Errorf("snapshot at %d of %d", at, v.Seq())
		}
	})
}

// TestReplayable: how much a workspace may leave to be replayed.
func TestReplayable(t *testing.T) {
	for _, c := range []struct {
		resources int
		want      uint64
	}{{0, 250}, {62, 250}, {63, 252}, {100, 400}, {250, 1000}, {10_000, 1000}, {10_010, 1001}, {1_000_000, 100_000}} {
		if got := replayable(c.resources); got != c.want {
			t.Errorf("%d events of %d resources, want %d", got, c.resources, c.want)
		}
	}
}

// TestStopLeavesLittleToReplay: a workspace that stops is snapshotted only if it
// would take long to load, and what is left to replay adds up over its stops.
func TestStopLeavesLittleToReplay(t *testing.T) {
	bubble(t, func(c *Config) { c.SnapshotEvery = 100_000 }, func(b *bench) {
		asleep := func() { b.sleep(2 * time.Hour) }
		stopped := func() { b.close(); b.open() }
		const people = 300
		b.add("acme", 0, people)
		stopped()
		covered, snapshots := b.journal.Snapshots("acme"), 0
		for i, stop := range []func(){asleep, stopped, asleep, stopped, stopped, asleep, stopped} {
			for n := range people / 2 {
				b.must("acme", change(fmt.Sprintf(`{"name":"Acme %d-%d"}`, i, n)))
			}
			seq := b.view("acme").Seq()
			stop()
			at := b.journal.Snapshots("acme")
			if long := seq-covered > replayable(people); long && at != seq || !long && at != covered {
				t.Errorf("stop %d: a snapshot of %d events; there were %d, of which it covered %d", i, at, seq, covered)
			}
			if at != covered {
				snapshots++
			}
			covered = at
		}
		if snapshots != 1 || b.people() != people {
			t.Errorf("%d snapshots and %d people, want 1 and %d", snapshots, b.people(), people)
		}
	})
}

func TestStopDrains(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.journal.Hold()
		c := b.start(journaltest.Person(1))
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- b.sys.Stop(context.Background()) }()
		synctest.Wait()
		if len(stopped) > 0 {
			t.Error("stopped with a write in flight")
		}
		b.journal.Release()
		if r := <-c; r.err != nil {
			t.Error(r.err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if b.head("acme").Active != 1 {
			t.Error("stopped without the write")
		}
		if r := b.do(journaltest.Person(2)); !errors.Is(r.err, workspace.ErrUnavailable) {
			t.Errorf("after the stop: %v", r.err)
		}
	})
}

func TestConfigNamesWhatIsMissing(t *testing.T) {
	if _, err := New(Config{}); err == nil || err.Error() != "actors: Config.Journal is not set" {
		t.Errorf("got %v", err)
	}
}

// TestRoot: protoactor finds its own processes with fewer maps.
func TestRoot(t *testing.T) {
	root := newRoot()
	defer root.Shutdown()
	for _, id := range []string{"eventstream", "deadletter"} {
		if _, found := root.ProcessRegistry.GetLocal(id); !found {
			t.Errorf("%s is not registered", id)
		}
	}
	pid := root.Root.Spawn(actor.PropsFromFunc(func(actor.Context) {}))
	if _, found := root.ProcessRegistry.Get(pid); !found {
		t.Error("an actor is not registered")
	}
	if err := root.Root.StopFuture(pid).Wait(); err != nil {
		t.Error(err)
	}
}
