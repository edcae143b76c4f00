package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// A quirkLedger counts, for each token, which quirks its requests needed. The
// counts wait here for a minute, then go to the journal with a note of the
// token's use; a crash loses those that wait.
type quirkLedger struct {
	mu      sync.Mutex
	waiting map[tokenKey]*waitingQuirks // guarded by mu; nil once the server has stopped
}

type tokenKey struct {
	ws    workspace.ID
	token string
}

type waitingQuirks struct {
	uses  []workspace.QuirkUse // sorted
	timer *time.Timer          // that notes them
	env   workspace.Envelope   // of the first request among them
}

// countQuirks counts what was tolerated of a request that succeeded.
func (s *Server) countQuirks(x *exchange) {
	if x.quirks == 0 || x.ctx.Response.StatusCode() >= 400 {
		return
	}
	now, key := s.cfg.Now(), tokenKey{x.ws, x.token.ID}
	s.quirks.mu.Lock()
	defer s.quirks.mu.Unlock()
	if s.quirks.waiting == nil {
		return
	}
	w := s.quirks.waiting[key]
	if w == nil {
		w = &waitingQuirks{env: x.envelope(), timer: time.AfterFunc(useEvery, func() { s.noteQuirks(key) })}
		s.quirks.waiting[key] = w
	}
	for q := range x.quirks.All() {
		i, found := slices.BinarySearchFunc(w.uses, q, func(u workspace.QuirkUse, q scim.Quirk) int { return int(u.Quirk) - int(q) })
		if !found {
			w.uses = slices.Insert(w.uses, i, workspace.QuirkUse{Quirk: q, First: now})
		}
		w.uses[i].Count++
		w.uses[i].Last = now
	}
}

// noteQuirks takes what waits for a token to the journal.
func (s *Server) noteQuirks(key tokenKey) {
	s.quirks.mu.Lock()
	w := s.quirks.waiting[key]
	delete(s.quirks.waiting, key)
	if w != nil {
		s.tasks.Add(1) // before stop, which takes the map away
	}
	s.quirks.mu.Unlock()
	if w != nil {
		defer s.tasks.Done()
		s.writeQuirks(context.Background(), key, w)
	}
}

func (s *Server) writeQuirks(ctx context.Context, key tokenKey, w *waitingQuirks) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if _, _, err := s.cfg.Workspaces.Do(ctx, key.ws, w.env, workspace.UseToken{ID: key.token, Quirks: w.uses}); err != nil {
		s.cfg.Log.Warn().Err(err).Str("workspace", string(key.ws)).Msg("counts of quirks are lost")
	}
}

// stop notes everything that waits. Nothing is counted any more.
func (l *quirkLedger) stop(ctx context.Context, s *Server) {
	l.mu.Lock()
	all := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	for key, w := range all {
		w.timer.Stop()
		s.writeQuirks(ctx, key, w)
	}
}

// of returns what waits for a token.
func (l *quirkLedger) of(key tokenKey) []workspace.QuirkUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.waiting[key]; w != nil {
		return slices.Clone(w.uses)
	}
	return nil
}

// listQuirks answers with the quirks that the connection's requests needed.
func (s *Server) listQuirks(x *exchange) {
	if !x.open() {
		return
	}
	c, ok := x.view.Connection(x.param(1))
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no connection %q", x.param(1)))
		return
	}
	uses := c.Quirks
	for _, t := range x.view.Tokens() {
		if t.Connection == c.ID {
			uses = workspace.SumQuirks(uses, s.quirks.of(tokenKey{x.ws, t.ID}))
		}
	}
	part(x, uses, func(u workspace.QuirkUse) string { return u.Quirk.Info().Name }, quirkUse)
}

func quirkUse(u workspace.QuirkUse) scim.Object {
	info := u.Quirk.Info()
	rows := make([]scim.Value, 0, len(info.Rows))
	for _, row := range info.Rows {
		rows = append(rows, scim.Integer(int64(row)))
	}
	return scim.Object{
		{Name: "name", Value: scim.Text(info.Name)},
		{Name: "does", Value: scim.Text(info.Does)},
		{Name: "rows", Value: scim.ListOf(rows...)},
		{Name: "section", Value: scim.Text(info.RFC)},
		{Name: "count", Value: scim.Integer(int64(u.Count))},
		{Name: "firstSeenAt", Value: instant(u.First)},
		{Name: "lastSeenAt", Value: instant(u.Last)},
	}
}
