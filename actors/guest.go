package actors

import (
	"context"
	"time"

	"rosterd/workspace"
)

// # Guests
//
// A guest needs a workspace for a moment and is not its traffic: the clock
// that ticks it, a courier that looks up where to deliver. When thousands of
// sleeping workspaces are due at one instant, and each has something to
// deliver for it, guests must not fill the memory with them: they take turns
// for a few beds, and a workspace that only guests have loaded is unloaded when
// the last one leaves.

const (
	// sleepersAtOnce bounds the workspaces that are loaded for guests alone.
	sleepersAtOnce = 4
	// guestTimeout bounds one visit, beside the wait for a bed.
	guestTimeout = 30 * time.Second
)

// A stay is one workspace while it has guests, and until it is unloaded after
// them. Its fields are guarded by System.mu.
type stay struct {
	ws      workspace.ID
	guests  int
	bed     bool // it was asleep when the first guest came, and holds a bed
	leaving bool // somebody unloads it
}

// visit runs f, which may load ws, without that being traffic.
func (s *System) visit(ctx context.Context, ws workspace.ID, f func(context.Context) error) error {
	st, err := s.arrive(ctx, ws)
	if err != nil {
		return err
	}
	defer s.leave(st)
	ctx, cancel := context.WithTimeout(ctx, guestTimeout)
	defer cancel()
	return f(ctx)
}

// lookup returns what View does, as a guest.
func (s *System) lookup(ctx context.Context, ws workspace.ID) (v *workspace.View, err error) {
	err = s.visit(ctx, ws, func(ctx context.Context) error {
		h, err := s.handle(ws, false)
		if err != nil {
			return err
		}
		v, err = h.durable(ctx)
		return err
	})
	return v, err
}

// note does what Do does, as a guest and in the daemon's own name.
func (s *System) note(ctx context.Context, ws workspace.ID, cmd workspace.Command) error {
	return s.visit(ctx, ws, func(ctx context.Context) error {
		return s.run(ctx, ws, workspace.Envelope{Actor: workspace.ActorSystem}, cmd, false).err
	})
}

// arrive joins the guests of ws. It waits for a bed if ws sleeps.
func (s *System) arrive(ctx context.Context, ws workspace.ID) (*stay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.stays[ws]
	_, awake := s.live[ws]
	switch {
	case ok:
	case awake:
		st = &stay{ws: ws}
	default:
		s.mu.Unlock()
		err := s.waitForBed(ctx)
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
		if st, ok = s.stays[ws]; ok { // another guest was faster
			<-s.beds
		} else {
			st = &stay{ws: ws, bed: true}
		}
	}
	s.stays[ws] = st
	st.guests++
	return st, nil
}

func (s *System) waitForBed(ctx context.Context) error {
	select {
	case s.beds <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave ends a visit. The last guest has what was loaded for guests unloaded,
// and does not wait for it: the bed does.
func (s *System) leave(st *stay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.guests--
	if st.guests > 0 || st.leaving || s.vacated(st) {
		return
	}
	st.leaving = true
	s.work.Go(func() { s.vacate(st) })
}

// vacated ends st if there is nothing to unload: the workspace is not loaded,
// or has traffic. s.mu is held.
func (s *System) vacated(st *stay) bool {
	h, loaded := s.live[st.ws]
	if loaded && h.used.Load() == 0 && !s.stopping {
		return false
	}
	delete(s.stays, st.ws)
	if st.bed {
		<-s.beds
	}
	return true
}

// vacate unloads a workspace until it is gone, or has traffic or guests again.
func (s *System) vacate(st *stay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st.guests == 0 && !s.vacated(st) {
		h := s.live[st.ws]
		s.mu.Unlock()
		m := &unload{kept: make(chan struct{})}
		s.root.Root.Send(h.pid, m)
		select {
		case <-h.gone:
		case <-m.kept:
		}
		s.mu.Lock()
	}
	st.leaving = false
}

// background runs f on a goroutine that Stop waits for, unless Stop has begun.
func (s *System) background(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopping {
		s.work.Go(f)
	}
}
