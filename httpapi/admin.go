package httpapi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

func (s *Server) adminRoutes() []route {
	var out []route
	for _, r := range []struct {
		method, template string
		handle           func(*exchange)
	}{
		{"GET", "/workspaces", s.listWorkspaces},
		{"POST", "/workspaces", s.createWorkspace},
		{"GET", "/workspaces/{ws}", s.getWorkspace},
		{"PATCH", "/workspaces/{ws}", s.changeWorkspace},
		{"GET", "/workspaces/{ws}/connections", s.listConnections},
		{"POST", "/workspaces/{ws}/connections", s.createConnection},
		{"GET", "/workspaces/{ws}/connections/{id}", s.getConnection},
		{"PATCH", "/workspaces/{ws}/connections/{id}", s.changeConnection},
		{"DELETE", "/workspaces/{ws}/connections/{id}", s.deleteConnection},
		{"GET", "/workspaces/{ws}/connections/{id}/quirks", s.listQuirks},
		{"GET", "/workspaces/{ws}/tokens", s.listTokens},
		{"POST", "/workspaces/{ws}/tokens", s.createToken},
		{"DELETE", "/workspaces/{ws}/tokens/{id}", s.revokeToken},
		{"GET", "/workspaces/{ws}/users", s.listPeople},
		{"POST", "/workspaces/{ws}/users", s.addPerson},
		{"GET", "/workspaces/{ws}/users/{id}", s.getPerson},
		{"PATCH", "/workspaces/{ws}/users/{id}", s.editPerson},
		{"DELETE", "/workspaces/{ws}/users/{id}", s.deletePerson},
		{"POST", "/workspaces/{ws}/users/{id}/deactivate", s.deactivatePerson},
		{"POST", "/workspaces/{ws}/users/{id}/reactivate", s.reactivatePerson},
		{"POST", "/workspaces/{ws}/users/{id}/account-email", s.changeAccountEmail},
		{"GET", "/workspaces/{ws}/roles", s.listRoles},
		{"POST", "/workspaces/{ws}/roles", s.createRole},
		{"PATCH", "/workspaces/{ws}/roles/{id}", s.changeRole},
		{"DELETE", "/workspaces/{ws}/roles/{id}", s.deleteRole},
		{"GET", "/workspaces/{ws}/groups", s.listTeamsAndRoles},
		{"GET", "/workspaces/{ws}/groups/{id}/members", s.listMembers},
		{"POST", "/workspaces/{ws}/groups/{id}/members", s.addMember},
		{"DELETE", "/workspaces/{ws}/groups/{id}/members/{user}", s.removeMember},
		{"POST", "/workspaces/{ws}/groups/{id}/members/{user}/allow", s.allowMember},
		{"POST", "/workspaces/{ws}/users/{id}/break-glass", s.nameBreakGlass},
		{"DELETE", "/workspaces/{ws}/users/{id}/break-glass", s.unnameBreakGlass},
		{"GET", "/workspaces/{ws}/seats", s.getSeats},
		{"POST", "/workspaces/{ws}/seats/purchase", s.purchaseSeats},
		{"POST", "/workspaces/{ws}/seats/release", s.releaseSeats},
		{"POST", "/workspaces/{ws}/window/close", s.closeWindow},
		{"GET", "/workspaces/{ws}/invoices", s.listInvoices},
		{"GET", "/workspaces/{ws}/invoices/{number}", s.getInvoice},
		{"POST", "/workspaces/{ws}/invoices/{number}/corrections", s.correctInvoice},
		{"GET", "/workspaces/{ws}/webhooks", s.listWebhooks},
		{"POST", "/workspaces/{ws}/webhooks", s.createWebhook},
		{"DELETE", "/workspaces/{ws}/webhooks/{id}", s.deleteWebhook},
		{"POST", "/workspaces/{ws}/webhooks/{id}/replay", s.replayWebhook},
		{"POST", "/workspaces/{ws}/webhooks/{id}/rotate", s.rotateWebhook},
		{"GET", "/workspaces/{ws}/webhooks/{id}/dead", s.deadLetters},
		{"GET", "/workspaces/{ws}/setup/{provider}", s.getSetup},
		{"GET", "/workspaces/{ws}/log", s.readLog},
		{"GET", "/attention", s.attention},
		{"GET", "/backup", s.backup},
	} {
		out = append(out, route{method: r.method, template: r.template, surface: "admin", access: operatorOnly, handle: keeping(r.handle)})
	}
	return out
}

// open loads the workspace of the address, or answers why it cannot.
func (x *exchange) open() bool { return x.load(workspace.ID(x.param(0))) }

// command runs an admin's write on the workspace of the address. Under an
// Idempotency-Key that was used before, it sends what was answered then.
func (x *exchange) command(cmd workspace.Command) (workspace.Result, *workspace.View, bool) {
	env := x.envelope()
	const most = 255
	key := string(x.ctx.Request.Header.Peek("Idempotency-Key"))
	switch {
	case key == "":
		return x.do(env, cmd)
	case len(key) > most:
		x.refuse(scim.Errorf(400, "", "Idempotency-Key: send at most %d bytes", most))
		return workspace.Result{}, nil, false
	}
	body, bad := x.payload()
	if bad != nil {
		x.refuse(bad)
		return workspace.Result{}, nil, false
	}
	env.IdempotencyKey = key
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s", x.route.method, x.ctx.Path(), body)
	h.Sum(env.BodyHash[:0])
	res, view, err := x.run(env, cmd)
	var refusal *scim.Error
	switch {
	case err == nil && res.Status != 0:
		x.repeat(res)
		return res, nil, false
	case err == nil || errors.As(err, &refusal):
		x.keep = &env // not what a retry may change, such as a full queue
	}
	if err != nil {
		x.fail(err)
	}
	return res, view, err == nil
}

// keeping makes a handler's answer to a request with an Idempotency-Key leave
// only once it is kept, so that every repetition of the request gets it,
// refusals included. Where the daemon stops in between, nobody has heard the
// answer, and the repetition's is the first.
func keeping(handle func(*exchange)) func(*exchange) {
	return func(x *exchange) {
		handle(x)
		if x.keep != nil {
			x.keepAnswer(*x.keep)
		}
	}
}

// keepMost bounds an answer that is kept. To a longer one, which no ordinary
// resource has, a repetition gets the resource as it is by then.
const keepMost = 16 << 10

func (x *exchange) keepAnswer(env workspace.Envelope) {
	cmd := workspace.KeepAnswer{Status: x.ctx.Response.StatusCode(), Body: string(x.ctx.Response.Body())}
	if x.kept != nil {
		cmd.Body = string(x.kept)
	}
	if len(cmd.Body) > keepMost {
		return
	}
	res, _, err := x.run(env, cmd)
	var refusal *scim.Error
	switch {
	case errors.As(err, &refusal):
		x.refuse(refusal)
	case err != nil:
		x.fail(workspace.ErrUnavailable) // the write itself may be done
	case res.Status != 0 && (res.Status != cmd.Status || res.Answer != cmd.Body):
		x.repeat(res) // the same request was answered meanwhile
	}
}

// repeat sends an answer that was kept.
func (x *exchange) repeat(res workspace.Result) {
	kind := plainJSON
	if res.Status >= 400 {
		kind = problemJSON
	}
	if res.Answer == "" {
		x.ctx.Response.ResetBody()
		x.ctx.SetStatusCode(res.Status)
		return
	}
	x.send(res.Status, kind, []byte(res.Answer))
}

// answer sends an object as JSON.
func (x *exchange) answer(status int, o scim.Object) {
	x.send(status, plainJSON, scim.AppendObject(nil, o))
}

// page answers with a list and where it goes on; next is "" at its end.
func (x *exchange) page(items []scim.Object, next string) {
	body := []byte(`{"items":[`)
	for i, o := range items {
		if i > 0 {
			body = append(body, ',')
		}
		body = scim.AppendObject(body, o)
	}
	body = append(body, `],"next":`...)
	body = append(scim.AppendValue(body, optional(next)), '}')
	x.send(200, plainJSON, body)
}

// part answers with the part of a list that ?limit= and ?after= ask for, where
// the whole list is at hand. after is the id of the item before the part.
func part[T any](x *exchange, list []T, id func(T) string, show func(T) scim.Object) {
	limit, err := x.limit()
	if after := x.query("after"); err == nil && after != "" {
		i := slices.IndexFunc(list, func(t T) bool { return id(t) == after })
		if i < 0 {
			err = scim.Errorf(400, "", "after: there is no %q in this list; begin again without it", after)
		}
		list = list[i+1:]
	}
	if err != nil {
		x.refuse(err)
		return
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = id(list[limit-1])
	}
	items := make([]scim.Object, 0, len(list))
	for _, t := range list {
		items = append(items, show(t))
	}
	x.page(items, next)
}

// limit reads ?limit=, the most items of a page.
func (x *exchange) limit() (int, *scim.Error) {
	const def, most = 100, 1000
	n, err := x.number("limit", def)
	if err == nil && (n < 1 || n > most) {
		err = scim.Errorf(400, "", "limit: write 1 to %d", most)
	}
	return n, err
}

// optional is a text, or nothing where it is empty.
func optional(s string) scim.Value {
	if s == "" {
		return scim.Value{}
	}
	return scim.Text(s)
}

// instant is a time, or nothing where it is zero.
func instant(t time.Time) scim.Value {
	if t.IsZero() {
		return scim.Value{}
	}
	return scim.Text(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// A form reads the keys of a body and remembers the first thing that is wrong.
type form struct {
	body scim.Object
	read []string
	err  *scim.Error
}

// form reads the body of an admin's request.
func (x *exchange) form() *form {
	body, err := x.body(nil)
	return &form{body: body, err: err}
}

func (f *form) take(key string, kind scim.Kind, want string) (scim.Value, bool) {
	f.read = append(f.read, key)
	v := f.body.Get(key)
	if f.err != nil || v.Kind() == scim.Null {
		return v, false
	}
	if v.Kind() != kind {
		f.err = scim.Errorf(400, "", "%s: write %s", key, want)
		return v, false
	}
	return v, true
}

// text reads a string; nil where it is absent.
func (f *form) text(key string) *string {
	v, ok := f.take(key, scim.String, "a string")
	if !ok {
		return nil
	}
	text := v.Str()
	return &text
}

// required reads a string that must be there.
func (f *form) required(key string) string {
	v := f.text(key)
	if v == nil && f.err == nil {
		f.err = scim.Errorf(400, "", "%s is required", key)
	}
	if v == nil {
		return ""
	}
	return *v
}

func (f *form) bool(key string) *bool {
	v, ok := f.take(key, scim.Bool, "true or false")
	if !ok {
		return nil
	}
	is := v.Bool()
	return &is
}

func (f *form) int(key string) *int {
	v, ok := f.take(key, scim.Int, "a whole number")
	if !ok {
		return nil
	}
	n := int(v.Int())
	return &n
}

// requiredInt reads a whole number that must be there.
func (f *form) requiredInt(key string) int64 {
	v, ok := f.take(key, scim.Int, "a whole number")
	if !ok && f.err == nil {
		f.err = scim.Errorf(400, "", "%s is required", key)
	}
	return v.Int()
}

// texts reads a list of strings; nil where it is absent.
func (f *form) texts(key string) []string {
	v, _ := f.take(key, scim.List, "a list of strings")
	var out []string
	for _, e := range v.List() {
		if e.Kind() != scim.String && f.err == nil {
			f.err = scim.Errorf(400, "", "%s: write a list of strings", key)
		}
		out = append(out, e.Str())
	}
	return out
}

func (f *form) instant(key string) (t time.Time) {
	v, ok := f.take(key, scim.String, "an instant such as 2026-12-31T00:00:00Z")
	if !ok {
		return t
	}
	t, err := time.Parse(time.RFC3339, v.Str())
	if err != nil {
		f.err = scim.Errorf(400, "", "%s: %q is no instant such as 2026-12-31T00:00:00Z", key, v.Str())
	}
	return t
}

// done returns what is wrong with the body: also a key that nobody read.
func (f *form) done() *scim.Error {
	for _, a := range f.body {
		known := false
		for _, key := range f.read {
			known = known || key == a.Name
		}
		if f.err == nil && !known {
			f.err = scim.Errorf(400, "", "%s: there is no such key; this takes %s", a.Name, strings.Join(f.read, ", "))
		}
	}
	return f.err
}
