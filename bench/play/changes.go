package play

import (
	"net/http"
	"slices"
)

// Changes says what follows a first cycle, of what it got acknowledged: how
// much a later, incremental one touches. More than there is is cut to what
// there is.
type Changes struct {
	Rename     int // people who marry: familyName and displayName
	Deactivate int // people who leave; taken after the renamed ones
	Delete     int // people who left long ago, and are deactivated and then deleted; where the client deletes
	Remove     int // groups whose last acknowledged member leaves the group
}

// Steps returns how many steps they report at most.
func (c Changes) Steps() int { return c.Rename + c.Deactivate + c.Delete + c.Remove }

// edits are the requests by which a client changes what is there. Each keeps
// to the id it knows and matches no more.
type edits struct {
	rename     func(t *talk, id string, p Person) error // p has the new names
	deactivate func(t *talk, id string, p Person) error
	remove     func(t *talk, g int, user string) error
	deletes    bool
}

// changes is the phase of the changes.
func (r *run) changes(e edits) phase {
	var all []func(*talk)
	return phase{func() int {
		all = append(r.userChanges(e), r.groupChanges(e)...)
		return len(all)
	}, func(t *talk, i int) { all[i](t) }}
}

// userChanges chooses whom to change, in the order of the plan.
func (r *run) userChanges(e edits) (all []func(*talk)) {
	c := r.options.Changes
	users := 0
	for i := range r.acked.Users {
		account := &r.acked.Users[i]
		if account.State != Active || i >= r.plan.People || users == c.Rename+c.Deactivate+c.Delete {
			continue
		}
		switch {
		case users < c.Rename:
			all = append(all, func(t *talk) {
				p := r.plan.Person(i).married()
				err := e.rename(t, account.ID, p)
				account.rename(r.names(p), err)
				r.finish(t, phaseChanges, err, &r.summary.Changes)
			})
		default:
			purge := users >= c.Rename+c.Deactivate && e.deletes
			all = append(all, func(t *talk) { r.leave(t, e, i, purge) })
		}
		users++
	}
	return all
}

// leave deactivates a person, and deletes them if they are to be purged.
func (r *run) leave(t *talk, e edits, i int, purge bool) {
	account := &r.acked.Users[i]
	err := e.deactivate(t, account.ID, r.plan.Person(i))
	account.State.write(Inactive, err)
	if err == nil && purge {
		_, err = t.call("delete user", http.MethodDelete, "/Users/"+account.ID, nil)
		account.State.write(Absent, err)
	}
	r.finish(t, phaseChanges, err, &r.summary.Changes)
}

// groupChanges chooses one member of each group who leaves it.
func (r *run) groupChanges(e edits) (all []func(*talk)) {
	for g, id := range r.acked.Groups {
		m := r.lastMember(g)
		if id == "" || m < 0 || len(all) == r.options.Changes.Remove {
			continue
		}
		all = append(all, func(t *talk) {
			err := e.remove(t, g, r.acked.Users[r.plan.Groups[g].Members[m]].ID)
			r.acked.Members[g][m].write(Absent, err)
			r.finish(t, phaseChanges, err, &r.summary.Changes)
		})
	}
	return all
}

// lastMember returns the last member acknowledged in group g, or -1. The last,
// since those who leave are the first.
func (r *run) lastMember(g int) int {
	for m, state := range slices.Backward(r.acked.Members[g]) {
		if state == Present {
			return m
		}
	}
	return -1
}
