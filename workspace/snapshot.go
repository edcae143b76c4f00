package workspace

import (
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// A SnapshotItem is one part of a snapshot. Loading the items of a snapshot in
// order gives the state that they were taken from. The set is closed; wire
// numbers live in persistence/codec_snapshot.go.
type SnapshotItem interface{ snapshotItem() }

// Snapshot items, in the order in which a snapshot holds them: one SnapHead,
// then connections, tokens, webhooks, dead letters, invoices, groups, users,
// members and answers.
type (
	// SnapHead is the workspace itself.
	SnapHead struct {
		Seq      uint64    // events that are folded into the snapshot
		At       time.Time // instant of the newest of them
		Created  time.Time // when the workspace was
		LastID   ResourceID
		Settings scim.Object
		Gate     GateState
		Version  uint64 // of the settings
		Issuer   IssuerCheck
		Marks    Marks
		Seats    *ledger.Position // nil in a snapshot from before there were seats
	}
	// SnapInvoice is one invoice.
	SnapInvoice struct{ ledger.Invoice }
	// SnapWebhook is one endpoint.
	SnapWebhook struct{ Webhook }
	// SnapDead is one dead letter.
	SnapDead struct{ DeadLetter }
	// SnapConnection is one connection.
	SnapConnection struct {
		ID, Name, Dialect string
		Created           time.Time
		Quirks            []QuirkUse
	}
	// SnapToken is one token that is not revoked.
	SnapToken struct {
		ID, Name, Connection       string
		Hash                       [32]byte
		Read, Write                bool
		Created, Expires, LastUsed time.Time
	}
	// SnapGroup is one group without its members.
	SnapGroup struct {
		ID                ResourceID
		Version           uint64
		Created, Modified time.Time
		GroupDoc
	}
	// SnapUser is one user that is not deleted.
	SnapUser struct {
		ID                ResourceID
		Version           uint64
		Created, Modified time.Time
		LastSync          time.Time
		SyncedBy          string
		LastError         *UserError
		UserDoc
		Seat       ledger.Seat
		BreakGlass bool
	}
	// SnapMembers is a bounded run of one group's memberships.
	SnapMembers struct {
		Group   ResourceID
		Members []SnapMember
	}
	// SnapAnswer is an outcome kept for its Idempotency-Key.
	SnapAnswer struct {
		At time.Time
		Answered
	}
)

// A SnapMember is one membership with its sources.
type SnapMember struct {
	User    ResourceID
	Sources []Source
	Held    bool
}

// A UserError is the newest refused write of a user.
type UserError struct {
	At     time.Time
	Status int
	Detail string
}

// GateState is what the gate of M3 has to remember.
type GateState struct {
	EverMet  bool      // the requirements held at some time
	LapsedAt time.Time // when they ceased to hold; zero while they hold
}

func (SnapHead) snapshotItem()       {}
func (SnapConnection) snapshotItem() {}
func (SnapToken) snapshotItem()      {}
func (SnapGroup) snapshotItem()      {}
func (SnapUser) snapshotItem()       {}
func (SnapMembers) snapshotItem()    {}
func (SnapAnswer) snapshotItem()     {}
func (SnapInvoice) snapshotItem()    {}
func (SnapWebhook) snapshotItem()    {}
func (SnapDead) snapshotItem()       {}

// A Head sums a workspace up without waking it: the operator's list, the
// gauges and the due index are made from heads.
type Head struct {
	ID           ID
	Name         string
	Seq          uint64 // events durable
	Created      time.Time
	Active       int // active users
	Inactive     int // deactivated users
	Managed      int // users that an IdP writes
	Groups       int
	Connections  int
	NoAdmin      bool      // there are members, but no active admin
	Gate         Gate      // as of the head's writing
	TokenExpires time.Time // the earliest token expiry ahead; zero: none
	Due          time.Time // when the workspace next wants a Tick; zero: never
	Purchased    int64     // seats, as the three below
	Booked       int64
	Seated       int64
	Waiting      int64
	WaitingSince time.Time // when the longest waiting began; zero: nobody waits
	WindowEnds   time.Time // of the open window; zero: none is open
	Invoices     int       // issued, corrections among them
	DeadHooks    int       // dead letters of webhooks
	DeadMails    int
	Marks        Marks

	LaterExpiries []time.Time // of more tokens behind TokenExpires, in order; see TokensExpiring
	GraceEnds     time.Time   // when GateGrace becomes GateClosed; see GateAt
}

// Marks tell couriers whether there is anything to deliver without reading
// events: where they are beyond what a consumer acknowledged, there is.
type Marks struct {
	Mail uint64 // sequence number of the newest event that a mail tells of
	Log  uint64 // sequence number of the newest event that the log shows, while there are webhooks
}
