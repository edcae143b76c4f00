package play

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// maxReported bounds how many differences Verify names; it counts them all.
const maxReported = 20

// A Report is what reading back found.
type Report struct {
	Read        int      // users, groups and memberships compared
	Differences int      // of these, missing or not the same
	Examples    []string // the first of them, one line each
}

// Verify reads back, by id, everything that a cycle of plan got acknowledged:
// each user with its userName, each group with at least
// the members that were added. It is to be called before anything else
// changes them. The error is ctx's if it ended early.
func Verify(ctx context.Context, c *Client, plan Plan, acked Acked, connections int) (Report, error) {
	v := verification{client: c}
	each(ctx, max(connections, 1), len(plan.People), func(i int) {
		if id := acked.Users[i]; id != "" {
			v.user(ctx, id, plan.People[i])
		}
	})
	each(ctx, max(connections, 1), len(plan.Groups), func(g int) {
		if acked.Groups[g] != "" {
			v.group(ctx, plan.Groups[g], g, acked)
		}
	})
	return v.report, ctx.Err()
}

type verification struct {
	client *Client
	mu     sync.Mutex
	report Report // guarded by mu
}

func (v *verification) user(ctx context.Context, id string, p Person) {
	got, err := v.read(ctx, "/Users/"+id)
	if err == nil && got.UserName != p.UserName {
		err = fmt.Errorf("userName is %q, sent was %q", got.UserName, p.UserName)
	}
	v.compared("user "+id, err)
}

func (v *verification) group(ctx context.Context, group Group, g int, acked Acked) {
	id := acked.Groups[g]
	got, err := v.read(ctx, "/Groups/"+id)
	// Matching is by folded name, so only a name that is gone is a difference.
	if err == nil && got.DisplayName == "" {
		err = errors.New("no displayName")
	}
	v.compared("group "+id, err)
	present := make(map[string]bool, len(got.Members))
	for _, m := range got.Members {
		present[m.Value] = true
	}
	for m, person := range group.Members {
		if !acked.Members[g][m] {
			continue
		}
		err = nil
		if user := acked.Users[person]; !present[user] {
			err = fmt.Errorf("member %s is missing", user)
		}
		v.compared("group "+id, err)
	}
}

func (v *verification) read(ctx context.Context, path string) (Resource, error) {
	a, err := v.client.Send(ctx, "GET", path, nil, func(Answer) {})
	if err != nil {
		return Resource{}, err
	}
	if !a.OK() {
		return Resource{}, fmt.Errorf("status %d", a.Status)
	}
	return a.Resource()
}

// compared counts one comparison; err says what differs.
func (v *verification) compared(what string, err error) {
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
