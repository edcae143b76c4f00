package httpapi

import (
	"context"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// issuerTimeout bounds how long the admin of a workspace waits for a foreign
// discovery document.
const issuerTimeout = 3 * time.Second

func (s *Server) nameBreakGlass(x *exchange)   { x.setBreakGlass(true) }
func (s *Server) unnameBreakGlass(x *exchange) { x.setBreakGlass(false) }

func (x *exchange) setBreakGlass(on bool) {
	if id, ok := x.userID(); ok {
		x.commandOnPerson(id, workspace.SetBreakGlass{ID: id, On: on})
	}
}

// checkIssuer asks an issuer that is about to be configured for its discovery
// document. One that names another issuer is refused; one that cannot be read
// is configured, and said to be unchecked (M14).
func (x *exchange) checkIssuer(settings scim.Object) (note *workspace.NoteIssuer, err *scim.Error) {
	issuer := settings.Get("sso").Obj().Get("issuer")
	if issuer.Kind() != scim.String || x.s.cfg.CheckIssuer == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), issuerTimeout)
	defer cancel()
	wrong, detail := x.s.cfg.CheckIssuer(ctx, issuer.Str())
	if wrong {
		return nil, scim.Errorf(400, "", "sso.issuer: %s", detail)
	}
	return &workspace.NoteIssuer{Issuer: issuer.Str(), Detail: detail}, nil
}

// noteIssuer records what checkIssuer found, once the settings are stored.
func (x *exchange) noteIssuer(note *workspace.NoteIssuer, v *workspace.View) *workspace.View {
	if note == nil {
		return v
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	_, after, err := x.s.cfg.Workspaces.Do(ctx, x.ws, x.envelope(), *note)
	if err != nil { // the settings stand; the check is made again with their next change
		x.s.cfg.Log.Warn().Err(err).Bytes("request", x.id).Msg("the check of an issuer was not recorded")
		return v
	}
	return after
}

// ssoCheck is what is known of the configured issuer.
func ssoCheck(v *workspace.View) scim.Value {
	if !v.Settings().SSO {
		return scim.Value{}
	}
	c := v.Issuer()
	state, detail := "checked", optional(c.Detail)
	switch {
	case c.At.IsZero():
		state, detail = "unchecked", scim.Text("the issuer was not asked for its discovery document")
	case c.Detail != "":
		state = "unchecked"
	}
	return scim.ObjectOf(
		scim.Attr{Name: "state", Value: scim.Text(state)},
		scim.Attr{Name: "at", Value: instant(c.At)},
		scim.Attr{Name: "detail", Value: detail},
	)
}
