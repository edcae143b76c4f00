package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"rosterd/workspace"
)

// A parcel is one event on its way.
type parcel struct {
	seq uint64
	env workspace.Envelope
	ev  workspace.Event
}

// errGone means that nobody is there any more to deliver to.
var errGone = errors.New("actors: the endpoint was deleted")

// round reads some events and carries them, until one cannot be carried now.
// Then it keeps none of them: whoever waits for an hour holds nothing.
func (r *courier) round() error {
	parcels, last, err := r.read()
	if err != nil {
		return err
	}
	for _, p := range parcels {
		err := r.carry(p)
		if errors.Is(err, errGone) || errors.Is(err, workspace.ErrNotFound) {
			r.all.mu.Lock()
			r.end()
			r.all.mu.Unlock()
		}
		if err != nil {
			r.size = 1
			return err
		}
		r.pos = p.seq
		if time.Since(r.ackedAt) >= ackPeriod {
			r.acknowledge()
		}
	}
	r.pos, r.trouble = last, 0
	r.size = max(fewest, min(2*r.size, most))
	return nil
}

// read returns the next events, and up to where r is done with them.
func (r *courier) read() (parcels []parcel, last uint64, err error) {
	giveBack, err := r.take(r.all.reading)
	if err != nil {
		return nil, 0, err
	}
	defer giveBack()
	r.all.mu.Lock()
	target := r.target // durable, so that its events are there, or have been
	r.all.mu.Unlock()
	if r.consumer == workspace.MailConsumer && !r.all.cfg.Deliverer.Mails() {
		return nil, target, nil // nothing of it is to be told
	}
	err = r.all.cfg.Journal.ReadLog(r.ctx, r.ws, r.pos, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		parcels = append(parcels, parcel{seq, env, ev})
		return len(parcels) < r.size
	})
	if err != nil {
		return nil, 0, err
	}
	first, last := target+1, target
	if len(parcels) > 0 {
		first, last = parcels[0].seq, parcels[len(parcels)-1].seq
	}
	if first > r.pos+1 {
		r.all.cfg.Log.Warn().Str("workspace", string(r.ws)).Str("consumer", r.consumer).Uint64("after", r.pos).
			Uint64("lost", first-r.pos-1).Msg("events passed their retention before a courier came to them")
	}
	return parcels, last, nil
}

// carry delivers one event, or gives it up. An error means that neither is so:
// an *Undelivered that the consumer did not take it, any other that this daemon
// has trouble, for which no message dies.
func (r *courier) carry(p parcel) error {
	err := r.attempt(p)
	var u *Undelivered
	switch {
	case err == nil:
		return nil
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case !errors.As(err, &u):
		return err
	}
	if !u.Permanent {
		r.tries++
	}
	if !u.Permanent && (r.tries < leastTries || r.all.cfg.Now().Sub(p.env.At) < giveUpAfter) {
		r.count("failed")
		return err
	}
	err = r.note(workspace.NoteDead{Consumer: r.consumer, Seq: p.seq, Detail: u.Reason})
	if err == nil {
		r.count("dead")
	}
	return err
}

// attempt delivers p once, as things stand with the consumer now. What the
// consumer does not want is done. A panic over one message, such as a document
// that cannot be drawn, must not end the daemon at every start.
func (r *courier) attempt(p parcel) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			r.all.cfg.Log.Error().Str("workspace", string(r.ws)).Uint64("entry", p.seq).Str("panic", fmt.Sprint(panicked)).
				Bytes("stack", debug.Stack()).Msg("a message cannot be made")
			err = &Undelivered{Reason: "the message cannot be made; the daemon's log says why"}
		}
	}()
	if r.consumer == workspace.MailConsumer {
		return r.mail(p)
	}
	e, logged := workspace.Entry(p.seq, p.env, p.ev)
	if !logged {
		return nil
	}
	w, err := r.endpoint()
	if err != nil || p.seq <= w.Since || !w.Wants(e) {
		return err
	}
	now := r.all.cfg.Now()
	return r.deliver(p, func(ctx context.Context) error {
		return r.all.cfg.Deliverer.Hook(ctx, Hook{
			ID: fmt.Sprintf("%s-%d-%s", r.ws, p.seq, w.ID), URL: w.URL, Secrets: w.Secrets(now), At: now, Body: e.AppendJSON(nil),
		})
	})
}

// endpoint returns the webhook as it stands. Views keep it up to date from when
// they are published, so a courier wakes its workspace for it once at most.
func (r *courier) endpoint() (*workspace.Webhook, error) {
	r.all.mu.Lock()
	w := r.hook
	r.all.mu.Unlock()
	if w != nil {
		return w, nil
	}
	v, err := r.all.cfg.System.lookup(r.ctx, r.ws)
	if err != nil {
		return nil, err
	}
	w, ok := v.Webhook(r.consumer)
	if !ok {
		return nil, errGone
	}
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if r.hook == nil { // else it was published meanwhile, and is newer
		r.hook = w
	}
	return r.hook, nil
}

// deliver makes one attempt. Whatever goes wrong with it is an *Undelivered.
func (r *courier) deliver(p parcel, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(r.ctx, attemptTimeout)
	defer cancel()
	err := send(ctx)
	if err == nil {
		r.tries = 0
		r.count("delivered")
		r.all.cfg.Metrics.DeliveryLag(r.kind(), r.all.cfg.Now().Sub(p.env.At))
		return nil
	}
	var u *Undelivered
	if !errors.As(err, &u) {
		u = &Undelivered{Reason: err.Error()}
	}
	return u
}

// mail sends the notice that tells of p, if one does.
func (r *courier) mail(p parcel) error {
	if !r.all.cfg.Deliverer.Mails() || !workspace.Tells(p.ev) {
		return nil
	}
	n, ok, err := r.notice(p)
	if err != nil || !ok {
		return err
	}
	if wait := n.NotBefore.Sub(r.all.cfg.Now()); wait > 0 {
		r.pause(min(wait, longestWait))
		if n, ok, err = r.notice(p); err != nil || !ok {
			return err
		}
	}
	giveBack, err := r.take(r.all.mailing)
	if err != nil {
		return err
	}
	defer giveBack()
	err = r.deliver(p, func(ctx context.Context) error {
		return r.all.cfg.Deliverer.Mail(ctx, fmt.Sprintf("%s-%d-mail", r.ws, p.seq), n)
	})
	if err != nil {
		return err
	}
	r.ackedAt = time.Time{} // soon: a person is not to get it twice
	if err := r.note(workspace.NoteMail{Seq: p.seq, Notice: n.Kind, To: n.To}); err != nil {
		// The mail has left, and must not leave again for want of its line.
		r.all.cfg.Log.Warn().Err(err).Str("workspace", string(r.ws)).Uint64("entry", p.seq).Msg("a mail that was sent is not in the log")
	}
	return nil
}

// longestWait bounds the wait for a notice's NotBefore, whatever a clock that
// was set back makes of it.
const longestWait = time.Minute

func (r *courier) notice(p parcel) (workspace.Notice, bool, error) {
	v, err := r.all.cfg.System.lookup(r.ctx, r.ws)
	if err != nil {
		return workspace.Notice{}, false, err
	}
	n, ok := v.Notice(p.env, p.ev)
	return n, ok, nil
}

// note runs a command of the courier's own.
func (r *courier) note(cmd workspace.Command) error {
	return r.all.cfg.System.note(r.ctx, r.ws, cmd)
}
