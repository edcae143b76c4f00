package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// bearer returns the hash of the request's bearer token (RFC 6750 section
// 2.1).
func (x *exchange) bearer() (hash [32]byte, found bool) {
	sent, link := x.ctx.Request.Header.Peek("Authorization"), x.link
	if len(sent) > 0 && subtle.ConstantTimeCompare(sent, link.bearer) == 1 {
		return link.hash, true
	}
	scheme, token, _ := bytes.Cut(sent, []byte(" "))
	token = bytes.TrimSpace(token)
	if !bytes.EqualFold(scheme, []byte("Bearer")) || len(token) == 0 {
		return hash, false
	}
	hash = sha256.Sum256(token)
	if len(sent) <= bearerKept {
		link.bearer, link.hash = append(link.bearer[:0], sent...), hash
	}
	return hash, true
}

// bearerKept is the length, in bytes, of what a connection remembers of the
// header that it hashed last. Ours are shorter.
const bearerKept = 128

// unauthorized answers 401. reason goes into the challenge; it never says
// whether a token once existed.
func (x *exchange) unauthorized(reason, detail string) {
	challenge := `Bearer realm="rosterd"`
	if reason != "" {
		challenge += `, error="` + reason + `"`
	}
	x.ctx.Response.Header.Set("WWW-Authenticate", challenge)
	x.refuse(scim.Errorf(401, "", "%s", detail))
}

// operator lets the operator in.
func (x *exchange) operator() bool {
	hash, found := x.bearer()
	if !found {
		x.unauthorized("", "send the operator token: Authorization: Bearer ...")
		return false
	}
	if subtle.ConstantTimeCompare(hash[:], x.s.cfg.OperatorHash[:]) != 1 {
		x.unauthorized("invalid_token", "this is not the operator token")
		return false
	}
	return true
}

// authenticate lets a connection in by its token: known, not revoked, not
// expired, with the scope that the method needs, and in a workspace whose gate
// is not closed. It looks at the newest View, so that a revocation counts at
// once, on open connections too.
func (x *exchange) authenticate() bool {
	hash, found := x.bearer()
	if !found {
		x.unauthorized("", "send the token of the connection: Authorization: Bearer rsd_...")
		return false
	}
	ws, known, err := x.s.owners.of(hash, x.s.cfg.Store)
	if err != nil {
		x.fail(err)
		return false
	}
	if !known {
		x.unauthorized("invalid_token", "the token is not valid; it may have been revoked")
		return false
	}
	if !x.load(ws) {
		return false
	}
	t, ok := x.view.Token(hash)
	if !ok || subtle.ConstantTimeCompare(hash[:], t.Hash[:]) != 1 {
		x.unauthorized("invalid_token", "the token is not valid; it may have been revoked")
		return false
	}
	now := x.s.cfg.Now()
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		x.unauthorized("invalid_token", "the token expired at "+t.Expires.UTC().Format(time.RFC3339)+"; create another one")
		return false
	}
	x.token = t
	x.conn, _ = x.view.Connection(t.Connection) // a token never outlives its connection
	x.dialect = x.conn.Dialect.Noting(&x.quirks)
	x.s.used(x, now)
	return x.scope() && x.gate(now)
}

// tokenOwners remembers whose tokens were seen. A token never changes hands,
// and whether it is still valid is for the workspace's View to say, so nothing
// here can be out of date in a way that matters. Who looks takes no lock: what
// is known is in small maps, which are copied when one learns of a token.
type tokenOwners struct {
	mu    sync.Mutex // held to change known
	known [256]atomic.Pointer[map[[32]byte]workspace.ID]
}

// ownersKept bounds what one of the maps remembers.
const ownersKept = 400

func (o *tokenOwners) of(hash [32]byte, store Store) (workspace.ID, bool, error) {
	shard := &o.known[hash[0]]
	if known := shard.Load(); known != nil {
		if ws, ok := (*known)[hash]; ok {
			return ws, true, nil
		}
	}
	ws, ok, err := store.WorkspaceOfToken(hash)
	if err != nil || !ok {
		return "", false, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	next := map[[32]byte]workspace.ID{}
	if known := shard.Load(); known != nil && len(*known) < ownersKept {
		next = maps.Clone(*known)
	}
	next[hash] = ws
	shard.Store(&next)
	return ws, true, nil
}

// scope refuses what the token may not do.
func (x *exchange) scope() bool {
	read := x.route.method == "GET" || x.route.reads
	if read && x.token.Read || !read && x.token.Write {
		return true
	}
	want := "write"
	if read {
		want = "read"
	}
	x.ctx.Response.Header.Set("WWW-Authenticate", `Bearer realm="rosterd", error="insufficient_scope", scope="`+want+`"`)
	x.decline(scim.Errorf(403, "", "the token has no scope %q; create one that has", want))
	return false
}

// gate refuses what the gate stops whatever it is (M3). Writes in the grace
// time are decided with the command.
func (x *exchange) gate(now time.Time) bool {
	refusal := x.view.Refusal(now)
	if refusal == nil {
		return true
	}
	x.decline(refusal)
	return false
}

// decline refuses a request of a connection before it became a command. A
// write is noted where an admin looks for it (M15).
func (x *exchange) decline(refusal *scim.Error) {
	if x.route.method != "GET" && !x.route.reads {
		note := workspace.NoteRefusal{Method: x.route.method, Route: x.route.template, Refusal: refusal}
		if id, ok := workspace.ParseResourceID(x.params[0]); ok && strings.HasPrefix(x.route.template, "/Users") {
			note.User = id
		} else if ok {
			note.Group = id
		}
		ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
		defer cancel()
		if _, _, err := x.s.cfg.Workspaces.Do(ctx, x.ws, x.envelope(), note); err != nil {
			x.s.cfg.Log.Warn().Err(err).Bytes("request", x.id).Msg("a refusal is not in the provisioning log")
		}
	}
	x.refuse(refusal)
}

// tokenUses remembers which uses of tokens are on their way to the journal, so
// that a busy token makes one note a minute. It forgets what is older than two
// minutes when it hears of another use.
type tokenUses struct {
	mu     sync.Mutex
	turned time.Time              // guarded by mu: when last became noted
	last   map[[32]byte]time.Time // guarded by mu; by the token's hash
	noted  map[[32]byte]time.Time // guarded by mu: since turned
}

const useEvery = time.Minute

// due reports whether a use at this instant is to be noted, and remembers that
// it is.
func (u *tokenUses) due(hash [32]byte, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.noted == nil || now.Sub(u.turned) >= useEvery {
		u.last, u.noted, u.turned = u.noted, map[[32]byte]time.Time{}, now
	}
	if now.Sub(u.noted[hash]) < useEvery || now.Sub(u.last[hash]) < useEvery {
		return false
	}
	u.noted[hash] = now
	return true
}

// used notes that a token was used, off the request's path.
func (s *Server) used(x *exchange, now time.Time) {
	if now.Sub(x.token.LastUsed) < useEvery {
		return
	}
	if !s.uses.due(x.token.Hash, now) {
		return
	}
	ws, env, cmd := x.ws, x.envelope(), workspace.UseToken{ID: x.token.ID}
	s.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
		defer cancel()
		// A use that cannot be written is written with a later one.
		_, _, _ = s.cfg.Workspaces.Do(ctx, ws, env, cmd)
	})
}
