package play

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"
)

// A cycle is a Source of conversations, in phases. A conversation (talk) is
// what is done for one object: requests of which each depends on the answer to
// the one before. Conversations of a phase go side by side, as many as the
// pace has connections; a phase begins when the one before has ended.
type cycle struct {
	phases  []phase
	observe func(Call) // unless nil, hears of every answer, one at a time

	mu      sync.Mutex // guards everything that follows
	changed sync.Cond
	phase   int
	size    int // conversations of the phase; -1 before it begins
	begun   int // of these
	live    int // begun and not ended
	ready   []*talk
	resting map[*talk]*time.Timer
	closed  bool
	waking  sync.WaitGroup // of conversations whose rest ends
}

// A phase is what a cycle does before it goes on.
type phase struct {
	size func() int // asked when the phase begins
	talk func(t *talk, i int)
}

func newCycle(phases ...phase) *cycle {
	c := &cycle{phases: phases, size: -1, resting: map[*talk]*time.Timer{}}
	c.changed.L = &c.mu
	return c
}

// Next returns the next request of a conversation that has one, or else begins
// the next conversation.
func (c *cycle) Next(ctx context.Context) (Request, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ctx.Err() == nil {
		switch {
		case len(c.ready) > 0:
			t := c.ready[0]
			c.ready = c.ready[1:]
			return t.request, true
		case c.phase == len(c.phases):
			return Request{}, false
		case c.size < 0:
			c.size = c.phases[c.phase].size()
		case c.begun < c.size:
			t := newTalk(c, c.phases[c.phase].talk, c.begun)
			c.begun++
			c.live++
			c.mu.Unlock()
			c.advance(t)
			c.mu.Lock()
		case c.live == 0:
			c.phase, c.size, c.begun = c.phase+1, -1, 0
			c.changed.Broadcast()
		default:
			stop := context.AfterFunc(ctx, c.wake)
			c.changed.Wait()
			stop()
		}
	}
	return Request{}, false
}

func (c *cycle) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast()
}

// advance lets a conversation go on until it wants to send or to rest, or ends.
func (c *cycle) advance(t *talk) {
	turn, more := t.next()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !more:
		c.live--
	case turn.rest > 0 && !c.closed:
		c.waking.Add(1)
		c.resting[t] = time.AfterFunc(turn.rest, func() { c.rested(t) })
	default:
		t.request = turn.request
		c.ready = append(c.ready, t)
	}
	c.changed.Broadcast()
}

func (c *cycle) rested(t *talk) {
	defer c.waking.Done()
	c.mu.Lock()
	delete(c.resting, t)
	c.mu.Unlock()
	c.advance(t)
}

// close cuts off the conversations that have not ended. It is called when no
// request is on its way.
func (c *cycle) close() {
	c.mu.Lock()
	c.closed = true
	for t, timer := range c.resting {
		if timer.Stop() {
			c.waking.Done()
			c.ready = append(c.ready, t)
		}
	}
	c.mu.Unlock()
	c.waking.Wait()
	for _, t := range c.ready {
		t.stop()
	}
}

func (c *cycle) observed(t *talk) {
	if c.observe != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.observe(Call{Kind: t.request.Kind, Status: t.answer.Status, Elapsed: t.answer.Elapsed})
	}
}

// A talk is one conversation of a cycle.
type talk struct {
	request Request // to be sent next
	answer  Answer  // to the last one
	err     error   // why there is none
	cut     bool    // the cycle has ended before the conversation

	next  func() (turn, bool)
	stop  func()
	yield func(turn) bool
	done  func(Answer, error)
}

// A turn is what a conversation waits for: the answer to a request, or some
// time to pass.
type turn struct {
	request Request
	rest    time.Duration
}

func newTalk(c *cycle, do func(*talk, int), i int) *talk {
	t := &talk{}
	t.next, t.stop = iter.Pull(func(yield func(turn) bool) {
		t.yield = yield
		do(t, i)
	})
	t.done = func(a Answer, err error) {
		t.answer, t.err = a, err
		c.observed(t)
		c.advance(t)
	}
	return t
}

// errCut is why a conversation goes no further.
var errCut = errors.New("the run has ended")

// A refused error is an answer that does not do what was asked.
type refused struct {
	status int
	scimError
}

// Error tells what the server says.
func (r *refused) Error() string {
	text := fmt.Sprintf("status %d", r.status)
	if r.ScimType != "" {
		text += " " + r.ScimType
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

func refusalOf(a Answer) error { return &refused{a.Status, a.failure()} }

// doubtful reports whether the server may have done what it did not
// acknowledge: it has not answered, or not made up its mind.
func doubtful(err error) bool {
	var r *refused
	return err != nil && (!errors.As(err, &r) || r.status/100 != 4)
}

// call sends one request and returns its answer, whose body is valid until the
// next call. It honours 429 as clients do: it waits as long as Retry-After
// says, at most 30 s, and tries again, at most eight times in all. The error
// says why there is no answer, or that it is none of 2xx.
func (t *talk) call(kind, method, path string, body []byte) (Answer, error) {
	for attempt := 1; ; attempt++ {
		if !t.yield(turn{request: Request{Kind: kind, Method: method, Path: path, Body: body, Done: t.done}}) {
			t.cut = true
			return Answer{}, errCut
		}
		switch {
		case t.err != nil:
			return Answer{}, t.err
		case t.answer.OK():
			return t.answer, nil
		case t.answer.Status != http.StatusTooManyRequests || attempt == maxAttempts:
			return t.answer, refusalOf(t.answer)
		}
		if rest := min(t.answer.RetryAfter, maxRetryAfter); rest > 0 && !t.yield(turn{rest: rest}) {
			t.cut = true
			return Answer{}, errCut
		}
	}
}
