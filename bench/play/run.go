package play

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// A run is one cycle being played.
type run struct {
	tally
	client *Client
	start  time.Time
}

func newRun(c *Client, options Options, total int) *run {
	options.Connections = max(options.Connections, 1)
	return &run{tally: tally{options: options, total: total}, client: c, start: time.Now()}
}

// finish returns the summary. No goroutine of the run is left by then.
func (r *run) finish() Summary {
	r.summary.Elapsed = time.Since(r.start)
	return r.summary
}

// find sends a filter query for value, the way Entra writes one: + for a
// space, %22 for a quote. It returns the id of the one match, or "" for none.
func (r *run) find(ctx context.Context, kind, path, value string) (string, error) {
	a, err := r.call(ctx, kind, http.MethodGet, path+"%22"+url.QueryEscape(value)+"%22", nil)
	if err != nil {
		return "", err
	}
	list, err := a.List()
	switch {
	case err != nil:
		return "", r.wrong(kind, a, err.Error())
	case list.Total > 1 || len(list.Resources) > 1:
		return "", r.wrong(kind, a, "the filter matches more than one resource")
	case len(list.Resources) == 1:
		return list.Resources[0].ID, nil
	}
	return "", nil
}

// create posts body and returns the id it was given.
func (r *run) create(ctx context.Context, kind, path string, body []byte) (string, error) {
	a, err := r.call(ctx, kind, http.MethodPost, path, body)
	if err != nil {
		return "", err
	}
	created, err := a.Resource()
	if err != nil {
		return "", r.wrong(kind, a, err.Error())
	}
	if created.ID == "" {
		return "", r.wrong(kind, a, "the created resource has no id")
	}
	return created.ID, nil
}

// wrong counts an answer that was accepted and cannot be used, as a refusal:
// the object is lost to the cycle just the same.
func (r *run) wrong(kind string, a Answer, detail string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Refusals = addRefusal(r.summary.Refusals, Refusal{Status: a.Status, Count: 1, Detail: detail})
	return fmt.Errorf("%s: status %d: %s", kind, a.Status, detail)
}

// call sends one request, counts its answers, and returns an error for every
// answer but 2xx.
func (r *run) call(ctx context.Context, kind, method, path string, body []byte) (Answer, error) {
	a, err := r.client.Send(ctx, method, path, body, func(a Answer) { r.tally.call(kind, a, nil) })
	if err != nil && err == ctx.Err() {
		return a, err // given up while put off: nothing was sent that is not counted
	}
	r.tally.call(kind, a, err)
	if err == nil && !a.OK() {
		err = fmt.Errorf("%s: status %d: %s", kind, a.Status, a.failure().Detail)
	}
	return a, err
}

// each calls do for 0 to n-1, in that order, at most so many at a time. It
// starts nothing new once ctx has ended and returns when all calls have.
func each(ctx context.Context, workers, n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	group.Wait()
}
