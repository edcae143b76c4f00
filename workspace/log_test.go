package workspace

import (
	"slices"
	"testing"

	"rosterd/ledger"
	"rosterd/scim"
)

// TestLogKinds holds the list of kinds to what events give.
func TestLogKinds(t *testing.T) {
	active := func(to bool) []Change { return []Change{{Path: "active", To: scim.Boolean(to)}} }
	var got []string
	for _, ev := range []Event{
		WorkspaceCreated{}, WorkspaceChanged{}, NoAdmin{}, ConnectionCreated{}, ConnectionChanged{}, ConnectionDeleted{}, TokenCreated{}, TokenRevoked{},
		UserCreated{}, UserDeleted{}, UserChanged{}, UserChanged{Cause: CauseAdopted}, UserChanged{Cause: CauseReactivated},
		UserChanged{Changes: active(false)}, UserChanged{Changes: active(true)}, UserChanged{Cause: CauseNameLost},
		GroupCreated{GroupDoc: GroupDoc{Kind: Role}}, GroupChanged{GroupDoc: GroupDoc{Kind: Role}}, GroupDeleted{Kind: Role},
		GroupCreated{GroupDoc: GroupDoc{Kind: Team}}, GroupChanged{GroupDoc: GroupDoc{Kind: Team}}, GroupDeleted{Kind: Team},
		MemberAdded{}, MemberAdded{Held: true}, MemberRemoved{}, MemberAllowed{}, RequestRefused{},
		Posted{Entry: ledger.SeatTaken{}}, Posted{Entry: ledger.SeatBooked{}}, Posted{Entry: ledger.SeatAwaited{}}, Posted{Entry: ledger.SeatReleased{}},
		Posted{Entry: ledger.WindowOpened{}}, Posted{Entry: ledger.WindowClosed{}}, Posted{Entry: ledger.InvoiceIssued{}},
		Posted{Entry: ledger.InvoiceIssued{Invoice: ledger.Invoice{Kind: ledger.Correction}}}, Posted{Entry: ledger.PeriodClosed{}},
		Posted{Entry: ledger.SeatsPurchased{}}, Posted{Entry: ledger.ReleasePlanned{}}, DeliveryDied{}, DeliveryRevived{}, MailSent{},
		WebhookCreated{}, WebhookRotated{}, WebhookDeleted{}, IssuerChecked{}, BreakGlassSet{}, ProbableDuplicate{},
	} {
		e, logged := Entry(1, Envelope{}, ev)
		if !logged {
			t.Errorf("%T has no line", ev)
		}
		got = append(got, e.Kind)
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, LogKinds) {
		t.Errorf("events give %q", got)
	}
}
