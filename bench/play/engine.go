package play

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A Request is one request of a load.
type Request struct {
	Kind   string // what it is for, one of a handful such as "create user": outcomes are told apart by it
	Method string
	Path   string        // appended to the client's base
	Body   []byte        // nil for none; left as it is until the answer is there
	At     time.Duration // from the start of the run: when a source that has its own pace wants it sent; else 0

	// Done, unless nil, hears of the answer, or why there was none, before the
	// connection sends its next request. The answer's body is valid only
	// until it returns.
	Done func(Answer, error)
}

// A Source makes the requests of a load. It is safe for concurrent use.
type Source interface {
	// Next returns the next request, and false if there are no more. It is
	// called when the request is due, so it is quick; it may wait for an
	// answer that the next request depends on, but no longer than ctx, which
	// ends with the run. What it returned is sent, unless its At is too late.
	Next(ctx context.Context) (Request, bool)
}

// A Pace says how fast a load is, and for how long. The zero value of each field but the
// first two means there is none of it. Without Duration and Count a run ends
// with its source.
type Pace struct {
	Connections int           // requests in flight at a time, at least 1
	Rate        float64       // open loop: requests per second, whatever the server does; 0: closed loop
	WarmUp      time.Duration // from the start; a request whose instant is in it is not counted
	Duration    time.Duration // after the warm-up
	Count       int           // counted requests; what was taken in the warm-up is sent even if it is more
	Think       time.Duration // closed loop: how long a connection rests after each answer
	Ramp        time.Duration // from the start: connections (closed loop) or rate (open loop) grow linearly
}

// Drive sends the requests of a source at a pace and measures the answers.
//
// In a closed loop each connection sends its next request when it has the
// answer to the last, and a latency is from there to the answer. In an open
// loop each request has an instant from a fixed schedule, and a latency is
// from that instant: while all connections are busy requests wait, the
// schedule does not, and the wait counts. So a server that stalls is charged
// for everybody whom it kept waiting (no coordinated omission). The same holds
// for requests with an At. Only the millisecond or two that the client's own
// timer may be late for an idle connection are not the server's.
//
// A request counts if its instant is not before the end of the warm-up: the one
// of its At, or else of the schedule, or else when it is sent.
//
// The run ends with ctx, after the Pace's duration or count, or with the
// source, whatever is first. Requests on their way are waited for. progress,
// unless nil, hears every second how it goes.
func Drive(ctx context.Context, c *Client, s Source, p Pace, progress func(Second)) Outcome {
	p.Connections = max(p.Connections, 1)
	d := &driver{client: c, source: s, pace: p, recorder: newRecorder(p.Connections, progress)}
	run, cancel := ctx, context.CancelFunc(func() {})
	d.start = d.recorder.start
	if p.Duration > 0 {
		run, cancel = context.WithDeadline(ctx, d.start.Add(p.WarmUp+p.Duration))
	}
	defer cancel()
	stop := d.recorder.watch()
	var group sync.WaitGroup
	for i := range p.Connections {
		group.Go(func() { d.work(run, i) })
	}
	group.Wait()
	stop()
	return d.outcome(ctx.Err() == nil && run.Err() != nil)
}

// A driver is one run.
type driver struct {
	client   *Client
	source   Source
	pace     Pace
	recorder *recorder
	start    time.Time
	tick     atomic.Int64 // requests of the schedule taken so far
	counted  atomic.Int64 // requests that count, or will for all that is known
	waited   atomic.Int64 // of these, whose instant had passed when they were taken
}

// A slot is where in the run a request stands.
type slot struct {
	instant time.Duration // from the start
	due     time.Time     // from when the latency is measured
	late    bool          // the instant had passed when it was taken
	counts  bool
}

// work is one connection.
func (d *driver) work(ctx context.Context, i int) {
	exchange := d.client.exchange()
	shard := d.recorder.shard(i)
	sleep := newSleeper()
	defer sleep.stop()
	open := d.pace.Rate > 0
	if !open && !sleep.until(ctx, d.start.Add(d.pace.Ramp*time.Duration(i)/time.Duration(d.pace.Connections))) {
		return
	}
	for ctx.Err() == nil {
		s, ok := d.take(ctx, sleep)
		if !ok {
			return
		}
		r, ok := d.source.Next(ctx)
		if !ok || !d.place(ctx, sleep, &s, r.At) {
			return
		}
		answer, err := exchange.do(r.Method, r.Path, scimType, r.Body)
		shard.record(r.Kind, s.counts, s.due, time.Now(), answer, err)
		if r.Done != nil {
			r.Done(answer, err)
		}
		if !open && d.pace.Think > 0 && !sleep.until(ctx, time.Now().Add(d.pace.Think)) {
			return
		}
	}
}

// take takes the next slot of the run: in an open loop, it waits for its
// instant. It is false if the run is over.
func (d *driver) take(ctx context.Context, sleep *sleeper) (s slot, ok bool) {
	s.instant = time.Since(d.start)
	if d.pace.Rate > 0 {
		s.instant = d.pace.instant(d.tick.Add(1) - 1)
		if d.pace.Duration > 0 && s.instant >= d.pace.WarmUp+d.pace.Duration {
			<-ctx.Done() // the end of the schedule is not the end of the run
			return s, false
		}
		if s.due, s.late, ok = sleep.due(ctx, d.start.Add(s.instant)); !ok {
			return s, false
		}
	}
	if s.counts = s.instant >= d.pace.WarmUp; s.counts {
		if n := d.counted.Add(1); d.pace.Count > 0 && n > int64(d.pace.Count) {
			d.counted.Add(-1) // somebody's slot may turn out not to count
			return s, false
		}
	}
	return s, true
}

// place moves a slot to the instant of the request that has got it, once that is
// known, and waits for it: at, or now in a closed loop. It is false if the run
// ends meanwhile.
func (d *driver) place(ctx context.Context, sleep *sleeper, s *slot, at time.Duration) (ok bool) {
	switch {
	case at > 0:
		s.instant = at
	case d.pace.Rate == 0:
		s.due = time.Now()
		s.instant = s.due.Sub(d.start)
	}
	before := s.counts
	s.counts = s.instant >= d.pace.WarmUp
	switch {
	case s.counts && !before:
		d.counted.Add(1)
	case before && !s.counts:
		d.counted.Add(-1)
	}
	if at > 0 {
		if s.due, s.late, ok = sleep.due(ctx, d.start.Add(at)); !ok {
			return false
		}
	}
	if s.counts && s.late {
		d.waited.Add(1)
	}
	return true
}

// instant returns when the n-th request of an open loop is due, from the
// start. While the rate grows, the number of requests does with its square.
func (p Pace) instant(n int64) time.Duration {
	ramp := p.Ramp.Seconds()
	inRamp := p.Rate * ramp / 2
	seconds := ramp + (float64(n)-inRamp)/p.Rate
	if float64(n) < inRamp {
		seconds = math.Sqrt(2 * ramp * float64(n) / p.Rate)
	}
	return time.Duration(seconds * float64(time.Second))
}

// scheduled returns how many requests are due before t.
func (p Pace) scheduled(t time.Duration) int64 {
	ramp, seconds := p.Ramp.Seconds(), t.Seconds()
	if seconds < ramp {
		return int64(math.Ceil(p.Rate * seconds * seconds / (2 * ramp)))
	}
	return int64(math.Ceil(p.Rate * (seconds - ramp/2)))
}

// outcome sums up. cut says that the duration ended the run.
func (d *driver) outcome(cut bool) Outcome {
	o := d.recorder.outcome(d.start.Add(d.pace.WarmUp))
	o.Waited = d.waited.Load()
	if cut {
		o.Seconds = max(o.Seconds, d.pace.Duration.Seconds())
		if d.pace.Rate > 0 {
			o.Unsent = max(0, d.pace.scheduled(d.pace.WarmUp+d.pace.Duration)-d.recorder.sent())
		}
	}
	o.conclude()
	return o
}
