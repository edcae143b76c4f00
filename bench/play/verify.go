package play

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// maxReported bounds how many differences Verify names; it counts them all.
const maxReported = 20

// A Report is what reading back found.
type Report struct {
	Read        int      `json:"read"`        // users, groups and memberships compared
	Differences int      `json:"differences"` // of these, missing or not the same
	Examples    []string `json:"examples"`    // the first of them, one line each
}

// Verify reads back, by id, everything that was acknowledged of a plan: users
// with their userName and the names that changes gave them, and not active if
// they were deactivated; that those deleted are gone; groups, with the name that
// a change gave them, the members that were added and without those removed.
// Nothing else may change them meanwhile. The error is ctx's if it ended early.
func Verify(ctx context.Context, c *Client, plan Plan, acked Acked, connections int) (Report, error) {
	v := verification{plan: plan, acked: acked}
	cycle := newCycle(
		phase{func() int { return len(acked.Users) }, v.user},
		phase{func() int { return len(acked.Groups) }, v.group},
	)
	Drive(ctx, c, cycle, Pace{Connections: connections}, nil)
	cycle.close()
	return v.report, ctx.Err()
}

type verification struct {
	plan   Plan
	acked  Acked
	mu     sync.Mutex
	report Report // guarded by mu
}

func (v *verification) user(t *talk, i int) {
	account := v.acked.Users[i]
	if account.State == Unknown {
		return
	}
	got, err := read(t, "/Users/"+account.ID)
	switch {
	case account.State == Absent:
		if err = gone(err); err != nil {
			err = fmt.Errorf("it was deleted: %w", err)
		}
	case err != nil:
	case got.UserName != v.plan.Person(i).UserName:
		err = fmt.Errorf("userName is %q, sent was %q", got.UserName, v.plan.Person(i).UserName)
	case got.Inactive() != (account.State == Inactive):
		err = fmt.Errorf("active is %s", got.Active)
	case account.Names != nil:
		err = account.Names.compare(got)
	}
	v.compared(t, "user "+account.ID, err)
}

// compare returns what is not the same in a resource.
func (n *Names) compare(got Resource) error {
	switch {
	case got.Name.Family != n.Family:
		return fmt.Errorf("name.familyName is %q, changed to %q", got.Name.Family, n.Family)
	case n.Display != "" && got.DisplayName != n.Display:
		return fmt.Errorf("displayName is %q, changed to %q", got.DisplayName, n.Display)
	}
	return nil
}

// gone is an error unless err says that there is no such resource.
func gone(err error) error {
	var r *refused
	switch {
	case err == nil:
		return errors.New("it is still there")
	case errors.As(err, &r) && (r.status == http.StatusNotFound || r.status == http.StatusGone):
		return nil
	}
	return err
}

func (v *verification) group(t *talk, g int) {
	id := v.acked.Groups[g]
	if id == "" {
		return
	}
	got, err := read(t, "/Groups/"+id)
	// Matching is by folded name, so the name of a group that was found or created
	// is a difference only if it is gone.
	switch name := v.plan.Groups[g].Name; {
	case err != nil:
	case got.DisplayName == "":
		err = errors.New("no displayName")
	case v.acked.Named[g] == Present && got.DisplayName != name:
		err = fmt.Errorf("displayName is %q, changed to %q", got.DisplayName, name)
	}
	v.compared(t, "group "+id, err)
	present := make(map[string]bool, len(got.Members))
	for _, m := range got.Members {
		present[m.Value] = true
	}
	for m, state := range v.acked.Members[g] {
		// A user who is deleted, or perhaps so, is a member of nothing.
		user := v.acked.Users[v.plan.Groups[g].Members[m]]
		if state == Unknown || user.State == Unknown || user.State == Absent {
			continue
		}
		err = nil
		switch {
		case state == Present && !present[user.ID]:
			err = fmt.Errorf("member %s is missing", user.ID)
		case state == Absent && present[user.ID]:
			err = fmt.Errorf("member %s was removed and is there", user.ID)
		}
		v.compared(t, "group "+id, err)
	}
}

// read reads a resource. A server may close a connection that has rested just
// as a request comes in, which says nothing of what it keeps: a read that is
// not answered is sent again.
func read(t *talk, path string) (Resource, error) {
	const attempts = 3
	var a Answer
	var err error
	for range attempts {
		a, err = t.call("read back", http.MethodGet, path, nil)
		if t.err == nil || t.cut {
			break
		}
	}
	if err != nil {
		return Resource{}, err
	}
	return a.Resource()
}

// compared counts one comparison; err says what differs.
func (v *verification) compared(t *talk, what string, err error) {
	if t.cut {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Read++
	if err == nil {
		return
	}
	v.report.Differences++
	if len(v.report.Examples) < maxReported {
		v.report.Examples = append(v.report.Examples, what+": "+err.Error())
	}
}
