package play

import (
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of a latency, in microseconds; what is outside counts as the bound.
const (
	leastLatency = 1
	mostLatency  = int64(10 * time.Minute / time.Microsecond)
	digits       = 3 // significant ones kept
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(leastLatency, mostLatency, digits)
}

// A recorder gathers what the connections of a run see. They share a few
// shards, so that they neither wait for each other nor fill the cache with a
// histogram each.
type recorder struct {
	start    time.Time
	shards   []*shard
	progress func(Second)

	// Used by the one goroutine that watches.
	series []Second
	last   time.Time               // end of the last second of the series
	second *hdrhistogram.Histogram // all shards of one second
	spare  *hdrhistogram.Histogram // empty; takes the place of a shard's
}

// A shard is the part of a recorder that some of the connections write to.
type shard struct {
	mu     sync.Mutex // guards everything that follows
	kinds  map[string]*kind
	sent   int64                   // requests, whether they count or not
	last   time.Time               // when the last counted request was answered
	second *hdrhistogram.Histogram // of the second that runs
	errors int64                   // of the second that runs
}

// A kind is what is counted of one kind of request.
type kind struct {
	accepted   int64 // 2xx
	refused    int64 // any other status
	unanswered int64
	refusals   []Refusal               // of both
	latency    *hdrhistogram.Histogram // of the accepted
}

func newRecorder(connections int, progress func(Second)) *recorder {
	now := time.Now()
	r := &recorder{start: now, last: now, progress: progress, second: newHistogram(), spare: newHistogram()}
	for range min(connections, 2*runtime.GOMAXPROCS(0)) {
		r.shards = append(r.shards, &shard{kinds: map[string]*kind{}, second: newHistogram()})
	}
	return r
}

// shard returns the shard of connection i.
func (r *recorder) shard(i int) *shard { return r.shards[i%len(r.shards)] }

// record adds the answer that came now to a request that was due then. Every answer is part of its second; only those that
// count are part of the outcome.
func (s *shard) record(name string, counts bool, due, now time.Time, a Answer, err error) {
	var reason scimError
	if err == nil && !a.OK() {
		reason = a.failure()
	}
	us := min(max(now.Sub(due).Microseconds(), leastLatency), mostLatency)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	accepted := err == nil && a.OK()
	if accepted {
		_ = s.second.RecordValue(us) // cannot fail: it is inside the bounds
	} else {
		s.errors++
	}
	if !counts {
		return
	}
	s.last = now
	k := s.kinds[name]
	if k == nil {
		k = &kind{latency: newHistogram()}
		s.kinds[name] = k
	}
	switch {
	case accepted:
		k.accepted++
		_ = k.latency.RecordValue(us)
	case err != nil:
		k.unanswered++
		k.refusals = addRefusal(k.refusals, Refusal{Count: 1, Detail: err.Error()})
	default:
		k.refused++
		k.refusals = addRefusal(k.refusals, Refusal{Status: a.Status, ScimType: reason.ScimType, Count: 1, Detail: reason.Detail})
	}
}

// watch ends a second of the series every second, until the returned function
// is called, which ends the last one.
func (r *recorder) watch() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				r.endSecond()
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		r.endSecond()
	}
}

// endSecond adds what happened since it was last called to the series.
func (r *recorder) endSecond() {
	now := time.Now()
	length := now.Sub(r.last).Seconds()
	s := Second{At: now.Sub(r.start).Seconds()}
	r.second.Reset()
	for _, part := range r.shards {
		part.mu.Lock()
		part.second, r.spare = r.spare, part.second
		s.Errors += part.errors
		part.errors = 0
		part.mu.Unlock()
		r.second.Merge(r.spare)
		r.spare.Reset()
	}
	if s.Count = r.second.TotalCount(); length <= 0 || len(r.series) > 0 && length < 1 && s.Count+s.Errors == 0 {
		return // the run ended with the last second
	}
	r.last = now
	s.PerSecond = float64(s.Count) / length
	s.P50, s.P99 = milliseconds(r.second.ValueAtQuantile(50)), milliseconds(r.second.ValueAtQuantile(99))
	r.series = append(r.series, s)
	if r.progress != nil {
		r.progress(s)
	}
}

// sent returns how many requests were sent, counted or not.
func (r *recorder) sent() int64 {
	sum := int64(0)
	for _, s := range r.shards {
		s.mu.Lock()
		sum += s.sent
		s.mu.Unlock()
	}
	return sum
}

// outcome sums the shards up. No connection writes to them any more; counting
// began at from.
func (r *recorder) outcome(from time.Time) Outcome {
	o := Outcome{Series: r.series}
	all, kinds := newHistogram(), map[string]*kind{}
	for _, s := range r.shards {
		o.Seconds = max(o.Seconds, s.last.Sub(from).Seconds())
		for name, part := range s.kinds {
			whole := kinds[name]
			if whole == nil {
				whole = &kind{latency: newHistogram()}
				kinds[name] = whole
			}
			whole.accepted += part.accepted
			whole.refused += part.refused
			whole.unanswered += part.unanswered
			whole.latency.Merge(part.latency)
			for _, refusal := range part.refusals {
				whole.refusals = addRefusal(whole.refusals, refusal)
			}
			all.Merge(part.latency)
		}
	}
	o.Latency = latencyOf(all)
	for name, k := range kinds {
		o.Kinds = append(o.Kinds, KindOutcome{
			Kind: name, Count: k.accepted, Unanswered: k.unanswered, Refused: k.refused,
			Refusals: k.refusals, Latency: latencyOf(k.latency),
		})
	}
	return o
}
