package workspace

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"rosterd/scim"
)

// Execute settles what is due at env.At, decides cmd on the result and folds
// everything in. It returns the commits in the order in which they must become
// durable. A refusal is a *scim.Error; what was due is settled all the same,
// and the refusal itself may be a commit for the provisioning log. env.At is
// raised to the instant of the newest event, so that time never runs
// backwards within a workspace.
func (s *State) Execute(cmd Command, env Envelope, host Host) ([]Commit, Result, error) {
	if bulk, ok := cmd.(Bulk); ok {
		var out []Commit
		res := s.ExecuteBulk(bulk, env, host, func(c Commit) bool {
			out = append(out, c)
			return true
		})
		return out, res, nil
	}
	env.At = s.view.raised(env.At)
	var out []Commit
	if events := s.view.fallenDue(env.At, host); len(events) > 0 {
		out = append(out, s.commit(system(env.At), events))
	}
	if done, res, err := s.view.replayed(cmd, env); done {
		return out, res, err
	}
	s.looks = 0
	s.one = decision{view: &s.view, env: env, host: host, dialect: generic, looks: &s.looks, buf: &s.buf}
	defer func() { s.one = decision{} }() // what it held must not live on
	d := &s.one
	res, refusal := d.run(cmd)
	if refusal != nil {
		return append(out, s.refuse(cmd, env, refusal)...), Result{}, refusal
	}
	d.events = append(d.events, s.view.answered(env, res)...)
	res.Quirks = d.quirks
	if len(d.events) == 0 {
		return out, res, nil
	}
	return append(out, s.commit(env, d.events)), res, nil
}

// raised returns at as the instant of a commit.
func (v *View) raised(at time.Time) time.Time {
	at = at.UTC().Truncate(time.Millisecond)
	if at.Before(v.at) {
		return v.at
	}
	return at
}

// system is the envelope of what the daemon does by itself.
func system(at time.Time) Envelope { return Envelope{At: at, Actor: ActorSystem} }

// commit applies events, after which the books must be in order.
func (s *State) commit(env Envelope, events []Event) Commit {
	for _, ev := range events {
		s.Apply(env, ev)
	}
	s.view.books.Check(int64(s.view.members))
	return Commit{Envelope: env, Events: events}
}

// refuse notes the refusal of a connection's write where an admin looks for
// it, at most refusalsPerMinute times a minute.
func (s *State) refuse(cmd Command, env Envelope, refusal *scim.Error) []Commit {
	if !s.view.notes(env) {
		return nil
	}
	ev := RequestRefused{Status: refusal.Status, Type: refusal.Type, Detail: refusal.Detail}
	ev.Method, ev.Route, ev.User, ev.Group = described(cmd)
	return []Commit{s.commit(env, []Event{ev})}
}

// notes reports whether one more refusal of the sender goes to the log.
func (v *View) notes(env Envelope) bool {
	c, ok := v.Connection(env.Connection)
	return env.Actor == ActorToken && ok && c.mayNote(env.At)
}

// described says which request a SCIM command stands for.
func described(cmd Command) (method, route string, user, group ResourceID) {
	const users, groups = "/Users", "/Groups"
	switch c := cmd.(type) {
	case CreateUser:
		return "POST", users, user, group
	case ReplaceUser:
		return "PUT", users + "/{id}", c.ID, group
	case PatchUser:
		return "PATCH", users + "/{id}", c.ID, group
	case DeleteUser:
		return "DELETE", users + "/{id}", c.ID, group
	case CreateGroup:
		return "POST", groups, user, group
	case ReplaceGroup:
		return "PUT", groups + "/{id}", user, c.ID
	case PatchGroup:
		return "PATCH", groups + "/{id}", user, c.ID
	case DeleteGroup:
		return "DELETE", groups + "/{id}", user, c.ID
	}
	return "", "", user, group
}

// replayed answers a request whose Idempotency-Key was used before: the same
// request gets the stored outcome, another one 422. An answer is kept with the
// outcome that it tells, once; of two requests that ran side by side, the
// refusal of one is no answer to what the other did.
func (v *View) replayed(cmd Command, env Envelope) (bool, Result, error) {
	if env.IdempotencyKey == "" {
		return false, Result{}, nil
	}
	a, ok := v.answers.Get(env.answerKey())
	if !ok || env.At.Sub(a.at) >= answersKept {
		return false, Result{}, nil
	}
	if subtle.ConstantTimeCompare(a.Body[:], env.BodyHash[:]) != 1 {
		return true, Result{}, scim.Errorf(422, "", "Idempotency-Key %q was used for another request within the last 24 hours; send a new key", env.IdempotencyKey)
	}
	keep, ok := cmd.(KeepAnswer)
	return !ok || a.Result.Status != 0 || keep.Status >= 400, a.Result, nil
}

// keepAnswer adds an answer to the outcome of its request; a refusal has none.
func (d *decision) keepAnswer(c KeepAnswer) Result {
	a, _ := d.view.answers.Get(d.env.answerKey())
	res := a.Result
	if d.env.At.Sub(a.at) >= answersKept {
		res = Result{}
	}
	res.Status, res.Answer = c.Status, c.Body
	return res
}

func (v *View) answered(env Envelope, res Result) []Event {
	if env.IdempotencyKey == "" {
		return nil
	}
	return []Event{Answered{Credential: env.credential(), Key: env.IdempotencyKey, Body: env.BodyHash, Result: res}}
}

// credential names who sent a request, so that keys of two senders never meet.
func (env *Envelope) credential() string {
	if env.Actor == ActorToken {
		return env.Token
	}
	return "operator"
}

// answerKey is where the answer to a request with an IdempotencyKey is kept.
func (env *Envelope) answerKey() string { return env.credential() + "\x00" + env.IdempotencyKey }

// generic is the dialect of whoever is no connection.
var generic = *mustDialect("generic")

// A decision gathers the events of one command. It reads the view, which does
// not change meanwhile, and mints ids; it changes nothing else.
type decision struct {
	view    *View
	env     Envelope
	host    Host
	dialect scim.Dialect // of the connection, or generic
	quirks  scim.Quirks  // that the dialect tolerated of the request
	grace   *scim.Error  // what a write beyond the leavers' gets; nil: the gate is open
	looks   *int         // at members so far; see mostLooks
	buf     *[]byte      // of the State, to encode into
	events  []Event
	left    []*group // roles that a re-hire takes its user out of
	notes   []string // what the log is to say of a write that succeeds, in words
	partly  bool     // notes hold what the write asked for and does not get
}

func (d *decision) emit(ev Event) { d.events = append(d.events, ev) }

// run decides cmd. Events that were emitted before a refusal are dropped.
func (d *decision) run(cmd Command) (Result, *scim.Error) {
	if _, birth := cmd.(CreateWorkspace); !birth && !d.view.Exists() {
		return Result{}, scim.Errorf(404, "", "there is no workspace %q", d.view.id)
	}
	var res Result
	var err *scim.Error
	switch c := cmd.(type) {
	case CreateUser, ReplaceUser, PatchUser, DeleteUser:
		res, err = d.userCommand(c)
	case CreateGroup, ReplaceGroup, PatchGroup, DeleteGroup:
		res, err = d.groupCommand(c)
	case AddPerson, EditPerson, SetActive, ChangeAccountEmail:
		res, err = d.personCommand(c)
	case CreateRole, ChangeRole, DeleteRole:
		res, err = d.roleCommand(c)
	case AddMember, RemoveMember, AllowMember:
		res, err = d.memberCommand(c)
	case PurchaseSeats, ReleaseSeats, CloseWindow, CorrectInvoice:
		res, err = d.seatCommand(c)
	case CreateWebhook, RotateWebhook, DeleteWebhook, NoteDead, NoteRevived, NoteMail:
		res, err = d.deliveryCommand(c)
	case NoteRefusal:
		d.noteRefusal(c)
	case KeepAnswer:
		res = d.keepAnswer(c)
	case Tick: // what was due is settled before any command
	default:
		res, err = d.settingsCommand(c)
	}
	if err == nil {
		err = d.guardAdmins()
	}
	if err == nil {
		d.endBreakGlass()
		err = d.settleSeats(cmd)
	}
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

func (d *decision) mint() ResourceID { return d.host.Mint() }

func (d *decision) noteRefusal(c NoteRefusal) {
	conn, ok := d.view.Connection(d.env.Connection)
	if !ok || !conn.mayNote(d.env.At) {
		return
	}
	d.emit(RequestRefused{
		User: c.User, Group: c.Group, Method: c.Method, Route: c.Route,
		Status: c.Refusal.Status, Type: c.Refusal.Type, Detail: c.Refusal.Detail,
	})
}

// omit remembers, for the provisioning log, a part of a write that is not
// applied although the write succeeds.
func (d *decision) omit(what string) {
	d.warn(what)
	d.partly = true
}

// warn remembers, for the provisioning log, what an admin should know of a
// write that is applied whole.
func (d *decision) warn(what string) { d.notes = append(d.notes, what) }

// noteOmitted notes what there is to say of cmd, which wrote the resource called
// id, as often as refusals are noted.
func (d *decision) noteOmitted(cmd Command, id ResourceID) {
	if len(d.notes) == 0 {
		return
	}
	status := statusWhole
	if d.partly {
		status = statusPartly
	}
	n := NoteRefusal{Refusal: scim.Errorf(status, "", "%s", strings.Join(d.notes, "; "))}
	n.Method, n.Route, n.User, n.Group = described(cmd)
	if strings.HasPrefix(n.Route, "/Groups") {
		n.Group = id
	} else {
		n.User = id
	}
	d.noteRefusal(n)
}

// settingsCommand decides what concerns the workspace and its access.
func (d *decision) settingsCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case CreateWorkspace:
		return d.createWorkspace(c)
	case ChangeWorkspace:
		return d.changeWorkspace(c)
	case CreateConnection, ChangeConnection, DeleteConnection:
		return d.connectionCommand(c)
	case CreateToken, RevokeToken, UseToken:
		return d.tokenCommand(c)
	case SetBreakGlass:
		return d.setBreakGlass(c)
	case NoteIssuer:
		return d.noteIssuer(c)
	}
	panic(fmt.Sprintf("workspace: unknown command %T", cmd))
}
