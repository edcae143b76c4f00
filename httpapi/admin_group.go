package httpapi

import (
	"rosterd/scim"
	"rosterd/workspace"
)

func role(g workspace.GroupView) scim.Object {
	return scim.Object{
		{Name: "id", Value: scim.Text(g.ID().String())},
		{Name: "name", Value: scim.Text(g.RoleName())},
		{Name: "rank", Value: scim.Integer(int64(g.Rank()))},
		{Name: "scimAssignable", Value: scim.Boolean(g.Assignable())},
		{Name: "builtIn", Value: scim.Boolean(g.Builtin())},
		{Name: "members", Value: scim.Integer(int64(g.Len()))},
	}
}

func (s *Server) listRoles(x *exchange) {
	if x.open() {
		part(x, x.reader(x.view).Roles(), func(g workspace.GroupView) string { return g.ID().String() }, role)
	}
}

func (x *exchange) answerRole(status int, v *workspace.View, id workspace.ResourceID) {
	g, ok := x.reader(v).Group(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no role %v", id))
		return
	}
	x.answer(status, role(g))
}

func (s *Server) createRole(x *exchange) {
	f := x.form()
	cmd := workspace.CreateRole{Name: f.required("name"), Assignable: true}
	if rank := f.int("rank"); rank != nil {
		cmd.Rank = *rank
	} else if f.err == nil {
		f.err = scim.Errorf(400, "", "rank is required: the higher of two roles counts")
	}
	if yes := f.bool("scimAssignable"); yes != nil {
		cmd.Assignable = *yes
	}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	if res, view, ok := x.command(cmd); ok {
		x.answerRole(201, view, res.ID)
	}
}

// groupID reads the second id of the address.
func (x *exchange) groupID(noun string) (workspace.ResourceID, bool) {
	id, ok := workspace.ParseResourceID(x.param(1))
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no %s %q", noun, x.param(1)))
	}
	return id, ok
}

func (s *Server) changeRole(x *exchange) {
	f := x.form()
	cmd := workspace.ChangeRole{Name: f.text("name"), Rank: f.int("rank"), Assignable: f.bool("scimAssignable")}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	id, ok := x.groupID("role")
	if !ok {
		return
	}
	cmd.ID, x.ws = id, workspace.ID(x.param(0))
	if _, view, ok := x.command(cmd); ok {
		x.answerRole(200, view, id)
	}
}

func (s *Server) deleteRole(x *exchange) {
	id, ok := x.groupID("role")
	if !ok {
		return
	}
	x.ws = workspace.ID(x.param(0))
	if _, _, ok := x.command(workspace.DeleteRole{ID: id}); ok {
		x.ctx.SetStatusCode(204)
	}
}

// listTeamsAndRoles lists the groups, so that an admin finds the ids of teams.
func (s *Server) listTeamsAndRoles(x *exchange) {
	limit, err := x.limit()
	if err != nil {
		x.refuse(err)
		return
	}
	if !x.open() {
		return
	}
	start, err := x.number("after", 0)
	if err != nil || start < 0 {
		x.refuse(scim.Errorf(400, "", "after: %q is no place in this list", x.query("after")))
		return
	}
	list, err := x.reader(x.view).List(workspace.Query{Select: []workspace.Selector{{Type: scim.Group}}})
	if err != nil {
		x.refuse(err)
		return
	}
	var items []scim.Object
	for _, r := range list.Page(x.base(), start+1, limit) {
		g, _ := r.(workspace.GroupView)
		items = append(items, scim.Object{
			{Name: "id", Value: scim.Text(g.ID().String())},
			{Name: "displayName", Value: scim.Text(g.Name())},
			{Name: "kind", Value: scim.Text(g.Kind().String())},
			{Name: "members", Value: scim.Integer(int64(g.Len()))},
		})
	}
	next := ""
	if end := start + len(items); end < list.Total() {
		next = string(scim.AppendValue(nil, scim.Integer(int64(end))))
	}
	x.page(items, next)
}

// listMembers lists the members of a group with who put them there.
func (s *Server) listMembers(x *exchange) {
	limit, err := x.limit()
	if err != nil {
		x.refuse(err)
		return
	}
	id, ok := x.groupID("group")
	if !ok || !x.open() {
		return
	}
	g, ok := x.reader(x.view).Group(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no group %v", id))
		return
	}
	after, known := workspace.ParseResourceID(x.query("after"))
	if !known && x.query("after") != "" {
		x.refuse(scim.Errorf(400, "", "after: %q is no id", x.query("after")))
		return
	}
	var items []scim.Object
	next := ""
	for m := range g.Members(after, limit+1) {
		if len(items) == limit {
			next = after.String()
			break
		}
		after = m.User.ID()
		items = append(items, member(m))
	}
	x.page(items, next)
}

func member(m workspace.MemberView) scim.Object {
	var sources []scim.Value
	for _, src := range m.Sources {
		switch {
		case src.Connection == "" && !src.Attribute:
			sources = append(sources, scim.Text("local"))
		case src.Attribute:
			sources = append(sources, scim.Text(src.Connection+":attribute"))
		default:
			sources = append(sources, scim.Text(src.Connection))
		}
	}
	return scim.Object{
		{Name: "id", Value: scim.Text(m.User.ID().String())},
		{Name: "accountEmail", Value: scim.Text(m.User.UserName())},
		{Name: "sources", Value: scim.ListOf(sources...)},
		{Name: "held", Value: scim.Boolean(m.Held)},
	}
}

func (s *Server) addMember(x *exchange) {
	f := x.form()
	text := f.required("user")
	user, known := workspace.ParseResourceID(text)
	if f.err == nil && !known {
		f.err = scim.Errorf(400, "", "user: %q is no id", text)
	}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	id, ok := x.groupID("group")
	if !ok {
		return
	}
	x.ws = workspace.ID(x.param(0))
	if _, view, ok := x.command(workspace.AddMember{Group: id, User: user}); ok {
		x.answerMember(view, id, user)
	}
}

// answerMember answers with one membership as it is now.
func (x *exchange) answerMember(v *workspace.View, group, user workspace.ResourceID) {
	if u, ok := x.reader(v).User(user); ok {
		for m := range u.Memberships() {
			if m.Group.ID() == group {
				x.answer(200, member(workspace.MemberView{User: u, Sources: m.Sources, Held: m.Held}))
				return
			}
		}
	}
	x.refuse(scim.Errorf(404, "", "user %v is no member of group %v", user, group))
}

// membership reads the two ids of a membership in the address.
func (x *exchange) membership() (group, user workspace.ResourceID, ok bool) {
	group, ok = x.groupID("group")
	if !ok {
		return group, user, false
	}
	if user, ok = workspace.ParseResourceID(x.param(2)); !ok {
		x.refuse(scim.Errorf(404, "", "there is no user %q", x.param(2)))
	}
	x.ws = workspace.ID(x.param(0))
	return group, user, ok
}

func (s *Server) removeMember(x *exchange) {
	group, user, ok := x.membership()
	if !ok {
		return
	}
	if _, _, ok := x.command(workspace.RemoveMember{Group: group, User: user}); ok {
		x.ctx.SetStatusCode(204)
	}
}

func (s *Server) allowMember(x *exchange) {
	group, user, ok := x.membership()
	if !ok {
		return
	}
	if _, view, ok := x.command(workspace.AllowMember{Group: group, User: user}); ok {
		x.answerMember(view, group, user)
	}
}
