package actors

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"rosterd/scim"
	"rosterd/scim/bulk"
	"rosterd/workspace"
)

// bulkOf makes a bulk of n people with titles of the given length, a team of all
// of them, and more.
func bulkOf(n, length int, more ...bulk.Operation) workspace.Bulk {
	var req bulk.Request
	var members []scim.Value
	for i := range n {
		req.Operations = append(req.Operations, creation(scim.User, fmt.Sprint(i), scim.Object{
			{Name: "userName", Value: scim.Text(fmt.Sprintf("person%d@example.com", i))},
			{Name: "title", Value: scim.Text(strings.Repeat("x", length))},
		}))
		members = append(members, scim.Text(fmt.Sprintf("bulkId:%d", i)))
	}
	req.Operations = append(req.Operations, creation(scim.Group, "team", scim.Object{
		{Name: "displayName", Value: scim.Text("Team")}, {Name: "members", Value: scim.ListOf(members...)},
	}))
	req.Operations = append(req.Operations, more...)
	generic, _ := scim.DialectByName("generic")
	return workspace.NewBulk(req, generic, scim.DefaultLimits, nil)
}

func creation(rt *scim.ResourceType, bulkID string, data scim.Object) bulk.Operation {
	return bulk.Operation{Method: "POST", Type: rt, BulkID: bulkID, Data: data}
}

// counting counts appends, and fails those from the given one on with err.
func counting(b *bench, from int, err error) *int {
	appends := new(int)
	b.journal.Fail(func(workspace.Append) error {
		*appends++
		if *appends >= from {
			return err
		}
		return nil
	})
	return appends
}

func TestBulkIsOneAppend(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		appends := counting(b, 1, nil)
		b.journal.Hold()
		write := b.start(bulkOf(999, 0))
		synctest.Wait()
		if !waiting(write) || b.people() != 0 {
			t.Error("an answer, or a View, left before the disk had the bulk")
		}
		b.journal.Release()
		r := <-write
		if r.err != nil || *appends != 1 || b.people() != 999 {
			t.Errorf("%v, %d appends, %d people", r.err, *appends, b.people())
		}
		for i, o := range r.res.Operations {
			if !o.Created {
				t.Errorf("operation %d: %+v", i+1, o)
			}
		}
	})
}

// TestLargeBulkIsDivided: a bulk that no append holds is in several, and an
// operation that does not fit into one is refused alone.
func TestLargeBulkIsDivided(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		appends := counting(b, 1, nil)
		b.journal.Hold()
		before := b.start(workspace.AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text("before")}}})
		synctest.Wait()
		var ims []scim.Value
		for i := range maxEvent/4000 + 1 {
			ims = append(ims, scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text(fmt.Sprintf("%4000d", i))}))
		}
		cmd := bulkOf(1200, 4000, creation(scim.User, "large", scim.Object{
			{Name: "userName", Value: scim.Text("large")}, {Name: "ims", Value: scim.ListOf(ims...)},
		}))
		write := b.start(cmd)
		synctest.Wait()
		b.journal.Release()
		r := <-write
		if (<-before).err != nil || r.err != nil || *appends < 4 || b.people() != 1201 {
			t.Errorf("%v, %d appends, %d people", r.err, *appends, b.people())
		}
		for i, o := range r.res.Operations {
			large := cmd.Operations[i].BulkID == "large"
			if o.Created == large || large && o.Refusal.Status != 413 {
				t.Errorf("operation %d: %+v", i+1, o)
			}
		}
		b.restart(0)
		if b.people() != 1201 {
			t.Errorf("%d people after a restart", b.people())
		}
	})
}

// TestDividedBulkThatFails: once a part may be durable, nothing is answered that
// says nothing happened. What is durable is whole operations.
func TestDividedBulkThatFails(t *testing.T) {
	for _, fault := range []error{workspace.ErrReadOnly, workspace.ErrFence} {
		for from := range 3 { // of three appends
			bubble(t, nil, func(b *bench) {
				counting(b, from+1, fault)
				if r := b.do(bulkOf(1200, 4000)); !errors.Is(r.err, workspace.ErrUnavailable) {
					t.Errorf("%v from append %d on: %v", fault, from+1, r.err)
				}
				b.journal.Fail(nil)
				synctest.Wait()
				durable := b.people()
				if (durable == 0) != (from == 0) || durable >= 1200 {
					t.Errorf("%v from append %d on: %d people", fault, from+1, durable)
				}
				if wrong := b.view("acme").Recount(); len(wrong) > 0 {
					t.Error(wrong)
				}
				b.must("acme", workspace.AddPerson{Doc: scim.Object{{Name: "userName", Value: scim.Text("after")}}})
				if b.people() != durable+1 {
					t.Errorf("%d people after one more", b.people())
				}
			})
		}
	}
}

// TestSmallBulkThatFails hears what a single write hears.
func TestSmallBulkThatFails(t *testing.T) {
	bubble(t, nil, func(b *bench) {
		counting(b, 1, workspace.ErrReadOnly)
		if r := b.do(bulkOf(3, 0)); !errors.Is(r.err, workspace.ErrReadOnly) {
			t.Errorf("got %v", r.err)
		}
	})
}
