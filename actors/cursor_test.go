package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/workspace"
)

// TestRestartGoesOnWhereItWas: what was delivered before a stop is not
// delivered again, what was not is.
func TestRestartGoesOnWhereItWas(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		for i := range 5 {
			b.add("acme", 20*i, 20)
			b.restart(time.Minute)
		}
		b.post.reply(down(url, errors.New("not now")))
		b.add("acme", 200, 20)
		b.sleep(time.Minute)
		b.restart(time.Minute)
		b.post.reply(nil)
		b.sleep(time.Hour)
		b.same("taken", b.took(url), b.entries("acme", since))
	})
}

// TestCrashRepeatsWhatWasNotAcknowledged, and skips nothing.
func TestCrashRepeatsWhatWasNotAcknowledged(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.add("acme", 0, 50)
		b.sleep(time.Minute)
		acked := b.cursors("acme")["a"]
		b.same("acknowledged", []uint64{acked}, []uint64{b.head("acme").Seq})
		b.tap.set(func(p *tap) { p.losing = func(workspace.ID, string, uint64) bool { return true } })
		b.add("acme", 100, 50)
		b.sleep(time.Minute)
		b.same("before the crash", b.took(url), b.entries("acme", since))
		b.tap.set(func(p *tap) { p.losing = nil })
		b.restart(0)
		synctest.Wait()
		b.same("with repetition", b.took(url), slices.Concat(b.entries("acme", since), b.entries("acme", acked)))
	})
}

// TestAcknowledgementsKeepUp: neither a slow endpoint nor one that stops
// answering has a crash repeat much.
func TestAcknowledgementsKeepUp(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.post.reply(func(context.Context, string) error { time.Sleep(100 * time.Millisecond); return nil })
		b.add("acme", 0, 100)
		for range 15 {
			b.sleep(time.Second)
			took := b.took(url)
			if at := b.cursors("acme")["a"]; at+20 < took[len(took)-1] {
				t.Errorf("%d is delivered, %d acknowledged", took[len(took)-1], at)
			}
		}
		b.post.reply(down(url, errors.New("not now")))
		b.sleep(200 * time.Millisecond)
		took := b.took(url)
		if at := b.cursors("acme")["a"]; at != took[len(took)-1] {
			t.Errorf("%d is delivered, %d acknowledged, and the endpoint is down", took[len(took)-1], at)
		}
	})
}

// TestStopWhileDelivering ends the attempt, which is made again.
func TestStopWhileDelivering(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.post.reply(func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() })
		b.add("acme", 0, 10)
		synctest.Wait()
		at := time.Now()
		b.couriers.Stop()
		if !time.Now().Equal(at) {
			t.Errorf("Stop took %v", time.Since(at))
		}
		b.post.reply(nil)
		b.restart(time.Minute)
		synctest.Wait()
		b.same("taken", b.took(url), b.entries("acme", since))
		if got := len(b.dead("acme", "a")); got > 0 {
			t.Errorf("%d were given up", got)
		}
	})
}

// TestStartFindsWhatWasLeft from heads and cursors, and wakes nobody else.
func TestStartFindsWhatWasLeft(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		for i := range 40 {
			b.create(id(i))
			if i%2 == 0 {
				b.hook(id(i), "a")
			}
			b.add(id(i), 0, 2)
		}
		b.sleep(time.Minute)
		b.couriers.Stop()
		for _, ws := range []workspace.ID{id(4), id(5), id(6)} {
			b.add(ws, 10, 2)
		}
		before := len(b.post.tried("https://a.example.com"))
		var mu sync.Mutex
		woken := map[workspace.ID]bool{}
		b.tap.set(func(p *tap) {
			p.loading = func(ws workspace.ID) {
				mu.Lock()
				defer mu.Unlock()
				woken[ws] = true
			}
		})
		b.restart(time.Hour)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(woken) != 2 || !woken[id(4)] || !woken[id(6)] {
			t.Errorf("woken: %v", woken)
		}
		if got := len(b.post.tried("https://a.example.com")) - before; got != 2*4 { // two people, two seats that wait
			t.Errorf("%d deliveries after the restart", got)
		}
		if b.sys.Loaded() != 0 {
			t.Errorf("%d stay loaded", b.sys.Loaded())
		}
	})
}

// TestClockGoesFirst: what a clock does before the couriers know their cursors
// has them deliver nothing anew.
func TestClockGoesFirst(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.must("acme", change(`{"billing":{"email":"billing@example.com"}}`))
		b.window("acme", 2)
		b.sleep(10 * time.Minute)
		b.close()
		b.sleep(time.Hour)
		b.open()
		if err := b.sys.Start(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.closed("acme", 1)
		if err := b.couriers.Start(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.same("taken", b.took(url), b.entries("acme", since))
		if got := len(b.post.letters()); got != 2 {
			t.Errorf("%d mails, want one of the window and one with the invoice", got)
		}
	})
}

// TestExpiredEventsAreSkipped: a courier that comes too late goes on with what
// is left.
func TestExpiredEventsAreSkipped(t *testing.T) {
	bubble(t, func(c *Config) { c.SnapshotEvery = 10 }, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.couriers.Stop()
		b.add("acme", 0, 60)
		synctest.Wait()
		gone := b.journal.Snapshots("acme")
		b.journal.Expire("acme", gone)
		b.restart(time.Minute)
		synctest.Wait()
		b.same("taken", b.took(url), b.entries("acme", gone))
		b.couriers.Stop()
		b.add("acme", 100, 1)
		b.expire("acme", b.head("acme").Seq)
		b.close()
		taken := len(b.took(url))
		b.open()
		b.begin()
		synctest.Wait()
		if len(b.couriers.running) > 0 || len(b.took(url)) != taken || b.cursors("acme")["a"] != b.head("acme").Seq {
			t.Errorf("nothing is left: %d couriers run, cursor at %d of %d", len(b.couriers.running), b.cursors("acme")["a"], b.head("acme").Seq)
		}
	})
}

// TestReplay tries each dead letter once, in order.
func TestReplay(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		gone := down(url, &Undelivered{Permanent: true, Reason: "410 Gone"})
		b.post.reply(gone)
		b.add("acme", 0, 10)
		synctest.Wait()
		all := b.dead("acme", "a")
		replay := func(ctx context.Context) [2]int {
			t.Helper()
			delivered, dead, err := b.couriers.Replay(ctx, "acme", "a")
			if err != nil {
				t.Error(err)
			}
			return [2]int{delivered, dead}
		}
		if got := replay(context.Background()); got != [2]int{0, len(all)} {
			t.Errorf("a dead endpoint: %v", got)
		}
		b.same("still dead", b.dead("acme", "a"), all)
		b.post.reply(func(context.Context, string) error { time.Sleep(time.Second); return nil })
		ctx, cancel := context.WithTimeout(context.Background(), 5500*time.Millisecond)
		defer cancel()
		other := make(chan error, 1)
		go func() {
			time.Sleep(time.Second)
			_, _, err := b.couriers.Replay(context.Background(), "acme", "a")
			other <- err
		}()
		if got := replay(ctx); got != [2]int{5, len(all) - 5} {
			t.Errorf("for five seconds: %v of %d", got, len(all))
		}
		if err := <-other; !errors.Is(err, workspace.ErrBusy) {
			t.Errorf("a second replay meanwhile: %v", err)
		}
		b.restart(0)
		b.expire("acme", all[6])
		if got := replay(context.Background()); got != [2]int{len(all) - 7, 0} {
			t.Errorf("with two letters expired: %v of %d", got, len(all))
		}
		if left := b.dead("acme", "a"); len(left) > 0 {
			t.Errorf("still dead: %v", left)
		}
		if got := replay(context.Background()); got != [2]int{0, 0} {
			t.Errorf("nothing is left: %v", got)
		}
	})
}

// TestReplayEnds with its endpoint, and with the couriers.
func TestReplayEnds(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		for want, end := range map[int]func(){ // in the middle of the third
			3: func() { b.must("acme", workspace.DeleteWebhook{ID: "a3"}) },
			2: func() { b.couriers.Stop() },
		} {
			b.restart(0)
			b.post.reply(nil)
			name := fmt.Sprint("a", want)
			url := b.hook("acme", name)
			b.post.reply(down(url, &Undelivered{Permanent: true, Reason: "410 Gone"}))
			b.add("acme", 100*want, 5)
			b.sleep(time.Minute)
			b.post.reply(func(ctx context.Context, _ string) error {
				select {
				case <-time.After(10 * time.Second):
				case <-ctx.Done():
				}
				return ctx.Err()
			})
			dead := len(b.dead("acme", name))
			at := time.Now()
			time.AfterFunc(25*time.Second, end)
			delivered, left, err := b.couriers.Replay(context.Background(), "acme", name)
			if delivered != want || left != dead-want || err != nil || time.Since(at) > 30*time.Second {
				t.Errorf("after %v: %d delivered, %d of %d left (%v)", time.Since(at), delivered, left, dead, err)
			}
		}
	})
}
