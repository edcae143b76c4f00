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
	Connections int          // requests in flight at a time, at least 1
	Pace        Pace         // the rest of the pace; its Connections are those above
	Changes     Changes      // that follow the first cycle
	Progress    func(Step)   // hears of every finished step
	Observe     func(Call)   // hears of every answer, those put off with 429 included
	Seconds     func(Second) // hears of every second
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
	Changes     int // acknowledged ones of what follows the first cycle
	Failed      int // steps that ended in a refusal or without an answer
	Skipped     int // memberships never sent, since their person or group had failed
	Requests    int
	Refusals    []Refusal     // by status, then scimType; holds answered retries too
	Inside      []Refusal     // of these, refused inside of an accepted answer: in a bulk, or by its shape
	People      time.Duration // how long the phase of the people took: lookups, creates and updates
	Elapsed     time.Duration // how long everything took, from the connection test to the last membership
	Acked       Acked
	Outcome     Outcome // of its requests, after the warm-up
}

// PeoplePerSecond returns how many people were created or updated per second of
// their phase, groups and memberships apart; 0 if there were none.
func (s Summary) PeoplePerSecond() float64 {
	return perSecond(int64(s.Created+s.Found), s.People.Seconds())
}

// A State is what a server has last acknowledged of a user or a membership.
type State uint8

// Unknown is what nothing was acknowledged of, or what may have changed since
// then: a write was not answered, or with 5xx. Active users and Present
// memberships are there; Absent ones were deleted.
const (
	Unknown State = iota
	Active
	Inactive
	Absent
	Present = Active
)

// An Account is what a server has acknowledged of a person.
type Account struct {
	ID    string // empty if it never did
	State State
	Names *Names // given by the last change of them; nil: there was none, or they may have changed since
}

// Names are what a change calls a person; empty where it says nothing.
type Names struct{ Family, Display string }

// Acked is what the server acknowledged, by position in the plan.
type Acked struct {
	Users   []Account
	Groups  []string  // ids; empty where the group failed
	Named   []State   // per group: Present if a change has given it the name it has in the plan
	Members [][]State // per group, parallel to Group.Members
}

func newAcked(plan Plan) Acked {
	a := Acked{
		Users:   make([]Account, plan.People),
		Groups:  make([]string, len(plan.Groups)),
		Named:   make([]State, len(plan.Groups)),
		Members: make([][]State, len(plan.Groups)),
	}
	for g, group := range plan.Groups {
		a.Members[g] = make([]State, len(group.Members))
	}
	return a
}

// write notes what became of the write that would bring something into a
// state. A refusal leaves it as it was.
func (s *State) write(to State, err error) {
	switch {
	case err == nil:
		*s = to
	case doubtful(err):
		*s = Unknown
	}
}

// rename notes what became of the write that would give a person names. A
// refusal leaves them as they were.
func (a *Account) rename(names *Names, err error) {
	switch {
	case err == nil:
		a.Names = names
	case doubtful(err):
		a.Names = nil
	}
}

// A tally gathers what the conversations of a cycle report.
type tally struct {
	options Options
	total   int

	mu      sync.Mutex // guards everything that follows, and orders the callbacks
	summary Summary
	done    int
}

// refuse counts a refusal that no status of an answer tells of.
func (t *tally) refuse(r Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Count = 1
	t.summary.Inside = addRefusal(t.summary.Inside, r)
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
