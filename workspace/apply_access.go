package workspace

import (
	"slices"
	"time"

	"rosterd/scim"
)

func (s *State) applyAccess(env Envelope, ev Event) {
	v := &s.view
	switch ev := ev.(type) {
	case ConnectionCreated:
		_, taken := v.Connection(ev.ID)
		assert(!taken, "connection %s exists", ev.ID)
		c := &Connection{ID: ev.ID, Name: ev.Name, Dialect: mustDialect(ev.Dialect), Created: env.At}
		v.connections = append(slices.Clip(v.connections), c)
	case ConnectionChanged:
		s.editConnection(ev.ID, func(c *Connection) {
			c.Name, c.Dialect = ev.Name, mustDialect(ev.Dialect)
		})
	case ConnectionDeleted:
		v.connections = without(v.connections, func(c *Connection) bool { return c.ID == ev.ID })
	case TokenCreated:
		t := &Token{
			ID: ev.ID, Name: ev.Name, Connection: ev.Connection, Hash: ev.Hash,
			Read: ev.Read, Write: ev.Write, Created: env.At, Expires: ev.Expires,
		}
		v.tokens = append(slices.Clip(v.tokens), t)
	case TokenRevoked:
		v.tokens = without(v.tokens, func(t *Token) bool { return t.ID == ev.ID })
	case TokenUsed:
		i := slices.IndexFunc(v.tokens, func(t *Token) bool { return t.ID == ev.ID })
		assert(i >= 0, "no token %s", ev.ID)
		used := *v.tokens[i]
		used.LastUsed = env.At
		v.tokens = slices.Clone(v.tokens)
		v.tokens[i] = &used
		if len(ev.Quirks) > 0 {
			s.editConnection(used.Connection, func(c *Connection) { c.Quirks = SumQuirks(c.Quirks, ev.Quirks) })
		}
	}
}

// without returns list less the one element that match names.
func without[T any](list []*T, match func(*T) bool) []*T {
	out := slices.DeleteFunc(slices.Clone(list), match)
	assert(len(out) == len(list)-1, "removal of what is not there")
	return out
}

func (s *State) editConnection(id string, edit func(*Connection)) {
	list := s.view.connections
	i := slices.IndexFunc(list, func(c *Connection) bool { return c.ID == id })
	assert(i >= 0, "no connection %s", id)
	changed := *list[i]
	edit(&changed)
	s.view.connections = slices.Clone(list)
	s.view.connections[i] = &changed
}

func mustDialect(name string) *scim.Dialect {
	d, ok := scim.DialectByName(name)
	assert(ok, "no dialect %q", name)
	return d
}

// refusalsPerMinute bounds the refused requests of one connection that go to
// the provisioning log: a client that retries for ever must not fill a disk.
const refusalsPerMinute = 60

// mayNote reports whether one more refusal of c goes to the log at now.
func (c *Connection) mayNote(now time.Time) bool {
	return now.Sub(c.refusalFrom) >= time.Minute || c.refusals < refusalsPerMinute
}

func (s *State) applyRefused(env Envelope, ev RequestRefused) {
	if _, ok := s.view.Connection(env.Connection); ok {
		s.editConnection(env.Connection, func(c *Connection) {
			if env.At.Sub(c.refusalFrom) >= time.Minute {
				c.refusalFrom, c.refusals = env.At, 0
			}
			c.refusals++
		})
	}
	if before := s.view.userByID(ev.User); before != nil {
		u := *before
		u.lastErr = &UserError{At: env.At, Status: ev.Status, Detail: ev.Detail}
		s.setUser(&u)
	}
}

// An answer is an admin write's outcome, kept for its Idempotency-Key.
type answer struct {
	at time.Time
	Answered
}

// answersKept is how long an Idempotency-Key is remembered.
const answersKept = 24 * time.Hour

// answersSwept is the number of answers from which expired ones are dropped.
const answersSwept = 1024

func (s *State) applyAnswered(at time.Time, ev Answered) {
	all := s.answers()
	all.Set(ev.Credential+"\x00"+ev.Key, answer{at, ev})
	if all.Len()%answersSwept != 0 {
		return
	}
	var old []string
	all.Scan(func(key string, a answer) bool {
		if at.Sub(a.at) >= answersKept {
			old = append(old, key)
		}
		return true
	})
	for _, key := range old {
		all.Delete(key)
	}
}
