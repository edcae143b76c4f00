package actors

import (
	"context"
	"errors"

	"rosterd/workspace"
)

// Replay tries each dead letter of a consumer once more, in order, and returns
// how many were delivered and how many are still dead. It ends early with ctx.
// It is workspace.ErrBusy while another Replay does the same.
func (c *Couriers) Replay(ctx context.Context, ws workspace.ID, consumer string) (delivered, dead int, err error) {
	r := c.courier(ctx, route{ws, consumer})
	defer r.cancel()
	defer context.AfterFunc(c.ctx, r.cancel)()
	c.mu.Lock()
	busy := c.replaying[r.route]
	c.replaying[r.route] = true
	c.mu.Unlock()
	if busy {
		return 0, 0, workspace.ErrBusy
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.replaying, r.route)
	}()
	v, err := c.cfg.System.lookup(r.ctx, ws)
	if err != nil {
		return 0, 0, err
	}
	letters := v.DeadLetters(consumer)
	dead = len(letters)
	if consumer == workspace.MailConsumer && !c.cfg.Deliverer.Mails() {
		return 0, dead, nil // they stay until there is a server
	}
	for _, l := range letters {
		found, err := r.retry(l.Seq)
		var u *Undelivered
		switch {
		case r.ctx.Err() != nil || errors.Is(err, errGone):
			return delivered, dead, nil
		case errors.As(err, &u):
			r.count("failed")
		case err != nil:
			return delivered, dead, err
		case found:
			delivered, dead = delivered+1, dead-1
		default:
			dead--
		}
	}
	return delivered, dead, nil
}

// retry tries one dead letter, and takes it from the dead if it was delivered,
// or if its event has passed the retention: nothing is left to deliver.
func (r *courier) retry(seq uint64) (found bool, err error) {
	var p parcel
	r.hook = nil // no View keeps it up to date: r is not one of those that run
	err = r.all.cfg.Journal.ReadLog(r.ctx, r.ws, seq-1, func(n uint64, env workspace.Envelope, ev workspace.Event) bool {
		if found = n == seq; found {
			p = parcel{n, env, ev}
		}
		return false
	})
	if err == nil && found {
		err = r.attempt(p)
	}
	if err == nil {
		err = r.note(workspace.NoteRevived{Consumer: r.consumer, Seq: seq})
	}
	return found, err
}
