package workspace

import (
	"strconv"
	"time"

	"rosterd/scim"
)

// A LogEntry is one line of the provisioning log (M15), a function of an event
// and its envelope alone.
type LogEntry struct {
	Seq         uint64 // the event's place in the workspace's journal
	At          time.Time
	Kind        string // user.created and its kin
	RequestID   string
	Connection  string // empty: an admin or the daemon
	SubjectType string // User, Group, Connection, Token or Workspace
	SubjectID   string
	SubjectName string
	Changes     []Change
	Detail      string // one sentence where the kind does not say it all
}

// LogKinds are all kinds of log lines, in the order of the alphabet.
var LogKinds = []string{
	"connection.created", "connection.deleted", "connection.updated", kindDead, "group.created", "group.deleted",
	"group.updated", "invoice.corrected", "invoice.issued", kindMail, "member.added", "member.allowed", "member.held",
	"member.removed", "period.closed", "request.refused", "role.created", "role.deleted", "role.updated", "seat.booked",
	"seat.released", "seat.taken", "seat.waiting", "token.created", "token.revoked", "user.adopted", "user.created",
	"user.deactivated", "user.deleted", "user.probableDuplicate", "user.reactivated", "user.updated", "window.closed", "window.opened",
	"workspace.changed", "workspace.noAdmin",
}

// Entry returns the log line of event seq. It reports false for what is no
// news to an admin: a sync that changed nothing, a token's use, a stored
// answer.
func Entry(seq uint64, env Envelope, ev Event) (LogEntry, bool) {
	e := LogEntry{Seq: seq, At: env.At, RequestID: env.RequestID, Connection: env.Connection}
	switch ev := ev.(type) {
	case UserSynced, TokenUsed, Answered:
		return LogEntry{}, false
	case UserCreated, UserChanged, UserDeleted:
		e.user(ev)
	case GroupCreated, GroupChanged, GroupDeleted:
		e.group(ev)
	case MemberAdded, MemberRemoved, MemberAllowed:
		e.member(ev)
	case RequestRefused:
		e.refused(ev)
	case ConnectionCreated, ConnectionChanged, ConnectionDeleted, TokenCreated, TokenRevoked:
		e.access(ev)
	case WorkspaceCreated:
		e.about("workspace.changed", "Workspace", "", "")
		e.Detail = "the workspace was created"
	case WorkspaceChanged:
		e.about("workspace.changed", "Workspace", "", "")
		e.Changes = ev.Changes
	case NoAdmin:
		e.about("workspace.noAdmin", "Workspace", "", "")
		e.Detail = "nobody is an active admin any more; the operator can appoint one"
	case Posted:
		return e, e.posted(ev)
	case ProbableDuplicate:
		e.about("user.probableDuplicate", "User", ev.ID.String(), ev.Name)
		e.Detail = "the same " + ev.Shared + " as " + ev.OtherName + " (" + ev.Other.String() + "), who may be the same person"
	case BreakGlassSet:
		e.about("user.updated", "User", ev.ID.String(), ev.Name)
		e.Changes = []Change{{Path: "breakGlass", From: scim.Boolean(!ev.On), To: scim.Boolean(ev.On)}}
	default:
		e.delivery(ev)
	}
	return e, true
}

// Kinds of entries that deliveries make.
const (
	kindDead = "delivery.dead"
	kindMail = "mail.sent"
)

func (e *LogEntry) about(kind, subject, id, name string) {
	e.Kind, e.SubjectType, e.SubjectID, e.SubjectName = kind, subject, id, name
}

func (e *LogEntry) user(ev Event) {
	switch ev := ev.(type) {
	case UserCreated:
		e.about("user.created", "User", ev.ID.String(), ev.Name)
	case UserDeleted:
		e.about("user.deleted", "User", ev.ID.String(), ev.Name)
	case UserChanged:
		e.about(ev.kind(), "User", ev.ID.String(), ev.Name)
		e.Changes, e.Detail = ev.Changes, ev.Note
	}
}

func (ev UserChanged) kind() string {
	switch ev.Cause {
	case CauseAdopted:
		return "user.adopted"
	case CauseReactivated:
		return "user.reactivated"
	}
	for _, c := range ev.Changes {
		if c.Path == scim.UserActive.Name && c.To.Bool() {
			return "user.reactivated"
		}
		if c.Path == scim.UserActive.Name {
			return "user.deactivated"
		}
	}
	return "user.updated"
}

func (e *LogEntry) group(ev Event) {
	noun := func(k GroupKind, verb string) string {
		if k == Role {
			return "role." + verb
		}
		return "group." + verb
	}
	switch ev := ev.(type) {
	case GroupCreated:
		e.about(noun(ev.Kind, "created"), "Group", ev.ID.String(), ev.Name)
	case GroupChanged:
		e.about(noun(ev.Kind, "updated"), "Group", ev.ID.String(), ev.Name)
		e.Changes = ev.Changes
	case GroupDeleted:
		e.about(noun(ev.Kind, "deleted"), "Group", ev.ID.String(), ev.Name)
	}
}

// member writes the line of a membership. Its subject is the person; the group
// is what was added to or taken from their groups.
func (e *LogEntry) member(ev Event) {
	switch ev := ev.(type) {
	case MemberAdded:
		e.about("member.added", "User", ev.User.String(), ev.UserName)
		if ev.Held {
			e.Kind = "member.held"
			e.Detail = "this role cannot be assigned through SCIM; the membership counts once an admin allows it"
		}
		e.Changes = []Change{{Path: "groups", To: groupValue(ev.Group, ev.GroupName)}}
	case MemberRemoved:
		e.about("member.removed", "User", ev.User.String(), ev.UserName)
		e.Changes = []Change{{Path: "groups", From: groupValue(ev.Group, ev.GroupName)}}
	case MemberAllowed:
		e.about("member.allowed", "User", ev.User.String(), ev.UserName)
		e.Changes = []Change{{Path: "groups", To: groupValue(ev.Group, ev.GroupName)}}
	}
}

func groupValue(id ResourceID, name string) scim.Value {
	return scim.ObjectOf(scim.Attr{Name: "value", Value: scim.Text(id.String())}, scim.Attr{Name: "display", Value: scim.Text(name)})
}

func (e *LogEntry) refused(ev RequestRefused) {
	e.Kind = "request.refused"
	switch {
	case !ev.User.IsZero():
		e.SubjectType, e.SubjectID = "User", ev.User.String()
	case !ev.Group.IsZero():
		e.SubjectType, e.SubjectID = "Group", ev.Group.String()
	default:
		e.SubjectType = "Workspace"
	}
	e.Detail = ev.Method + " " + ev.Route + " answered " + strconv.Itoa(ev.Status)
	switch ev.Status {
	case statusPartly:
		e.Detail = ev.Method + " " + ev.Route + " was applied in part"
	case statusWhole:
		e.Detail = ev.Method + " " + ev.Route + " was applied"
	}
	if ev.Type != "" {
		e.Detail += " " + string(ev.Type)
	}
	e.Detail += ": " + ev.Detail
}

// A RequestRefused with one of these for its Status refuses a part only, or
// nothing and warns.
const (
	statusPartly = 200
	statusWhole  = 204
)

func (e *LogEntry) access(ev Event) {
	switch ev := ev.(type) {
	case ConnectionCreated:
		e.about("connection.created", "Connection", ev.ID, ev.Name)
	case ConnectionChanged:
		e.about("connection.updated", "Connection", ev.ID, ev.Name)
		e.Changes = ev.Changes
	case ConnectionDeleted:
		e.about("connection.deleted", "Connection", ev.ID, ev.Name)
	case TokenCreated:
		e.about("token.created", "Token", ev.ID, ev.Name)
	case TokenRevoked:
		e.about("token.revoked", "Token", ev.ID, ev.Name)
	}
}

// AppendJSON appends the entry as interfaces promise it: log, event stream and
// webhooks carry the same object.
func (e LogEntry) AppendJSON(dst []byte) []byte {
	text := func(s string) scim.Value {
		if s == "" {
			return scim.Value{}
		}
		return scim.Text(s)
	}
	o := scim.Object{
		{Name: "seq", Value: scim.Integer(int64(e.Seq))},
		{Name: "at", Value: scim.Text(stamp(e.At))},
		{Name: "kind", Value: scim.Text(e.Kind)},
		{Name: "requestId", Value: text(e.RequestID)},
		{Name: "connection", Value: text(e.Connection)},
		{Name: "subject", Value: scim.ObjectOf(
			scim.Attr{Name: "type", Value: text(e.SubjectType)},
			scim.Attr{Name: "id", Value: text(e.SubjectID)},
			scim.Attr{Name: "name", Value: text(e.SubjectName)},
		)},
	}
	var changes []scim.Value
	for _, c := range e.Changes {
		changes = append(changes, scim.ObjectOf(
			scim.Attr{Name: "path", Value: scim.Text(c.Path)},
			scim.Attr{Name: "from", Value: c.From},
			scim.Attr{Name: "to", Value: c.To},
		))
	}
	if changes != nil {
		o = append(o, scim.Attr{Name: "changes", Value: scim.ListOf(changes...)})
	}
	return scim.AppendObject(dst, append(o, scim.Attr{Name: "detail", Value: text(e.Detail)}))
}

// stamp is the form of every instant in an answer: UTC, milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
