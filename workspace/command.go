package workspace

import (
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/scim/patch"
)

// A Command asks for a change. The set is closed. What the envelope says of
// the sender (operator, token, connection) is not repeated in a command.
type Command interface{ command() }

// A Precondition is an If-Match header. The zero Precondition always holds.
type Precondition struct {
	Set      bool     // the header was sent
	Any      bool     // If-Match: *
	Versions []uint64 // versions of the listed entity tags
}

// ParsePrecondition reads an If-Match or If-None-Match header, or the version of
// an operation of a bulk. A tag that is none of ours matches nothing.
func ParsePrecondition(text string) Precondition {
	text = strings.TrimSpace(text)
	p := Precondition{Set: text != "", Any: text == "*"}
	for tag := range strings.SplitSeq(text, ",") {
		tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
		if v, ok := parseVersion(tag); ok {
			p.Versions = append(p.Versions, v)
		}
	}
	return p
}

func parseVersion(text string) (v uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' || v > 1<<60 {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, text != ""
}

// Holds reports whether a resource at version satisfies p.
func (p Precondition) Holds(version uint64) bool {
	if !p.Set || p.Any {
		return true
	}
	for _, v := range p.Versions {
		if v == version {
			return true
		}
	}
	return false
}

// SCIM commands. Documents are normalised (scim.Normalize); they still hold
// id, externalId and members as sent.
type (
	// CreateUser is POST /Users: a new record, an adoption (M6), or the
	// restored record of a re-hire.
	CreateUser struct{ Doc scim.Object }
	// ReplaceUser is PUT /Users/{id}. Cleared are the attributes that the
	// client sent as null or empty (scim.Cleared): what is absent otherwise
	// may keep its value.
	ReplaceUser struct {
		ID      ResourceID
		IfMatch Precondition
		Doc     scim.Object
		Cleared []*scim.Attribute
	}
	// PatchUser is PATCH /Users/{id}.
	PatchUser struct {
		ID      ResourceID
		IfMatch Precondition
		Ops     []patch.Op
		Room    *scim.Room // for what is stored, until there is an outcome; nil: none
	}
	// DeleteUser is DELETE /Users/{id}; also the admin API's.
	DeleteUser struct {
		ID      ResourceID
		IfMatch Precondition
	}
	// CreateGroup is POST /Groups.
	CreateGroup struct{ Doc scim.Object }
	// ReplaceGroup is PUT /Groups/{id}: the connection's own members are
	// exactly the listed ones afterwards. Cleared is as in ReplaceUser.
	ReplaceGroup struct {
		ID      ResourceID
		IfMatch Precondition
		Doc     scim.Object
		Cleared []*scim.Attribute
	}
	// PatchGroup is PATCH /Groups/{id}.
	PatchGroup struct {
		ID      ResourceID
		IfMatch Precondition
		Ops     []patch.Op
	}
	// DeleteGroup is DELETE /Groups/{id}.
	DeleteGroup struct {
		ID      ResourceID
		IfMatch Precondition
	}
)

// Admin commands.
type (
	// CreateWorkspace opens the workspace with the settings of the admin
	// API's JSON; absent keys take their defaults.
	CreateWorkspace struct{ Settings scim.Object }
	// ChangeWorkspace merges a JSON merge patch (RFC 7396) into the settings.
	ChangeWorkspace struct {
		IfMatch Precondition // on the version of the settings
		Patch   scim.Object
	}
	// NoteIssuer records what the discovery document of an issuer said.
	NoteIssuer struct{ Issuer, Detail string }
	// PurchaseSeats adds seats that somebody else bills.
	PurchaseSeats struct {
		Seats    int64
		BilledBy string
	}
	// ReleaseSeats gives seats back at the end of the billing period.
	ReleaseSeats struct{ Seats int64 }
	// CloseWindow closes the open window now.
	CloseWindow struct{}
	// CorrectInvoice takes seats of an invoice back.
	CorrectInvoice struct {
		Number string
		Seats  int64
		Reason string
	}
	// SetBreakGlass gives an admin a second way in, or takes it away (M14).
	SetBreakGlass struct {
		ID ResourceID
		On bool
	}
	// CreateWebhook adds an endpoint; its URL was checked by the shell.
	CreateWebhook struct {
		ID, URL string
		Kinds   []string
		Secret  string
	}
	// RotateWebhook gives an endpoint a new secret.
	RotateWebhook struct{ ID, Secret string }
	// DeleteWebhook removes an endpoint.
	DeleteWebhook struct{ ID string }
	// NoteDead records a message that was given up.
	NoteDead struct {
		Consumer string
		Seq      uint64
		Detail   string
	}
	// NoteRevived records a dead letter that was delivered after all.
	NoteRevived struct {
		Consumer string
		Seq      uint64
	}
	// NoteMail records a mail that left.
	NoteMail struct {
		Seq    uint64
		Notice NoticeKind
		To     string
	}
	// CreateConnection adds a connection.
	CreateConnection struct{ ID, Name, Dialect string }
	// ChangeConnection sets what is not nil.
	ChangeConnection struct {
		ID            string
		Name, Dialect *string
	}
	// DeleteConnection removes a connection, its tokens and what only it set.
	DeleteConnection struct{ ID string }
	// CreateToken adds a token by its hash.
	CreateToken struct {
		ID, Name, Connection string
		Hash                 [32]byte
		Read, Write          bool
		Expires              time.Time // zero: never
	}
	// RevokeToken ends a token.
	RevokeToken struct{ ID string }
	// UseToken notes a token's use; without Quirks it makes an event at most once
	// a minute.
	UseToken struct {
		ID     string
		Quirks []QuirkUse // sorted
	}
	// AddPerson creates a local user, member or external.
	AddPerson struct {
		Kind UserKind
		Doc  scim.Object // normalised; userName is the account e-mail
	}
	// EditPerson is an admin's edit: attributes in Doc replace the stored
	// ones, Null removes. On a managed user the paths become drift. userName
	// is refused (M7).
	EditPerson struct {
		ID  ResourceID
		Doc scim.Object // normalised attributes to set
		Del []string    // names of attributes to remove
	}
	// SetActive deactivates or reactivates a person as an admin.
	SetActive struct {
		ID     ResourceID
		Active bool
	}
	// ChangeAccountEmail is the person's own change of a local account (M7).
	ChangeAccountEmail struct {
		ID    ResourceID
		Email string
	}
	// CreateRole adds a role.
	CreateRole struct {
		Name       string
		Rank       int
		Assignable bool
	}
	// ChangeRole sets what is not nil.
	ChangeRole struct {
		ID         ResourceID
		Name       *string
		Rank       *int
		Assignable *bool
	}
	// DeleteRole removes a role that is neither built in nor the default.
	DeleteRole struct{ ID ResourceID }
	// AddMember adds a local membership.
	AddMember struct{ Group, User ResourceID }
	// RemoveMember takes the local source of a membership away.
	RemoveMember struct{ Group, User ResourceID }
	// AllowMember makes a held membership count.
	AllowMember struct{ Group, User ResourceID }
	// NoteRefusal records a refusal that was made before a command existed,
	// such as a malformed body.
	NoteRefusal struct {
		User, Group   ResourceID
		Method, Route string
		Refusal       *scim.Error
	}
	// KeepAnswer keeps what is answered to the request that its envelope's
	// IdempotencyKey and BodyHash name, unless an answer is kept already: the
	// Result holds the one that is. The answer may leave once this is durable.
	KeepAnswer struct {
		Status int
		Body   string
	}
	// Tick settles what is due and does nothing else.
	Tick struct{}
)

func (CreateUser) command()         {}
func (ReplaceUser) command()        {}
func (PatchUser) command()          {}
func (DeleteUser) command()         {}
func (CreateGroup) command()        {}
func (ReplaceGroup) command()       {}
func (PatchGroup) command()         {}
func (DeleteGroup) command()        {}
func (Bulk) command()               {}
func (CreateWorkspace) command()    {}
func (ChangeWorkspace) command()    {}
func (CreateConnection) command()   {}
func (ChangeConnection) command()   {}
func (DeleteConnection) command()   {}
func (CreateToken) command()        {}
func (RevokeToken) command()        {}
func (UseToken) command()           {}
func (AddPerson) command()          {}
func (EditPerson) command()         {}
func (SetActive) command()          {}
func (ChangeAccountEmail) command() {}
func (CreateRole) command()         {}
func (ChangeRole) command()         {}
func (DeleteRole) command()         {}
func (AddMember) command()          {}
func (RemoveMember) command()       {}
func (AllowMember) command()        {}
func (NoteRefusal) command()        {}
func (KeepAnswer) command()         {}
func (Tick) command()               {}
func (NoteIssuer) command()         {}
func (PurchaseSeats) command()      {}
func (ReleaseSeats) command()       {}
func (CloseWindow) command()        {}
func (CorrectInvoice) command()     {}
func (SetBreakGlass) command()      {}
func (CreateWebhook) command()      {}
func (RotateWebhook) command()      {}
func (DeleteWebhook) command()      {}
func (NoteDead) command()           {}
func (NoteRevived) command()        {}
func (NoteMail) command()           {}

// A Result says what a command did. What the resource looks like is read from
// the view that was published with it.
type Result struct {
	ID      ResourceID // the user or group that was written
	Key     string     // id of a connection or token that was written
	Created bool       // 201 instead of 200
	Changed bool       // false: the write changed nothing and made no version
	// Quirks are what was tolerated of the request while it was decided. They are
	// not kept with an answer.
	Quirks scim.Quirks

	// Of a request that was answered before under its Idempotency-Key: the
	// status, and the body unless it was erased. Status 0: no answer is kept.
	Status int
	Answer string

	Operations []Outcome // of a Bulk, one for each of its operations
}
