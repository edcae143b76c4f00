package workspace

import (
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// An ActorKind says who caused a commit.
type ActorKind uint8

// Actor kinds. Journal records store these numbers: append only.
const (
	ActorSystem   ActorKind = iota // the daemon itself: what fell due
	ActorOperator                  // the admin API with the operator token
	ActorToken                     // a connection's bearer token
)

// An Envelope is what is known of a commit beside its events. The
// provisioning log and the webhooks are a function of envelope and events.
type Envelope struct {
	At             time.Time // UTC, whole milliseconds, never before the previous commit
	Actor          ActorKind
	Token          string // id of the token, with ActorToken
	Connection     string // id of the token's connection, with ActorToken
	RequestID      string
	IdempotencyKey string   // of the admin API; empty without one
	BodyHash       [32]byte // SHA-256 of method, path and body, with IdempotencyKey
}

// A Commit is what one command caused: all of it or nothing becomes durable.
type Commit struct {
	Envelope
	Events []Event
}

// An Event is a fact. The set is closed; the wire numbers live in
// persistence/codec_event.go and never change.
type Event interface{ event() }

// A Change is one attribute that a write changed, for the provisioning log.
// Path is the attribute's path as PATCH would write it; From and To are Null
// where it was or became unassigned.
type Change struct {
	Path     string
	From, To scim.Value
}

// A Source says who set a membership. The zero Source is a local admin or the
// application; otherwise Connection set it, by a write to the group or by an
// attribute of the user (Attribute). Neither undoes the other.
type Source struct {
	Connection string
	Attribute  bool
}

// A UserKind says whether a person is internal or a guest.
type UserKind uint8

// User kinds. Journal records store these numbers.
const (
	Member   UserKind = iota // internal; takes a seat while active
	External                 // guest; holds the role Guest and takes no seat
)

// A Cause says why a user's document changed.
type Cause uint8

// Causes. Journal records store these numbers.
const (
	CauseWrite       Cause = iota // an ordinary write
	CauseAdopted                  // an IdP's first write of a local user (M6)
	CauseRestored                 // a POST that restored an inactive record (re-hire)
	CauseNameLost                 // a namesake took the userName of an inactive record
	CauseReactivated              // an admin reactivated the person (M9)
)

// An ExternalID is the externalId that one connection gave a resource.
type ExternalID struct {
	Connection string
	Value      string
}

// A UserDoc is what a write left of a user: everything except identity,
// version and memberships.
type UserDoc struct {
	Kind      UserKind
	ManagedBy string      // connection of the newest SCIM write; empty: local
	Record    scim.Record // attributes, active among them
	External  []ExternalID
	Pushed    string   // userName an IdP sent that is not the account e-mail (interop row 65)
	Drift     []string // paths changed by hand since the IdP wrote them (M5)
	Named     []Naming // what each connection sent as role, roles and teams
}

// Active reports whether the person is active. Absent means active.
func (d *UserDoc) Active() bool {
	v := d.Record.Attr(scim.UserActive)
	return v.Kind() != scim.Bool || v.Bool()
}

// A GroupKind tells roles from teams.
type GroupKind uint8

// Group kinds. Journal records store these numbers.
const (
	Team GroupKind = iota
	Role
)

// A GroupDoc is what a write left of a group, members excepted.
type GroupDoc struct {
	Kind       GroupKind
	Name       string // displayName, unique per workspace when folded
	External   []ExternalID
	Rank       int  // of a role: the higher wins; Admin is 1000, User 0
	Assignable bool // of a role: scimAssignable
	Builtin    bool // Admin and User
}

// Events.
type (
	// WorkspaceCreated opens a journal. Settings are whole.
	WorkspaceCreated struct{ Settings scim.Object }
	// WorkspaceChanged carries the settings that resulted, whole.
	WorkspaceChanged struct {
		Settings scim.Object
		Changes  []Change
	}
	// ConnectionCreated adds an identity provider.
	ConnectionCreated struct{ ID, Name, Dialect string }
	// ConnectionChanged renames a connection or sets its dialect.
	ConnectionChanged struct {
		ID, Name, Dialect string
		Changes           []Change
	}
	// ConnectionDeleted removes a connection. Its tokens and the memberships
	// that only it set are removed by events of the same commit.
	ConnectionDeleted struct{ ID, Name string }
	// TokenCreated adds a bearer token, known by the SHA-256 of its text.
	TokenCreated struct {
		ID, Name, Connection string
		Hash                 [32]byte
		Read, Write          bool
		Expires              time.Time // zero: never
	}
	// TokenRevoked ends a token at once.
	TokenRevoked struct {
		ID, Name string
		Hash     [32]byte
	}
	// TokenUsed notes that a token was used, at most once a minute, and which
	// quirks its requests needed since the last such note.
	TokenUsed struct {
		ID     string
		Quirks []QuirkUse // sorted
	}

	// UserCreated adds a user at version 1.
	UserCreated struct {
		ID   ResourceID
		Name string // userName, for the log
		UserDoc
	}
	// UserChanged carries the document that resulted and what changed.
	UserChanged struct {
		ID      ResourceID
		Name    string // userName after the change
		Version uint64
		Cause   Cause
		UserDoc
		Changes []Change
		Note    string // what an admin should know of this write, or empty
	}
	// UserDeleted removes a user; memberships end with it.
	UserDeleted struct {
		ID   ResourceID
		Name string
	}
	// UserSynced notes that a connection wrote or confirmed a user, at most
	// once a minute per user. It is outside the version.
	UserSynced struct {
		ID         ResourceID
		Connection string
	}
	// GroupCreated adds a group at version 1.
	GroupCreated struct {
		ID ResourceID
		GroupDoc
	}
	// GroupChanged carries the group's document that resulted. A role that
	// becomes assignable releases the memberships held in it.
	GroupChanged struct {
		ID      ResourceID
		Version uint64
		GroupDoc
		Changes []Change
	}
	// GroupDeleted removes a group and its memberships.
	GroupDeleted struct {
		ID   ResourceID
		Kind GroupKind
		Name string
	}
	// MemberAdded adds a source to a membership, and the membership itself
	// with its first source. Held: it counts only once an admin allows it.
	MemberAdded struct {
		Group, User         ResourceID
		Source              Source
		Held                bool
		GroupName, UserName string // for the log
	}
	// MemberRemoved takes a source away; the membership ends with its last.
	MemberRemoved struct {
		Group, User         ResourceID
		Source              Source
		Held                bool // what is left of the membership is held
		GroupName, UserName string
	}
	// MemberAllowed makes a held membership count.
	MemberAllowed struct {
		Group, User         ResourceID
		GroupName, UserName string
	}
	// RequestRefused notes a refused write of a connection, so that an admin
	// finds the reason without the identity provider. With Status 200 the write
	// was applied, but for what Detail says; with 204 it was applied whole, and
	// Detail is a warning.
	RequestRefused struct {
		User          ResourceID // zero unless the write named a user
		Group         ResourceID // zero unless the write named a group
		Method, Route string
		Status        int
		Type          scim.ErrorType
		Detail        string
	}
	// NoAdmin notes that the last active admin has gone.
	NoAdmin struct{}
	// Posted is an entry of the ledger: who has a seat, windows, invoices.
	Posted struct {
		Entry ledger.Entry
		Name  string // userName of the person it is about, for the log
	}
	// ProbableDuplicate notes that a new user shares something with another that
	// two people rarely share.
	ProbableDuplicate struct {
		ID, Other       ResourceID
		Name, OtherName string // userNames
		Shared          string // the path of what they share
	}
	// BreakGlassSet gives an admin a second way in, or takes it away (M14).
	BreakGlassSet struct {
		ID   ResourceID
		Name string // userName
		On   bool
	}
	// IssuerChecked notes what the discovery document of sso.issuer said.
	IssuerChecked struct {
		Issuer string
		Detail string // why it could not be read; empty: it is the issuer's
	}
	// WebhookCreated adds an endpoint that hears of the log's entries.
	WebhookCreated struct {
		ID, URL string
		Kinds   []string // of the log; none: all
		Secret  string   // signs deliveries
	}
	// WebhookRotated gives an endpoint a new secret. The one before goes on
	// signing beside it for secretOverlap.
	WebhookRotated struct{ ID, URL, Secret string }
	// WebhookDeleted removes an endpoint and its dead letters.
	WebhookDeleted struct{ ID, URL string }
	// DeliveryDied notes that a message was given up (dead letter).
	DeliveryDied struct {
		Consumer string // id of a webhook, or MailConsumer
		Seq      uint64 // the event it told of
		Detail   string // the last error
	}
	// DeliveryRevived notes that a dead letter was delivered after all.
	DeliveryRevived struct {
		Consumer string
		Seq      uint64
	}
	// MailSent notes that a mail left.
	MailSent struct {
		Seq    uint64 // the event it told of
		Notice NoticeKind
		To     string
	}
	// Answered keeps an admin write's outcome for its Idempotency-Key, and in a
	// second event what was answered.
	Answered struct {
		Credential, Key string
		Body            [32]byte // SHA-256 of method, path and body
		Result          Result
	}
)

func (WorkspaceCreated) event()  {}
func (WorkspaceChanged) event()  {}
func (ConnectionCreated) event() {}
func (ConnectionChanged) event() {}
func (ConnectionDeleted) event() {}
func (TokenCreated) event()      {}
func (TokenRevoked) event()      {}
func (TokenUsed) event()         {}
func (UserCreated) event()       {}
func (UserChanged) event()       {}
func (UserDeleted) event()       {}
func (UserSynced) event()        {}
func (GroupCreated) event()      {}
func (GroupChanged) event()      {}
func (GroupDeleted) event()      {}
func (MemberAdded) event()       {}
func (MemberRemoved) event()     {}
func (MemberAllowed) event()     {}
func (RequestRefused) event()    {}
func (NoAdmin) event()           {}
func (Posted) event()            {}
func (ProbableDuplicate) event() {}
func (BreakGlassSet) event()     {}
func (IssuerChecked) event()     {}
func (WebhookCreated) event()    {}
func (WebhookRotated) event()    {}
func (WebhookDeleted) event()    {}
func (DeliveryDied) event()      {}
func (DeliveryRevived) event()   {}
func (MailSent) event()          {}
func (Answered) event()          {}
