package workspace

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tidwall/btree"

	"rosterd/ledger"
	"rosterd/scim"
)

// A State is one workspace. It is not safe for concurrent use: its actor owns
// it. Readers use Views.
//
// Invariants:
//   - view is the newest state; what is in it may be shared with Views that were
//     handed out, and is copied before it changes, unless no View can find it;
//   - a group whose gen is not the State's gen may be shared with a View and is
//     cloned before its members change;
//   - connections, tokens and settings are never changed in place, and packed
//     users cannot be.
type State struct {
	view View
	gen  uint64

	ownAnswers bool // no View holds view.answers

	covered uint64 // events in the snapshot it was loaded from

	buf   []byte   // that records are encoded in
	one   decision // of the command that is being decided
	looks int      // of it
}

// A View is one workspace at one instant. It never changes.
type View struct {
	id       ID
	seq      uint64
	at       time.Time
	created  time.Time
	lastID   ResourceID
	settings *Settings // nil until the workspace exists
	gate     GateState

	connections []*Connection // by instant of creation
	tokens      []*Token      // by instant of creation
	users       table[packed]
	groups      table[*group]
	admins      uint32 // ordinal of the role Admin
	userIndex   index
	groupIndex  index
	sources     *sourceTable
	answers     *btree.Map[string, answer]

	active, managed int // users
	members         int // active users who need a seat
	unmanaged       int // active members whom no connection writes
	breakGlass      int // admins with a second way in

	books    ledger.Books
	due      time.Time // when the books next change by themselves
	version  uint64    // of the settings
	issuer   IssuerCheck
	webhooks []*Webhook    // by instant of creation
	dead     []*DeadLetter // in the order in which they were given up
	marks    Marks
}

// New returns a workspace that does not exist yet: its first command is
// CreateWorkspace.
func New(id ID) *State {
	return &State{view: View{
		id: id, userIndex: newIndex(), groupIndex: newIndex(), sources: newSourceTable(),
		answers: new(btree.Map[string, answer]), books: ledger.New(ledger.Position{}),
	}}
}

// View returns the state as it is now, in O(1). It holds what the State has: what
// nothing is written to until the next View is never copied.
func (s *State) View() *View {
	s.gen++
	s.ownAnswers = false
	s.view.users.share()
	s.view.groups.share()
	v := s.view
	v.userIndex, v.groupIndex = s.view.userIndex.copy(), s.view.groupIndex.copy()
	v.books = s.view.books.Copy()
	return &v
}

// back makes s what it was when v was taken. What was its own by then is v's.
func (s *State) back(v *View) { s.view, s.ownAnswers = *v, false }

// answers returns the tree as it may be changed.
func (s *State) answers() *btree.Map[string, answer] {
	return change(&s.view.answers, &s.ownAnswers)
}

// change returns a tree that may be changed: a copy in its place unless it is the
// holder's own. What is shared stays as it is to the bit, for many may read it:
// Copy marks what it copies.
func change[T any, P interface {
	*T
	Copy() *T
}](held *P, own *bool) P {
	if !*own {
		shared := T(**held)
		*held, *own = P(&shared).Copy(), true
	}
	return *held
}

// Seq returns the number of events applied.
func (s *State) Seq() uint64 { return s.view.seq }

// Covered returns the number of events that were in the snapshot which s was
// loaded from; 0 if there was none. The others had to be replayed.
func (s *State) Covered() uint64 { return s.covered }

// LastID returns the greatest resource id that the workspace ever used, also
// by what is deleted, for NextResourceID.
func (s *State) LastID() ResourceID { return s.view.lastID }

// Exists reports whether the workspace has been created.
func (s *State) Exists() bool { return s.view.Exists() }

// Exists reports whether the workspace has been created.
func (v *View) Exists() bool { return v.settings != nil }

// ID returns the workspace's id.
func (v *View) ID() ID { return v.id }

// Seq returns the number of events that the view shows.
func (v *View) Seq() uint64 { return v.seq }

// Due returns when the workspace next changes by itself and wants a Tick.
func (v *View) Due() time.Time { return v.due }

// LastID returns the greatest resource id that was used up to the view.
func (v *View) LastID() ResourceID { return v.lastID }

// At returns the instant of the newest event in the view.
func (v *View) At() time.Time { return v.at }

// Settings returns the settings; the caller must not change them.
func (v *View) Settings() *Settings { return v.settings }

// Gate says how far the SCIM endpoints answer at now, and which requirements
// are missing (M3).
func (v *View) Gate(now time.Time) (Gate, []string) { return v.settings.GateAt(v.gate, now) }

// Refusal returns the 403 that a SCIM read gets while the gate is closed, or
// nil. Reads go on in the grace time.
func (v *View) Refusal(now time.Time) *scim.Error {
	gate, missing := v.Gate(now)
	if gate != GateClosed {
		return nil
	}
	return GateRefusal(gate, missing)
}

// A Connection is one identity provider of a workspace.
type Connection struct {
	ID, Name string
	Dialect  *scim.Dialect
	Created  time.Time
	Quirks   []QuirkUse // that its requests needed so far, sorted; see TokenUsed

	refusals    int       // logged in the minute that began at refusalFrom
	refusalFrom time.Time // see refusalsPerMinute
}

// A Token is a connection's bearer token. Its text is known by hash only.
type Token struct {
	ID, Name, Connection       string
	Hash                       [32]byte // SHA-256 of the text
	Read, Write                bool     // scopes
	Created, Expires, LastUsed time.Time
}

// Connection returns the connection called id.
func (v *View) Connection(id string) (*Connection, bool) {
	i := slices.IndexFunc(v.connections, func(c *Connection) bool { return c.ID == id })
	if i < 0 {
		return nil, false
	}
	return v.connections[i], true
}

// Connections returns all connections, oldest first.
func (v *View) Connections() []*Connection { return v.connections }

// Token returns the token with the given hash. Comparing the hash of a secret
// letter by letter tells an attacker nothing that helps to find the secret;
// callers that want a constant time compare Token.Hash again.
func (v *View) Token(hash [32]byte) (*Token, bool) {
	return v.tokenBy(func(t *Token) bool { return t.Hash == hash })
}

// TokenByID returns the token called id.
func (v *View) TokenByID(id string) (*Token, bool) {
	return v.tokenBy(func(t *Token) bool { return t.ID == id })
}

func (v *View) tokenBy(match func(*Token) bool) (*Token, bool) {
	i := slices.IndexFunc(v.tokens, match)
	if i < 0 {
		return nil, false
	}
	return v.tokens[i], true
}

// Tokens returns all tokens that are not revoked, oldest first.
func (v *View) Tokens() []*Token { return v.tokens }

// Resources returns the number of users and groups.
func (v *View) Resources() int { return v.users.Len() + v.groups.Len() }

// Head sums the view up.
func (v *View) Head() Head {
	h := Head{
		ID: v.id, Seq: v.seq, Created: v.created, Active: v.active, Inactive: v.users.Len() - v.active,
		Managed: v.managed, Groups: v.groups.Len(), Connections: len(v.connections), Due: v.due,
		Purchased: v.books.Purchased, Booked: v.books.Booked, Seated: v.books.Seated(), Waiting: v.books.Waiting(),
		WaitingSince: v.books.WaitingSince(), Invoices: v.books.InvoiceCount(), Marks: v.marks,
	}
	if v.books.Open != nil {
		h.WindowEnds = v.books.Open.Ends
	}
	for _, l := range v.dead {
		if l.Consumer == MailConsumer {
			h.DeadMails++
		} else {
			h.DeadHooks++
		}
	}
	if v.settings == nil {
		return h
	}
	h.Name = v.settings.Name
	if h.Gate, _ = v.Gate(v.at); h.Gate == GateGrace {
		h.GraceEnds = v.settings.graceEnds(v.gate)
	}
	h.NoAdmin = v.users.Len() > 0 && !v.hasAdmin(nil)
	if all := v.expiries(); len(all) > 0 {
		h.TokenExpires = all[0]
		h.LaterExpiries = append(h.LaterExpiries, all[1:]...)
	}
	return h
}

// assert panics with a message unless ok. A violated assertion is a corrupt
// journal or a bug; the actor stops before it answers from a broken state.
func assert(ok bool, format string, args ...any) {
	if !ok {
		violated(format, args...)
	}
}

// violated panics like a failed assert, for checks on hot paths: the arguments
// of an assert are put together even if it holds.
func violated(format string, args ...any) { panic("workspace: " + fmt.Sprintf(format, args...)) }

// Load returns the state that a snapshot was taken from. An error of items is
// returned as it is.
func Load(id ID, items iter.Seq2[SnapshotItem, error]) (*State, error) {
	s := New(id)
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		s.restore(item)
	}
	s.covered = s.view.seq
	return s, nil
}
