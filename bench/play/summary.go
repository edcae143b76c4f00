package play

import (
	"sync"
	"time"
)

// A Step tells how far a cycle is. Steps are reported one at a time, in the
// order they were finished; the last one has Done == Total unless the cycle
// was cut short.
type Step struct {
	Phase string // "connection", "people", "groups" or "members"; "changes" in a later cycle
	Done  int    // finished steps of the whole cycle, refused ones included
	Total int    // known from the start
}

// A Call tells of one HTTP answer.
type Call struct {
	Kind    string // what it was for, one of a handful such as "create user"
	Status  int    // 0 if there was no answer
	Elapsed time.Duration
}

// Options of a cycle. The callbacks may be nil; they are called one at a time,
// from several goroutines, and hold the cycle up while they run.
type Options struct {
	Connections int        // requests in flight at a time, at least 1
	Progress    func(Step) // hears of every finished step
	Observe     func(Call) // hears of every answer, those put off with 429 included
}

// A Refusal counts the answers of one sort that did not do what was asked:
// those other than 2xx, and a 2xx without a usable body.
type Refusal struct {
	Status   int    `json:"status"`   // HTTP status; 0: no answer at all
	ScimType string `json:"scimType"` // of the SCIM error (RFC 7644 section 3.12), if it has one
	Count    int    `json:"count"`
	Detail   string `json:"detail"` // of the first one; what the administrator would read
}

// A Summary is what a cycle did.
type Summary struct {
	Created     int // people
	Found       int // people who were there already, and were updated
	Groups      int // found or created
	Memberships int // acknowledged
	Changes     int // acknowledged renames, deactivations and removals of a later cycle
	Failed      int // steps that ended in a refusal or without an answer
	Skipped     int // memberships never sent, since their person or group had failed
	Requests    int
	Refusals    []Refusal     // by status, then scimType; holds answered retries too
	People      time.Duration // how long the phase of the people took: lookups, creates and updates
	Elapsed     time.Duration // how long everything took, from the connection test to the last membership
	Acked       Acked
}

// PeoplePerSecond returns how many people were created or updated per second of
// their phase, groups and memberships apart; 0 if there were none.
func (s Summary) PeoplePerSecond() float64 {
	if s.People <= 0 {
		return 0
	}
	return float64(s.Created+s.Found) / s.People.Seconds()
}

// Acked is what the server acknowledged, by position in the plan.
type Acked struct {
	Users   []string // ids; empty where the person failed
	Groups  []string // ids; empty where the group failed
	Members [][]bool // per group, parallel to Group.Members
}

func newAcked(plan Plan) Acked {
	a := Acked{
		Users:   make([]string, len(plan.People)),
		Groups:  make([]string, len(plan.Groups)),
		Members: make([][]bool, len(plan.Groups)),
	}
	for g, group := range plan.Groups {
		a.Members[g] = make([]bool, len(group.Members))
	}
	return a
}

// A tally gathers what the goroutines of a cycle report.
type tally struct {
	options Options
	total   int

	mu      sync.Mutex // guards everything that follows, and orders the callbacks
	summary Summary
	done    int
}

// call counts one answer. err is the reason if there was none.
func (t *tally) call(kind string, a Answer, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.summary.Requests++
	if t.options.Observe != nil {
		t.options.Observe(Call{Kind: kind, Status: a.Status, Elapsed: a.Elapsed})
	}
	switch {
	case err != nil:
		t.summary.Refusals = addRefusal(t.summary.Refusals, Refusal{Count: 1, Detail: err.Error()})
	case !a.OK():
		e := a.failure()
		t.summary.Refusals = addRefusal(t.summary.Refusals, Refusal{Status: a.Status, ScimType: e.ScimType, Count: 1, Detail: e.Detail})
	}
}

// step finishes one step; count is the figure of the summary it adds to, nil
// for none.
func (t *tally) step(phase string, count *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if count != nil {
		*count++
	}
	t.done++
	if t.options.Progress != nil {
		t.options.Progress(Step{Phase: phase, Done: t.done, Total: t.total})
	}
}
