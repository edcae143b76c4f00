package workspace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rosterd/ledger"
)

// interleavings is how many seeds TestSettledFirst plays.
const interleavings = 1000

// TestSettledFirst sends the same requests at the same instants without and with
// ticks in between, at moments of all kinds. A request that arrives after a
// window's end but before its timer finds the window settled: no answer, seat,
// count or figure depends on when timers fire, but for the instant at which an
// invoice is issued.
func TestSettledFirst(t *testing.T) {
	var hits atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		const share = interleavings / 8
		for from := uint64(0); from < interleavings; from += share {
			t.Run(fmt.Sprint(from), func(t *testing.T) {
				t.Parallel()
				for seed := from; seed < from+share; seed++ {
					hits.Add(int64(interleave(t, seed)))
				}
			})
		}
	})
	if hits.Load() < interleavings {
		t.Errorf("only %d ticks settled something in %d interleavings", hits.Load(), interleavings)
	}
}

// interleave compares one seed without and with ticks, and returns how many of
// them settled something.
func interleave(t *testing.T, seed uint64) int {
	kinds := []func(*ticker){(*ticker).punctual, (*ticker).random, (*ticker).restless}
	plain := writeDown(t, seed)
	ticked, hits := replay(t, plain, seed, kinds[seed%3])
	for i, want := range plain.outcomes {
		if got := ticked.outcomes[i]; got != want {
			t.Fatalf("seed %d, after %s %s:\n got %s\nwant %s", seed, stamp(plain.sent[i].at), plain.sent[i].line, got, want)
		}
	}
	return hits
}

// A sending is one request of a play and its instant.
type sending struct {
	at        time.Time
	line, key string
}

// A session is a sequence of requests, and how things stood after each.
type session struct {
	*play
	sent     []sending
	outcomes []string
	told     int // commits that an outcome tells of
}

func (s *session) record(line, key string) {
	s.sent = append(s.sent, sending{s.now, line, key})
	s.outcomes = append(s.outcomes, s.standing())
	s.told = len(s.log)
}

// writeDown plays a seed without a tick and with a clock that only goes
// forward, until everything is settled.
func writeDown(t *testing.T, seed uint64) *session {
	s := &session{play: newPlay(t, seed+1_000_000)}
	s.law, s.steady, s.after = nil, true, s.record
	for range 30 {
		s.step()
	}
	s.now = s.now.Add(400 * 24 * time.Hour)
	s.act("admin tick", "", nil)
	return s
}

// A ticker sends ticks between two requests.
type ticker struct {
	*play
	until time.Time // the next request
	hits  int       // ticks that settled something
}

func (x *ticker) tick(at time.Time) {
	x.now = at
	if commits, _, _ := x.do(Envelope{}, Tick{}); len(commits) > 0 {
		x.hits++
	}
}

// punctual is a timer that is never late.
func (x *ticker) punctual() {
	for at := x.state.view.due; !at.After(x.until); at = x.state.view.due {
		x.tick(later(at, x.now))
	}
}

// random is a timer that is late as it likes.
func (x *ticker) random() {
	for range x.rand.IntN(3) {
		if gap := x.until.Sub(x.now); gap > 0 {
			x.tick(x.now.Add(time.Duration(x.rand.Int64N(int64(gap) + 1))))
		}
	}
}

// restless ticks right after the request before and right before the next, and
// now and then loses its memory in between.
func (x *ticker) restless() {
	x.tick(x.now)
	if x.rand.IntN(10) == 0 {
		x.restart()
	}
	x.tick(later(x.until.Add(-time.Millisecond), x.now))
	x.tick(x.until)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// replay sends what a session wrote down with ticks in between, and returns how
// many of those settled something.
func replay(t *testing.T, plain *session, seed uint64, ticks func(*ticker)) (*session, int) {
	s := &session{play: &play{world: &world{t: t, now: epoch}, rand: rand.New(rand.NewPCG(seed, 5))}}
	s.begin(plain.opening)
	s.after = s.record
	x := &ticker{play: s.play}
	for _, next := range plain.sent {
		x.until = next.at
		ticks(x)
		s.now = next.at
		s.act(next.line, next.key, nil)
	}
	return s, x.hits
}

// standing is everything that must not depend on ticks.
func (s *session) standing() string {
	v := s.state.View()
	b := v.Books()
	var out strings.Builder
	fmt.Fprintf(&out, "%d purchased, %d booked, %d releasing, %d windows, due %s, %s\n", b.Purchased, b.Booked, b.Releasing, b.Windows,
		stamp(v.Due()), previewText(v))
	v.eachUser(func(u *user) bool {
		fmt.Fprintf(&out, "%v %v %s\n", u.id, u.seat, b.BilledOn(u.seat))
		return true
	})
	b.Invoices(0, func(inv *ledger.Invoice) bool {
		fmt.Fprintf(&out, "%s %s %s %s%s\n", inv.Number, inv.Corrects, inv.Reason, inv.Language, figures(inv))
		return true
	})
	out.WriteString(strings.Join(posted(s.log[s.told:]), "\n"))
	return out.String()
}
