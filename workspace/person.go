package workspace

import (
	"slices"

	"rosterd/scim"
)

// personCommand decides what an admin, or the person through the application,
// does to one user.
func (d *decision) personCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case AddPerson:
		return d.addPerson(c)
	case EditPerson:
		return d.editPerson(c)
	case SetActive:
		return d.setActive(c)
	}
	return d.changeAccountEmail(cmd.(ChangeAccountEmail))
}

// addPerson creates a local user.
func (d *decision) addPerson(c AddPerson) (Result, *scim.Error) {
	if err := scim.Validate(scim.User, c.Doc); err != nil {
		return Result{}, err
	}
	w := write{doc: c.Doc, touched: attributesOf(c.Doc)}
	if err := d.nameFree(nil, w.doc.Get("userName").Str()); err != nil {
		return Result{}, err
	}
	if c.Kind == External && w.touched.any() {
		return Result{}, scim.Errorf(400, scim.InvalidValue, "an external holds the role %s; role, roles and teams cannot be set", RoleGuest)
	}
	return d.newUser(c.Kind, w)
}

// editPerson changes attributes of a user by hand. On a managed user the
// identity provider's next write of them wins (M5).
func (d *decision) editPerson(c EditPerson) (Result, *scim.Error) {
	u, err := d.user(c.ID)
	if err != nil {
		return Result{}, err
	}
	doc, w := d.object(u), write{touched: attributesOf(c.Doc)}
	if name := c.Doc.Get("userName"); name.Kind() != scim.Null && name.Str() != u.userName() {
		return Result{}, scim.Errorf(409, scim.MutabilityError, "the account e-mail is changed by the person only, through the application")
	}
	for _, name := range c.Del {
		ref, ok := scim.User.Resolve(name)
		if !ok {
			return Result{}, scim.Errorf(400, scim.InvalidPath, "%q: there is no such attribute", name)
		}
		if ref.Attr.Required {
			return Result{}, scim.Errorf(400, scim.InvalidValue, "%s is required", ref.Attr.Name)
		}
		if ref.Attr == scim.UserActive {
			return Result{}, scim.Errorf(400, scim.InvalidValue, "active is true or false; deactivate the person instead")
		}
		w.touched.mark(ref.Attr)
		doc = unassign(doc, ref)
	}
	w.doc = overlay(doc, c.Doc)
	if u.Kind == External && w.touched.any() {
		return Result{}, scim.Errorf(400, scim.InvalidValue, "an external holds the role %s; role, roles and teams cannot be set", RoleGuest)
	}
	return d.writeUser(u, w, CauseWrite)
}

// unassign returns doc without what ref names.
func unassign(doc scim.Object, ref scim.Ref) scim.Object {
	if ref.Ext == nil {
		return doc.With(ref.Attr.Name, scim.Value{})
	}
	ext := doc.Get(ref.Ext.Name).Obj().With(ref.Attr.Name, scim.Value{})
	return doc.With(ref.Ext.Name, scim.ObjectOf(ext...))
}

func (d *decision) setActive(c SetActive) (Result, *scim.Error) {
	u, err := d.user(c.ID)
	if err != nil {
		return Result{}, err
	}
	cause := CauseWrite
	if c.Active {
		cause = CauseReactivated
	}
	if u.active == c.Active {
		return Result{ID: u.id}, nil
	}
	return d.writeUser(u, write{doc: u.object().With("active", scim.Boolean(c.Active))}, cause)
}

// changeAccountEmail is the person's own change (M7).
func (d *decision) changeAccountEmail(c ChangeAccountEmail) (Result, *scim.Error) {
	u, err := d.user(c.ID)
	if err != nil {
		return Result{}, err
	}
	if u.ManagedBy != "" {
		return Result{}, scim.Errorf(409, scim.MutabilityError, "an identity provider manages this account; change the address there")
	}
	if wrong := address(scim.Text(c.Email)); wrong != "" {
		return Result{}, scim.Errorf(400, scim.InvalidValue, "accountEmail: %s", wrong)
	}
	if err := d.nameFree(u, c.Email); err != nil {
		return Result{}, err
	}
	return d.writeUser(u, write{doc: u.object().With("userName", scim.Text(c.Email))}, CauseWrite)
}

// nameFree refuses an account e-mail that somebody but self holds (row 28).
func (d *decision) nameFree(self *user, name string) *scim.Error {
	if self != nil && name == self.userName() {
		return nil
	}
	holder := d.view.userByName(name)
	if holder == nil || self != nil && holder.id == self.id {
		return nil
	}
	return taken(name, holder)
}

func taken(name string, holder *user) *scim.Error {
	state := "inactive"
	if holder.active {
		state = "active"
	}
	return scim.Errorf(409, scim.Uniqueness, "userName %q is taken by %s user %v", name, state, holder.id)
}

// drifted returns the paths of u that differ from what the identity provider
// last wrote, once an admin has changed paths (M5).
func drifted(before []string, changes []Change) []string {
	out := slices.Clone(before)
	for _, c := range changes {
		if !slices.Contains(out, c.Path) {
			out = append(out, c.Path)
		}
	}
	slices.Sort(out)
	return out
}
