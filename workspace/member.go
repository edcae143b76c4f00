package workspace

import "rosterd/scim"

// addMember emits that src puts u into g, unless it did before. A connection's
// membership in a role that is not assignable is held; any other source makes
// it count (product.md section 3).
func (d *decision) addMember(g *group, u *user, src Source) {
	m, was := g.members.Get(u.ord)
	if contains(d.left, g) {
		m, was = membership{}, false
	}
	set := d.view.sources.of(m)
	if was && len(withSource(set, src)) == len(set) {
		return
	}
	held := src.Connection != "" && holds(&g.GroupDoc) && (!was || m.held)
	d.emit(MemberAdded{Group: g.id, User: u.id, Source: src, Held: held, GroupName: g.Name, UserName: u.userName()})
}

// holds reports whether a connection's membership in g waits for an admin.
func holds(g *GroupDoc) bool { return g.Kind == Role && !g.Assignable }

// dropMember emits that src no longer has u in g, if it had.
func (d *decision) dropMember(g *group, u *user, src Source) {
	set := d.view.sourcesOf(g, u)
	if len(withoutSource(set, src)) < len(set) && !contains(d.left, g) {
		d.emit(d.view.removal(g, u, src))
	}
}

// removal is the event that takes src from the membership of u in g. What only
// connections still hold in a role that they cannot assign is held again.
func (v *View) removal(g *group, u *user, src Source) MemberRemoved {
	m, _ := g.members.Get(u.ord)
	left := withoutSource(v.sources.of(m), src)
	held := len(left) > 0 && (m.held || src.Connection == "" && holds(&g.GroupDoc) && !localIn(left))
	return MemberRemoved{Group: g.id, User: u.id, Source: src, Held: held, GroupName: g.Name, UserName: u.userName()}
}

func localIn(set []Source) bool {
	for _, src := range set {
		if src.Connection == "" {
			return true
		}
	}
	return false
}

// memberCommand decides what an admin does to one membership.
func (d *decision) memberCommand(cmd Command) (Result, *scim.Error) {
	var groupID, userID ResourceID
	switch c := cmd.(type) {
	case AddMember:
		groupID, userID = c.Group, c.User
	case RemoveMember:
		groupID, userID = c.Group, c.User
	case AllowMember:
		groupID, userID = c.Group, c.User
	}
	g := d.view.groupByID(groupID)
	if g == nil {
		return Result{}, scim.Errorf(404, "", "there is no group %v", groupID)
	}
	u, err := d.user(userID)
	if err != nil {
		return Result{}, err
	}
	m, was := g.members.Get(u.ord)
	switch cmd.(type) {
	case AddMember:
		d.addMember(g, u, local)
	case RemoveMember:
		set := d.view.sources.of(m)
		if was && len(withoutSource(set, local)) == len(set) {
			return Result{}, scim.Errorf(409, "", "the membership was not set here but by %s; remove it there", describeSources(set))
		}
		d.dropMember(g, u, local)
	case AllowMember:
		if !was {
			return Result{}, scim.Errorf(404, "", "user %v is no member of group %v", userID, groupID)
		}
		if m.held {
			d.emit(MemberAllowed{Group: g.id, User: u.id, GroupName: g.Name, UserName: u.userName()})
		}
	}
	return Result{ID: userID, Changed: len(d.events) > 0}, nil
}

func describeSources(set []Source) string {
	text := ""
	for i, src := range set {
		if i > 0 {
			text += " and "
		}
		if src.Connection == "" {
			text += "an attribute of the person"
		} else {
			text += "connection " + src.Connection
		}
	}
	return text
}

// user returns the user called id, or the refusal that there is none.
func (d *decision) user(id ResourceID) (*user, *scim.Error) {
	u := d.view.userByID(id)
	if u == nil {
		return nil, scim.Errorf(404, "", "there is no user %v", id)
	}
	return u, nil
}
