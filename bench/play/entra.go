// Package play plays what identity providers do, as a client over HTTP: the
// people and groups of a made-up directory, and the requests by which Microsoft
// Entra ID, or a client of bulks, brings them into an application. The load
// tester measures a server with it, the demo fills one, tests check one. It knows
// no server's inside.
//
// A plan (Roster) is what the directory holds. A cycle (Entra or Bulk, then
// Increment) sends it and returns a Summary; Verify reads back what was
// acknowledged.
// Admin is the few calls that prepare a workspace for all that.
package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// perGroup is how many PATCHes of one group Entra has in flight, each with one
// member. Servers that rewrite whole groups lose members to it.
const perGroup = 5

// Names of the phases that Step reports.
const (
	phaseConnection = "connection"
	phasePeople     = "people"
	phaseGroups     = "groups"
	phaseMembers    = "members"
	phaseChanges    = "changes"
)

// Entra plays the first cycle of an Entra provisioning job: the connection
// test, then every person (looked up by userName, created, or updated if
// found), then the groups (looked up by displayName, created without members
// if not found; a role is a group that is found), then the memberships, one
// per PATCH. The answers decide the ids it goes on with.
//
// What the server refuses is counted in the Summary and is no error, as the
// rest of the directory goes on. The error says that the cycle did not come to
// its end: the connection test failed, or ctx ended. The Summary is valid
// then, too. Requests on their way when ctx ends are waited for.
func Entra(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(c, options, plan.Steps())
	r.summary.Acked = newAcked(plan)
	if err := r.testConnection(ctx, plan.Seed); err != nil {
		return r.finish(), err
	}
	start := time.Now()
	each(ctx, r.options.Connections, len(plan.People), func(i int) { r.person(ctx, plan, i) })
	r.summary.People = time.Since(start)
	each(ctx, r.options.Connections, len(plan.Groups), func(g int) { r.group(ctx, plan, g) })
	// References are a second pass. Within a group five requests are in flight;
	// as many groups go side by side as the connections allow.
	inGroup := min(perGroup, r.options.Connections)
	each(ctx, max(1, r.options.Connections/perGroup), len(plan.Groups), func(g int) {
		each(ctx, inGroup, len(plan.Groups[g].Members), func(m int) { r.member(ctx, plan, g, m) })
	})
	return r.finish(), ctx.Err()
}

// testConnection looks for a random GUID in the matching attribute: the answer
// has to be an empty list. Entra puts the job into quarantine otherwise.
func (r *run) testConnection(ctx context.Context, seed uint64) error {
	nobody := guid(rand.New(rand.NewPCG(seed, uint64(len("connection")))))
	id, err := r.find(ctx, "test connection", "/Users?filter=userName+eq+", nobody)
	if err == nil && id != "" {
		err = fmt.Errorf("a filter for %s, which nobody is called, finds %s", nobody, id)
	}
	if err != nil {
		r.step(phaseConnection, &r.summary.Failed)
		return fmt.Errorf("connection test: %w", err)
	}
	r.step(phaseConnection, nil)
	return nil
}

func (r *run) person(ctx context.Context, plan Plan, i int) {
	p := plan.People[i]
	id, err := r.find(ctx, "find user", "/Users?filter=userName+eq+", p.UserName)
	count := &r.summary.Found
	switch {
	case err != nil:
	case id == "":
		count = &r.summary.Created
		id, err = r.create(ctx, "create user", "/Users", p.Body())
	default:
		_, err = r.call(ctx, "update user", http.MethodPatch, "/Users/"+id, p.matchBody())
	}
	if err != nil {
		r.step(phasePeople, &r.summary.Failed)
		return
	}
	r.summary.Acked.Users[i] = id
	r.step(phasePeople, count)
}

// matchBody is what Entra writes to a user it has just matched: the mapped
// attributes, each replaced. That first write is what makes the user managed.
func (p Person) matchBody() []byte {
	return patch(
		replace("externalId", p.ExternalID),
		replace("displayName", p.Display),
		replace("name.givenName", p.GivenName),
		replace("name.familyName", p.FamilyName),
		replace(`emails[type eq "work"].value`, p.UserName),
		replace(urnEnterprise+":department", p.Department),
		replace("active", "True"),
	)
}

func (r *run) group(ctx context.Context, plan Plan, g int) {
	group := plan.Groups[g]
	id, err := r.find(ctx, "find group", "/Groups?excludedAttributes=members&filter=displayName+eq+", group.Name)
	if err == nil && id == "" {
		id, err = r.create(ctx, "create group", "/Groups", group.Body())
	}
	if err != nil {
		r.step(phaseGroups, &r.summary.Failed)
		return
	}
	r.summary.Acked.Groups[g] = id
	r.step(phaseGroups, &r.summary.Groups)
}

func (r *run) member(ctx context.Context, plan Plan, g, m int) {
	group, user := r.summary.Acked.Groups[g], r.summary.Acked.Users[plan.Groups[g].Members[m]]
	if group == "" || user == "" {
		r.step(phaseMembers, &r.summary.Skipped)
		return
	}
	if _, err := r.call(ctx, "add member", http.MethodPatch, "/Groups/"+group, MembersBody("Add", user)); err != nil {
		r.step(phaseMembers, &r.summary.Failed)
		return
	}
	r.summary.Acked.Members[g][m] = true
	r.step(phaseMembers, &r.summary.Memberships)
}
