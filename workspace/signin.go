package workspace

import (
	"slices"
	"strings"
	"time"

	"rosterd/scim"
)

// maxBreakGlass is how many admins may keep a second way in (M14).
const maxBreakGlass = 2

// maxListed bounds the people that a refusal lists by name.
const maxListed = 20

// An IssuerCheck is what the discovery document of sso.issuer said when it was
// last asked (OpenID Connect Discovery 1.0). The zero IssuerCheck: never asked.
type IssuerCheck struct {
	Issuer string // that was asked for; of another issuer, it says nothing
	At     time.Time
	Detail string // why it could not be read; empty: it is the issuer's
}

// Issuer returns the check of the configured issuer; the zero IssuerCheck if
// that one was not asked.
func (v *View) Issuer() IssuerCheck {
	if v.settings.doc.Get("sso").Obj().Get("issuer").Str() != v.issuer.Issuer {
		return IssuerCheck{}
	}
	return v.issuer
}

// PasswordSignIn says for whom a password still is a way in: all, externals,
// or nobody but the break-glass admins.
func (v *View) PasswordSignIn() string {
	switch {
	case !v.settings.MembersSSO:
		return "all"
	case v.active > v.members:
		return "externals"
	}
	return "nobody"
}

// guardSignIn refuses SSO alone while somebody would be locked out by it: an
// active member whom no identity provider manages and who has no second way
// in.
func (d *decision) guardSignIn(before, after *Settings) *scim.Error {
	if !after.MembersSSO || before.MembersSSO {
		return nil
	}
	var names []string
	n := 0
	if d.view.unmanaged > 0 {
		d.view.eachUser(func(u *user) bool {
			if u.needsSeat() && u.ManagedBy == "" && !u.breakGlass {
				if n++; n <= maxListed {
					names = append(names, u.userName())
				}
			}
			return true
		})
	}
	if n == 0 {
		return nil
	}
	list := strings.Join(names, ", ")
	if n > maxListed {
		list += ", …"
	}
	return scim.Errorf(409, "", "signIn.members: %d active members are not managed by an identity provider and could not sign in any more: %s; let it provision them, deactivate them, or name them break-glass admins", n, list)
}

// setBreakGlass decides about an admin's second way in.
func (d *decision) setBreakGlass(c SetBreakGlass) (Result, *scim.Error) {
	u, err := d.user(c.ID)
	switch {
	case err != nil:
		return Result{}, err
	case u.breakGlass == c.On:
		return Result{ID: u.id}, nil
	case c.On && (!u.needsSeat() || !d.view.isAdmin(u.ord)):
		return Result{}, scim.Errorf(409, "", "%s is no active admin; only those can be break-glass admins", u.userName())
	case c.On && d.view.breakGlass >= maxBreakGlass:
		return Result{}, scim.Errorf(409, "", "there are %d break-glass admins already; remove one first", maxBreakGlass)
	}
	d.emit(BreakGlassSet{ID: u.id, Name: u.userName(), On: c.On})
	return Result{ID: u.id, Changed: true}, nil
}

func (s *State) applyBreakGlass(ev BreakGlassSet) {
	before := s.mustUser(ev.ID)
	u := *before
	u.breakGlass = ev.On
	s.putUser(before, &u)
}

// endBreakGlass takes the second way in from those who are no active admins
// after the command.
func (d *decision) endBreakGlass() {
	if d.view.breakGlass == 0 {
		return
	}
	moves := d.admins()
	for _, ev := range slices.Clone(d.events) {
		var id ResourceID
		switch ev := ev.(type) {
		case UserChanged:
			id = ev.ID
		case MemberRemoved:
			id = ev.User
		}
		u := d.view.userByID(id)
		if u == nil || !u.breakGlass {
			continue
		}
		_, doc, changed := documentOf(ev)
		if changed && !doc.Active() || !moves.is(d.view, id) {
			d.emit(BreakGlassSet{ID: id, Name: u.userName()})
		}
	}
}

// noteIssuer records what an issuer's discovery document said, unless that is
// known or the issuer is another by now.
func (d *decision) noteIssuer(c NoteIssuer) (Result, *scim.Error) {
	if was := d.view.Issuer(); c.Issuer == was.Issuer && c.Detail == was.Detail && !was.At.IsZero() {
		return Result{}, nil
	}
	if d.view.settings.doc.Get("sso").Obj().Get("issuer").Str() != c.Issuer {
		return Result{}, nil
	}
	d.emit(IssuerChecked(c))
	return Result{Changed: true}, nil
}

// BreakGlass reports whether the user keeps a second way in.
func (x UserView) BreakGlass() bool { return x.u.breakGlass }
