package play

import (
	"cmp"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// An Outcome is what a run came to, its warm-up apart.
type Outcome struct {
	Seconds    float64       `json:"seconds"`    // counted ones; to the last answer, and to the end of the duration
	Count      int64         `json:"count"`      // answered 2xx
	Refused    int64         `json:"refused"`    // answered otherwise
	Unanswered int64         `json:"unanswered"` // not answered at all
	PerSecond  float64       `json:"perSecond"`  // of the ones answered 2xx
	Latency    Latency       `json:"latency"`    // of all kinds
	Kinds      []KindOutcome `json:"kinds"`      // the most frequent first
	Series     []Second      `json:"series"`     // from the start of the run, warm-up included

	// Waited counts the requests that had an instant, and had to wait because
	// all connections were busy then; Unsent those that were still waiting when
	// the duration ended, and are in no other figure.
	Waited int64 `json:"waited"`
	Unsent int64 `json:"unsent"`
}

// A KindOutcome is what became of one kind of request.
type KindOutcome struct {
	Kind       string    `json:"kind"`
	Count      int64     `json:"count"`
	Refused    int64     `json:"refused"`
	Unanswered int64     `json:"unanswered"`
	PerSecond  float64   `json:"perSecond"`
	Latency    Latency   `json:"latency"`
	Refusals   []Refusal `json:"refusals"` // by status, then scimType; no answer has status 0
}

// A Latency is how long requests that were accepted (2xx) took, in
// milliseconds, to three digits.
type Latency struct {
	P50  float64 `json:"p50Ms"`
	P90  float64 `json:"p90Ms"`
	P99  float64 `json:"p99Ms"`
	P999 float64 `json:"p999Ms"`
	Max  float64 `json:"maxMs"`
}

// A Second is one second of a run; the last one may be shorter.
type Second struct {
	At        float64 `json:"at"`     // its end, in seconds from the start of the run
	Count     int64   `json:"count"`  // answered 2xx in it
	Errors    int64   `json:"errors"` // answered otherwise or given up in it
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50Ms"`
	P99       float64 `json:"p99Ms"`
}

// Failed returns how many requests were refused or not answered.
func (o Outcome) Failed() int64 { return o.Refused + o.Unanswered }

// conclude computes what follows from the kinds.
func (o *Outcome) conclude() {
	for i := range o.Kinds {
		k := &o.Kinds[i]
		o.Count += k.Count
		o.Refused += k.Refused
		o.Unanswered += k.Unanswered
		k.PerSecond = perSecond(k.Count, o.Seconds)
	}
	o.PerSecond = perSecond(o.Count, o.Seconds)
	slices.SortFunc(o.Kinds, func(a, b KindOutcome) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind))
	})
}

func perSecond(count int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(count) / seconds
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	return Latency{
		P50: milliseconds(h.ValueAtQuantile(50)), P90: milliseconds(h.ValueAtQuantile(90)), P99: milliseconds(h.ValueAtQuantile(99)),
		P999: milliseconds(h.ValueAtQuantile(99.9)), Max: milliseconds(h.Max()),
	}
}

func milliseconds(us int64) float64 { return float64(us) / 1000 }

// addRefusal counts r to those of its sort, by status, then scimType; the first
// one's detail stays.
func addRefusal(all []Refusal, r Refusal) []Refusal {
	at, found := slices.BinarySearchFunc(all, r, compareRefusals)
	if !found {
		return slices.Insert(all, at, r)
	}
	all[at].Count += r.Count
	return all
}

func compareRefusals(a, b Refusal) int {
	return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.ScimType, b.ScimType))
}
