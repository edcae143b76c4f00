package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rosterd/workspace"
)

// attempt delivers p once, as things stand with the consumer now. What the
// consumer does not want, or nobody is there for any more, is done.
func (r *courier) attempt(p parcel) error {
	if r.consumer == workspace.MailConsumer {
		return r.mail(p)
	}
	e, logged := workspace.Entry(p.seq, p.env, p.ev)
	if !logged {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.all.ctx, attemptTimeout)
	defer cancel()
	v, err := r.all.cfg.System.View(ctx, r.ws)
	if err != nil {
		return err
	}
	w, ok := v.Webhook(r.consumer)
	if !ok || p.seq <= w.Since || !w.Wants(e) {
		return nil
	}
	return r.post(ctx, w, e)
}

func (r *courier) post(ctx context.Context, w *workspace.Webhook, e workspace.LogEntry) error {
	now := r.all.cfg.Now()
	err := r.all.cfg.Deliverer.Hook(ctx, Hook{
		ID: fmt.Sprintf("%s-%d-%s", r.ws, e.Seq, w.ID), URL: w.URL, Secrets: w.Secrets(now), At: now, Body: e.AppendJSON(nil),
	})
	if err == nil {
		r.delivered(e.At)
	}
	return err
}

func (r *courier) delivered(at time.Time) {
	r.count("delivered")
	r.all.cfg.Metrics.DeliveryLag(r.kind(), r.all.cfg.Now().Sub(at))
}

// mail sends the notice that tells of p, if one does.
func (r *courier) mail(p parcel) error {
	if !r.all.cfg.Deliverer.Mails() || !workspace.Tells(p.ev) {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.all.ctx, attemptTimeout)
	defer cancel()
	n, ok, err := r.notice(ctx, p)
	if err != nil || !ok {
		return err
	}
	if wait := n.NotBefore.Sub(r.all.cfg.Now()); wait > 0 {
		r.pause(r.all.ctx, wait)
		ctx, cancel = context.WithTimeout(r.all.ctx, attemptTimeout)
		defer cancel()
		if n, ok, err = r.notice(ctx, p); err != nil || !ok {
			return err
		}
	}
	if err := r.all.cfg.Deliverer.Mail(ctx, fmt.Sprintf("%s-%d-mail", r.ws, p.seq), n); err != nil {
		return err
	}
	r.delivered(p.env.At)
	if err := r.note(workspace.NoteMail{Seq: p.seq, Notice: n.Kind, To: n.To}); err != nil {
		// The mail has left, and must not leave again for want of its line.
		r.all.cfg.Log.Warn().Err(err).Str("workspace", string(r.ws)).Uint64("entry", p.seq).Msg("a mail that was sent is not in the log")
	}
	return nil
}

func (r *courier) notice(ctx context.Context, p parcel) (workspace.Notice, bool, error) {
	v, err := r.all.cfg.System.View(ctx, r.ws)
	if err != nil {
		return workspace.Notice{}, false, err
	}
	n, ok := v.Notice(p.env, p.ev)
	return n, ok, nil
}

// Replay tries each dead letter of a consumer once more, in order, and returns
// how many were delivered and how many are still dead. It ends early with ctx.
func (c *Couriers) Replay(ctx context.Context, ws workspace.ID, consumer string) (delivered, dead int, err error) {
	v, err := c.cfg.System.View(ctx, ws)
	if err != nil {
		return 0, 0, err
	}
	r := &courier{all: c, route: route{ws, consumer}}
	letters := v.DeadLetters(consumer)
	for _, l := range letters {
		if ctx.Err() != nil {
			break
		}
		p, found, err := r.find(ctx, l.Seq)
		if err != nil {
			return delivered, len(letters) - delivered, err
		}
		if !found { // its retention has passed: nothing is left to deliver
			err = r.note(workspace.NoteRevived{Consumer: consumer, Seq: l.Seq})
		} else if err = r.attempt(p); err == nil {
			delivered++
			err = r.note(workspace.NoteRevived{Consumer: consumer, Seq: l.Seq})
		}
		var u *Undelivered
		if err != nil && !errors.As(err, &u) {
			return delivered, len(letters) - delivered, err
		}
	}
	return delivered, len(letters) - delivered, nil
}

// find reads one event.
func (r *courier) find(ctx context.Context, seq uint64) (p parcel, found bool, err error) {
	err = r.all.cfg.Journal.ReadLog(ctx, r.ws, seq-1, func(n uint64, env workspace.Envelope, ev workspace.Event) bool {
		if found = n == seq; found {
			p = parcel{n, env, ev}
		}
		return false
	})
	return p, found, err
}
