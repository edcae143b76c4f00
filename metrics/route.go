package metrics

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Route counts the answers to the requests of one route. It looks a series up
// once, since that costs more than counting. It is safe for concurrent use.
type Route struct {
	m             *Metrics
	surface, name string

	mu   sync.Mutex                 // held to change seen
	seen atomic.Pointer[[]*answers] // in the order in which they first came
}

// answers are the series of one method and status.
type answers struct {
	method   string
	code     int
	count    prometheus.Counter
	duration prometheus.Observer
}

// Route returns the Route of a surface, which is scim, admin or ops, and a
// template such as /Users/{id}. Of a nil *Metrics it is nil, and silent.
func (m *Metrics) Route(surface, name string) *Route {
	if m == nil {
		return nil
	}
	r := &Route{m: m, surface: surface, name: name}
	r.seen.Store(new([]*answers))
	return r
}

// Answered counts one answer.
func (r *Route) Answered(method string, code int, d time.Duration) {
	if r == nil {
		return
	}
	a := r.find(method, code)
	a.count.Inc()
	a.duration.Observe(d.Seconds())
}

func (r *Route) find(method string, code int) *answers {
	if a := seenIn(*r.seen.Load(), method, code); a != nil {
		return a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := *r.seen.Load()
	if a := seenIn(seen, method, code); a != nil {
		return a
	}
	a := &answers{
		method, code, r.m.httpRequests.WithLabelValues(r.surface, r.name, method, strconv.Itoa(code)),
		r.m.httpDuration.WithLabelValues(r.surface, r.name),
	}
	seen = append(slices.Clip(seen), a)
	r.seen.Store(&seen)
	return a
}

func seenIn(seen []*answers, method string, code int) *answers {
	for _, a := range seen {
		if a.code == code && a.method == method {
			return a
		}
	}
	return nil
}
