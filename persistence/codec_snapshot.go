package persistence

import "rosterd/workspace"

// A snapshot chunk holds items, each as its number and a sized message.

// itemKinds are the snapshot items with their wire numbers. Append only, as
// eventKinds.
var itemKinds = newCatalogue[workspace.SnapshotItem]("snapshot item",
	item(1, func(f *fields, i *workspace.SnapHead) {
		f.uint(1, &i.Seq)
		f.time(2, &i.At)
		f.time(3, &i.Created)
		f.id(4, &i.LastID)
		f.object(5, &i.Settings)
		f.bool(6, &i.Gate.EverMet)
		f.time(7, &i.Gate.LapsedAt)
		f.uint(8, &i.Version)
		f.message(9, func(f *fields) {
			text(f, 1, &i.Issuer.Issuer)
			f.time(2, &i.Issuer.At)
			text(f, 3, &i.Issuer.Detail)
		})
		f.message(10, func(f *fields) { marks(f, &i.Marks) })
		position(f, 11, &i.Seats)
	}),
	item(2, func(f *fields, i *workspace.SnapConnection) {
		text(f, 1, &i.ID)
		text(f, 2, &i.Name)
		text(f, 3, &i.Dialect)
		f.time(4, &i.Created)
		list(f, 5, &i.Quirks, quirkUse)
	}),
	item(3, func(f *fields, i *workspace.SnapToken) {
		text(f, 1, &i.ID)
		text(f, 2, &i.Name)
		text(f, 3, &i.Connection)
		f.fixed(4, i.Hash[:])
		f.bool(5, &i.Read)
		f.bool(6, &i.Write)
		f.time(7, &i.Created)
		f.time(8, &i.Expires)
		f.time(9, &i.LastUsed)
	}),
	item(4, func(f *fields, i *workspace.SnapGroup) {
		f.id(1, &i.ID)
		f.uint(2, &i.Version)
		f.time(3, &i.Created)
		f.time(4, &i.Modified)
		f.message(5, func(f *fields) { groupDoc(f, &i.GroupDoc) })
	}),
	item(5, func(f *fields, i *workspace.SnapUser) {
		f.id(1, &i.ID)
		f.uint(2, &i.Version)
		f.time(3, &i.Created)
		f.time(4, &i.Modified)
		f.message(5, func(f *fields) { userDoc(f, &i.UserDoc) })
		f.time(6, &i.LastSync)
		name(f, 7, &i.SyncedBy)
		lastError(f, 8, &i.LastError)
		f.message(9, func(f *fields) { seat(f, &i.Seat) })
		f.bool(10, &i.BreakGlass)
	}),
	item(6, func(f *fields, i *workspace.SnapMembers) {
		f.id(1, &i.Group)
		list(f, 2, &i.Members, func(f *fields, m *workspace.SnapMember) {
			f.id(1, &m.User)
			list(f, 2, &m.Sources, source)
			f.bool(3, &m.Held)
		})
	}),
	item(7, func(f *fields, i *workspace.SnapAnswer) {
		f.time(1, &i.At)
		f.message(2, func(f *fields) { answered(f, &i.Answered) })
	}),
	item(8, func(f *fields, i *workspace.SnapInvoice) { invoice(f, &i.Invoice) }),
	item(9, func(f *fields, i *workspace.SnapWebhook) {
		text(f, 1, &i.ID)
		text(f, 2, &i.URL)
		list(f, 3, &i.Kinds, func(f *fields, kind *string) { text(f, 1, kind) })
		text(f, 4, &i.Secret)
		text(f, 5, &i.Former)
		f.time(6, &i.Until)
		f.time(7, &i.Created)
		f.uint(8, &i.Since)
	}),
	item(10, func(f *fields, i *workspace.SnapDead) {
		text(f, 1, &i.Consumer)
		f.uint(2, &i.Seq)
		f.time(3, &i.At)
		text(f, 4, &i.Detail)
	}),
)

func item[T any](number uint64, describe func(*fields, *T)) kindOf[workspace.SnapshotItem] {
	return kind[T, workspace.SnapshotItem](number, describe)
}

func marks(f *fields, m *workspace.Marks) {
	f.uint(1, &m.Mail)
	f.uint(2, &m.Log)
}

func lastError(f *fields, n uint64, p **workspace.UserError) {
	if !f.decoding && *p == nil {
		return
	}
	var e workspace.UserError
	if *p != nil {
		e = **p
	}
	f.message(n, func(f *fields) {
		f.time(1, &e.At)
		f.int(2, &e.Status)
		text(f, 3, &e.Detail)
	})
	if f.decoding && e != (workspace.UserError{}) {
		*p = &e
	}
}

// decodeItems calls yield with each item of a chunk's body.
func decodeItems(b []byte, yield func(workspace.SnapshotItem) bool) error {
	for len(b) > 0 {
		i, rest, err := itemKinds.cut(b)
		if err != nil || !yield(i) {
			return err
		}
		b = rest
	}
	return nil
}
