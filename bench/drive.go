package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"rosterd/bench/play"
)

// A source makes people for POSTs, each once, from any goroutine.
type source struct {
	seed uint64
	next atomic.Int64
}

func (s *source) body() []byte { return play.PersonAt(s.seed, int(s.next.Add(1)-1)).Body() }

// A round is what one stretch of creating came to.
type round struct {
	Creates   int       `json:"creates"` // answered 201
	Failed    int       `json:"failed"`  // answered otherwise, or not at all
	Seconds   float64   `json:"seconds"`
	PerSecond float64   `json:"perSecond"`
	Latency   quantiles `json:"latency"`
}

// drive posts people to path over so many connections, each sending its next
// request when it has the answer, for d or until ctx ends. Requests on their
// way at the end are waited for and counted, and so is their time.
func drive(ctx context.Context, c *play.Client, path string, people *source, connections int, d time.Duration) round {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var created, failed atomic.Int64
	latency := newLatency()
	var group sync.WaitGroup
	start := time.Now()
	for range connections {
		group.Go(func() {
			for ctx.Err() == nil {
				answer, err := c.Do(http.MethodPost, path, people.body())
				if err != nil || answer.Status != http.StatusCreated {
					failed.Add(1)
					continue
				}
				created.Add(1)
				latency.record(answer.Elapsed)
			}
		})
	}
	group.Wait()
	r := round{Creates: int(created.Load()), Failed: int(failed.Load()), Seconds: time.Since(start).Seconds(), Latency: latency.quantiles()}
	r.PerSecond = ratio(float64(r.Creates), r.Seconds)
	return r
}
