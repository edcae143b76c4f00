package actors

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/ledger"
	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

func TestWindowClosesOnTime(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.window("acme", 3)
		ends := time.Now().Add(30 * time.Minute)
		b.sleep(30*time.Minute - time.Millisecond)
		b.closed("acme", 0)
		b.sleep(time.Millisecond)
		w, inv, at := b.closed("acme", 1)
		if !w.Closed.Equal(ends) || !at.Equal(ends) || !inv.Invoice.IssuedAt.Equal(ends) || w.Extra != 3 {
			t.Errorf("it ended at %v: closed %v at %v, issued %v, %d seats", ends, w.Closed, at, inv.Invoice.IssuedAt, w.Extra)
		}
		if b.sys.Loaded() != 1 {
			t.Error("a tick unloaded a workspace that has traffic")
		}
	})
}

func TestWindowOfASleepingWorkspaceClosesOnTime(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = 10 * time.Minute }, func(b *bench) {
		b.begin()
		b.window("acme", 3)
		ends := time.Now().Add(30 * time.Minute)
		b.sleep(30*time.Minute - time.Millisecond)
		if b.sys.Loaded() != 0 {
			t.Fatal("it does not sleep")
		}
		loads, snapshot := b.journal.Loads(), b.journal.Snapshots("acme")
		b.post.close(true) // the tick is the only guest
		b.sleep(time.Millisecond)
		if w, _, at := b.closed("acme", 1); !w.Closed.Equal(ends) || !at.Equal(ends) {
			t.Errorf("it ended at %v: closed %v at %v", ends, w.Closed, at)
		}
		if b.sys.Loaded() != 0 || b.journal.Loads() != loads+1 || b.journal.Snapshots("acme") != snapshot {
			t.Errorf("%d loaded after %d loads, snapshot at %d, was at %d", b.sys.Loaded(), b.journal.Loads()-loads, b.journal.Snapshots("acme"), snapshot)
		}
		if v := b.view("acme"); v.Books().Purchased != 3 {
			t.Errorf("%d purchased after waking", v.Books().Purchased)
		}
	})
}

// TestDueWhileDown: what fell due while the daemon was down is settled first
// thing, as of its own instant, and invoiced at the real one.
func TestDueWhileDown(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.create("bolt")
		b.window("acme", 3)
		b.sleep(7 * time.Minute)
		b.window("bolt", 2)
		opened := time.Now()
		b.close()
		b.sleep(50 * time.Hour)
		b.open()
		now := time.Now()
		b.begin()
		synctest.Wait()
		for ws, ends := range map[workspace.ID]time.Time{"acme": opened.Add(23 * time.Minute), "bolt": opened.Add(30 * time.Minute)} {
			w, inv, at := b.closed(ws, 1)
			if !w.Closed.Equal(ends) || !inv.Due.Equal(ends) {
				t.Errorf("%s ended at %v, and was closed as of %v, billed as of %v", ws, ends, w.Closed, inv.Due)
			}
			if !at.Equal(now) || !inv.Invoice.IssuedAt.Equal(now) {
				t.Errorf("%s: the daemon was back at %v; closed %v, issued %v", ws, now, at, inv.Invoice.IssuedAt)
			}
		}
		if b.sys.Loaded() != 0 {
			t.Errorf("%d stay loaded", b.sys.Loaded())
		}
	})
}

// TestManyLoadedWorkspacesAreDueTogether: more than are ticked at once.
func TestManyLoadedWorkspacesAreDueTogether(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		const n = 3 * wakefulAtOnce
		for i := range n {
			b.create(id(i))
			b.window(id(i), 1)
		}
		b.sleep(30 * time.Minute)
		for i := range n {
			b.closed(id(i), 1)
		}
		if b.sys.Loaded() != n+1 {
			t.Errorf("%d of %d are loaded", b.sys.Loaded(), n+1)
		}
	})
}

// TestAwakeDoNotWaitForSleepers: loading a sleeping workspace takes time here,
// which those that are loaded anyway, or wake meanwhile, do not wait for.
func TestAwakeDoNotWaitForSleepers(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = 10 * time.Minute }, func(b *bench) {
		b.begin()
		const sleepers = 400
		for i := range sleepers {
			b.create(id(i))
			b.window(id(i), 1)
		}
		b.window("acme", 1)
		b.sleep(25 * time.Minute)
		b.people() // wakes acme
		b.post.close(true)
		b.tap.set(func(p *tap) { p.loading = func(workspace.ID) { time.Sleep(time.Second) } })
		b.sleep(5 * time.Minute)
		b.closed("acme", 1)
		b.sleep(10 * time.Second)
		b.closed(id(sleepers-1), 0)
		b.view(id(sleepers - 1)) // a reader wakes the last in line
		synctest.Wait()
		b.closed(id(sleepers-1), 1)
		b.sleep(sleepers / sleepersAtOnce * time.Second)
		for i := range sleepers {
			b.closed(id(i), 1)
		}
	})
}

// TestTrafficMeetsTheUnloadingAfterATick: whoever writes or reads while a
// workspace is ticked in its sleep and unloaded is answered.
func TestTrafficMeetsTheUnloadingAfterATick(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle, c.Window = time.Second, 10*time.Second }, func(b *bench) {
		b.begin()
		b.post.close(true)
		for n := range 200 {
			b.must("acme", bookingOff)
			b.must("acme", journaltest.Person(n))
			b.must("acme", bookingOn)
			time.Sleep(10 * time.Second) // in which it falls asleep
			var all sync.WaitGroup
			for i := range 6 {
				all.Go(func() {
					for range i * (n % 40) {
						runtime.Gosched()
					}
					if i%2 == 0 {
						b.view("acme")
					} else if r := b.do(journaltest.Person(1000 + 10*n + i)); r.err != nil {
						t.Errorf("window %d: %v", n, r.err)
					}
				})
			}
			all.Wait()
			synctest.Wait()
		}
		b.closed("acme", 200)
		windows, _ := entriesOf[ledger.WindowClosed](b, "acme")
		for _, w := range windows { // whoever was first, a command or the tick
			if w.Closed.Sub(w.Opened) != b.cfg.Window {
				t.Errorf("a window from %v was closed as of %v", w.Opened, w.Closed)
			}
		}
	})
}

// TestWallClockJumps: timers run by one clock, instants are another's. That of
// the machine is set forward (or it was suspended, which looks the same from
// inside), and back.
func TestWallClockJumps(t *testing.T) {
	var offset atomic.Int64
	wall := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	for _, idle := range []time.Duration{time.Hour * 24, time.Minute} { // awake, and asleep
		bubble(t, func(c *Config) { c.Now, c.Idle = wall, idle }, func(b *bench) {
			b.begin()
			b.window("acme", 2)
			ends := wall().Add(30 * time.Minute)
			b.sleep(5 * time.Minute)
			offset.Store(int64(24 * time.Minute))
			b.sleep(50 * time.Second)
			b.closed("acme", 0) // ten seconds to go
			offset.Add(int64(3 * time.Hour))
			b.sleep(clockPeriod)
			w, inv, _ := b.closed("acme", 1)
			if !w.Closed.Equal(ends) || wall().Sub(inv.Invoice.IssuedAt) > clockPeriod {
				t.Errorf("it ended at %v, closed as of %v, issued %v, now %v", ends, w.Closed, inv.Invoice.IssuedAt, wall())
			}
			b.must("acme", bookingOff)
			b.must("acme", journaltest.Person(10))
			b.must("acme", bookingOn)
			ends = wall().Add(30 * time.Minute)
			offset.Add(-int64(time.Hour))
			b.sleep(89 * time.Minute)
			b.closed("acme", 1)
			b.sleep(time.Minute)
			if w, _, at := b.closed("acme", 2); !w.Closed.Equal(ends) || !at.Equal(ends) {
				t.Errorf("set back: it ended at %v, closed as of %v at %v", ends, w.Closed, at)
			}
			offset.Store(0)
		})
	}
}

// TestFailedTicksAreTriedAgain, not so often as to load a workspace all the
// time, and once storage takes appends again, soon.
func TestFailedTicksAreTriedAgain(t *testing.T) {
	for name, idle := range map[string]time.Duration{"awake": 24 * time.Hour, "asleep": time.Minute} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(c *Config) { c.Idle = idle }, func(b *bench) {
				b.begin()
				b.window("acme", 2)
				ends := time.Now().Add(30 * time.Minute)
				b.sleep(20 * time.Minute)
				loads := b.journal.Loads()
				var ticks atomic.Int64
				b.journal.Fail(func(workspace.Append) error { ticks.Add(1); return workspace.ErrReadOnly })
				b.sleep(40 * time.Minute)
				// 0, 5, 15, 35 s and 75 s after the end, then every minute
				if tries := int(ticks.Load()); tries < 30 || tries > 40 || b.journal.Loads()-loads > 2*tries {
					t.Errorf("half an hour without storage: %d ticks, %d loads", tries, b.journal.Loads()-loads)
				}
				b.journal.Fail(nil)
				b.sleep(retryAtMost)
				if w, _, at := b.closed("acme", 1); !w.Closed.Equal(ends) || time.Since(at) > retryAtMost {
					t.Errorf("it ended at %v, closed as of %v at %v", ends, w.Closed, at)
				}
			})
		})
	}
}

// TestBusyWorkspaceIsTickedLater: a tick that finds no room is tried again.
func TestBusyWorkspaceIsTickedLater(t *testing.T) {
	bubble(t, func(c *Config) { c.PerWorkspace = 1 }, func(b *bench) {
		b.begin()
		b.window("acme", 2)
		b.sleep(30*time.Minute - time.Millisecond)
		b.journal.Hold()
		write := b.start(journaltest.Person(9)) // in time, and on its way at the end
		b.sleep(time.Second)
		b.journal.Release()
		if r := <-write; r.err != nil {
			t.Fatal(r.err)
		}
		b.closed("acme", 0)
		b.sleep(retryAfter)
		b.closed("acme", 1)
	})
}

// TestStaleDueIndex: the index is a hint of when to look, in no direction the
// truth.
func TestStaleDueIndex(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		b.create("bolt")
		b.window("acme", 1)
		b.window("bolt", 1)
		ends := time.Now().Add(30 * time.Minute)
		b.close()
		b.open()
		b.tap.stale = func(yield func(workspace.ID, time.Time) bool) bool {
			return yield("ghost", ends.Add(-time.Hour)) && yield("acme", ends.Add(-20*time.Minute)) && yield("bolt", ends.Add(24*time.Hour))
		}
		var ghosts atomic.Int64
		b.tap.set(func(p *tap) {
			p.loading = func(ws workspace.ID) {
				if ws == "ghost" {
					ghosts.Add(1)
				}
			}
		})
		b.begin()
		b.sleep(10 * time.Minute)
		b.view("bolt") // whoever loads a workspace tells the truth
		b.sleep(20 * time.Minute)
		for _, ws := range []workspace.ID{"acme", "bolt"} {
			if w, _, at := b.closed(ws, 1); !w.Closed.Equal(ends) || !at.Equal(ends) {
				t.Errorf("%s ended at %v, closed as of %v at %v", ws, ends, w.Closed, at)
			}
		}
		if n := ghosts.Load(); n != 1 {
			t.Errorf("a workspace that does not exist was loaded %d times", n)
		}
	})
}

// TestStopEndsTheClock while ticks are under way and others wait for their turn.
func TestStopEndsTheClock(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		b.begin()
		for i := range 20 {
			b.create(id(i))
			b.window(id(i), 1)
		}
		b.sleep(29 * time.Minute)
		b.journal.Hold()
		b.sleep(time.Minute)
		if b.sys.Loaded() != sleepersAtOnce {
			t.Fatalf("%d are loaded", b.sys.Loaded())
		}
		b.couriers.Stop()
		stopped := make(chan error, 1)
		go func() { stopped <- b.sys.Stop(context.Background()) }()
		synctest.Wait()
		if len(stopped) > 0 {
			t.Error("stopped with appends in flight")
		}
		b.journal.Release()
		if err := <-stopped; err != nil || b.sys.Loaded() != 0 {
			t.Errorf("%v, %d loaded", err, b.sys.Loaded())
		}
		loads := b.journal.Loads()
		b.sleep(time.Hour)
		if b.journal.Loads() != loads {
			t.Error("the clock goes on after Stop")
		}
		if _, err := b.sys.View(context.Background(), "acme"); !errors.Is(err, workspace.ErrUnavailable) {
			t.Errorf("after Stop: %v", err)
		}
		b.open()
		b.begin()
		synctest.Wait()
		for i := range 20 {
			b.closed(id(i), 1)
		}
	})
}
