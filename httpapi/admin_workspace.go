package httpapi

import (
	"io"
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

var gateNames = map[workspace.Gate]string{
	workspace.GateOpen: "open", workspace.GateGrace: "grace", workspace.GateClosed: "closed",
}

func (s *Server) listWorkspaces(x *exchange) {
	limit, err := x.limit()
	if err != nil {
		x.refuse(err)
		return
	}
	heads, fault := s.cfg.Store.Heads(workspace.ID(x.query("after")), limit)
	if fault != nil {
		x.fail(fault)
		return
	}
	var items []scim.Object
	next := ""
	for _, h := range heads {
		items = append(items, scim.Object{
			{Name: "id", Value: scim.Text(string(h.ID))},
			{Name: "name", Value: scim.Text(h.Name)},
			{Name: "createdAt", Value: instant(h.Created)},
			{Name: "users", Value: counts(h)},
			{Name: "groupCount", Value: scim.Integer(int64(h.Groups))},
			{Name: "scimGate", Value: scim.Text(gateNames[h.GateAt(x.s.cfg.Now())])},
			{Name: "noAdmin", Value: scim.Boolean(h.NoAdmin)},
		})
		next = string(h.ID)
	}
	if len(heads) < limit {
		next = ""
	}
	x.page(items, next)
}

func counts(h workspace.Head) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "active", Value: scim.Integer(int64(h.Active))},
		scim.Attr{Name: "inactive", Value: scim.Integer(int64(h.Inactive))},
		scim.Attr{Name: "managed", Value: scim.Integer(int64(h.Managed))},
	)
}

func (s *Server) createWorkspace(x *exchange) {
	body, err := x.body(nil)
	id := body.Get("id")
	switch {
	case err != nil:
	case id.Kind() != scim.String || !workspace.ValidID(workspace.ID(id.Str())):
		err = scim.Errorf(400, "", "id: write 2 to 28 of a-z, 0-9 and -, beginning with a letter")
	}
	if err != nil {
		x.refuse(err)
		return
	}
	note, err := x.checkIssuer(body)
	if err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(strings.Clone(id.Str())) // it outlives the body, whose memory it shares
	_, view, ok := x.command(workspace.CreateWorkspace{Settings: body.With("id", scim.Value{})})
	if ok {
		x.answerWorkspace(201, x.noteIssuer(note, view))
	}
	if x.ctx.Response.StatusCode() == 201 {
		x.ctx.Response.Header.Set("Location", x.origin()+adminRoot+"/workspaces/"+id.Str())
	}
}

// answerWorkspace answers with a workspace and the entity tag of its settings.
func (x *exchange) answerWorkspace(status int, v *workspace.View) {
	x.ctx.Response.Header.Set("ETag", workspace.ETag(v.SettingsVersion()))
	x.answer(status, x.workspace(v))
}

// workspace is what the admin API shows of a workspace: its settings as they
// were written, and how things stand.
func (x *exchange) workspace(v *workspace.View) scim.Object {
	gate, missing := v.Gate(x.s.cfg.Now())
	var why []scim.Value
	for _, m := range missing {
		why = append(why, scim.Text(m))
	}
	h := v.Head()
	o := append(scim.Object{{Name: "id", Value: scim.Text(string(v.ID()))}}, v.SettingsObject()...)
	return append(o,
		scim.Attr{Name: "createdAt", Value: instant(h.Created)},
		scim.Attr{Name: "scimBaseUrl", Value: scim.Text(x.base())},
		scim.Attr{Name: "scimGate", Value: scim.Text(gateNames[gate])},
		scim.Attr{Name: "scimMissing", Value: scim.ListOf(why...)},
		scim.Attr{Name: "users", Value: counts(h)},
		scim.Attr{Name: "groupCount", Value: scim.Integer(int64(h.Groups))},
		scim.Attr{Name: "noAdmin", Value: scim.Boolean(h.NoAdmin)},
		scim.Attr{Name: "ssoCheck", Value: ssoCheck(v)},
		scim.Attr{Name: "passwordSignIn", Value: scim.Text(v.PasswordSignIn())},
	)
}

func (s *Server) getWorkspace(x *exchange) {
	if x.open() {
		x.answerWorkspace(200, x.view)
	}
}

func (s *Server) changeWorkspace(x *exchange) {
	body, err := x.body(nil)
	if err == nil && body.Get("id").Kind() != scim.Null {
		err = scim.Errorf(400, "", "id cannot change")
	}
	if err != nil {
		x.refuse(err)
		return
	}
	note, err := x.checkIssuer(body)
	if err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	if _, view, ok := x.command(workspace.ChangeWorkspace{IfMatch: x.ifMatch(), Patch: body}); ok {
		x.answerWorkspace(200, x.noteIssuer(note, view))
	}
}

// backup streams a backup. If it fails on the way, the connection breaks off,
// and what came so far has no end, so restore refuses it.
func (s *Server) backup(x *exchange) {
	name := "rosterd-" + s.cfg.Now().UTC().Format("20060102-150405") + ".backup"
	x.ctx.Response.Header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	x.stream("application/octet-stream", func(w io.Writer) error {
		err := s.cfg.Store.Backup(w)
		if err != nil {
			s.cfg.Log.Error().Err(err).Bytes("request", x.id).Dur("duration", time.Since(x.began)).Msg("backup failed")
		}
		return err
	})
}
