package actors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// down fails every attempt at one endpoint.
func down(url string, err error) func(context.Context, string) error {
	return func(_ context.Context, to string) error {
		if to == url {
			return err
		}
		return nil
	}
}

// dead returns the sequence numbers of the dead letters of a consumer.
func (b *bench) dead(ws workspace.ID, consumer string) (out []uint64) {
	b.Helper()
	for _, l := range b.view(ws).DeadLetters(consumer) {
		out = append(out, l.Seq)
	}
	return out
}

// TestPausesGrow from a second to an hour, half of each left to chance, and a
// Retry-After is kept, up to an hour.
func TestPausesGrow(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.post.reply(down(url, errors.New("not now")))
		b.add("acme", 0, 1)
		b.sleep(12 * time.Hour)
		tries := b.post.tried(url)
		for i := 1; i < len(tries); i++ {
			most := min(firstPause<<min(i-1, 20), time.Hour)
			if got := tries[i].at.Sub(tries[i-1].at); got < most/2 || got > most {
				t.Errorf("pause %d: %v, want at least half of %v", i, got, most)
			}
		}
		if len(tries) < 20 || len(tries) > 35 {
			t.Errorf("%d attempts in twelve hours", len(tries))
		}
		b.post.reply(nil)
		b.sleep(time.Hour)
		for wish, want := range map[time.Duration]time.Duration{10 * time.Minute: 10 * time.Minute, 20 * time.Hour: time.Hour} {
			b.post.reply(down(url, &Undelivered{RetryAfter: wish, Reason: "busy"}))
			before := len(b.post.tried(url))
			b.must("acme", journaltest.Person(int(wish)))
			b.sleep(want)
			if tries := b.post.tried(url)[before:]; len(tries) != 2 || tries[1].at.Sub(tries[0].at) != want {
				t.Errorf("Retry-After %v: %d attempts within %v", wish, len(tries), want)
			}
			b.post.reply(nil)
			b.sleep(want)
		}
	})
}

// TestGivenUpAfterADay: then the next one goes, and the dead one waits for its
// replay.
func TestGivenUpAfterADay(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.post.reply(down(url, &Undelivered{Reason: "a.example.com answered 500"}))
		b.add("acme", 0, 1)
		first := b.entries("acme", since)
		died := time.Now().Add(24 * time.Hour)
		b.sleep(24*time.Hour - time.Second)
		if got := b.dead("acme", "a"); len(got) != 0 {
			t.Errorf("dead before its time: %v", got)
		}
		b.sleep(time.Hour + time.Second) // the next attempt is within the hour
		b.same("dead", b.dead("acme", "a"), first)
		if l := b.view("acme").DeadLetters("a")[0]; l.At.Before(died) || l.Detail != "a.example.com answered 500" {
			t.Errorf("it died at %v of %q", l.At, l.Detail)
		}
		if h := b.head("acme"); h.DeadHooks != len(first) {
			t.Errorf("the head counts %d dead letters", h.DeadHooks)
		}
		b.post.reply(nil)
		b.add("acme", 1, 1)
		synctest.Wait()
		later := b.entries("acme", first[len(first)-1])
		b.same("the next ones", b.took(url), later)
		delivered, dead, err := b.couriers.Replay(context.Background(), "acme", "a")
		if delivered != len(first) || dead != 0 || err != nil {
			t.Errorf("replayed %d, %d dead (%v)", delivered, dead, err)
		}
		synctest.Wait()
		b.same("after the replay", b.took(url), slices.Concat(later, first))
		if len(b.dead("acme", "a")) != 0 || b.head("acme").DeadHooks != 0 {
			t.Errorf("still dead: %v", b.dead("acme", "a"))
		}
	})
}

// TestBacklogBehindADeadEndpoint: what is a day old dies, the rest is delivered
// when it comes back, and nothing is lost between.
func TestBacklogBehindADeadEndpoint(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = 10 * time.Minute }, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.post.reply(down(url, errors.New("no route")))
		for i := range 40 * 6 {
			b.add("acme", 2*i, 2)
			b.sleep(10 * time.Minute)
		}
		all, horizon := b.entries("acme", since), time.Now().Add(-25*time.Hour)
		tries := b.post.tried(url)
		for i := 1; i < len(tries); i++ {
			if seqOf(b, tries[i].id) < seqOf(b, tries[i-1].id) {
				t.Fatalf("%s after %s", tries[i].id, tries[i-1].id)
			}
		}
		if len(tries) > 2*len(all) {
			t.Errorf("%d attempts for %d messages", len(tries), len(all))
		}
		dead := b.dead("acme", "a")
		if len(dead) < 15*12 {
			t.Errorf("after forty hours %d of %d are dead", len(dead), len(all))
		}
		err := b.journal.ReadLog(context.Background(), "acme", dead[len(dead)-1], func(_ uint64, env workspace.Envelope, _ workspace.Event) bool {
			if env.At.Before(horizon) {
				t.Errorf("what is of %v has not been given up at %v", env.At, time.Now())
			}
			return false
		})
		if err != nil {
			t.Fatal(err)
		}
		b.post.reply(nil)
		b.sleep(time.Hour)
		b.same("dead and taken", slices.Concat(dead, b.took(url)), all)
	})
}

// TestPermanentFailure: dead at once, each.
func TestPermanentFailure(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.post.reply(down(url, &Undelivered{Permanent: true, Reason: "410 Gone"}))
		b.add("acme", 0, 40)
		at := time.Now()
		synctest.Wait()
		b.same("dead", b.dead("acme", "a"), b.entries("acme", since))
		if tries := b.post.tried(url); len(tries) != 80 || tries[79].at.After(at) {
			t.Errorf("%d attempts", len(tries))
		}
	})
}

// TestDowntimeKillsNoMessage: an endpoint that was down for days together with
// this daemon, and comes back a little later, misses nothing.
func TestDowntimeKillsNoMessage(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.post.reply(down(url, errors.New("connection refused")))
		b.add("acme", 0, 20)
		b.restart(72 * time.Hour)
		b.sleep(3 * time.Minute)
		b.post.reply(nil)
		b.sleep(10 * time.Minute)
		b.same("taken", b.took(url), b.entries("acme", since))
	})
}

// TestOwnTroubleKillsNoMessage, and does not have the endpoint asked over and
// over while a dead letter cannot be noted.
func TestOwnTroubleKillsNoMessage(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		b.add("acme", 0, 1)
		synctest.Wait()
		b.post.reply(down(url, &Undelivered{Permanent: true, Reason: "410 Gone"}))
		b.journal.Fail(func(a workspace.Append) error {
			if _, ok := a.Commits[0].Events[0].(workspace.DeliveryDied); ok {
				return workspace.ErrReadOnly
			}
			return nil
		})
		b.add("acme", 1, 1)
		b.sleep(48 * time.Hour)
		if tries := len(b.post.tried(url)); tries > 48*60*2 {
			t.Errorf("%d attempts in two days of read-only storage", tries)
		}
		b.post.reply(nil)
		b.sleep(time.Hour)
		b.journal.Fail(nil)
		b.same("taken", b.took(url), b.entries("acme", since))
	})
}

// TestWaitingCourierKeepsNobodyAwake, nor wakes anybody at each attempt.
func TestWaitingCourierKeepsNobodyAwake(t *testing.T) {
	bubble(t, func(c *Config) { c.Idle = 10 * time.Minute }, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.post.reply(down(url, errors.New("not now")))
		b.add("acme", 0, 1)
		b.sleep(11 * time.Minute)
		if b.sys.Loaded() != 0 {
			t.Error("a courier that waits keeps its workspace loaded")
		}
		loads, tries := b.journal.Loads(), len(b.post.tried(url))
		b.sleep(12 * time.Hour)
		if tries = len(b.post.tried(url)) - tries; b.journal.Loads() != loads || tries < 11 {
			t.Errorf("%d loads for %d attempts", b.journal.Loads()-loads, tries)
		}
		b.restart(time.Minute)
		b.sleep(time.Hour)
		if b.sys.Loaded() != 0 || b.journal.Loads() != loads+1 {
			t.Errorf("after a restart %d loads, %d loaded", b.journal.Loads()-loads, b.sys.Loaded())
		}
	})
}

// TestPanicIsNoEnd: one message that cannot be made dies like others, and takes
// nothing with it.
func TestPanicIsNoEnd(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url, other := b.hook("acme", "a"), b.hook("acme", "other")
		synctest.Wait()
		since := b.head("acme").Seq
		b.post.reply(func(_ context.Context, to string) error {
			if to == url {
				panic("no such glyph")
			}
			return nil
		})
		b.add("acme", 0, 1)
		b.sleep(26 * time.Hour)
		b.same("dead", b.dead("acme", "a"), b.entries("acme", since))
		b.same("the other endpoint", b.took(other), b.entries("acme", since))
	})
}
