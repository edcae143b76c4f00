package httpapi

import (
	"fmt"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// expiresSoon is from when a token's expiry wants attention.
const expiresSoon = 14 * 24 * time.Hour

// attention lists the workspaces that need someone, since metrics have no such
// labels. It reads heads, and wakes nobody.
func (s *Server) attention(x *exchange) {
	heads, fault := s.cfg.Store.Heads("", 0)
	if fault != nil {
		x.fail(fault)
		return
	}
	now := s.cfg.Now()
	var items []scim.Object
	for _, h := range heads {
		var why []scim.Value
		for _, r := range reasons(h, now) {
			why = append(why, scim.ObjectOf(
				scim.Attr{Name: "reason", Value: scim.Text(r.reason)}, scim.Attr{Name: "detail", Value: scim.Text(r.detail)},
			))
		}
		if why != nil {
			items = append(items, scim.Object{
				{Name: "workspace", Value: scim.Text(string(h.ID))},
				{Name: "name", Value: scim.Text(h.Name)},
				{Name: "reasons", Value: scim.ListOf(why...)},
			})
		}
	}
	x.page(items, "")
}

type reason struct{ reason, detail string }

// reasons says why a workspace needs someone.
func reasons(h workspace.Head, now time.Time) (out []reason) {
	say := func(why, format string, args ...any) { out = append(out, reason{why, fmt.Sprintf(format, args...)}) }
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	if !h.WindowEnds.IsZero() && now.Sub(h.WindowEnds) > time.Minute {
		say("overdue", "the window that ended at %s is still open", stamp(h.WindowEnds))
	}
	if h.DeadHooks > 0 {
		say("deadLetters", "%d webhook messages were given up; replay them", h.DeadHooks)
	}
	if h.DeadMails > 0 {
		say("deadLetters", "%d mails were given up; the log says which", h.DeadMails)
	}
	if h.Waiting > 0 {
		say("waiting", "%d people wait for a seat, the first since %s", h.Waiting, stamp(h.WaitingSince))
	}
	if h.NoAdmin {
		say("noAdmin", "nobody is an active admin")
	}
	if gate := h.GateAt(now); gate != workspace.GateOpen && h.Managed > 0 {
		say("scim", "SCIM is %s, and %d people are managed through it", gateNames[gate], h.Managed)
	}
	if left := h.TokenExpires.Sub(now); !h.TokenExpires.IsZero() && left > 0 && left < expiresSoon {
		say("tokenExpires", "a token expires at %s", stamp(h.TokenExpires))
	}
	return out
}
