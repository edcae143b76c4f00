package workspace

import (
	"slices"
	"time"

	"rosterd/scim"
)

// MailConsumer is the name under which the mail courier acknowledges and dies.
// Webhooks go by their ids.
const MailConsumer = "mail"

// Bounds of what one workspace may ask couriers to do.
const (
	maxWebhooks = 20
	// maxDead bounds the dead letters that are kept; of more, the oldest are
	// forgotten. The log still has them.
	maxDead = 10_000
	// secretOverlap is how long a rotated secret goes on signing.
	secretOverlap = 24 * time.Hour
)

// A Webhook is an endpoint that hears of the log's entries. It is never
// changed in place.
type Webhook struct {
	ID, URL string
	Kinds   []string // kinds of entries; none: all
	Secret  string
	Former  string    // the secret before it, which signs until FormerUntil
	Until   time.Time // see Former
	Created time.Time
	Since   uint64 // events up to this one are not delivered
}

// Secrets returns the secrets that sign a delivery at now, the newest first.
func (w *Webhook) Secrets(now time.Time) []string {
	if w.Former != "" && now.Before(w.Until) {
		return []string{w.Secret, w.Former}
	}
	return []string{w.Secret}
}

// Wants reports whether the endpoint hears of an entry. What couriers cause is
// for the log alone, so that no delivery causes another; and so is what is said
// of webhooks, whose URLs may hold secrets of others.
func (w *Webhook) Wants(e LogEntry) bool {
	return !silent(e.Kind) && e.SubjectType != subjectWebhook && (len(w.Kinds) == 0 || slices.Contains(w.Kinds, e.Kind))
}

func silent(kind string) bool { return kind == kindDead || kind == kindMail }

const subjectWebhook = "Webhook"

// A DeadLetter is a message that was given up after its retries.
type DeadLetter struct {
	Consumer string
	Seq      uint64 // the event it told of
	At       time.Time
	Detail   string // the last error
}

// Webhook returns the endpoint called id.
func (v *View) Webhook(id string) (*Webhook, bool) {
	i := slices.IndexFunc(v.webhooks, func(w *Webhook) bool { return w.ID == id })
	if i < 0 {
		return nil, false
	}
	return v.webhooks[i], true
}

// Webhooks returns the endpoints, oldest first.
func (v *View) Webhooks() []*Webhook { return v.webhooks }

// DeadLetters returns the dead letters of a consumer, oldest first.
func (v *View) DeadLetters(consumer string) []*DeadLetter {
	var out []*DeadLetter
	for _, l := range v.dead {
		if l.Consumer == consumer {
			out = append(out, l)
		}
	}
	return out
}

// deliveryCommand decides what concerns webhooks and couriers.
func (d *decision) deliveryCommand(cmd Command) (Result, *scim.Error) {
	switch c := cmd.(type) {
	case CreateWebhook:
		return d.createWebhook(c)
	case RotateWebhook:
		w, err := d.webhook(c.ID)
		if err != nil {
			return Result{}, err
		}
		d.emit(WebhookRotated{ID: w.ID, URL: w.URL, Secret: c.Secret})
		return Result{Key: c.ID, Changed: true}, nil
	case DeleteWebhook:
		w, err := d.webhook(c.ID)
		if err != nil {
			return Result{}, err
		}
		d.emit(WebhookDeleted{ID: w.ID, URL: w.URL})
		return Result{Key: c.ID, Changed: true}, nil
	case NoteDead:
		if d.delivers(c.Consumer) && !d.view.isDead(c.Consumer, c.Seq) {
			d.emit(DeliveryDied(c))
		}
	case NoteRevived:
		if d.view.isDead(c.Consumer, c.Seq) {
			d.emit(DeliveryRevived(c))
		}
	case NoteMail:
		d.emit(MailSent(c))
	}
	return Result{}, nil
}

// delivers reports whether a consumer is still there.
func (d *decision) delivers(consumer string) bool {
	_, ok := d.view.Webhook(consumer)
	return ok || consumer == MailConsumer
}

func (v *View) isDead(consumer string, seq uint64) bool {
	return slices.ContainsFunc(v.dead, func(l *DeadLetter) bool { return l.Consumer == consumer && l.Seq == seq })
}

func (d *decision) webhook(id string) (*Webhook, *scim.Error) {
	w, ok := d.view.Webhook(id)
	if !ok {
		return nil, scim.Errorf(404, "", "there is no webhook %q", id)
	}
	return w, nil
}

func (d *decision) createWebhook(c CreateWebhook) (Result, *scim.Error) {
	if len(d.view.webhooks) >= maxWebhooks {
		return Result{}, scim.Errorf(400, "", "a workspace has at most %d webhooks", maxWebhooks)
	}
	for _, kind := range c.Kinds {
		if !slices.Contains(LogKinds, kind) || silent(kind) {
			return Result{}, scim.Errorf(400, "", "kinds: %q is no kind that webhooks can hear of", kind)
		}
	}
	if _, taken := d.view.Webhook(c.ID); taken || c.ID == "" {
		return Result{}, scim.Errorf(409, scim.Uniqueness, "webhook id %q is taken", c.ID)
	}
	d.emit(WebhookCreated(c))
	return Result{Key: c.ID, Created: true, Changed: true}, nil
}

func (s *State) applyDelivery(env Envelope, ev Event) {
	v := &s.view
	switch ev := ev.(type) {
	case WebhookCreated:
		w := &Webhook{ID: ev.ID, URL: ev.URL, Kinds: ev.Kinds, Secret: ev.Secret, Created: env.At, Since: v.seq}
		v.webhooks = append(slices.Clip(v.webhooks), w)
	case WebhookRotated:
		i := slices.IndexFunc(v.webhooks, func(w *Webhook) bool { return w.ID == ev.ID })
		assert(i >= 0, "no webhook %s", ev.ID)
		w := *v.webhooks[i]
		w.Former, w.Until, w.Secret = w.Secret, env.At.Add(secretOverlap), ev.Secret
		v.webhooks = slices.Clone(v.webhooks)
		v.webhooks[i] = &w
	case WebhookDeleted:
		v.webhooks = without(v.webhooks, func(w *Webhook) bool { return w.ID == ev.ID })
		v.dead = slices.DeleteFunc(slices.Clone(v.dead), func(l *DeadLetter) bool { return l.Consumer == ev.ID })
	case DeliveryDied:
		v.dead = append(slices.Clip(v.dead), &DeadLetter{Consumer: ev.Consumer, Seq: ev.Seq, At: env.At, Detail: ev.Detail})
		if len(v.dead) > maxDead {
			v.dead = v.dead[1:]
		}
	case DeliveryRevived:
		v.dead = without(v.dead, func(l *DeadLetter) bool { return l.Consumer == ev.Consumer && l.Seq == ev.Seq })
	}
}

// Marks says up to where there may be something to deliver.
func (v *View) Marks() Marks { return v.marks }

// mark notes that there may be something to deliver of the event at seq.
func (v *View) mark(env Envelope, ev Event) {
	if Tells(ev) {
		v.marks.Mail = v.seq
	}
	if len(v.webhooks) == 0 {
		return
	}
	if e, logged := Entry(v.seq, env, ev); logged && slices.ContainsFunc(v.webhooks, func(w *Webhook) bool { return w.Wants(e) }) {
		v.marks.Log = v.seq
	}
}
