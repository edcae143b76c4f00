package workspace

import (
	"slices"
	"strings"
	"time"
)

// What requests make of the people of the naive model: product.md section 3 and
// M6, as far as seats depend on it. Every method answers with the status that
// the law demands, and changes nothing unless it is a success.

func (n *naive) by(is func(*naivePerson) bool) *naivePerson {
	if i := slices.IndexFunc(n.people, is); i >= 0 {
		return n.people[i]
	}
	return nil
}

func (n *naive) person(id ResourceID) *naivePerson {
	return n.by(func(p *naivePerson) bool { return p.id == id })
}

func (n *naive) named(name string) *naivePerson {
	return n.by(func(p *naivePerson) bool { return strings.EqualFold(p.name, name) })
}

func (n *naive) externally(conn, ext string) *naivePerson {
	return n.by(func(p *naivePerson) bool { return ext != "" && p.external[conn] == ext })
}

// A naivePost is what POST /Users sends.
type naivePost struct {
	conn, name, ext string
	active          *bool // nil: says nothing
	admin           bool  // roles names Admin
}

// post creates, adopts or restores.
func (n *naive) post(r naivePost, id ResourceID) int {
	byName, byExternal := n.named(r.name), n.externally(r.conn, r.ext)
	strict := r.conn == "strict"
	switch {
	case byName != nil && byExternal != nil && byName != byExternal:
		return 409
	case byName == nil && byExternal != nil && !byExternal.active && strict:
		return 409
	case byName == nil && byExternal != nil && !byExternal.active:
		return n.restore(byExternal, r)
	case byName == nil:
		return n.create(r, id)
	case strict, byName.managed && byName.active:
		return 409
	case !byName.managed:
		return n.adopt(byName, r)
	case r.ext != "" && byName.external[r.conn] != "" && r.ext != byName.external[r.conn]:
		return n.namesake(byName, r, id)
	}
	return n.restore(byName, r)
}

// full reports whether a POST is refused since somebody who has no seat and
// does not wait would need one.
func (n *naive) full(was *naivePerson, active bool) bool {
	needs := active && (was == nil || !was.active && !was.guest)
	refused := needs && n.terms.refuse && n.free() == 0 && !n.room()
	n.reach("a POST is refused", refused && was == nil)
	n.reach("a re-hire is refused", refused && was != nil)
	return refused
}

func (n *naive) create(r naivePost, id ResourceID) int {
	active := r.active == nil || *r.active
	if n.full(nil, active) {
		return 403
	}
	p := &naivePerson{id: id, name: r.name, external: map[string]string{}, admin: map[string]bool{}}
	n.people = append(n.people, p)
	n.written(p, r, active)
	return 201
}

// adopt makes a local person managed: same id, same seat; what is not sent
// stays.
func (n *naive) adopt(p *naivePerson, r naivePost) int {
	active := p.active
	if r.active != nil {
		active = *r.active
	}
	if n.full(p, active) {
		return 403
	}
	n.reach("somebody who waits is adopted", p.state == "waiting")
	n.reach("a guest is adopted", p.guest)
	n.written(p, r, active)
	return 201
}

// restore is a re-hire. No role above the default comes back with the record;
// what this POST names is set anew.
func (n *naive) restore(p *naivePerson, r naivePost) int {
	active := r.active == nil || *r.active
	if n.full(p, active) {
		return 403
	}
	n.reach("a re-hire under another name", !strings.EqualFold(p.name, r.name))
	n.reach("a re-hire inside a window", n.open() != nil && active)
	p.admin, p.held, p.name = map[string]bool{}, false, r.name
	n.written(p, r, active)
	return 201
}

// namesake makes a new record; the old one loses the name.
func (n *naive) namesake(old *naivePerson, r naivePost, id ResourceID) int {
	if status := n.create(r, id); status != 201 {
		return status
	}
	n.reach("a namesake", true)
	old.name = "former-" + old.id.String()
	return 201
}

// written is what every kind of POST leaves.
func (n *naive) written(p *naivePerson, r naivePost, active bool) {
	p.managed = true
	if r.ext != "" {
		p.external[r.conn] = r.ext
	}
	if r.admin {
		n.join(p, r.conn+" roles")
	}
	n.setActive(p, active, true)
}

func (n *naive) setActive(p *naivePerson, active, provider bool) {
	switch {
	case active && !p.active:
		n.activate(p, provider)
	case !active && p.active:
		n.leave(p)
	}
}

// push is a connection's PUT or PATCH of a person: what is nil stays.
func (n *naive) push(id ResourceID, name *string, active *bool) int {
	p := n.person(id)
	if p == nil {
		return 404
	}
	if name != nil {
		if holder := n.named(*name); holder != nil && holder != p {
			return 409
		}
		p.name = *name
	}
	p.managed = true
	if active != nil {
		n.setActive(p, *active, true)
	}
	return 200
}

func (n *naive) remove(id ResourceID, provider bool) int {
	p := n.person(id)
	if p == nil {
		return 404
	}
	if !provider && n.lastAdmin(p) {
		return 409
	}
	n.leave(p)
	n.people = slices.DeleteFunc(n.people, func(q *naivePerson) bool { return q == p })
	return 200
}

// lastAdmin reports whether nobody is an active admin but p.
func (n *naive) lastAdmin(p *naivePerson) bool {
	last := p.isAdmin() && !slices.ContainsFunc(n.people, func(q *naivePerson) bool { return q != p && q.isAdmin() })
	n.reach("the last admin stays", last)
	return last
}

// add is an admin's: a local person, who never makes a booking.
func (n *naive) add(name string, guest bool, id ResourceID) int {
	if n.named(name) != nil {
		return 409
	}
	p := &naivePerson{id: id, name: name, guest: guest, external: map[string]string{}, admin: map[string]bool{}}
	n.people = append(n.people, p)
	n.activate(p, false)
	return 201
}

// switchPerson is an admin's deactivation or reactivation.
func (n *naive) switchPerson(id ResourceID, active bool) int {
	p := n.person(id)
	if p == nil {
		return 404
	}
	if !active && n.lastAdmin(p) {
		return 409
	}
	n.setActive(p, active, false)
	return 200
}

// join puts somebody into the role Admin. "" is an admin's own word, which
// counts; anything else is an identity provider's, which an admin has to allow
// unless the role is assignable, or counts already.
func (n *naive) join(p *naivePerson, source string) {
	if p.admin[source] {
		return
	}
	before := len(p.admin) > 0
	p.admin[source] = true
	switch {
	case source == "":
		p.held = false
	case !before:
		p.held = !n.assignable
	}
}

// part takes a source away. Where an admin's own word ends and only identity
// providers are left, they have to be allowed again.
func (n *naive) part(p *naivePerson, source string) {
	if !p.admin[source] {
		return
	}
	delete(p.admin, source)
	if source == "" && !n.assignable {
		p.held = true
	}
	p.held = p.held && len(p.admin) > 0
}

// put is a write of a membership in the role Admin by a connection: of the
// group, or of the person's roles.
func (n *naive) put(id ResourceID, source string, in bool) int {
	p := n.person(id)
	conn, _, attribute := strings.Cut(source, " ")
	switch {
	case p == nil && attribute:
		return 404
	case p == nil && in && conn != "okta":
		return 400
	case p == nil:
		return 200
	case in:
		n.join(p, source)
	default:
		n.part(p, source)
	}
	p.managed = p.managed || attribute
	return 200
}

func (n *naive) appoint(id ResourceID) int {
	p := n.person(id)
	if p == nil {
		return 404
	}
	n.join(p, "")
	return 200
}

// dismiss takes an admin's own word back.
func (n *naive) dismiss(id ResourceID) int {
	p := n.person(id)
	switch {
	case p == nil:
		return 404
	case len(p.admin) == 0:
		return 200
	case !p.admin[""]:
		return 409
	case n.lastAdmin(p) && (len(p.admin) == 1 || !n.assignable):
		return 409
	}
	n.part(p, "")
	return 200
}

func (n *naive) allow(id ResourceID) int {
	p := n.person(id)
	if p == nil || len(p.admin) == 0 {
		return 404
	}
	n.reach("a held admin who waits is allowed", p.held && p.state == "waiting")
	p.held = false
	return 200
}

// openRole makes the role Admin assignable, which releases who is held, or not.
func (n *naive) openRole(assignable bool) int {
	n.assignable = assignable
	for _, p := range n.people {
		p.held = p.held && !assignable
	}
	return 200
}

// disconnect removes a connection and every membership that only it set.
func (n *naive) disconnect(conn string) int {
	if n.gone[conn] {
		return 404
	}
	ceases := func(p *naivePerson) bool {
		own := 0
		for _, source := range []string{conn, conn + " roles"} {
			if p.admin[source] {
				own++
			}
		}
		return own == len(p.admin)
	}
	before := slices.ContainsFunc(n.people, (*naivePerson).isAdmin)
	if before && !slices.ContainsFunc(n.people, func(p *naivePerson) bool { return p.isAdmin() && !ceases(p) }) {
		return 409
	}
	n.gone[conn] = true
	n.reach("a connection ends", true)
	for _, p := range n.people {
		n.part(p, conn)
		n.part(p, conn+" roles")
	}
	return 200
}

// A naiveAnswer is kept for its Idempotency-Key.
type naiveAnswer struct {
	line   string
	at     time.Time
	status int
}

// once answers a request that was answered within a day: the same one with the
// stored answer, another one with 422.
func (n *naive) once(key, line string, law func() int) int {
	if a, kept := n.answers[key]; kept && n.now.Sub(a.at) < 24*time.Hour {
		n.reach("a key again", a.line == line)
		n.reach("a key for another request", a.line != line)
		if a.line != line {
			return 422
		}
		return a.status
	}
	status := law()
	if status < 400 {
		n.answers[key] = naiveAnswer{line, n.now, status}
	}
	return status
}
