package play

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// perBulk is how many people one bulk creates: few enough that an answer comes
// soon, many enough that a request of their own each would cost more.
const perBulk = 100

const urnBulk = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

type bulkBody struct {
	Schemas    []string        `json:"schemas"`
	Operations []bulkOperation `json:"Operations"`
}

type bulkOperation struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	BulkID string `json:"bulkId"`
	Data   any    `json:"data"` // the JSON of a user, or a wholeGroupBody
}

// bulkAnswer is what is read of a BulkResponse (RFC 7644 section 3.7).
type bulkAnswer struct {
	Operations []struct {
		Location string    `json:"location"`
		BulkID   string    `json:"bulkId"`
		Status   string    `json:"status"`
		Response scimError `json:"response"`
	} `json:"Operations"`
}

type wholeGroupBody struct {
	groupBody
	Members []memberBody `json:"members"`
}

// Bulk plays a first import of a client that knows RFC 7644 section 3.7: the
// people, a hundred to a bulk, then each group with all of its members. It looks
// nothing up, so whoever is there already is refused. Otherwise it is as Entra.
func Bulk(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	return r.play(ctx, c, r.connection(r.entraTest),
		phase{func() int { return (plan.People + perBulk - 1) / perBulk }, r.bulkPeople},
		phase{func() int { return len(plan.Groups) }, r.wholeGroup},
		r.changes(r.entraEdits()))
}

// bulkPeople creates the n-th hundred.
func (r *run) bulkPeople(t *talk, n int) {
	from := n * perBulk
	ids := r.bulk(t, "bulk of users", "/Users", min(perBulk, r.plan.People-from), func(i int) any { return jsontext.Value(r.plan.Person(from + i).Body()) })
	for i, id := range ids {
		if id != "" {
			r.acked.Users[from+i] = Account{ID: id, State: Active}
		}
		r.bulkStep(t, phasePeople, id, &r.summary.Created)
	}
	r.peopleUntilNow()
}

// wholeGroup creates a group with those members who were created.
func (r *run) wholeGroup(t *talk, g int) {
	group := r.plan.Groups[g]
	body := wholeGroupBody{groupBody: group.body()}
	for _, i := range group.Members {
		if id := r.acked.Users[i].ID; id != "" {
			body.Members = append(body.Members, memberBody{Value: id})
		}
	}
	id := r.bulk(t, "bulk of a group", "/Groups", 1, func(int) any { return body })[0]
	r.acked.Groups[g] = id
	r.bulkStep(t, phaseGroups, id, &r.summary.Groups)
	for m, i := range group.Members {
		count := &r.summary.Skipped
		if id != "" && r.acked.Users[i].ID != "" {
			r.acked.Members[g][m] = Present
			count = &r.summary.Memberships
		}
		r.finish(t, phaseMembers, nil, count)
	}
}

// bulkStep finishes a step, which has failed if nothing has an id.
func (r *run) bulkStep(t *talk, phase, id string, count *int) {
	if id == "" {
		count = &r.summary.Failed
	}
	r.finish(t, phase, nil, count)
}

// bulk posts n resources in one bulk and returns their ids; empty where one was
// refused, which is counted.
func (r *run) bulk(t *talk, kind, path string, n int, body func(i int) any) []string {
	ids := make([]string, n)
	ops := make([]bulkOperation, n)
	for i := range ops {
		ops[i] = bulkOperation{Method: http.MethodPost, Path: path, BulkID: strconv.Itoa(i), Data: body(i)}
	}
	a, err := t.call(kind, http.MethodPost, "/Bulk", encode(bulkBody{Schemas: []string{urnBulk}, Operations: ops}))
	if err != nil {
		return ids
	}
	var answer bulkAnswer
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		r.refuse(Refusal{Status: a.Status, Detail: err.Error()})
		return ids
	}
	for _, op := range answer.Operations {
		i, err := strconv.Atoi(op.BulkID)
		status, _ := strconv.Atoi(op.Status)
		switch {
		case err != nil || i < 0 || i >= n:
			r.refuse(Refusal{Status: a.Status, Detail: fmt.Sprintf("bulkId %q was not sent", op.BulkID)})
		case status == http.StatusCreated:
			ids[i] = op.Location[strings.LastIndexByte(op.Location, '/')+1:]
		default:
			r.refuse(Refusal{Status: status, ScimType: op.Response.ScimType, Detail: op.Response.Detail})
		}
	}
	return ids
}
