package main

import (
	"fmt"

	"rosterd/bench/play"
)

// A loadReport is the result of a load.
type loadReport struct {
	Profile         string         `json:"profile"`
	URL             string         `json:"url"`
	Connections     int            `json:"connections"`
	Rate            float64        `json:"rate"` // asked for; 0: closed loop
	Seed            uint64         `json:"seed"`
	People          int            `json:"people"`
	Created         int            `json:"created"`
	Found           int            `json:"found"`
	Groups          int            `json:"groups"`
	Memberships     int            `json:"memberships"`
	Changes         int            `json:"changes"`
	Failed          int            `json:"failed"`
	Skipped         int            `json:"skipped"`
	PeoplePerSecond float64        `json:"peoplePerSecond"` // of their phase, warm-up included
	Outcome         play.Outcome   `json:"outcome"`
	Inside          []play.Refusal `json:"inside"` // refusals inside of accepted answers
	Verified        play.Report    `json:"verified"`
	Warnings        []string       `json:"warnings"`

	nobody bool // a cycle brought nobody in
}

// add adds the figures of a cycle.
func (r *loadReport) add(s play.Summary) {
	r.Created, r.Found, r.Groups, r.Memberships, r.Changes = s.Created, s.Found, s.Groups, s.Memberships, s.Changes
	r.Failed, r.Skipped, r.PeoplePerSecond, r.Inside = s.Failed, s.Skipped, s.PeoplePerSecond(), s.Inside
}

// waitedShare is the share of an open loop's requests that may find all
// connections busy before that is worth a warning.
const waitedShare = 0.01

// conclude warns of what would make the figures mean something else than one
// thinks.
func (r *loadReport) conclude() {
	o := r.Outcome
	if o.Unsent > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the rate was not reached: %d requests that were due were still waiting at the end, and are in no figure", o.Unsent))
	}
	if all := o.Count + o.Failed(); float64(o.Waited) > waitedShare*float64(all) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d requests found all %d connections busy, and their wait counts: this server at this rate needs more --connections", o.Waited, all, r.Connections))
	}
}

// verdict is an error if what was acknowledged is not there, or nothing was.
func (r *loadReport) verdict() error {
	switch {
	case r.Verified.Differences > 0:
		return fmt.Errorf("%d of %d acknowledged things are missing", r.Verified.Differences, r.Verified.Read)
	case r.Outcome.Count == 0:
		return fmt.Errorf("the server accepted none of %d requests", r.Outcome.Failed())
	case r.nobody: // look-ups may have been answered
		return fmt.Errorf("nobody could be created: %d requests failed", r.Outcome.Failed())
	}
	return nil
}

func (r *loadReport) tables() []table {
	all := []table{r.figures(), r.latencies()}
	if refused := r.refused(); len(refused.rows) > 0 {
		all = append(all, refused)
	}
	for _, example := range r.Verified.Examples {
		all = append(all, table{head: []string{"missing: " + example}})
	}
	for _, warning := range r.Warnings {
		all = append(all, table{head: []string{"warning: " + warning}})
	}
	return all
}

func (r *loadReport) figures() table {
	t := table{head: []string{r.Profile, "count"}}
	for _, row := range []struct {
		name  string
		value any
	}{
		{"people created", r.Created}, {"people found", r.Found}, {"groups", r.Groups}, {"memberships", r.Memberships},
		{"changes", r.Changes}, {"steps failed", r.Failed}, {"steps skipped", r.Skipped},
	} {
		if row.value != 0 {
			t.add(row.name, row.value)
		}
	}
	if r.PeoplePerSecond > 0 {
		t.add("people per second", r.PeoplePerSecond)
	}
	t.add("requests refused", r.Outcome.Refused)
	t.add("requests not answered", r.Outcome.Unanswered)
	t.add("read back", r.Verified.Read)
	t.add("missing", r.Verified.Differences)
	t.add("seconds", r.Outcome.Seconds)
	return t
}

func (r *loadReport) latencies() table {
	t := table{head: []string{"request", "count", "per s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms"}}
	row := func(kind string, count int64, perSecond float64, l play.Latency) {
		t.add(kind, count, perSecond, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	for _, k := range r.Outcome.Kinds {
		row(k.Kind, k.Count, k.PerSecond, k.Latency)
	}
	row("all", r.Outcome.Count, r.Outcome.PerSecond, r.Outcome.Latency)
	return t
}

func (r *loadReport) refused() table {
	t := table{head: []string{"refused", "count", "status", "scimType", "first of them"}}
	for _, k := range r.Outcome.Kinds {
		for _, one := range k.Refusals {
			t.add(k.Kind, one.Count, one.Status, one.ScimType, one.Detail)
		}
	}
	for _, one := range r.Inside {
		t.add("inside of an answer", one.Count, one.Status, one.ScimType, one.Detail)
	}
	return t
}
