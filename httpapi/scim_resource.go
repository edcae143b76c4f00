package httpapi

import (
	"strings"

	"rosterd/scim"
	"rosterd/workspace"
)

// get answers with one resource: 304 if the client has it (RFC 7644 section
// 3.14).
func (x *exchange) get(rt *scim.ResourceType) {
	id, err := x.resourceID(rt)
	var shape *scim.Projection
	if err == nil {
		shape, err = x.projection(rt)
	}
	if err != nil {
		x.refuse(err)
		return
	}
	r, ok := x.slot.Resource(x.reader(x.view), rt, id)
	if !ok {
		x.refuse(noSuch(rt, id))
		return
	}
	p := workspace.ParsePrecondition(string(x.ctx.Request.Header.Peek("If-None-Match")))
	if p.Set && p.Holds(r.Version()) {
		x.tag(r.Version())
		x.ctx.SetStatusCode(304)
		return
	}
	x.sendResource(200, rt, r, shape)
}

// write is POST, PUT, PATCH and DELETE. It answers with the resource that
// resulted; but a PATCH of a group without it, unless the client asks for
// attributes: a group may have a hundred thousand members (row 43).
func (x *exchange) write(rt *scim.ResourceType) {
	cmd, shape, err := x.asked(rt)
	if err != nil {
		x.decline(err)
		return
	}
	res, view, ok := x.do(x.envelope(), cmd)
	if !ok {
		return
	}
	if x.route.method == "DELETE" {
		x.ctx.SetStatusCode(204)
		return
	}
	r, ok := x.slot.Resource(x.reader(view), rt, res.ID)
	if !ok { // deleted by somebody else in the same breath
		x.refuse(noSuch(rt, res.ID))
		return
	}
	if rt == scim.Group && x.route.method == "PATCH" && shape == nil {
		x.tag(r.Version())
		x.ctx.SetStatusCode(204)
		return
	}
	status := 200
	if res.Created {
		status = 201
	}
	x.sendResource(status, rt, r, shape)
}

// asked returns the command that a write asks for, and the shape of its answer.
func (x *exchange) asked(rt *scim.ResourceType) (cmd workspace.Command, shape *scim.Projection, err *scim.Error) {
	req := workspace.Request{Method: x.route.method, Type: rt, IfMatch: x.ifMatch(), Room: &x.room}
	if req.Method != "POST" {
		if req.ID, err = x.resourceID(rt); err != nil {
			return nil, nil, err
		}
	}
	if req.Method != "DELETE" {
		if shape, err = x.projection(rt); err != nil {
			return nil, nil, err
		}
		if req.Body, err = x.body(&x.room); err != nil {
			return nil, nil, err
		}
	}
	cmd, err = req.Command(&x.dialect, x.s.cfg.Limits)
	return cmd, shape, err
}

func (x *exchange) ifMatch() workspace.Precondition {
	return workspace.ParsePrecondition(string(x.ctx.Request.Header.Peek("If-Match")))
}

// resourceID reads the id in the address. What is no id names nothing.
func (x *exchange) resourceID(rt *scim.ResourceType) (workspace.ResourceID, *scim.Error) {
	id, ok := workspace.ParseResourceID(x.params[0])
	if !ok {
		return id, scim.Errorf(404, "", "there is no %s with this id", strings.ToLower(rt.Name))
	}
	return id, nil
}

func noSuch(rt *scim.ResourceType, id workspace.ResourceID) *scim.Error {
	return scim.Errorf(404, "", "there is no %s %v", strings.ToLower(rt.Name), id)
}
