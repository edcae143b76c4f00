package httpapi

import (
	"rosterd/scim"
	"rosterd/scim/patch"
	"rosterd/workspace"
)

func (s *Server) listUsers(x *exchange) { x.list(scim.User) }

func (s *Server) getUser(x *exchange) {
	id, err := x.resourceID("user")
	if err != nil {
		x.refuse(err)
		return
	}
	shape, err := x.projection(scim.User)
	if err != nil {
		x.refuse(err)
		return
	}
	u, ok := x.reader(x.view).User(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no user %v", id))
		return
	}
	x.sendRead(scim.User, u, shape)
}

func (s *Server) createUser(x *exchange) {
	x.writeUser(func(_ workspace.ResourceID, raw scim.Object) (workspace.Command, *scim.Error) {
		doc, err := scim.Normalize(scim.User, raw, &x.dialect)
		return workspace.CreateUser{Doc: doc}, err
	})
}

func (s *Server) replaceUser(x *exchange) {
	x.writeUser(func(id workspace.ResourceID, raw scim.Object) (workspace.Command, *scim.Error) {
		doc, err := scim.Normalize(scim.User, raw, &x.dialect)
		return workspace.ReplaceUser{ID: id, IfMatch: x.ifMatch(), Doc: doc, Cleared: scim.Cleared(scim.User, raw)}, err
	})
}

func (s *Server) patchUser(x *exchange) {
	x.writeUser(func(id workspace.ResourceID, raw scim.Object) (workspace.Command, *scim.Error) {
		ops, err := patch.Parse(scim.User, raw, &x.dialect, x.s.cfg.Limits)
		return workspace.PatchUser{ID: id, IfMatch: x.ifMatch(), Ops: ops}, err
	})
}

func (x *exchange) ifMatch() workspace.Precondition {
	return precondition(x.ctx.Request.Header.Peek("If-Match"))
}

// read is what every write of a resource begins with: the id in the address,
// the body, and the shape of the answer.
func (x *exchange) read(rt *scim.ResourceType, noun string) (id workspace.ResourceID, raw scim.Object, shape *scim.Projection, err *scim.Error) {
	if x.route.method != "POST" {
		if id, err = x.resourceID(noun); err != nil {
			return id, nil, shape, err
		}
	}
	if shape, err = x.projection(rt); err != nil {
		return id, nil, shape, err
	}
	if raw, err = x.body(); err == nil && x.route.method != "PATCH" {
		scim.NoteSchemas(raw, rt.URNs, &x.dialect)
	}
	return id, raw, shape, err
}

// writeUser runs the command that command makes of the body, and answers with
// the user that resulted.
func (x *exchange) writeUser(command func(workspace.ResourceID, scim.Object) (workspace.Command, *scim.Error)) {
	id, raw, shape, err := x.read(scim.User, "user")
	var cmd workspace.Command
	if err == nil {
		cmd, err = command(id, raw)
	}
	if err != nil {
		x.decline(err)
		return
	}
	res, view, ok := x.do(x.envelope(), cmd)
	if !ok {
		return
	}
	u, ok := x.reader(view).User(res.ID)
	if !ok { // deleted by somebody else in the same breath
		x.refuse(scim.Errorf(404, "", "there is no user %v", res.ID))
		return
	}
	x.sendResource(status(res), scim.User, u, shape)
}

func status(res workspace.Result) int {
	if res.Created {
		return 201
	}
	return 200
}

func (s *Server) deleteUser(x *exchange) {
	id, err := x.resourceID("user")
	if err != nil {
		x.decline(err)
		return
	}
	if _, _, ok := x.do(x.envelope(), workspace.DeleteUser{ID: id, IfMatch: x.ifMatch()}); ok {
		x.ctx.SetStatusCode(204)
	}
}
