package workspace

import "rosterd/scim"

// Weight guesses how many bytes c takes on disk, and the largest of its events,
// rather too many: every text counts as often as an event holds it.
func (c Commit) Weight() (whole, largest int) {
	const envelope = 256
	whole = envelope
	for _, ev := range c.Events {
		w := weightOf(ev)
		whole, largest = whole+w, max(largest, w)
	}
	return whole, largest
}

// What frames an event, an entry of a list, and a value.
const (
	eventFrame = 160
	entryFrame = 64
	valueFrame = 16
)

func weightOf(ev Event) int {
	const other = 4096 // of those that operations of a bulk do not make
	switch ev := ev.(type) {
	case UserCreated:
		return eventFrame + len(ev.Name) + ev.UserDoc.weight()
	case UserChanged:
		return eventFrame + len(ev.Name) + len(ev.Note) + ev.UserDoc.weight() + changesWeight(ev.Changes)
	case UserDeleted:
		return eventFrame + len(ev.Name)
	case UserSynced:
		return eventFrame
	case GroupCreated:
		return eventFrame + ev.GroupDoc.weight()
	case GroupChanged:
		return eventFrame + ev.GroupDoc.weight() + changesWeight(ev.Changes)
	case GroupDeleted:
		return eventFrame + len(ev.Name)
	case MemberAdded:
		return eventFrame + len(ev.GroupName) + len(ev.UserName)
	case MemberRemoved:
		return eventFrame + len(ev.GroupName) + len(ev.UserName)
	case Posted:
		if _, ok := personOf(ev.Entry); ok {
			return eventFrame + len(ev.Name)
		}
	case ProbableDuplicate:
		return eventFrame + len(ev.Name) + len(ev.OtherName)
	case RequestRefused:
		return eventFrame + len(ev.Detail)
	case Answered:
		return other + len(ev.Result.Answer)
	}
	return other
}

func (d *UserDoc) weight() int {
	w := len(d.Record) + len(d.Pushed) + externalWeight(d.External)
	for _, n := range d.Named {
		w += entryFrame + len(n.Sent) + len(n.Groups)*len(ResourceID{})
	}
	for _, path := range d.Drift {
		w += valueFrame + len(path)
	}
	return w
}

func (d *GroupDoc) weight() int { return len(d.Name) + externalWeight(d.External) }

func externalWeight(ids []ExternalID) (w int) {
	for _, x := range ids {
		w += entryFrame + len(x.Value)
	}
	return w
}

func changesWeight(changes []Change) (w int) {
	for _, ch := range changes {
		w += entryFrame + len(ch.Path) + valueWeight(ch.From) + valueWeight(ch.To)
	}
	return w
}

func valueWeight(v scim.Value) int {
	w := valueFrame + len(v.Str())
	for _, a := range v.Obj() {
		w += len(a.Name) + valueWeight(a.Value)
	}
	for _, e := range v.List() {
		w += valueWeight(e)
	}
	return w
}
