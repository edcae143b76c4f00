package actors

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/ledger"
	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// realTime reads the clock that no bubble has in its hands. Only logs show it.
func realTime() time.Duration {
	var tv syscall.Timeval
	_ = syscall.Gettimeofday(&tv) // cannot fail with a valid pointer
	return time.Duration(tv.Nano())
}

// heap returns the bytes in use on the heap, without garbage.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// written writes what cmds make of a new workspace into the journal, past all
// actors.
func (b *bench) written(ws workspace.ID, cmds ...workspace.Command) {
	b.Helper()
	st, last := workspace.New(ws), workspace.ResourceID{}
	host := workspace.Host{Window: b.cfg.Window, Gaps: b.cfg.Gaps, Mint: func() workspace.ResourceID {
		last = workspace.NextResourceID(last, time.Now(), [10]byte{7})
		return last
	}}
	a := workspace.Append{Workspace: ws}
	for _, cmd := range cmds {
		commits, _, err := st.Execute(cmd, workspace.Envelope{At: time.Now(), Actor: workspace.ActorOperator}, host)
		if err != nil {
			b.Fatalf("%T: %v", cmd, err)
		}
		a.Commits = append(a.Commits, commits...)
	}
	a.Head = st.View().Head()
	if err := journaltest.Durable(b.journal, a); err != nil {
		b.Fatal(err)
	}
}

// TestTenThousandSleepersAreDueTogether: all windows close as of their end, with
// never more than four workspaces loaded, though each has a mail to send too.
func TestTenThousandSleepersAreDueTogether(t *testing.T) {
	const n = 10_000
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		birth := workspace.CreateWorkspace{Settings: object(`{"name":"Acme","billing":{"email":"billing@example.com"}}`)}
		for i := range n {
			b.written(id(i), birth, journaltest.Person(1), bookingOn)
		}
		ends := time.Now().Add(30 * time.Minute)
		b.post.close(true) // nobody is told that a window has opened
		b.begin()
		b.sleep(29 * time.Minute)
		b.post.close(false)
		before, peak, most, loads := heap(), uint64(0), 0, 0
		var mu sync.Mutex
		b.tap.set(func(p *tap) {
			p.loading = func(workspace.ID) {
				mu.Lock()
				defer mu.Unlock()
				most = max(most, b.sys.Loaded())
				if loads++; loads%(n/4) == 0 {
					peak = max(peak, heap())
				}
			}
		})
		began, real := time.Now(), realTime()
		b.sleep(time.Minute)
		virtual := time.Since(began) - time.Minute
		after := heap()
		t.Logf("%d workspaces: %d loads, at most %d loaded; %v virtual, %v real; heap %d KiB before, at most %d while, %d after",
			n, loads, most, virtual, (realTime() - real).Round(time.Millisecond), before>>10, peak>>10, after>>10)
		for i := range n {
			if w, _, at := b.closed(id(i), 1); !w.Closed.Equal(ends) || !at.Equal(ends) {
				t.Fatalf("%s ended at %v, closed as of %v at %v", id(i), ends, w.Closed, at)
			}
		}
		if most > sleepersAtOnce || b.sys.Loaded() != 0 {
			t.Errorf("%d were loaded at once, %d still are", most, b.sys.Loaded())
		}
		if got := len(b.post.letters()); got != n {
			t.Errorf("%d invoices were mailed", got)
		}
		if peak > 2*before || after > 2*before {
			t.Errorf("the heap grew from %d to %d, then %d bytes", before, peak, after)
		}
	})
}

// TestAllPeriodsEndTogether: on the first of a month every workspace is due.
func TestAllPeriodsEndTogether(t *testing.T) {
	const n = 1000
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		for i := range n {
			b.written(id(i), workspace.CreateWorkspace{Settings: object(`{"name":"Acme"}`)})
		}
		b.begin()
		b.sleep(time.Hour)
		at := b.head(id(0)).Due
		for range 3 {
			b.sleep(time.Until(at))
			if b.sys.Loaded() != 0 {
				t.Fatalf("%d are loaded", b.sys.Loaded())
			}
			at = b.head(id(0)).Due
		}
		synctest.Wait()
		for i := range n {
			if ends, posted := entriesOf[ledger.PeriodClosed](b, id(i)); len(ends) != 3 || !posted[2].Equal(ends[2].At) {
				t.Fatalf("%s closed %d periods", id(i), len(ends))
			}
		}
	})
}

// TestClockGoesBeforeCouriers: after a downtime every workspace has a mail to
// send, a few have a window to close, and loading takes time here. Couriers do
// not keep the clock from what is overdue.
func TestClockGoesBeforeCouriers(t *testing.T) {
	const n, due, load = 2000, 200, 10 * time.Millisecond
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		birth := workspace.CreateWorkspace{Settings: object(`{"name":"Acme","billing":{"email":"billing@example.com"}}`)}
		for i := range n {
			cmds := []workspace.Command{birth, journaltest.Person(1), bookingOn, workspace.CloseWindow{}}
			if i < due {
				cmds = cmds[:3]
			}
			b.written(id(i), cmds...)
		}
		b.sleep(time.Hour)
		b.tap.set(func(p *tap) { p.loading = func(workspace.ID) { time.Sleep(load) } })
		began := time.Now()
		b.begin()
		b.sleep(time.Hour)
		late := time.Duration(0)
		for i := range due {
			_, _, at := b.closed(id(i), 1)
			late = max(late, at.Sub(began))
		}
		if alone := due / sleepersAtOnce * load; late > 2*alone+load {
			t.Errorf("the last window closed after %v; without couriers it would be %v", late, alone)
		}
		if got := len(b.post.letters()); got != 2*n { // of each window and each invoice
			t.Errorf("%d mails", got)
		}
	})
}
