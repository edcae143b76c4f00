package workspace

import (
	"time"

	"rosterd/scim"
)

// A SnapshotItem is one part of a snapshot. Loading the items of a snapshot in
// order gives the state that they were taken from. The set is closed; wire
// numbers live in persistence/codec_snapshot.go.
type SnapshotItem interface{ snapshotItem() }

// Snapshot items, in the order in which a snapshot holds them: one SnapHead,
// then connections, tokens, groups, users, members and answers.
type (
	// SnapHead is the workspace itself.
	SnapHead struct {
		Seq      uint64    // events that are folded into the snapshot
		At       time.Time // instant of the newest of them
		Created  time.Time // when the workspace was
		LastID   ResourceID
		Settings scim.Object
		Gate     GateState
	}
	// SnapConnection is one connection.
	SnapConnection struct {
		ID, Name, Dialect string
		Created           time.Time
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
}
