package workspace

import (
	"strings"
	"time"

	"rosterd/scim"
)

// A Gate says how far the SCIM endpoints of a workspace answer (M3).
type Gate uint8

// Gates. Head records store these numbers.
const (
	GateOpen   Gate = iota // every requirement holds
	GateGrace              // lapsed less than scim.graceDays ago: leavers get out, nothing else
	GateClosed             // refused with what is missing
)

// lapses returns which of the customer's own requirements are missing.
func (s *Settings) lapses() []string {
	var out []string
	if s.Plan != planEnterprise {
		out = append(out, `the plan must be "enterprise" (it is "`+s.Plan+`")`)
	}
	if s.Subscription == subscriptionCancelled {
		out = append(out, `the subscription must be active (it is "`+s.Subscription+`")`)
	}
	if !s.SSO {
		out = append(out, "an OpenID Connect SSO connection must be configured (sso.issuer and sso.clientId)")
	}
	return out
}

// missing returns every requirement that does not hold, in words.
func (s *Settings) missing() []string {
	out := s.lapses()
	if !s.SCIM.Enabled {
		out = append(out, "the operator must switch SCIM on for this workspace (scim.enabled)")
	}
	return out
}

// GateAt says how far the SCIM endpoints answer at now, and which requirements
// are missing. The grace time covers what the customer let lapse; the
// operator's switch stops everything at once.
func (s *Settings) GateAt(g GateState, now time.Time) (Gate, []string) {
	missing := s.missing()
	switch {
	case len(missing) == 0:
		return GateOpen, nil
	case s.SCIM.Enabled && g.EverMet && now.Before(s.graceEnds(g)):
		return GateGrace, missing
	}
	return GateClosed, missing
}

// graceEnds returns the end of the grace time of a workspace that has lapsed.
func (s *Settings) graceEnds(g GateState) time.Time {
	return g.LapsedAt.Add(time.Duration(s.SCIM.GraceDays) * 24 * time.Hour)
}

// Next returns what the gate has to remember once the settings are after. The
// grace time counts from the instant at which the customer's own requirements
// ceased to hold, whatever the operator's switch did.
func (g GateState) Next(after *Settings, at time.Time) GateState {
	switch lapsed := len(after.lapses()) > 0; {
	case !lapsed:
		g.EverMet = g.EverMet || after.SCIM.Enabled
		g.LapsedAt = time.Time{}
	case g.EverMet && g.LapsedAt.IsZero():
		g.LapsedAt = at
	}
	return g
}

// GateRefusal is the 403 of a request that the gate stops. Its detail names
// each missing requirement.
func GateRefusal(gate Gate, missing []string) *scim.Error {
	why := strings.Join(missing, "; ")
	if gate == GateGrace {
		return scim.Errorf(403, "", "SCIM has lapsed for this workspace, and until the grace time ends only reads, deactivation, removal of members and DELETE work: %s", why)
	}
	return scim.Errorf(403, "", "SCIM is not available for this workspace: %s", why)
}
