package workspace

import (
	"slices"
	"strconv"

	"rosterd/ledger"
	"rosterd/scim"
)

// What Derived returns as Values, this file appends as JSON (scim.Appender):
// almost every answer shows it whole, and most of what it costs is the Values.
// TestRenderings holds the two against each other.

// AppendDerived implements scim.Appender.
func (x UserView) AppendDerived(dst []byte, a *scim.Attribute) []byte {
	u := x.u
	switch a {
	case scim.UserSchemas:
		if u.enterprise {
			return append(dst, `["`+scim.URNUser+`","`+scim.URNEnterprise+`","`+scim.URNRosterdUser+`"]`...)
		}
		return append(dst, `["`+scim.URNUser+`","`+scim.URNRosterdUser+`"]`...)
	case scim.UserID:
		return appendID(dst, u.id)
	case scim.UserExternalID:
		return appendExternal(dst, u.External, x.r.connection)
	case scim.UserMeta:
		return x.r.appendMeta(dst, scim.User, u.id, u.created, u.modified, u.version)
	case scim.UserGroups:
		return x.appendGroups(dst)
	case scim.UserManager:
		return x.appendManager(dst)
	case scim.UserRoles, scim.ExtRole, scim.ExtTeams:
		if len(u.Named) == 0 {
			return dst
		}
	case scim.ExtKind:
		if u.Kind == External {
			return append(dst, `"external"`...)
		}
		return append(dst, `"member"`...)
	case scim.ExtManaged:
		return strconv.AppendBool(dst, u.ManagedBy != "")
	case scim.ExtLastSync:
		if u.synced == 0 {
			return dst
		}
		return appendStamp(dst, u.synced)
	case scim.ExtSeat:
		return x.appendSeat(dst)
	case scim.ExtRoleInForce:
		return scim.AppendString(dst, x.EffectiveRole())
	}
	return appendAssigned(dst, x.Derived(a))
}

// AppendDerived implements scim.Appender.
func (x GroupView) AppendDerived(dst []byte, a *scim.Attribute) []byte {
	switch a {
	case scim.GroupSchemas:
		return append(dst, `["`+scim.URNGroup+`","`+scim.URNRosterdGrp+`"]`...)
	case scim.GroupID:
		return appendID(dst, x.g.id)
	case scim.GroupExternalID:
		return appendExternal(dst, x.g.External, x.r.connection)
	case scim.GroupMeta:
		return x.r.appendMeta(dst, scim.Group, x.g.id, x.g.created, x.g.modified, x.g.version)
	case scim.GroupMembers:
		return x.appendMembers(dst)
	}
	return appendAssigned(dst, x.Derived(a))
}

func appendAssigned(dst []byte, v scim.Value) []byte {
	if v.IsUnassigned() {
		return dst
	}
	return scim.AppendValue(dst, v)
}

func appendID(dst []byte, id ResourceID) []byte {
	return append(id.Append(append(dst, '"')), '"')
}

func appendExternal(dst []byte, ids []ExternalID, connection string) []byte {
	if id := external(ids, connection); id != "" {
		return scim.AppendString(dst, id)
	}
	return dst
}

func (r Reader) appendRef(dst []byte, rt *scim.ResourceType, id ResourceID) []byte {
	dst = scim.AppendString(dst, r.base)
	dst = append(append(dst[:len(dst)-1], rt.Endpoint...), '/')
	return append(id.Append(dst), '"')
}

func (r Reader) appendMeta(dst []byte, rt *scim.ResourceType, id ResourceID, created, modified int64, version uint64) []byte {
	if rt == scim.User {
		dst = append(dst, `{"resourceType":"User","created":`...)
	} else {
		dst = append(dst, `{"resourceType":"Group","created":`...)
	}
	dst = append(appendStamp(dst, created), `,"lastModified":`...)
	dst = append(appendStamp(dst, modified), `,"location":`...)
	dst = append(r.appendRef(dst, rt, id), `,"version":"W/\"`...)
	return append(strconv.AppendUint(dst, version, 10), `\""}`...)
}

// appendStamp appends an instant as stamp writes it, in quotes.
func appendStamp(dst []byte, ms int64) []byte {
	t := instant(ms)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 0 || year > 9999 {
		return scim.AppendString(dst, stamp(t))
	}
	text := [...]byte{'"', 0, 0, 0, 0, '-', 0, 0, '-', 0, 0, 'T', 0, 0, ':', 0, 0, ':', 0, 0, '.', 0, 0, 0, 'Z', '"'}
	digits(text[1:5], year)
	digits(text[6:8], int(month))
	digits(text[9:11], day)
	digits(text[12:14], hour)
	digits(text[15:17], minute)
	digits(text[18:20], second)
	digits(text[21:24], t.Nanosecond()/1e6)
	return append(dst, text[:]...)
}

// digits fills text with the last digits of n, which is not negative.
func digits(text []byte, n int) {
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = byte('0' + n%10)
		n /= 10
	}
}

func (x UserView) appendGroups(dst []byte) []byte {
	if len(x.u.groups) == 0 {
		return dst
	}
	dst = append(dst, '[')
	for i, ord := range x.u.groups {
		if i > 0 {
			dst = append(dst, ',')
		}
		g, _ := x.r.v.groups.Get(ord)
		dst = append(appendID(append(dst, `{"value":`...), g.id), `,"$ref":`...)
		dst = append(x.r.appendRef(dst, scim.Group, g.id), `,"display":`...)
		dst = append(scim.AppendString(dst, x.r.v.display(g)), `,"type":"direct"}`...)
	}
	return append(dst, ']')
}

// appendManager leaves what is not completed to Derived: few people have a
// manager who is not here.
func (x UserView) appendManager(dst []byte) []byte {
	stored := x.u.Record.Part(scim.UserEnterprise).Part(scim.UserManager)
	if stored == "" {
		return dst
	}
	id, ok := ParseResourceID(stored.Attr(scim.ManagerValue).Str())
	if boss := new(user); ok && boss.find(x.r.v, id) {
		dst = append(appendID(append(dst, `{"value":`...), id), `,"$ref":`...)
		dst = append(x.r.appendRef(dst, scim.User, id), `,"displayName":`...)
		return append(boss.appendShownName(dst), '}')
	}
	return appendAssigned(dst, x.manager())
}

func (x UserView) appendSeat(dst []byte) []byte {
	seat := x.u.seat
	dst = append(append(dst, `{"state":"`...), seatStates[seat.State]...)
	if seat.State == ledger.Seated {
		dst = append(append(dst, `","source":"`...), seatSources[seat.Source]...)
	}
	dst = append(dst, '"')
	if seat.State != ledger.None {
		dst = appendStamp(append(dst, `,"since":`...), seat.Since)
	}
	if number := x.BilledOn(); number != "" {
		dst = scim.AppendString(append(dst, `,"invoice":`...), number)
	}
	return append(dst, '}')
}

// appendShownName appends what shownName returns, as JSON.
func (u *user) appendShownName(dst []byte) []byte {
	return scim.AppendString(dst, u.shownName())
}

func (x GroupView) appendMembers(dst []byte) []byte {
	own := Source{Connection: x.r.connection}
	all := x.union || x.r.connection == ""
	mark := len(dst)
	var u user
	x.g.members.Scan(func(ord uint32, m membership) bool {
		if !all && !slices.Contains(x.r.v.sources.of(m), own) {
			return true
		}
		p, _ := x.r.v.users.Get(ord)
		u.unpack(ord, p)
		dst = append(appendID(append(dst, `,{"value":`...), u.id), `,"$ref":`...)
		dst = append(x.r.appendRef(dst, scim.User, u.id), `,"display":`...)
		dst = append(u.appendShownName(dst), `,"type":"User"}`...)
		return true
	})
	if len(dst) == mark {
		return dst
	}
	dst[mark] = '['
	return append(dst, ']')
}
