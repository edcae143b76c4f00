package httpapi

import (
	"rosterd/scim"
	"rosterd/workspace"
)

func (s *Server) listGroups(x *exchange) { x.list(scim.Group) }

func (s *Server) getGroup(x *exchange) {
	id, err := x.resourceID("group")
	if err != nil {
		x.refuse(err)
		return
	}
	shape, err := x.projection(scim.Group)
	if err != nil {
		x.refuse(err)
		return
	}
	g, ok := x.reader(x.view).Group(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no group %v", id))
		return
	}
	x.sendRead(scim.Group, g, shape)
}

// writeGroup is POST, PUT and PATCH. A PATCH is answered without the group
// unless the client asks for attributes: a group may have a hundred thousand
// members (row 43).
func (s *Server) writeGroup(x *exchange) {
	cmd, shape, err := x.write(scim.Group, "group")
	if err != nil {
		x.decline(err)
		return
	}
	res, view, ok := x.do(x.envelope(), cmd)
	if !ok {
		return
	}
	g, ok := x.reader(view).Group(res.ID)
	if !ok { // deleted by somebody else in the same breath
		x.refuse(scim.Errorf(404, "", "there is no group %v", res.ID))
		return
	}
	if x.route.method == "PATCH" && shape == nil {
		x.ctx.Response.Header.Set("ETag", workspace.ETag(g.Version()))
		x.ctx.SetStatusCode(204)
		return
	}
	x.sendResource(status(res), scim.Group, g, shape)
}

func (s *Server) deleteGroup(x *exchange) {
	id, err := x.resourceID("group")
	if err != nil {
		x.decline(err)
		return
	}
	if _, _, ok := x.do(x.envelope(), workspace.DeleteGroup{ID: id, IfMatch: x.ifMatch()}); ok {
		x.ctx.SetStatusCode(204)
	}
}
