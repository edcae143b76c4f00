package workspace

import (
	"slices"
	"time"
)

// expiriesKept bounds the expiries in a head, which is written with every
// append. The latest ones are left out; they come in again as time goes by and
// the workspace is written to.
const expiriesKept = 100

// expiries returns the earliest instants ahead at which tokens expire, in
// order.
func (v *View) expiries() []time.Time {
	var out []time.Time
	for _, t := range v.tokens {
		if t.Expires.After(v.at) {
			out = append(out, t.Expires)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out[:min(len(out), expiriesKept)]
}

// TokensExpiring returns how many tokens expire after now and within a time.
func (h Head) TokensExpiring(now time.Time, within time.Duration) int {
	soon := func(at time.Time) bool { return at.After(now) && !at.After(now.Add(within)) }
	n := 0
	for _, at := range h.LaterExpiries {
		if soon(at) {
			n++
		}
	}
	if soon(h.TokenExpires) {
		n++
	}
	return n
}

// GateAt says how far the SCIM endpoints answer at now, an instant at or after
// the head's writing.
func (h Head) GateAt(now time.Time) Gate {
	if h.Gate == GateGrace && !h.GraceEnds.IsZero() && !now.Before(h.GraceEnds) {
		return GateClosed
	}
	return h.Gate
}
