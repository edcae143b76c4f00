package play

import (
	"context"
	"net/http"
)

// Changes says how much of a plan a later cycle touches. More than there is is
// cut to what there is.
type Changes struct {
	Rename     int // people who marry: familyName and displayName
	Deactivate int // people who leave; taken after the renamed ones
	Remove     int // groups whose first acknowledged member leaves the group
}

// Increment plays a later, incremental cycle over what a first cycle of plan
// got acknowledged. Each changed object is read by its id, since Entra keeps
// the id and matches no more, and then patched: a rename with Replace, a leaver
// with active "False", a string, and a member by a Remove with a value list
// and no filter, which must not empty the group.
//
// Objects that the first cycle failed on are not touched. The Summary counts
// Changes; the error is ctx's if it ended early.
func Increment(ctx context.Context, c *Client, plan Plan, acked Acked, changes Changes, options Options) (Summary, error) {
	patches := changes.patches(plan, acked)
	r := newRun(c, options, len(patches))
	each(ctx, r.options.Connections, len(patches), func(i int) { r.change(ctx, patches[i]) })
	return r.finish(), ctx.Err()
}

// A change is one PATCH of a later cycle, and the GET that precedes it.
type change struct {
	kind        string
	read, write string // paths
	body        []byte
}

func (r *run) change(ctx context.Context, p change) {
	_, err := r.call(ctx, "read", http.MethodGet, p.read, nil)
	if err == nil {
		_, err = r.call(ctx, p.kind, http.MethodPatch, p.write, p.body)
	}
	if err != nil {
		r.step(phaseChanges, &r.summary.Failed)
		return
	}
	r.step(phaseChanges, &r.summary.Changes)
}

// patches chooses what is changed, in the order of the plan.
func (c Changes) patches(plan Plan, acked Acked) []change {
	var all []change
	users := 0
	for i, id := range acked.Users {
		if id == "" || users == c.Rename+c.Deactivate {
			continue
		}
		kind, body := "rename user", renameBody(plan.People[i])
		if users >= c.Rename {
			kind, body = "deactivate user", patch(replace("active", "False"))
		}
		all = append(all, change{kind: kind, read: "/Users/" + id, write: "/Users/" + id, body: body})
		users++
	}
	groups := 0
	for g, id := range acked.Groups {
		member := firstMember(plan.Groups[g], acked, g)
		if id == "" || member == "" || groups == c.Remove {
			continue
		}
		all = append(all, change{
			kind: "remove member", read: "/Groups/" + id + "?excludedAttributes=members",
			write: "/Groups/" + id, body: MembersBody("Remove", member),
		})
		groups++
	}
	return all
}

func renameBody(p Person) []byte {
	return patch(
		replace("name.familyName", p.FamilyName+"-Lang"),
		replace("displayName", p.Display+"-Lang"),
	)
}

// firstMember returns the id of the first member acknowledged in group g, or
// "" if there is none.
func firstMember(group Group, acked Acked, g int) string {
	for m, person := range group.Members {
		if acked.Members[g][m] {
			return acked.Users[person]
		}
	}
	return ""
}
