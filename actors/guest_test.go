package actors

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// taken counts the tokens of beds that are taken.
func (b *bench) taken() int { return len(b.sys.beds) + len(b.sys.spare) }

// TestGuestsTakeTurns: never are more than four workspaces loaded for guests,
// however many come, and none when they have left.
func TestGuestsTakeTurns(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		const n = 100
		for i := range n {
			b.create(id(i))
		}
		b.sleep(time.Hour)
		var mu sync.Mutex
		most := 0
		b.tap.set(func(p *tap) {
			p.loading = func(workspace.ID) {
				mu.Lock()
				defer mu.Unlock()
				most = max(most, b.sys.Loaded())
			}
		})
		loads := b.journal.Loads()
		var all sync.WaitGroup
		for i := range 3 * n { // three guests each
			all.Go(func() {
				if v, err := b.sys.lookup(context.Background(), id(i%n)); err != nil || v.ID() != id(i%n) {
					t.Error(err)
				}
				if err := b.sys.tick(id(i % n)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if most > sleepersAtOnce || b.sys.Loaded() != 0 || b.taken() != 0 || len(b.sys.stays) != 0 {
			t.Errorf("at most %d loaded, %d now; %d beds and %d stays are taken", most, b.sys.Loaded(), b.taken(), len(b.sys.stays))
		}
		if got := b.journal.Loads() - loads; got < n || got > 6*n {
			t.Errorf("%d loads for %d visits of %d workspaces", got, 6*n, n)
		}
	})
}

// TestGuestsAreNoTraffic, and traffic stays when guests have left.
func TestGuestsAreNoTraffic(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = 10 * time.Minute }, func(b *bench) {
		for range 5 {
			b.sleep(3 * time.Minute)
			if _, err := b.sys.lookup(context.Background(), "acme"); err != nil {
				t.Error(err)
			}
		}
		if synctest.Wait(); b.sys.Loaded() != 0 {
			t.Error("guests keep a workspace awake")
		}
		err := b.sys.visit(context.Background(), "acme", b.sys.deferrable(), func(ctx context.Context) error {
			_, err := b.sys.View(ctx, "acme")
			return err
		})
		if synctest.Wait(); b.sys.Loaded() != 1 || err != nil {
			t.Errorf("a workspace with traffic is unloaded with its guest (%v)", err)
		}
		if b.taken() != 0 {
			t.Error("it still holds a bed")
		}
	})
}

// TestGuestsOfNobody leave nothing behind either.
func TestGuestsOfNobody(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		for range 2 * sleepersAtOnce {
			if _, err := b.sys.lookup(context.Background(), "nobody"); !errors.Is(err, workspace.ErrNotFound) {
				t.Error(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range 100 {
			if _, err := b.sys.lookup(ctx, "nobody"); !errors.Is(err, context.Canceled) && !errors.Is(err, workspace.ErrNotFound) {
				t.Error(err)
			}
		}
		if synctest.Wait(); b.sys.Loaded() != 1 || b.taken() != 0 || len(b.sys.stays) != 0 {
			t.Errorf("%d loaded, %d beds and %d stays are taken", b.sys.Loaded(), b.taken(), len(b.sys.stays))
		}
	})
}

// TestGuestWaitsForStorage: a visit that storage holds up is given up in time,
// its bed only when the workspace is gone.
func TestGuestWaitsForStorage(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = time.Minute }, func(b *bench) {
		b.post.close(true)
		b.window("acme", 1)
		b.sleep(30 * time.Minute) // nobody has begun to tick
		b.journal.Hold()
		at := time.Now()
		err := b.sys.tick("acme")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(at) != guestTimeout {
			t.Errorf("after %v: %v", time.Since(at), err)
		}
		b.sleep(time.Hour)
		if b.sys.Loaded() != 1 || b.taken() != 1 {
			t.Errorf("%d loaded, %d beds taken", b.sys.Loaded(), b.taken())
		}
		b.journal.Release()
		if synctest.Wait(); b.sys.Loaded() != 0 || b.taken() != 0 {
			t.Errorf("%d loaded, %d beds taken", b.sys.Loaded(), b.taken())
		}
		if r := b.do(journaltest.Person(9)); r.err != nil {
			t.Error(r.err)
		}
	})
}
