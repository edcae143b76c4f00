// Package play plays what identity providers do, as a client over HTTP: the
// people and groups of a made-up directory, and the requests by which Microsoft
// Entra ID, Okta, OneLogin, or a client of bulks, brings them into an application.
// The load tester measures a server with it, the demo fills one, tests check
// one. It knows no server's inside.
//
// A plan (Roster) is what the directory holds. A cycle (Entra or one of its
// kin, then its changes) sends it and returns a Summary; a Mix works on what is
// there by then; Verify reads back what was acknowledged. Everything goes
// through Drive, which sends the requests of a Source at a Pace. Admin is the
// few calls that prepare a workspace for all that.
package play

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
)

// perGroup is how many PATCHes of one group Entra has in flight, each with one
// member. Servers that rewrite whole groups lose members to it.
const perGroup = 5

// Entra plays the first cycle of an Entra provisioning job: the connection
// test, then every person (looked up by userName, created, or updated if
// found), then the groups (looked up by displayName, created without members
// if not found; a role is a group that is found), then the memberships, one
// per PATCH; and then, if the options have Changes, those. The answers decide
// the ids it goes on with.
//
// What the server refuses is counted in the Summary and is no error, as the
// rest of the directory goes on. The error says that the cycle did not come to
// its end: the connection test failed, or ctx ended. The Summary is valid
// then, too. Requests on their way when ctx ends are waited for.
func Entra(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	return r.play(ctx, c, r.connection(r.entraTest), r.people(r.entraPerson), r.groups(r.entraGroup), r.oneByOne(entraMember), r.changes(r.entraEdits()))
}

// entraTest looks for a random GUID in the matching attribute: the answer has
// to be an empty list. Entra puts the job into quarantine otherwise.
func (r *run) entraTest(t *talk) error {
	nobody := r.nobody()
	id, err := r.find(t, "test connection", "/Users?filter=userName+eq+"+plus(nobody))
	if err == nil && id != "" {
		err = fmt.Errorf("a filter for %s, which nobody is called, finds %s", nobody, id)
	}
	return err
}

func (r *run) entraPerson(t *talk, p Person) (id string, found bool, err error) {
	id, err = r.find(t, "find user", "/Users?filter=userName+eq+"+plus(p.UserName))
	switch {
	case err != nil:
		return "", false, err
	case id == "":
		id, err = r.create(t, "create user", "/Users", p.Body())
		return id, false, err
	}
	_, err = t.call("update user", http.MethodPatch, "/Users/"+id, p.matchBody())
	return id, true, err
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

func (r *run) entraGroup(t *talk, g Group) (string, error) {
	id, err := r.find(t, "find group", "/Groups?excludedAttributes=members&filter=displayName+eq+"+plus(g.Name))
	if err == nil && id == "" {
		id, err = r.create(t, "create group", "/Groups", g.Body())
	}
	return id, err
}

// oneByOne is the phase of the memberships, each added by a PATCH of its own.
// References are a second pass. Within a group so many are in flight; as many
// groups go side by side as the connections allow.
func (r *run) oneByOne(body func(user string) []byte) phase {
	lanes := min(perGroup, max(r.options.Connections, 1))
	next := make([]atomic.Int64, len(r.plan.Groups)) // member of the group
	return phase{func() int { return lanes * len(r.plan.Groups) }, func(t *talk, i int) {
		g := i / lanes
		members := r.plan.Groups[g].Members
		for m := next[g].Add(1) - 1; m < int64(len(members)) && !t.cut; m = next[g].Add(1) - 1 {
			r.addMember(t, g, int(m), body)
		}
	}}
}

func entraMember(user string) []byte { return MembersBody("Add", user) }

func (r *run) addMember(t *talk, g, m int, body func(user string) []byte) {
	group, user := r.acked.Groups[g], r.acked.Users[r.plan.Groups[g].Members[m]].ID
	if group == "" || user == "" {
		r.step(phaseMembers, &r.summary.Skipped)
		return
	}
	_, err := t.call("add member", http.MethodPatch, "/Groups/"+group, body(user))
	r.acked.Members[g][m].write(Present, err)
	r.finish(t, phaseMembers, err, &r.summary.Memberships)
}

// entraEdits reads each object by its id and then patches it: a rename with
// Replace, a leaver with active "False", a string, and a member by a Remove
// with a value list and no filter, which must not empty the group.
func (r *run) entraEdits() edits {
	edit := func(t *talk, kind, read, write string, body []byte) error {
		if _, err := t.call("read", http.MethodGet, read, nil); err != nil {
			return err
		}
		_, err := t.call(kind, http.MethodPatch, write, body)
		return err
	}
	return edits{
		deletes: true,
		rename: func(t *talk, id string, p Person) error {
			return edit(t, "rename user", "/Users/"+id, "/Users/"+id, patch(replace("name.familyName", p.FamilyName), replace("displayName", p.Display)))
		},
		deactivate: func(t *talk, id string, _ Person) error {
			return edit(t, "deactivate user", "/Users/"+id, "/Users/"+id, patch(replace("active", "False")))
		},
		remove: func(t *talk, g int, user string) error {
			path := "/Groups/" + r.acked.Groups[g]
			return edit(t, "remove member", path+"?excludedAttributes=members", path, MembersBody("Remove", user))
		},
	}
}
