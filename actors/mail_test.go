package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rosterd/workspace"
)

// enterprise has acme meet what SCIM wants, and book what is missing.
func (b *bench) enterprise() {
	b.Helper()
	b.must("acme", change(`{"plan":"enterprise","sso":{"issuer":"https://id.example.com","clientId":"c"},"scim":{"enabled":true},
		"seats":{"autoBooking":true,"cap":null},"price":{"minor":1000}}`))
	b.must("acme", workspace.CreateToken{ID: "t", Name: "t", Connection: workspace.DefaultConnection, Hash: [32]byte{1}, Read: true, Write: true})
}

// scim runs cmd as the identity provider.
func (b *bench) scim(ws workspace.ID, cmd workspace.Command) workspace.ResourceID {
	b.Helper()
	env := workspace.Envelope{Actor: workspace.ActorToken, Token: "t", Connection: workspace.DefaultConnection}
	res, _, err := b.sys.Do(context.Background(), ws, env, cmd)
	if err != nil {
		b.Fatalf("%s: %T: %v", ws, cmd, err)
	}
	return res.ID
}

// created has the identity provider create a person.
func (b *bench) created(ws workspace.ID, name string) workspace.ResourceID {
	b.Helper()
	doc := fmt.Sprintf(`{"userName":%q,"name":{"givenName":"Ada"},"active":true}`, name)
	return b.scim(ws, workspace.CreateUser{Doc: object(doc)})
}

// active has the identity provider deactivate or reactivate a person.
func (b *bench) active(ws workspace.ID, id workspace.ResourceID, name string, on bool) {
	b.Helper()
	b.scim(ws, workspace.ReplaceUser{ID: id, Doc: object(fmt.Sprintf(`{"userName":%q,"active":%v}`, name, on))})
}

// told returns the mails that left since the last call, as kind and address.
func (b *bench) told() (out []string) {
	b.Helper()
	synctest.Wait()
	for _, m := range b.post.letters() {
		if m.err == nil {
			out = append(out, m.what.Kind.String()+" "+m.what.To)
		}
	}
	b.post.mu.Lock()
	b.post.mails = nil
	b.post.mu.Unlock()
	return out
}

func (b *bench) tells(what string, want ...string) {
	b.Helper()
	if got := b.told(); !slices.Equal(got, want) {
		b.Errorf("%s: mails %q, want %q", what, got, want)
	}
}

// TestReactivationMail: by an admin one, through SCIM none, with the switch one,
// and none for what creates or changes (M8, M9).
func TestReactivationMail(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.enterprise()
		b.must("acme", change(`{"seats":{"autoBooking":false}}`))
		const ada = "ada@example.com"
		person := b.created("acme", ada)
		b.tells("creation through SCIM")
		b.must("acme", workspace.SetActive{ID: person})
		b.tells("deactivation")
		b.must("acme", workspace.SetActive{ID: person, Active: true})
		synctest.Wait()
		n := b.post.letters()
		if len(n) != 1 || n[0].what.Name != "Ada" || n[0].what.Workspace != "Acme" || n[0].id != fmt.Sprintf("acme-%d-mail", b.reactivation("acme")) {
			t.Errorf("mails: %+v", n)
		}
		b.tells("reactivation by an admin", "reactivated "+ada)
		b.must("acme", workspace.SetActive{ID: person, Active: true})
		b.tells("reactivation of somebody active")
		b.active("acme", person, ada, false)
		b.active("acme", person, ada, true)
		b.tells("reactivation through SCIM")
		b.must("acme", change(`{"mail":{"onScimReactivation":true}}`))
		b.active("acme", person, ada, false)
		b.active("acme", person, ada, true)
		b.tells("reactivation through SCIM, switched on", "reactivated "+ada)
		b.scim("acme", workspace.DeleteUser{ID: person})
		b.created("acme", ada)
		b.tells("creation anew")
		b.restart(time.Hour)
		b.tells("a restart")
		if got := b.logged("acme", "mail.sent"); got != 2 {
			t.Errorf("%d mails are in the log", got)
		}
	})
}

// reactivation returns the event of the newest reactivation.
func (b *bench) reactivation(ws workspace.ID) (seq uint64) {
	for _, n := range b.entries(ws, 0) {
		if b.kind(ws, n) == "user.reactivated" {
			seq = n
		}
	}
	return seq
}

// logged counts the entries of a kind.
func (b *bench) logged(ws workspace.ID, kind string) (n int) {
	b.Helper()
	err := b.journal.ReadLog(context.Background(), ws, 0, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		if e, ok := workspace.Entry(seq, env, ev); ok && e.Kind == kind {
			n++
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// TestImportIsTwoMails, however many people: one when booking begins, not
// before it has settled and with what is booked then, and one with the invoice.
func TestImportIsTwoMails(t *testing.T) {
	for window, settles := range map[time.Duration]time.Duration{30 * time.Minute: time.Minute, 2 * time.Minute: 30 * time.Second} {
		bubble(t, func(c *Config) { c.Window = window }, func(b *bench) {
			b.begin()
			b.enterprise()
			b.must("acme", change(`{"billing":{"email":"billing@example.com"}}`))
			opened := time.Now()
			for i := range 100 {
				b.created("acme", fmt.Sprintf("p%d@example.com", i))
			}
			b.sleep(settles / 2)
			for i := range 100 {
				b.created("acme", fmt.Sprintf("q%d@example.com", i))
			}
			b.sleep(settles/2 - time.Millisecond)
			b.tells("too early")
			b.sleep(time.Millisecond)
			if m := b.post.letters(); len(m) != 1 || m[0].what.Seats != 200 || m[0].what.Total.Minor <= 0 || !m[0].what.Closes.Equal(opened.Add(window)) {
				t.Errorf("mails: %+v", m)
			}
			b.tells("it has settled", "window opened billing@example.com")
			b.created("acme", "late@example.com")
			b.sleep(window - settles - time.Millisecond)
			b.tells("until the end")
			b.sleep(time.Millisecond)
			if m := b.post.letters(); len(m) != 1 || m[0].what.Invoice == nil || m[0].what.Invoice.Number != "acme-000001" || m[0].what.Invoice.Lines[0].Seats != 201 {
				t.Errorf("mails: %+v", m)
			}
			b.tells("the end", "invoice billing@example.com")
			b.created("acme", "next@example.com")
			b.sleep(window)
			b.tells("another window", "window opened billing@example.com", "invoice billing@example.com")
		})
	}
}

// TestMailsWithoutAddressOrServer are dropped, also for later.
func TestMailsWithoutAddressOrServer(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.enterprise()
		b.created("acme", "p1@example.com")
		b.sleep(time.Hour)
		b.must("acme", change(`{"billing":{"email":"billing@example.com"}}`))
		b.sleep(time.Hour)
		b.tells("no address")
		b.couriers.Stop()
		b.post.close(true)
		b.restart(time.Minute)
		loads := b.journal.Loads()
		b.created("acme", "p2@example.com")
		b.sleep(time.Hour)
		if b.closed("acme", 2); b.journal.Loads() > loads+2 {
			t.Errorf("%d loads", b.journal.Loads()-loads)
		}
		b.close()
		b.post.close(false)
		b.open()
		b.begin()
		b.sleep(time.Hour)
		b.tells("a server that is configured later")
		b.created("acme", "p3@example.com")
		b.sleep(time.Hour)
		b.tells("from then on", "window opened billing@example.com", "invoice billing@example.com")
	})
}

// TestFailedMails are tried again with the same id, and die like messages to
// webhooks.
func TestFailedMails(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.enterprise()
		b.must("acme", change(`{"mail":{"onScimReactivation":true}}`))
		person := b.created("acme", "ada@example.com")
		b.post.reply(down("ada@example.com", errors.New("greylisted")))
		b.active("acme", person, "ada@example.com", false)
		b.active("acme", person, "ada@example.com", true)
		b.sleep(time.Minute)
		tries := b.post.letters()
		if len(tries) < 3 || tries[0].id != tries[2].id {
			t.Errorf("attempts: %+v", tries)
		}
		b.post.reply(nil)
		b.sleep(time.Hour)
		b.tells("it goes through", "reactivated ada@example.com")
		b.post.reply(down("ada@example.com", &Undelivered{Permanent: true, Reason: "no such mailbox"}))
		b.active("acme", person, "ada@example.com", false)
		b.active("acme", person, "ada@example.com", true)
		synctest.Wait()
		if l := b.view("acme").DeadLetters(workspace.MailConsumer); len(l) != 1 || l[0].Detail != "no such mailbox" || b.head("acme").DeadMails != 1 {
			t.Errorf("dead: %+v", l)
		}
		b.post.close(true)
		if delivered, dead, err := b.couriers.Replay(context.Background(), "acme", workspace.MailConsumer); delivered != 0 || dead != 1 || err != nil {
			t.Errorf("without a server: %d, %d, %v", delivered, dead, err)
		}
		b.post.close(false)
		b.post.reply(nil)
		if delivered, dead, err := b.couriers.Replay(context.Background(), "acme", workspace.MailConsumer); delivered != 1 || dead != 0 || err != nil {
			t.Errorf("replayed: %d, %d, %v", delivered, dead, err)
		}
		b.tells("the replay", "reactivated ada@example.com")
		if b.head("acme").DeadMails != 0 {
			t.Error("still dead")
		}
	})
}

// TestMailIsAcknowledgedAtOnce: a crash right after it does not repeat it.
func TestMailIsAcknowledgedAtOnce(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		b.enterprise()
		b.must("acme", change(`{"billing":{"email":"billing@example.com"},"mail":{"onScimReactivation":true}}`))
		person := b.created("acme", "ada@example.com")
		b.must("acme", workspace.CloseWindow{})
		b.active("acme", person, "ada@example.com", false)
		b.active("acme", person, "ada@example.com", true)
		b.sleep(time.Hour)
		b.tells("all", "window opened billing@example.com", "invoice billing@example.com", "reactivated ada@example.com")
		b.tap.set(func(p *tap) { p.losing = func(workspace.ID, string, uint64) bool { return true } })
		b.restart(time.Minute)
		b.tells("after a restart")
	})
}

// TestClockIsSetBackWhileAMailWaits: it does not wait for the clock.
func TestClockIsSetBackWhileAMailWaits(t *testing.T) {
	var offset time.Duration
	bubble(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(offset) } }, func(b *bench) {
		b.begin()
		b.enterprise()
		b.must("acme", change(`{"billing":{"email":"billing@example.com"}}`))
		synctest.Wait()
		offset = -100 * 24 * time.Hour
		b.created("acme", "ada@example.com")
		b.sleep(time.Minute)
		b.tells("a minute later", "window opened billing@example.com")
	})
}

// TestMailsTakeTurns at the one server that there is.
func TestMailsTakeTurns(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		b.begin()
		under, most := 0, 0
		b.post.reply(func(context.Context, string) error {
			b.post.mu.Lock()
			under++
			most = max(most, under)
			b.post.mu.Unlock()
			time.Sleep(time.Second)
			b.post.mu.Lock()
			under--
			b.post.mu.Unlock()
			return nil
		})
		const n = 100
		for i := range n {
			b.create(id(i))
			b.must(id(i), change(`{"billing":{"email":"billing@example.com"}}`))
			b.window(id(i), 1)
		}
		b.sleep(time.Minute + (n/mailsAtOnce+1)*time.Second)
		if got := len(b.told()); got != n || most != mailsAtOnce {
			t.Errorf("%d mails, at most %d at once", got, most)
		}
	})
}
