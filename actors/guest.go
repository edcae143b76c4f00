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
	// sleepersAtOnce bounds the workspaces that are loaded for guests alone,
	// deferrableAtOnce those among them that are loaded for couriers: thousands
	// of these in line must not keep the clock from what is due.
	sleepersAtOnce   = 4
	deferrableAtOnce = 2
	// guestTimeout bounds one visit, beside the wait for a bed.
	guestTimeout = 30 * time.Second
)

// A stay is one workspace while it has guests, and until it is unloaded after
// them. Its fields are guarded by System.mu.
type stay struct {
	ws      workspace.ID
	guests  int
	beds    []chan struct{} // where it holds a token: it was asleep when the first guest came
	leaving bool            // somebody unloads it
}

// visit runs f, which may load ws, without that being traffic.
func (s *System) visit(ctx context.Context, ws workspace.ID, beds []chan struct{}, f func(context.Context) error) error {
	st, err := s.arrive(ctx, ws, beds)
	if err != nil {
		return err
	}
	defer s.leave(st)
	ctx, cancel := context.WithTimeout(ctx, guestTimeout)
	defer cancel()
	return f(ctx)
}

// tick settles what is due in ws, as the guest who is never late.
func (s *System) tick(ws workspace.ID) error {
	return s.visit(s.life, ws, []chan struct{}{s.beds}, func(ctx context.Context) error {
		return s.run(ctx, ws, workspace.Envelope{Actor: workspace.ActorSystem}, workspace.Tick{}, false).err
	})
}

// deferrable are the beds that a courier's workspace takes.
func (s *System) deferrable() []chan struct{} { return []chan struct{}{s.spare, s.beds} }

// lookup returns what View does, as a guest.
func (s *System) lookup(ctx context.Context, ws workspace.ID) (v *workspace.View, err error) {
	err = s.visit(ctx, ws, s.deferrable(), func(ctx context.Context) error {
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
	return s.visit(ctx, ws, s.deferrable(), func(ctx context.Context) error {
		return s.run(ctx, ws, workspace.Envelope{Actor: workspace.ActorSystem}, cmd, false).err
	})
}

// arrive joins the guests of ws. It waits for beds if ws sleeps.
func (s *System) arrive(ctx context.Context, ws workspace.ID, beds []chan struct{}) (*stay, error) {
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
		err := occupy(ctx, beds)
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
		if st, ok = s.stays[ws]; ok { // another guest was faster
			free(beds)
		} else {
			st = &stay{ws: ws, beds: beds}
		}
	}
	s.stays[ws] = st
	st.guests++
	return st, nil
}

// occupy takes a token of each channel, in their order, or of none.
func occupy(ctx context.Context, beds []chan struct{}) error {
	for i, b := range beds {
		select {
		case b <- struct{}{}:
		case <-ctx.Done():
			free(beds[:i])
			return ctx.Err()
		}
	}
	return nil
}

func free(beds []chan struct{}) {
	for _, b := range beds {
		<-b
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
	free(st.beds)
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
