package workspace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rosterd/scim"
	"rosterd/scim/bulk"
)

// bulk runs a bulk and reports what became of each operation, and the events.
func (w *world) bulk(who, body string) string {
	cmd := w.parseBulk(who, body)
	commits, res, err := w.do(Envelope{Actor: ActorToken, Token: who, Connection: who}, cmd)
	if err != nil {
		w.t.Fatalf("a bulk was refused: %v", err)
	}
	var out strings.Builder
	for i, o := range res.Operations {
		switch {
		case !o.Ran:
			fmt.Fprintf(&out, "%d: not run\n", i+1)
		case o.Refusal != nil:
			fmt.Fprintf(&out, "%d: %v\n", i+1, o.Refusal)
		case o.Created:
			fmt.Fprintf(&out, "%d: created %v\n", i+1, o.ID)
		default:
			fmt.Fprintf(&out, "%d: done %v\n", i+1, o.ID)
		}
	}
	_, log, _ := strings.Cut(w.report(commits, res, nil), "\n")
	return out.String() + log
}

// parseBulk reads the bulk of a connection, which is called like its dialect.
func (w *world) parseBulk(connection, body string) Bulk {
	w.t.Helper()
	dialect, ok := scim.DialectByName(connection)
	if !ok {
		w.t.Fatalf("there is no dialect %q", connection)
	}
	req, refusal := bulk.Parse([]byte(body), scim.DefaultLimits, nil)
	if refusal != nil {
		w.t.Fatalf("%s: %v", body, refusal)
	}
	return NewBulk(req, dialect, scim.DefaultLimits, nil)
}

// TestBulkSimulation runs random bulks, and the same ones on a second workspace
// as single requests: one by one in the order of the plan, circles on copies
// that are thrown away. Events, outcomes and states agree, and what readers have
// does not change.
func TestBulkSimulation(t *testing.T) {
	reached := map[string]int{}
	for seed := range *seeds {
		r := rand.New(rand.NewPCG(seed, 11))
		a, b := newWorld(t), newWorld(t)
		settings := fmt.Sprintf(`{"seats":{"purchased":%d,"whenFull":%q,"autoBooking":%t,"cap":8}}`, r.IntN(9), []string{"wait", "refuse"}[r.IntN(2)], r.IntN(3) == 0)
		a.open(settings)
		b.open(settings)
		var views []*View
		var shown [][]SnapshotItem
		for range 12 {
			for range r.IntN(3) {
				line := fmt.Sprintf(`admin add member {"userName":"n%d"}`, r.IntN(8))
				a.step(line)
				b.step(line)
			}
			who, body := []string{"entra", "okta", "strict"}[r.IntN(3)], randomBulk(r, a.ids)
			env := Envelope{Actor: ActorToken, Token: who, Connection: who}
			from := len(a.log)
			views = append(views, a.state.View())
			shown = append(shown, slices.Collect(views[len(views)-1].Snapshot()))
			_, res, _ := a.do(env, a.parseBulk(env.Connection, body))
			n := naiveBulk{w: b, env: env, bulk: b.parseBulk(env.Connection, body), reached: reached}
			outcomes := n.run()
			if !cmp.Equal(res.Operations, outcomes, exact) {
				t.Fatalf("seed %d: %s\n got %+v\nwant %+v", seed, body, res.Operations, outcomes)
			}
			if got, want := events(a.log[from:]), events(b.log[len(b.log)-n.commits:]); !cmp.Equal(got, want, exact) {
				t.Fatalf("seed %d: %s\n got %+v\nwant %+v", seed, body, got, want)
			}
			a.recount()
		}
		for i, v := range views {
			if !cmp.Equal(slices.Collect(v.Snapshot()), shown[i], exact) {
				t.Fatalf("seed %d: a bulk changed what was read before bulk %d", seed, i+1)
			}
		}
		a.agree()
		if got, want := slices.Collect(a.state.View().Snapshot()), slices.Collect(b.state.View().Snapshot()); !cmp.Equal(got, want, exact) {
			t.Fatalf("seed %d: the states differ", seed)
		}
	}
	for _, what := range []string{"circle", "circle of many", "circle that fails", "circle that finds somebody", "failed need", "stopped", "refusal", "done"} {
		if reached[what] == 0 {
			t.Errorf("no seed came across: %s", what)
		}
	}
}

// TestBulkQuirks: what was tolerated counts for the operations that took effect.
func TestBulkQuirks(t *testing.T) {
	w := newWorld(t)
	env := Envelope{Actor: ActorToken, Token: "okta", Connection: "okta"}
	for body, want := range map[string]bool{
		`{"userName":"a@example.com","active":"True"}`: true,
		`{"active":"True"}`:                            false,
	} {
		_, res, _ := w.do(env, w.parseBulk(env.Connection, fmt.Sprintf(`{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":%s}]}`, body)))
		if res.Quirks.Has(scim.TextBoolean) != want {
			t.Errorf("%s: %v", body, res.Quirks)
		}
	}
}

func events(commits []Commit) (out []Event) {
	for _, c := range commits {
		out = append(out, c.Events...)
	}
	return out
}

// randomBulk writes a bulk whose references, names and ids meet often.
func randomBulk(r *rand.Rand, ids []ResourceID) string {
	n := 1 + r.IntN(7)
	ref := func() string {
		if r.IntN(4) == 0 {
			return ids[r.IntN(len(ids))].String()
		}
		return fmt.Sprintf("bulkId:%d", r.IntN(n))
	}
	user := func() string {
		manager := ""
		if r.IntN(3) > 0 {
			manager = fmt.Sprintf(`,%q:{"manager":{"value":%q}}`, scim.URNEnterprise, ref())
		}
		if r.IntN(3) == 0 {
			manager += fmt.Sprintf(`,%q:{"teams":["T%d"]}`, scim.URNRosterdUser, r.IntN(4))
		}
		return fmt.Sprintf(`{"userName":"n%d","externalId":"x%d","active":%t%s}`, r.IntN(16), r.IntN(30), r.IntN(4) > 0, manager)
	}
	var ops []string
	for i := range n {
		switch r.IntN(10) {
		case 0:
			ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":"%d","data":{"displayName":"T%d","members":[{"value":%q},{"value":%q}]}}`, i, r.IntN(6), ref(), ref()))
		case 1:
			ops = append(ops, fmt.Sprintf(`{"method":"DELETE","path":"/Users/%s"}`, ref()))
		case 2:
			ops = append(ops, fmt.Sprintf(`{"method":"PATCH","path":"/Users/%s","version":"W/\"%d\"","data":[{"op":"replace","path":"active","value":%t}]}`, ref(), 1+r.IntN(2), r.IntN(2) == 0))
		case 3:
			ops = append(ops, fmt.Sprintf(`{"method":"PATCH","path":"/Groups/%s","data":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, ref(), ref()))
		case 4:
			ops = append(ops, fmt.Sprintf(`{"method":"PUT","path":"/Users/%s","data":%s}`, ref(), user()))
		default:
			ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":%s}`, i, user()))
		}
	}
	return fmt.Sprintf(`{"failOnErrors":%d,"Operations":[%s]}`, r.IntN(5), strings.Join(ops, ","))
}

// A naiveBulk runs a bulk as requests of their own.
type naiveBulk struct {
	w       *world
	env     Envelope
	bulk    Bulk
	out     []Outcome
	commits int // made so far
	reached map[string]int
}

func (n *naiveBulk) run() []Outcome {
	n.out = make([]Outcome, len(n.bulk.Operations))
	failed := 0
	for _, u := range bulk.Plan(n.bulk.Operations) {
		if limit := n.bulk.FailOnErrors; limit > 0 && failed >= limit {
			n.reached["stopped"]++
			break
		}
		if u.Circular {
			failed += n.circle(u)
		} else {
			failed += n.single(u.Ops[0])
		}
	}
	return n.out
}

// single runs an operation that needs nothing, or only what ran before.
func (n *naiveBulk) single(i int) int {
	op := n.bulk.Operations[i]
	refusal := op.Refusal
	if refusal == nil {
		refusal = n.need(i)
	}
	if refusal != nil {
		n.fail(i, refusal)
		return 1
	}
	op = n.resolve(i, nil)
	cmd, refusal := n.command(op)
	if refusal != nil {
		n.fail(i, refusal)
		return 1
	}
	commits, res, err := n.w.do(n.env, cmd)
	n.commits += len(commits)
	if err != nil {
		n.reached["refusal"]++
		n.out[i] = Outcome{Ran: true, ID: n.named(op), Refusal: err.(*scim.Error)}
		return 1
	}
	n.reached["done"]++
	n.out[i] = Outcome{Ran: true, ID: res.ID, Created: res.Created}
	return 0
}

// need returns what an operation gets that refers to one that failed.
func (n *naiveBulk) need(i int) *scim.Error {
	var refusals []*scim.Error
	n.bulk.Operations[i].Resolve(func(name string) string {
		if j := n.maker(name); n.out[j].Refusal != nil {
			refusals = append(refusals, scim.Errorf(409, "", "operation %d, which was to make %q, failed", j+1, name))
		}
		return ""
	})
	if refusals == nil {
		return nil
	}
	n.reached["failed need"]++
	return refusals[0]
}

// maker returns the operation that makes what a bulkId stands for, or -1.
func (n *naiveBulk) maker(name string) int {
	return slices.IndexFunc(n.bulk.Operations, func(op bulk.Operation) bool { return op.Method == "POST" && op.BulkID == name })
}

// resolve returns an operation with the ids that are known, else those of
// assumed.
func (n *naiveBulk) resolve(i int, assumed []ResourceID) bulk.Operation {
	return n.bulk.Operations[i].Resolve(func(name string) string {
		j := n.maker(name)
		switch {
		case j < 0:
			return ""
		case n.out[j].ID.IsZero() && assumed != nil:
			return assumed[j].String()
		}
		return n.out[j].ID.String()
	})
}

func (n *naiveBulk) command(op bulk.Operation) (Command, *scim.Error) {
	c, _ := n.w.state.View().Connection(n.env.Connection)
	req := Request{Method: op.Method, Type: op.Type, ID: n.named(op), IfMatch: ParsePrecondition(op.Version), Body: op.Data}
	return req.Command(c.Dialect, n.bulk.limits)
}

// named returns the id in the path of an operation.
func (n *naiveBulk) named(op bulk.Operation) ResourceID { return n.w.id(op.ID) }

// fail answers an operation, and has the refusal noted.
func (n *naiveBulk) fail(i int, refusal *scim.Error) {
	op := n.resolve(i, nil)
	id := n.named(op)
	n.out[i] = Outcome{Ran: true, ID: id, Refusal: refusal}
	note := NoteRefusal{Method: op.Method, Route: op.Type.Endpoint, Refusal: refusal}
	if op.Method != "POST" {
		note.Route += "/{id}"
	}
	if op.Type == scim.User {
		note.User = id
	} else {
		note.Group = id
	}
	commits, _, _ := n.w.do(n.env, note)
	n.commits += len(commits)
}

// circle tries the operations on copies of the workspace until the ids are the
// ones that were assumed, then runs them for good.
func (n *naiveBulk) circle(u bulk.Unit) int {
	n.reached["circle"]++
	if len(u.Ops) > 2 {
		n.reached["circle of many"]++
	}
	for _, i := range u.Ops {
		if refusal := n.need(i); refusal != nil {
			return n.failCircle(u, i, refusal)
		}
	}
	real, log, mints := n.w.state, n.w.log, len(n.w.ids)
	assumed := make([]ResourceID, len(n.out))
	for range circleTries {
		n.w.state, n.w.log, n.w.ids = n.w.copied(real), nil, n.w.ids[:mints]
		for _, i := range u.Ops {
			n.out[i] = Outcome{}
		}
		for _, i := range u.Ops {
			cmd, refusal := n.command(n.resolve(i, assumed))
			var res Result
			if refusal == nil {
				var err error
				if _, res, err = n.w.do(n.env, cmd); err != nil {
					refusal = err.(*scim.Error)
				}
			}
			if refusal != nil {
				n.w.state, n.w.log = real, log
				return n.failCircle(u, i, refusal)
			}
			n.out[i] = Outcome{Ran: true, ID: res.ID, Created: res.Created}
		}
		same := true
		for _, i := range u.Ops {
			same = same && assumed[i] == n.out[i].ID
			assumed[i] = n.out[i].ID
		}
		if same {
			if slices.ContainsFunc(u.Ops, func(i int) bool { return !slices.Contains(n.w.ids[mints:], n.out[i].ID) }) {
				n.reached["circle that finds somebody"]++
			}
			n.commits += len(n.w.log)
			n.w.log = append(log, n.w.log...)
			return 0
		}
	}
	n.w.state, n.w.log = real, log
	return n.failCircle(u, u.Ops[0], scim.Errorf(409, "", "the circle of references cannot be resolved"))
}

// failCircle answers every operation of a circle with the refusal of one.
func (n *naiveBulk) failCircle(u bulk.Unit, culprit int, refusal *scim.Error) int {
	n.reached["circle that fails"]++
	for _, i := range u.Ops {
		why := *refusal
		if i != culprit {
			why.Detail = fmt.Sprintf("operation %d, with which this one stands in a circle, failed: %s", culprit+1, refusal.Detail)
		}
		n.fail(i, &why)
	}
	return len(u.Ops)
}

// copied returns a state of its own that is like s.
func (w *world) copied(s *State) *State {
	w.t.Helper()
	out := New("acme")
	for item := range s.View().Snapshot() {
		out.restore(item)
	}
	for i, c := range s.view.connections { // a snapshot does not count refusals
		counted := *c
		out.view.connections[i] = &counted
	}
	return out
}
