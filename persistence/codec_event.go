package persistence

import (
	"rosterd/scim"
	"rosterd/workspace"
)

// eventKinds are the events with their wire numbers. Append only: a number is
// never changed and never used again, and neither is a field's.
var eventKinds = newCatalogue[workspace.Event]("event",
	event(1, func(f *fields, e *workspace.WorkspaceCreated) { f.object(1, &e.Settings) }),
	event(2, func(f *fields, e *workspace.WorkspaceChanged) {
		f.object(1, &e.Settings)
		changes(f, 2, &e.Changes)
	}),
	event(3, func(f *fields, e *workspace.ConnectionCreated) {
		text(f, 1, &e.ID)
		text(f, 2, &e.Name)
		text(f, 3, &e.Dialect)
	}),
	event(4, func(f *fields, e *workspace.ConnectionChanged) {
		text(f, 1, &e.ID)
		text(f, 2, &e.Name)
		text(f, 3, &e.Dialect)
		changes(f, 4, &e.Changes)
	}),
	event(5, func(f *fields, e *workspace.ConnectionDeleted) {
		text(f, 1, &e.ID)
		text(f, 2, &e.Name)
	}),
	event(6, func(f *fields, e *workspace.TokenCreated) {
		text(f, 1, &e.ID)
		text(f, 2, &e.Name)
		text(f, 3, &e.Connection)
		f.fixed(4, e.Hash[:])
		f.bool(5, &e.Read)
		f.bool(6, &e.Write)
		f.time(7, &e.Expires)
	}),
	event(7, func(f *fields, e *workspace.TokenRevoked) {
		text(f, 1, &e.ID)
		text(f, 2, &e.Name)
		f.fixed(3, e.Hash[:])
	}),
	event(8, func(f *fields, e *workspace.TokenUsed) {
		text(f, 1, &e.ID)
		list(f, 2, &e.Quirks, quirkUse)
	}),
	event(9, func(f *fields, e *workspace.UserCreated) {
		f.id(1, &e.ID)
		text(f, 2, &e.Name)
		f.message(3, func(f *fields) { userDoc(f, &e.UserDoc) })
	}),
	event(10, func(f *fields, e *workspace.UserChanged) {
		f.id(1, &e.ID)
		text(f, 2, &e.Name)
		f.message(3, func(f *fields) { userDoc(f, &e.UserDoc) })
		f.uint(4, &e.Version)
		number(f, 5, &e.Cause, workspace.CauseReactivated)
		changes(f, 6, &e.Changes)
		text(f, 7, &e.Note)
	}),
	event(11, func(f *fields, e *workspace.UserDeleted) {
		f.id(1, &e.ID)
		text(f, 2, &e.Name)
	}),
	event(12, func(f *fields, e *workspace.UserSynced) {
		f.id(1, &e.ID)
		text(f, 2, &e.Connection)
	}),
	event(13, func(f *fields, e *workspace.GroupCreated) {
		f.id(1, &e.ID)
		f.message(2, func(f *fields) { groupDoc(f, &e.GroupDoc) })
	}),
	event(14, func(f *fields, e *workspace.GroupChanged) {
		f.id(1, &e.ID)
		f.message(2, func(f *fields) { groupDoc(f, &e.GroupDoc) })
		f.uint(3, &e.Version)
		changes(f, 4, &e.Changes)
	}),
	event(15, func(f *fields, e *workspace.GroupDeleted) {
		f.id(1, &e.ID)
		number(f, 2, &e.Kind, workspace.Role)
		text(f, 3, &e.Name)
	}),
	event(16, func(f *fields, e *workspace.MemberAdded) {
		f.id(1, &e.Group)
		f.id(2, &e.User)
		f.message(3, func(f *fields) { source(f, &e.Source) })
		f.bool(4, &e.Held)
		text(f, 5, &e.GroupName)
		text(f, 6, &e.UserName)
	}),
	event(17, func(f *fields, e *workspace.MemberRemoved) {
		f.id(1, &e.Group)
		f.id(2, &e.User)
		f.message(3, func(f *fields) { source(f, &e.Source) })
		f.bool(4, &e.Held)
		text(f, 5, &e.GroupName)
		text(f, 6, &e.UserName)
	}),
	event(18, func(f *fields, e *workspace.MemberAllowed) {
		f.id(1, &e.Group)
		f.id(2, &e.User)
		text(f, 3, &e.GroupName)
		text(f, 4, &e.UserName)
	}),
	event(19, func(f *fields, e *workspace.RequestRefused) {
		f.id(1, &e.User)
		f.id(2, &e.Group)
		text(f, 3, &e.Method)
		text(f, 4, &e.Route)
		f.int(5, &e.Status)
		text(f, 6, &e.Type)
		text(f, 7, &e.Detail)
	}),
	event(20, func(*fields, *workspace.NoAdmin) {}),
	event(21, answered),
	event(22, posted),
	event(23, func(f *fields, e *workspace.BreakGlassSet) {
		f.id(1, &e.ID)
		text(f, 2, &e.Name)
		f.bool(3, &e.On)
	}),
	event(24, func(f *fields, e *workspace.IssuerChecked) {
		text(f, 1, &e.Issuer)
		text(f, 2, &e.Detail)
	}),
	event(25, func(f *fields, e *workspace.WebhookCreated) {
		text(f, 1, &e.ID)
		text(f, 2, &e.URL)
		list(f, 3, &e.Kinds, func(f *fields, kind *string) { text(f, 1, kind) })
		text(f, 4, &e.Secret)
	}),
	event(26, func(f *fields, e *workspace.WebhookRotated) {
		text(f, 1, &e.ID)
		text(f, 2, &e.URL)
		text(f, 3, &e.Secret)
	}),
	event(27, func(f *fields, e *workspace.WebhookDeleted) {
		text(f, 1, &e.ID)
		text(f, 2, &e.URL)
	}),
	event(28, func(f *fields, e *workspace.DeliveryDied) {
		text(f, 1, &e.Consumer)
		f.uint(2, &e.Seq)
		text(f, 3, &e.Detail)
	}),
	event(29, func(f *fields, e *workspace.DeliveryRevived) {
		text(f, 1, &e.Consumer)
		f.uint(2, &e.Seq)
	}),
	event(30, func(f *fields, e *workspace.MailSent) {
		f.uint(1, &e.Seq)
		number(f, 2, &e.Notice, workspace.NoticeNoAdmin)
		text(f, 3, &e.To)
	}),
	event(31, func(f *fields, e *workspace.ProbableDuplicate) {
		f.id(1, &e.ID)
		f.id(2, &e.Other)
		text(f, 3, &e.Name)
		text(f, 4, &e.OtherName)
		text(f, 5, &e.Shared)
	}),
)

func event[T any](number uint64, describe func(*fields, *T)) kindOf[workspace.Event] {
	return kind[T, workspace.Event](number, describe)
}

func answered(f *fields, e *workspace.Answered) {
	text(f, 1, &e.Credential)
	text(f, 2, &e.Key)
	f.fixed(3, e.Body[:])
	f.id(4, &e.Result.ID)
	text(f, 5, &e.Result.Key)
	f.bool(6, &e.Result.Created)
	f.bool(7, &e.Result.Changed)
	f.int(8, &e.Result.Status)
	text(f, 9, &e.Result.Answer)
}

func quirkUse(f *fields, u *workspace.QuirkUse) {
	number(f, 1, &u.Quirk, scim.LastQuirk)
	f.uint(2, &u.Count)
	f.time(3, &u.First)
	f.time(4, &u.Last)
}

func userDoc(f *fields, d *workspace.UserDoc) {
	number(f, 1, &d.Kind, workspace.External)
	name(f, 2, &d.ManagedBy)
	f.record(3, &d.Record)
	list(f, 4, &d.External, externalID)
	text(f, 5, &d.Pushed)
	list(f, 6, &d.Drift, func(f *fields, path *string) { text(f, 1, path) })
	list(f, 7, &d.Named, naming)
}

func naming(f *fields, n *workspace.Naming) {
	name(f, 1, &n.Connection)
	f.record(2, &n.Sent)
	list(f, 3, &n.Groups, func(f *fields, id *workspace.ResourceID) { f.id(1, id) })
}

func groupDoc(f *fields, d *workspace.GroupDoc) {
	number(f, 1, &d.Kind, workspace.Role)
	text(f, 2, &d.Name)
	list(f, 3, &d.External, externalID)
	f.int(4, &d.Rank)
	f.bool(5, &d.Assignable)
	f.bool(6, &d.Builtin)
}

func externalID(f *fields, x *workspace.ExternalID) {
	name(f, 1, &x.Connection)
	text(f, 2, &x.Value)
}

func source(f *fields, s *workspace.Source) {
	name(f, 1, &s.Connection)
	f.bool(2, &s.Attribute)
}

func changes(f *fields, n uint64, p *[]workspace.Change) {
	list(f, n, p, func(f *fields, c *workspace.Change) {
		text(f, 1, &c.Path)
		f.value(2, &c.From)
		f.value(3, &c.To)
	})
}
