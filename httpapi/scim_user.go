package httpapi

import (
	"rosterd/scim"
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

func (x *exchange) ifMatch() workspace.Precondition {
	return workspace.ParsePrecondition(string(x.ctx.Request.Header.Peek("If-Match")))
}

// write is what every write of a resource with a body begins with: the command
// that the request asks for, and the shape of the answer.
func (x *exchange) write(rt *scim.ResourceType, noun string) (cmd workspace.Command, shape *scim.Projection, err *scim.Error) {
	req := workspace.Request{Method: x.route.method, Type: rt, IfMatch: x.ifMatch()}
	if req.Method != "POST" {
		if req.ID, err = x.resourceID(noun); err != nil {
			return nil, shape, err
		}
	}
	if shape, err = x.projection(rt); err != nil {
		return nil, shape, err
	}
	if req.Body, err = x.body(); err != nil {
		return nil, shape, err
	}
	cmd, err = req.Command(&x.dialect, x.s.cfg.Limits)
	return cmd, shape, err
}

// writeUser is POST, PUT and PATCH. It answers with the user that resulted.
func (s *Server) writeUser(x *exchange) {
	cmd, shape, err := x.write(scim.User, "user")
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
