package httpapi

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"rosterd/workspace"
)

// walks keeps the lists that clients are reading page by page, so that every
// page of a walk is of the View of the first (row 68). Kept are only those that
// have more than one page.
//
// A list that is kept keeps its View, and with it what was changed or deleted
// since: at worst each person of the View once more. So it is bounded how many
// are kept, by number and by people, and for how long. It does not keep the
// workspace itself loaded. Who may read is asked of the newest View with each
// page, so a revoked token gets none; its lists go when their time is over.
type walks struct {
	life time.Duration // after the newest page
	now  func() time.Time

	mu    sync.RWMutex
	held  []*walk     // guarded by mu; oldest first
	timer *time.Timer // guarded by mu; drops what nobody asks for; nil: nothing is held
}

// Bounds of what is kept. Beyond them, the walk that was left longest ago goes.
const (
	walksPerToken = 8
	walksMost     = 1000
	walkPeople    = 2_000_000   // users and groups of all Views together, if it is more than one
	walkEnded     = time.Minute // for how long a list is kept whose last page was read
	walkSweep     = time.Minute // between two looks for what nobody asks for
)

// A walk is one list that is being read.
type walk struct {
	key  walkKey
	list *workspace.Listing // immutable

	// Guarded by walks.mu:
	number uint64    // random, not 0 once it is kept
	next   int       // startIndex behind the furthest page
	conn   uint64    // that read the newest page
	until  time.Time // when it is dropped
}

// A walkKey is what the pages of one walk by startIndex have in common.
type walkKey struct {
	ws          workspace.ID
	token, text string
}

// of returns a walk that shows v, or nil: nothing was written since, so it is
// as good as a new one.
func (w *walks) of(key walkKey, v *workspace.View) *walk {
	return w.find(func(x *walk) int { return rank(x.key == key && x.list.View() == v) })
}

// at returns the walk that a page from start on belongs to, or nil. A client
// has at most a few with the same key. It is one that has come so far, and that
// the same connection read; the newest, if there are several.
func (w *walks) at(key walkKey, start int, conn uint64) *walk {
	return w.find(func(x *walk) int {
		if x.key != key {
			return 0
		}
		return 1 + 2*rank(x.next >= start) + rank(x.conn == conn)
	})
}

// called returns the walk with the given number, or nil.
func (w *walks) called(number uint64) *walk {
	return w.find(func(x *walk) int { return rank(x.number == number) })
}

// find returns the newest of the walks with the highest rank above 0.
func (w *walks) find(rank func(*walk) int) *walk {
	now := w.now()
	w.mu.RLock()
	defer w.mu.RUnlock()
	var best *walk
	highest := 1
	for _, x := range w.held {
		if n := rank(x); n >= highest && now.Before(x.until) {
			best, highest = x, n
		}
	}
	return best
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keep keeps x for its next page, which begins at next, and returns its number.
func (w *walks) keep(x *walk, next int, conn uint64) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	x.next, x.conn, x.until = max(x.next, next), conn, w.now().Add(w.life)
	if next > x.list.Total() {
		x.until = w.now().Add(min(walkEnded, w.life))
	}
	w.drop()
	if !slices.Contains(w.held, x) {
		var random [8]byte
		rand.Read(random[:]) // never fails (crypto/rand)
		x.number = binary.BigEndian.Uint64(random[:]) | 1
		w.held = append(w.held, x)
		w.bound(x)
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(walkSweep, w.sweep)
	}
	return x.number
}

// bound drops what is too much beside x. mu is held.
func (w *walks) bound(x *walk) {
	for {
		mine, people := 0, 0
		var oldest, oldestMine *walk
		for _, y := range w.held {
			people += y.list.View().Len()
			if y == x {
				continue
			}
			if oldest == nil || y.until.Before(oldest.until) {
				oldest = y
			}
			if y.key.ws != x.key.ws || y.key.token != x.key.token {
				continue
			}
			if mine++; oldestMine == nil || y.until.Before(oldestMine.until) {
				oldestMine = y
			}
		}
		switch {
		case mine >= walksPerToken:
			oldest = oldestMine
		case oldest == nil, len(w.held) <= walksMost && people <= walkPeople:
			return
		}
		w.held = slices.DeleteFunc(w.held, func(y *walk) bool { return y == oldest })
	}
}

// drop drops the walks whose time is over. mu is held.
func (w *walks) drop() {
	now := w.now()
	w.held = slices.DeleteFunc(w.held, func(x *walk) bool { return !now.Before(x.until) })
}

// sweep is what the timer does.
func (w *walks) sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	if w.timer == nil { // stopped
		return
	}
	if len(w.held) == 0 {
		w.timer = nil
		return
	}
	w.timer.Reset(walkSweep)
}

// stop drops everything.
func (w *walks) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = nil
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}
