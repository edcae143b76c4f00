package workspace

import (
	"strings"

	"rosterd/scim"
	"rosterd/scim/bulk"
)

// A Bulk is POST /Bulk (RFC 7644 section 3.7). Each of its units (bulk.Plan) is
// decided on what the units before it left, and takes effect whole or not at
// all; the bulk as such is never refused. NewBulk makes one.
type Bulk struct {
	bulk.Request
	limits scim.Limits // of each operation
	room   *scim.Room  // that its operations may use too; nil: none
	read   []reading   // by operation
}

// A reading is what an operation says, once it was read.
type reading struct {
	done    bool
	cmd     Command
	refusal *scim.Error // why it could not be read
	quirks  scim.Quirks
}

// NewBulk returns the Bulk of a connection whose dialect is d. Of most operations
// it reads here what they write, on the caller's time: there is one actor for all
// bulks of a workspace. Those that refer to others are read when these are there,
// in the dialect that the connection has then.
// They may use room until the Bulk has its outcome; nil: none.
func NewBulk(req bulk.Request, d *scim.Dialect, lim scim.Limits, room *scim.Room) Bulk {
	b := Bulk{Request: req, limits: lim, room: room, read: make([]reading, len(req.Operations))}
	for i := range b.read {
		if op := &req.Operations[i]; op.Alone() && op.Refusal == nil {
			b.read[i].of(op, d, &b)
		}
	}
	return b
}

// of reads an operation of b without references.
func (r *reading) of(op *bulk.Operation, d *scim.Dialect, b *Bulk) {
	r.done = true
	dialect := d.Noting(&r.quirks)
	id, ok := ParseResourceID(op.ID)
	if !ok && op.Method != "POST" {
		r.refusal = scim.Errorf(404, "", "there is no %s with this id", strings.ToLower(op.Type.Name))
		return
	}
	req := Request{Method: op.Method, Type: op.Type, ID: id, IfMatch: ParsePrecondition(op.Version), Body: op.Data, Room: b.room}
	r.cmd, r.refusal = req.Command(&dialect, b.limits)
}

// An Outcome is what became of one operation of a Bulk.
type Outcome struct {
	Ran     bool        // false: so many failed before that it was not run
	ID      ResourceID  // what it wrote or names; zero: nothing that there is
	Created bool        // 201 instead of 200
	Refusal *scim.Error // nil: it took effect
}

// ExecuteBulk is Execute of a Bulk, whose commits can become durable in several
// parts: hand hears of each right before it is applied, so that up to there the
// state is what the commits before it made. Where it returns false, a commit is
// too large to become durable at once, and what it was for is refused with 413.
func (s *State) ExecuteBulk(b Bulk, env Envelope, host Host, hand func(Commit) bool) Result {
	env.At = s.view.raised(env.At)
	x := bulkRun{state: s, bulk: b, env: env, host: host, hand: hand, out: make([]Outcome, len(b.Operations)), makers: map[string]int{}}
	for i, op := range b.Operations {
		if op.Method == "POST" {
			x.makers[op.BulkID] = i
		}
	}
	x.put(system(env.At), s.view.fallenDue(env.At, host))
	failed := 0
	for _, u := range bulk.Plan(b.Operations) {
		if b.FailOnErrors > 0 && failed >= b.FailOnErrors {
			break
		}
		failed += x.unit(u)
	}
	return Result{Changed: x.changed, Quirks: x.quirks, Operations: x.out}
}

// A bulkRun runs a Bulk.
type bulkRun struct {
	state   *State
	bulk    Bulk
	env     Envelope
	host    Host
	hand    func(Commit) bool
	out     []Outcome
	makers  map[string]int // the POST with a bulkId
	changed bool
	quirks  scim.Quirks // of what took effect
	needed  scim.Quirks // of the unit that is being decided
	looks   int         // at members so far; see mostLooks
	one     decision    // of the operation that is being decided
}

// put commits events, unless they are too many to become durable at once.
func (x *bulkRun) put(env Envelope, events []Event) bool {
	if len(events) == 0 {
		return true
	}
	if !x.hand(Commit{env, events}) {
		return false
	}
	x.state.commit(env, events)
	return true
}

// unit runs a unit, and returns how many of its operations failed.
func (x *bulkRun) unit(u bulk.Unit) int {
	events, refusal, culprit := x.decide(u)
	if refusal == nil && !x.put(x.env, events) {
		refusal, culprit = scim.Errorf(413, "", "this changes more than an operation of a bulk may; send it as a request of its own"), u.Ops[0]
	}
	for _, i := range u.Ops {
		x.out[i].Ran = true
	}
	if refusal == nil {
		x.changed, x.quirks = x.changed || len(events) > 0, x.quirks|x.needed
		return 0
	}
	for _, i := range u.Ops {
		why := *refusal
		if i != culprit {
			why.Detail = scim.Errorf(0, "", "operation %d, with which this one stands in a circle, failed: %s", culprit+1, why.Detail).Detail
		}
		id, _ := ParseResourceID(x.resolved(i, nil).ID)
		x.out[i] = Outcome{Ran: true, ID: id, Refusal: &why}
		x.note(i)
	}
	return len(u.Ops)
}

// decide returns the events of a unit, or the first refusal and whose it is. It
// leaves the state as it was.
func (x *bulkRun) decide(u bulk.Unit) (events []Event, refusal *scim.Error, culprit int) {
	if u.Circular {
		return x.circle(u)
	}
	i := u.Ops[0]
	op := x.bulk.Operations[i]
	if op.Refusal != nil {
		return nil, op.Refusal, i
	}
	if refusal := x.lacks(op); refusal != nil {
		return nil, refusal, i
	}
	res, events, refusal := x.decideOne(i, nil, x.host)
	x.out[i], x.needed = Outcome{ID: res.ID, Created: res.Created}, res.Quirks
	return events, refusal, i
}

// lacks refuses an operation that refers to one that failed.
func (x *bulkRun) lacks(op bulk.Operation) (refusal *scim.Error) {
	op.Resolve(func(bulkID string) string {
		if j := x.makers[bulkID]; refusal == nil && x.out[j].Refusal != nil {
			refusal = scim.Errorf(409, "", "operation %d, which was to make %q, failed", j+1, clip(bulkID))
		}
		return ""
	})
	return refusal
}

// resolved returns operation i with its references replaced by what was made,
// or, as long as that is not known, by what assumed says.
func (x *bulkRun) resolved(i int, assumed map[int]ResourceID) bulk.Operation {
	return x.bulk.Operations[i].Resolve(func(bulkID string) string {
		j, ok := x.makers[bulkID]
		if !ok {
			return "" // the operation is refused for that
		}
		id := x.out[j].ID
		if id.IsZero() {
			id = assumed[j]
		}
		return id.String()
	})
}

// decideOne decides operation i, whose references are resolved, on the state as it
// is.
func (x *bulkRun) decideOne(i int, assumed map[int]ResourceID, host Host) (Result, []Event, *scim.Error) {
	x.one = decision{view: &x.state.view, env: x.env, host: host, dialect: generic, looks: &x.looks, buf: &x.state.buf}
	d := &x.one
	r := &x.bulk.read[i]
	if !r.done {
		r = new(reading) // a circle may read it again, with other ids
		dialect := &generic
		if conn, ok := d.view.Connection(x.env.Connection); ok {
			dialect = conn.Dialect
		}
		op := x.resolved(i, assumed)
		r.of(&op, dialect, &x.bulk)
	}
	if r.refusal != nil {
		return Result{}, nil, r.refusal
	}
	d.quirks = r.quirks
	res, refusal := d.run(r.cmd)
	if refusal != nil {
		return Result{}, nil, refusal
	}
	res.Quirks = d.quirks
	return res, d.events, nil
}

// A circle needs ids before what has them is made, and which id a POST gets is
// decided with it: it may adopt or restore somebody who is there. So a circle is
// tried with assumed ids, and tried again with those that came out, until they
// are the same. The second time they are, unless what is referred to decides
// whom a POST finds.
const circleTries = 3

func (x *bulkRun) circle(u bulk.Unit) ([]Event, *scim.Error, int) {
	for _, i := range u.Ops {
		if refusal := x.lacks(x.bulk.Operations[i]); refusal != nil {
			return nil, refusal, i
		}
	}
	var minted []ResourceID
	assumed := map[int]ResourceID{}
	for range circleTries {
		events, refusal, culprit := x.try(u, assumed, &minted)
		if refusal != nil {
			return nil, refusal, culprit
		}
		settled := true
		for _, i := range u.Ops {
			settled = settled && assumed[i] == x.out[i].ID
			assumed[i] = x.out[i].ID
		}
		if settled {
			return events, nil, 0
		}
	}
	return nil, scim.Errorf(409, "", "the circle of references cannot be resolved"), u.Ops[0]
}

// try decides the operations of a circle, each on what the one before it left,
// and takes everything back. Ids that an earlier try minted are used again.
func (x *bulkRun) try(u bulk.Unit, assumed map[int]ResourceID, minted *[]ResourceID) (events []Event, refusal *scim.Error, culprit int) {
	before := x.state.View()
	defer x.state.back(before)
	x.needed = 0
	for _, i := range u.Ops {
		x.out[i] = Outcome{}
	}
	host, used := x.host, 0
	host.Mint = func() ResourceID {
		if used == len(*minted) {
			*minted = append(*minted, x.host.Mint())
		}
		used++
		return (*minted)[used-1]
	}
	for _, i := range u.Ops {
		res, more, refusal := x.decideOne(i, assumed, host)
		if refusal != nil {
			return nil, refusal, i
		}
		x.state.commit(x.env, more)
		x.out[i], x.needed = Outcome{ID: res.ID, Created: res.Created}, x.needed|res.Quirks
		events = append(events, more...)
	}
	return events, nil, 0
}

// note notes the refusal of an operation like that of a request of its own.
func (x *bulkRun) note(i int) {
	if !x.state.view.notes(x.env) {
		return
	}
	op, out := x.bulk.Operations[i], x.out[i]
	ev := RequestRefused{Method: "POST", Route: "/Bulk", Status: out.Refusal.Status, Type: out.Refusal.Type, Detail: out.Refusal.Detail}
	if op.Type != nil {
		ev.Method, ev.Route = op.Method, op.Type.Endpoint
		if op.Method != "POST" {
			ev.Route += "/{id}"
		}
	}
	switch op.Type {
	case scim.User:
		ev.User = out.ID
	case scim.Group:
		ev.Group = out.ID
	}
	x.put(x.env, []Event{ev})
}
