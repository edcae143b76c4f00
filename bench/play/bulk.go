package play

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
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
	Data   any    `json:"data"` // a userBody or a wholeGroupBody
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
	r := newRun(c, options, plan.Steps())
	r.summary.Acked = newAcked(plan)
	if err := r.testConnection(ctx, plan.Seed); err != nil {
		return r.finish(), err
	}
	start := time.Now()
	each(ctx, r.options.Connections, (len(plan.People)+perBulk-1)/perBulk, func(n int) {
		from := n * perBulk
		people := plan.People[from:min(from+perBulk, len(plan.People))]
		ids := r.bulk(ctx, "bulk of users", "/Users", len(people), func(i int) any { return people[i].body() })
		for i, id := range ids {
			r.summary.Acked.Users[from+i] = id
			r.step(phasePeople, r.outcome(id, &r.summary.Created))
		}
	})
	r.summary.People = time.Since(start)
	each(ctx, r.options.Connections, len(plan.Groups), func(g int) { r.wholeGroup(ctx, plan.Groups[g], g) })
	return r.finish(), ctx.Err()
}

// wholeGroup creates a group with those members who were created.
func (r *run) wholeGroup(ctx context.Context, group Group, g int) {
	body := wholeGroupBody{groupBody: group.body()}
	for _, i := range group.Members {
		if id := r.summary.Acked.Users[i]; id != "" {
			body.Members = append(body.Members, memberBody{Value: id})
		}
	}
	id := r.bulk(ctx, "bulk of a group", "/Groups", 1, func(int) any { return body })[0]
	r.summary.Acked.Groups[g] = id
	r.step(phaseGroups, r.outcome(id, &r.summary.Groups))
	for m, i := range group.Members {
		there := id != "" && r.summary.Acked.Users[i] != ""
		r.summary.Acked.Members[g][m] = there
		count := &r.summary.Skipped
		if there {
			count = &r.summary.Memberships
		}
		r.step(phaseMembers, count)
	}
}

// outcome returns the figure that a step adds to whose answer had this id.
func (r *run) outcome(id string, done *int) *int {
	if id == "" {
		return &r.summary.Failed
	}
	return done
}

// bulk posts n resources in one bulk and returns their ids; empty where one was
// refused, which is counted.
func (r *run) bulk(ctx context.Context, kind, path string, n int, body func(i int) any) []string {
	ids := make([]string, n)
	ops := make([]bulkOperation, n)
	for i := range ops {
		ops[i] = bulkOperation{Method: http.MethodPost, Path: path, BulkID: strconv.Itoa(i), Data: body(i)}
	}
	a, err := r.call(ctx, kind, http.MethodPost, "/Bulk", encode(bulkBody{Schemas: []string{urnBulk}, Operations: ops}))
	if err != nil {
		return ids
	}
	var answer bulkAnswer
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		_ = r.wrong(kind, a, err.Error()) // it is counted
		return ids
	}
	for _, op := range answer.Operations {
		i, err := strconv.Atoi(op.BulkID)
		status, _ := strconv.Atoi(op.Status)
		switch {
		case err != nil || i < 0 || i >= n:
			_ = r.wrong(kind, a, fmt.Sprintf("bulkId %q was not sent", op.BulkID))
		case status == http.StatusCreated:
			ids[i] = op.Location[strings.LastIndexByte(op.Location, '/')+1:]
		default:
			r.mu.Lock()
			r.summary.Refusals = addRefusal(r.summary.Refusals, Refusal{Status: status, Count: 1, ScimType: op.Response.ScimType, Detail: op.Response.Detail})
			r.mu.Unlock()
		}
	}
	return ids
}
