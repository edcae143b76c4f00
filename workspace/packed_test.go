package workspace

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/ledger"
	"rosterd/scim"
)

// TestPacked reads what is packed, of users who have something and of one who
// has everything, twice into one user, so that nothing stays of the one before.
func TestPacked(t *testing.T) {
	id := NextResourceID(ResourceID{}, time.UnixMilli(1764000000000), [10]byte{1, 2, 3})
	record := scim.Encode(scim.User, scim.Object{{Name: "userName", Value: scim.Text("ada@example.com")}})
	works := scim.Encode(scim.User, scim.Object{{Name: scim.URNEnterprise, Value: scim.ObjectOf(scim.Attr{Name: "department", Value: scim.Text("Sales")})}})
	ids := func(n int) (out []ExternalID) {
		for i := range n {
			out = append(out, ExternalID{Connection: string(rune('a' + i)), Value: "ext"})
		}
		return out
	}
	seat := ledger.Seat{State: ledger.Waiting, Source: ledger.Booked, First: true, Billed: 300, Since: 1764000000001, Order: 1 << 40}
	failed := &UserError{At: time.UnixMilli(1764000000002).UTC(), Status: 409, Detail: "taken"}
	users := []user{
		{id: id},
		{id: id, ord: 7, version: 1 << 33, created: 1764000000000, modified: 1764000000001, synced: 1764000000002, syncedBy: "okta", active: true,
			UserDoc: UserDoc{ManagedBy: "okta", Record: record, External: ids(1)}, groups: []uint32{3}},
		{id: id, syncedBy: "okta", UserDoc: UserDoc{Kind: External, Record: record, External: ids(5)}, groups: []uint32{1, 2, 3, 400, 1 << 31}, breakGlass: true},
		{id: id, UserDoc: UserDoc{ManagedBy: "entra", Pushed: "0123", Drift: []string{"title", "name"}, Named: []Naming{
			{Connection: "entra", Sent: record, Groups: []ResourceID{id, {9}}}, {},
		}}, seat: seat, lastErr: failed},
		{id: id, UserDoc: UserDoc{Record: works}, enterprise: true},
		{id: id, seat: ledger.Seat{State: ledger.Seated}, lastErr: &UserError{At: failed.At}},
	}
	var got user
	for range 2 {
		for i, want := range users {
			got.unpack(want.ord, want.pack())
			read := got
			read.External, read.groups = slices.Clone(got.External), slices.Clone(got.groups)
			read.externals, read.ordinals = want.externals, want.ordinals // only room
			if !cmp.Equal(read, want, exact) {
				t.Errorf("user %d is\n%+v, want\n%+v", i, read, want)
			}
			for _, other := range users {
				moved := want
				moved.seat = other.seat
				if p := want.pack().withSeat(other.seat); p != moved.pack() || p.seat() != other.seat {
					t.Errorf("user %d with the seat of another: %+v", i, p.seat())
				}
			}
		}
	}
}
