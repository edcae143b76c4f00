package main

import (
	"cmp"
	"fmt"
	"slices"

	"rosterd/bench/play"
)

// A loadReport is the result of a load.
type loadReport struct {
	Profile         string        `json:"profile"`
	Connections     int           `json:"connections"`
	Seed            uint64        `json:"seed"`
	Created         int           `json:"created"`
	Found           int           `json:"found"`
	Groups          int           `json:"groups"`
	Memberships     int           `json:"memberships"`
	Changes         int           `json:"changes"`
	Requests        int           `json:"requests"`
	Failed          int           `json:"failed"`
	Skipped         int           `json:"skipped"`
	ReadBack        int           `json:"readBack"`
	Missing         int           `json:"missing"`
	Examples        []string      `json:"examples"` // of what is missing
	Seconds         float64       `json:"seconds"`
	PeoplePerSecond float64       `json:"peoplePerSecond"`
	Refusals        []refusal     `json:"refusals"`
	Latencies       []kindLatency `json:"latencies"`

	latencies map[string]*latency // by kind of request
}

type refusal struct {
	Status   int    `json:"status"` // 0: no answer
	ScimType string `json:"scimType"`
	Count    int    `json:"count"`
	Detail   string `json:"detail"`
}

type kindLatency struct {
	Kind    string    `json:"kind"`
	Latency quantiles `json:"latency"`
}

// observe records the latency of an answer. Calls come one at a time.
func (r *loadReport) observe(c play.Call) {
	if r.latencies[c.Kind] == nil {
		r.latencies[c.Kind] = newLatency()
	}
	r.latencies[c.Kind].record(c.Elapsed)
}

func (r *loadReport) quantiles() []kindLatency {
	var all []kindLatency
	for kind, l := range r.latencies {
		all = append(all, kindLatency{kind, l.quantiles()})
	}
	slices.SortFunc(all, func(a, b kindLatency) int {
		return cmp.Or(cmp.Compare(b.Latency.Count, a.Latency.Count), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// add adds the figures of one cycle.
func (r *loadReport) add(s play.Summary) {
	r.Created += s.Created
	r.Found += s.Found
	r.Groups += s.Groups
	r.Memberships += s.Memberships
	r.Changes += s.Changes
	r.Requests += s.Requests
	r.Failed += s.Failed
	r.Skipped += s.Skipped
	r.Seconds += s.Elapsed.Seconds()
	r.PeoplePerSecond = max(r.PeoplePerSecond, s.PeoplePerSecond())
	for _, one := range s.Refusals {
		r.Refusals = append(r.Refusals, refusal(one))
	}
}

// verdict is an error if anything failed or what was acknowledged is not
// there.
func (r *loadReport) verdict() error {
	if r.Failed > 0 || r.Skipped > 0 || r.Missing > 0 {
		return fmt.Errorf("%d steps failed, %d were skipped for it, %d acknowledged things are missing", r.Failed, r.Skipped, r.Missing)
	}
	return nil
}

func (r *loadReport) tables() []table {
	figures := table{head: []string{r.Profile, "count"}}
	for _, row := range []struct {
		name  string
		value any
	}{
		{"people created", r.Created}, {"people found", r.Found}, {"groups", r.Groups}, {"memberships", r.Memberships},
		{"later changes", r.Changes}, {"requests", r.Requests}, {"failed", r.Failed}, {"skipped", r.Skipped},
		{"read back", r.ReadBack}, {"missing", r.Missing}, {"seconds", r.Seconds}, {"people per second of their phase", r.PeoplePerSecond},
	} {
		figures.add(row.name, row.value)
	}
	latencies := table{head: []string{"request", "count", "p50 ms", "p99 ms", "max ms"}}
	for _, l := range r.Latencies {
		latencies.add(l.Kind, l.Latency.Count, l.Latency.P50, l.Latency.P99, l.Latency.Max)
	}
	all := []table{figures, latencies}
	if len(r.Refusals) > 0 {
		refused := table{head: []string{"refused", "count", "status", "scimType"}}
		for _, one := range r.Refusals {
			refused.add(one.Detail, one.Count, one.Status, one.ScimType)
		}
		all = append(all, refused)
	}
	for _, example := range r.Examples {
		all = append(all, table{head: []string{example}})
	}
	return all
}
