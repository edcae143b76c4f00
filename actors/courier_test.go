package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// hook registers an endpoint and returns its URL.
func (b *bench) hook(ws workspace.ID, id string, kinds ...string) string {
	b.Helper()
	url := "https://" + id + ".example.com"
	b.must(ws, workspace.CreateWebhook{ID: id, URL: url, Kinds: kinds, Secret: "secret of " + id})
	return url
}

// entries returns the sequence numbers of what webhooks of ws are to hear of
// after a given one: what the log shows, and no courier has caused.
func (b *bench) entries(ws workspace.ID, after uint64) (out []uint64) {
	b.Helper()
	err := b.journal.ReadLog(context.Background(), ws, after, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		switch ev.(type) {
		case workspace.DeliveryDied, workspace.DeliveryRevived, workspace.MailSent:
			return true
		}
		if _, logged := workspace.Entry(seq, env, ev); logged {
			out = append(out, seq)
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// took returns the sequence numbers of what an endpoint took, in this order.
func (b *bench) took(url string) (out []uint64) {
	b.Helper()
	for _, s := range b.post.tried(url) {
		if s.err == nil {
			out = append(out, seqOf(b, s.id))
		}
	}
	return out
}

// seqOf reads the id of a message: <workspace>-<seq>-<endpoint>.
func seqOf(b *bench, id string) (seq uint64) {
	b.Helper()
	parts := strings.Split(id, "-")
	if _, err := fmt.Sscan(parts[len(parts)-2], &seq); err != nil {
		b.Fatalf("message %q: %v", id, err)
	}
	return seq
}

// same compares sequence numbers.
func (b *bench) same(what string, got, want []uint64) {
	b.Helper()
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	if i < max(len(got), len(want)) {
		b.Errorf("%s: %d instead of %d; after %d that are right got %v, want %v", what, len(got), len(want), i, got[i:min(i+9, len(got))], want[i:min(i+9, len(want))])
	}
}

// people adds n people whose numbers begin with from.
func (b *bench) add(ws workspace.ID, from, n int) {
	b.Helper()
	for i := range n {
		b.must(ws, journaltest.Person(from+i))
	}
}

// cursors returns how far each consumer of ws is, as the journal knows it.
func (b *bench) cursors(ws workspace.ID) map[string]uint64 {
	b.Helper()
	out := map[string]uint64{}
	err := b.journal.Cursors(func(of workspace.ID, consumer string, seq uint64) bool {
		if of == ws {
			out[consumer] = seq
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// TestDeliveriesAreInOrder: each entry once, in the order of the log, as the
// log shows it, though every fifth attempt fails.
func TestDeliveriesAreInOrder(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		n := 0
		b.post.reply(func(context.Context, string) error {
			if n++; n%5 == 0 {
				return errors.New("not now")
			}
			return nil
		})
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		for i := range 300 {
			b.start(journaltest.Person(i)) // together: appends hold many
			if i%7 == 0 {
				b.sleep(time.Second)
			}
		}
		b.sleep(2 * time.Hour)
		b.same("taken", b.took(url), b.entries("acme", since))
		tries := b.post.tried(url)
		for i, s := range tries {
			if !s.what.At.Equal(s.at) {
				t.Errorf("%s: sent at %v, dated %v", s.id, s.at, s.what.At)
			}
			if i > 0 && tries[i-1].err != nil && tries[i-1].id != s.id {
				t.Errorf("%s failed, and %s went", tries[i-1].id, s.id)
			}
		}
		first := tries[0]
		if want := fmt.Sprintf("acme-%d-a", since+1); first.id != want || !strings.Contains(string(first.what.Body), fmt.Sprintf(`{"seq":%d,`, since+1)) {
			t.Errorf("%s instead of %s: %s", first.id, want, first.what.Body)
		}
	})
}

// TestEveryEventWakesACourierThatRests: with nothing to deliver, no courier
// runs; what becomes durable while one comes to its end is not forgotten.
func TestEveryEventWakesACourierThatRests(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		since := b.head("acme").Seq
		for i := range 1000 {
			b.must("acme", journaltest.Person(i))
			for range i % 50 {
				runtime.Gosched()
			}
		}
		synctest.Wait()
		b.same("taken", b.took(url), b.entries("acme", since))
		if len(b.couriers.running) != 0 {
			t.Errorf("%d couriers run", len(b.couriers.running))
		}
	})
}

// TestSilentEndpointDelaysNobody: another endpoint of the workspace, and those
// of other workspaces, hear at once.
func TestSilentEndpointDelaysNobody(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.create("bolt")
		silent, other, far := b.hook("acme", "silent"), b.hook("acme", "other"), b.hook("bolt", "far")
		synctest.Wait()
		b.post.reply(func(ctx context.Context, url string) error {
			if url == silent {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		acme, bolt, at := b.head("acme").Seq, b.head("bolt").Seq, time.Now()
		b.add("acme", 0, 50)
		b.add("bolt", 0, 50)
		synctest.Wait()
		b.same("the other endpoint", b.took(other), b.entries("acme", acme))
		b.same("another workspace", b.took(far), b.entries("bolt", bolt))
		b.sleep(10 * time.Minute)
		for _, s := range append(b.post.tried(other), b.post.tried(far)...) {
			if s.at.After(at) {
				t.Errorf("%s was late by %v", s.id, s.at.Sub(at))
			}
		}
		tries := b.post.tried(silent)[1:] // the first told of the other endpoint, in time
		if len(tries) < 5 || len(tries) > 10 {
			t.Errorf("%d attempts at a silent endpoint within ten minutes", len(tries))
		}
		for _, s := range tries {
			if seqOf(b, s.id) != seqOf(b, tries[0].id) {
				t.Errorf("%s went before %s", s.id, tries[0].id)
			}
		}
	})
}

// TestKindsAreFiltered, and what couriers cause themselves is heard by nobody.
func TestKindsAreFiltered(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		all := b.hook("acme", "all")
		some := b.hook("acme", "some", "user.deactivated")
		b.must("acme", change(`{"billing":{"email":"billing@example.com"}}`))
		synctest.Wait()
		b.post.reply(func(_ context.Context, url string) error {
			if url == all {
				return &Undelivered{Permanent: true, Reason: "gone"}
			}
			return nil
		})
		r := b.must("acme", journaltest.Person(1))
		b.must("acme", workspace.SetActive{ID: r.res.ID})
		b.must("acme", workspace.SetActive{ID: r.res.ID, Active: true}) // tells by mail
		b.sleep(time.Hour)
		b.post.reply(nil)
		if delivered, dead, err := b.couriers.Replay(context.Background(), "acme", "all"); delivered == 0 || dead != 0 || err != nil {
			t.Fatalf("replayed %d, %d dead (%v)", delivered, dead, err)
		}
		b.sleep(time.Hour)
		kinds := map[string]int{}
		for _, seq := range append(b.took(all), b.took(some)...) {
			kinds[b.kind("acme", seq)]++
		}
		for _, kind := range []string{"delivery.dead", "mail.sent"} {
			if kinds[kind] > 0 {
				t.Errorf("%d deliveries of %s", kinds[kind], kind)
			}
		}
		if got := b.took(some); len(got) != 1 || b.kind("acme", got[0]) != "user.deactivated" {
			t.Errorf("a filtered endpoint took %v", got)
		}
		if len(b.post.letters()) != 1 {
			t.Errorf("%d mails", len(b.post.letters()))
		}
		// Each entry was tried, died, and was delivered by the replay, but for
		// that of the settings before that. No entry tells of the replay.
		if got := len(b.post.tried(all)); got != 2*len(b.took(all))-1 {
			t.Errorf("%d attempts, %d deliveries", got, len(b.took(all)))
		}
	})
}

// kind returns the kind of an entry.
func (b *bench) kind(ws workspace.ID, seq uint64) (kind string) {
	b.Helper()
	err := b.journal.ReadLog(context.Background(), ws, seq-1, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		e, _ := workspace.Entry(seq, env, ev)
		kind = e.Kind
		return false
	})
	if err != nil {
		b.Fatal(err)
	}
	return kind
}

// TestNewWebhookHearsWhatComesAfterIt, and reads nothing from before.
func TestNewWebhookHearsWhatComesAfterIt(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.hook("acme", "old")
		b.add("acme", 0, 100)
		b.must("acme", workspace.DeleteWebhook{ID: "old"})
		synctest.Wait()
		b.tap.set(func(p *tap) {
			p.reading = func(_ workspace.ID, after uint64) {
				if after < b.head("acme").Seq-2 {
					t.Errorf("it reads from event %d on", after)
				}
			}
		})
		url := b.hook("acme", "new")
		since := b.head("acme").Seq
		synctest.Wait()
		if len(b.post.tried(url)) != 0 || b.cursors("acme")["new"] != since {
			t.Errorf("it heard %v, cursor at %d of %d", b.took(url), b.cursors("acme")["new"], since)
		}
		b.add("acme", 200, 1)
		synctest.Wait()
		b.same("taken", b.took(url), b.entries("acme", since))
		b.tap.set(func(p *tap) { p.reading = nil })
		b.restart(time.Minute)
		b.add("acme", 300, 1)
		synctest.Wait()
		b.same("after a restart", b.took(url), b.entries("acme", since))
	})
}

// TestDeletedEndpoint: what is under way is broken off, nothing follows, and
// nothing is left of it, whatever its courier was doing.
func TestDeletedEndpoint(t *testing.T) {
	for name, answer := range map[string]func(context.Context, string) error{
		"while delivering": func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
		"while waiting":    func(context.Context, string) error { return &Undelivered{RetryAfter: time.Hour, Reason: "later"} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(b *bench) {
				b.begin()
				url := b.hook("acme", "a")
				b.post.reply(answer)
				b.add("acme", 0, 10)
				synctest.Wait()
				b.must("acme", workspace.DeleteWebhook{ID: "a"})
				at := time.Now()
				b.add("acme", 20, 10)
				synctest.Wait()
				if !time.Now().Equal(at) || len(b.couriers.running) != 0 || len(b.post.tried(url)) != 1 {
					t.Errorf("%d couriers run, %d attempts", len(b.couriers.running), len(b.post.tried(url)))
				}
				if c, ok := b.cursors("acme")["a"]; ok {
					t.Errorf("a cursor is left at %d", c)
				}
				b.restart(time.Minute)
				synctest.Wait()
				if b.sys.Loaded() != 0 || len(b.post.tried(url)) != 1 {
					t.Errorf("after a restart: %d loaded, %d attempts", b.sys.Loaded(), len(b.post.tried(url)))
				}
			})
		})
	}
}

// TestLateAcknowledgement of an endpoint that was deleted meanwhile leaves
// nothing behind.
func TestLateAcknowledgement(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.hook("acme", "a")
		b.tap.set(func(p *tap) {
			p.losing = func(ws workspace.ID, consumer string, seq uint64) bool {
				if consumer == "a" {
					b.must("acme", workspace.DeleteWebhook{ID: "a"})
				}
				return false
			}
		})
		b.add("acme", 0, 1)
		synctest.Wait()
		if c, ok := b.cursors("acme")["a"]; ok {
			t.Errorf("a cursor is left at %d", c)
		}
	})
}

// TestRotatedSecret: both sign for a day.
func TestRotatedSecret(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.add("acme", 0, 1)
		b.sleep(time.Minute)
		b.must("acme", workspace.RotateWebhook{ID: "a", Secret: "new"})
		b.sleep(24*time.Hour - time.Millisecond)
		b.add("acme", 1, 1)
		b.sleep(time.Millisecond)
		b.add("acme", 2, 1)
		synctest.Wait()
		var got []string
		for _, s := range b.post.tried(url) {
			if text := strings.Join(s.what.Secrets, ","); len(got) == 0 || got[len(got)-1] != text {
				got = append(got, text)
			}
		}
		if want := []string{"secret of a", "new,secret of a", "new"}; !slices.Equal(got, want) {
			t.Errorf("signed with %q, want %q", got, want)
		}
	})
}

// TestRotatedWhileWaiting: the next attempt is signed with the new secret, too.
func TestRotatedWhileWaiting(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		url := b.hook("acme", "a")
		b.post.reply(func(context.Context, string) error { return &Undelivered{RetryAfter: time.Minute, Reason: "later"} })
		b.add("acme", 0, 1)
		synctest.Wait()
		b.must("acme", workspace.RotateWebhook{ID: "a", Secret: "new"})
		b.sleep(time.Minute)
		if tries := b.post.tried(url); len(tries) != 2 || !slices.Equal(tries[1].what.Secrets, []string{"new", "secret of a"}) {
			t.Errorf("attempts: %+v", tries)
		}
	})
}
