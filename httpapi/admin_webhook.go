package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"rosterd/scim"
	"rosterd/workspace"
)

// Webhooks check, sign and repeat deliveries.
type Webhooks interface {
	// CheckURL says in words for an admin why nothing can be delivered to a
	// URL, or returns nil.
	CheckURL(url string) error
	// NewSecret returns a new signing secret.
	NewSecret() string
	// Replay tries the dead letters of an endpoint once more, and returns how
	// many were delivered and how many are still dead.
	Replay(ctx context.Context, ws workspace.ID, id string) (delivered, dead int, err error)
}

// webhook is what the admin API shows of an endpoint. The secret is shown once,
// when it is made.
func webhook(w *workspace.Webhook, dead int, secret string) scim.Object {
	var kinds []scim.Value
	for _, k := range w.Kinds {
		kinds = append(kinds, scim.Text(k))
	}
	o := scim.Object{
		{Name: "id", Value: scim.Text(w.ID)},
		{Name: "url", Value: scim.Text(w.URL)},
		{Name: "kinds", Value: scim.ListOf(kinds...)},
		{Name: "dead", Value: scim.Integer(int64(dead))},
		{Name: "createdAt", Value: instant(w.Created)},
	}
	if secret != "" {
		o = append(o, scim.Attr{Name: "secret", Value: scim.Text(secret)})
	}
	return o
}

func (s *Server) listWebhooks(x *exchange) {
	if !x.open() {
		return
	}
	var items []scim.Object
	for _, w := range x.view.Webhooks() {
		items = append(items, webhook(w, len(x.view.DeadLetters(w.ID)), ""))
	}
	x.page(items, "")
}

func (s *Server) createWebhook(x *exchange) {
	f := x.form()
	cmd := workspace.CreateWebhook{ID: randomID(), URL: f.required("url"), Kinds: f.texts("kinds"), Secret: s.cfg.Webhooks.NewSecret()}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	if err := s.cfg.Webhooks.CheckURL(cmd.URL); err != nil {
		x.refuse(scim.Errorf(400, "", "url: %s", err.Error()))
		return
	}
	x.commandOnWebhook(201, cmd, cmd.Secret)
}

func randomID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

func (x *exchange) commandOnWebhook(status int, cmd workspace.Command, secret string) {
	x.ws = workspace.ID(x.param(0))
	res, view, ok := x.command(cmd)
	if !ok {
		return
	}
	if w, found := view.Webhook(res.Key); found {
		dead := len(view.DeadLetters(w.ID))
		x.kept = scim.AppendObject(nil, webhook(w, dead, "")) // a repeated request does not get the secret
		x.answer(status, webhook(w, dead, secret))
	}
}

func (s *Server) rotateWebhook(x *exchange) {
	cmd := workspace.RotateWebhook{ID: x.param(1), Secret: s.cfg.Webhooks.NewSecret()}
	x.commandOnWebhook(200, cmd, cmd.Secret)
}

func (s *Server) deleteWebhook(x *exchange) {
	x.ws = workspace.ID(x.param(0))
	if _, _, ok := x.command(workspace.DeleteWebhook{ID: x.param(1)}); ok {
		x.ctx.SetStatusCode(204)
	}
}

// deadLetters lists what was given up.
func (s *Server) deadLetters(x *exchange) {
	if !x.openWebhook() {
		return
	}
	var items []scim.Object
	for _, l := range x.view.DeadLetters(x.param(1)) {
		items = append(items, scim.Object{
			{Name: "seq", Value: scim.Integer(int64(l.Seq))},
			{Name: "at", Value: instant(l.At)},
			{Name: "detail", Value: scim.Text(l.Detail)},
		})
	}
	x.page(items, "")
}

// openWebhook loads the workspace and finds the endpoint of the address. The
// mail server has dead letters too, under the id that the log gives it.
func (x *exchange) openWebhook() bool {
	if !x.open() {
		return false
	}
	if _, ok := x.view.Webhook(x.param(1)); !ok && x.param(1) != workspace.MailConsumer {
		x.refuse(scim.Errorf(404, "", "there is no webhook %q", x.param(1)))
		return false
	}
	return true
}

// replayWebhook tries every dead letter once, within the time of a command.
func (s *Server) replayWebhook(x *exchange) {
	if !x.openWebhook() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	delivered, dead, err := s.cfg.Webhooks.Replay(ctx, x.ws, x.param(1))
	if err != nil {
		x.fail(err)
		return
	}
	x.answer(200, scim.Object{
		{Name: "delivered", Value: scim.Integer(int64(delivered))},
		{Name: "dead", Value: scim.Integer(int64(dead))},
	})
}
