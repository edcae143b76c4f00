package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"rosterd/scim"
	"rosterd/workspace"
)

// An exchange is one request and its answer.
type exchange struct {
	s      *Server
	ctx    *fasthttp.RequestCtx
	link   *conn  // of ctx
	id     []byte // request id, in idRoom
	began  time.Time
	route  *route
	params [maxParams][]byte // in the address
	admin  bool              // errors are problem+json (RFC 9457)

	ws    workspace.ID          // of the token, or of the address
	view  *workspace.View       // of ws, as it was when the request was let in
	token *workspace.Token      // of a tokenOnly route
	conn  *workspace.Connection // of the token

	dialect scim.Dialect // of conn, for this request
	quirks  scim.Quirks  // that the dialect tolerated of it

	raw   *bytes.Buffer // the request's body, once it was asked for
	whole bool          // raw is all of it

	scimType scim.ErrorType // of the refusal, for the access log
	streamed *stream        // the answer's body, if it is one

	keep *workspace.Envelope // of a request whose answer is to be kept, else nil
	kept []byte              // what is kept instead of the body, if it holds a secret

	// Room for what would be garbage otherwise.
	idRoom  [requestIDMost]byte
	scratch []byte // for headers
	slot    workspace.Slot
	found   workspace.Listing
	wanted  listRequest
	room    scim.Room // of a SCIM write: its body and its document
	lent    bool      // a command that is not over may still read and take room
}

// param returns the n-th {…} of the address.
func (x *exchange) param(n int) string { return string(x.params[n]) }

// Media types of answers.
const (
	scimJSON    = "application/scim+json"
	plainJSON   = "application/json"
	problemJSON = "application/problem+json"
)

// send answers with a body.
func (x *exchange) send(status int, mediaType string, body []byte) {
	x.ctx.Response.Header.SetContentType(mediaType)
	x.ctx.SetStatusCode(status)
	x.ctx.Response.SetBodyRaw(body)
}

// refuse answers with an error in the form of the surface.
func (x *exchange) refuse(e *scim.Error) {
	x.scimType = e.Type
	if x.admin {
		x.send(e.Status, problemJSON, x.problem(e))
		return
	}
	x.send(e.Status, scimJSON, e.AppendJSON(nil))
}

// problem writes e as RFC 9457 has it.
func (x *exchange) problem(e *scim.Error) []byte {
	return scim.AppendObject(nil, scim.Object{
		{Name: "type", Value: scim.Text("about:blank")},
		{Name: "title", Value: scim.Text(fasthttp.StatusMessage(e.Status))},
		{Name: "status", Value: scim.Integer(int64(e.Status))},
		{Name: "detail", Value: scim.Text(e.Detail)},
		{Name: "requestId", Value: scim.Text(string(x.id))},
	})
}

// fail answers with what an error means to a client. The text of an error
// that is nobody's business but ours stays in the log.
func (x *exchange) fail(err error) {
	var refusal *scim.Error
	switch {
	case errors.As(err, &refusal):
		x.refuse(refusal)
	case errors.Is(err, workspace.ErrNotFound):
		x.refuse(scim.Errorf(404, "", "there is no workspace %q", x.ws))
	case errors.Is(err, workspace.ErrBusy):
		x.retryAfter("1")
		x.refuse(scim.Errorf(429, "", "too many requests are in flight; send this one again in a second"))
	case errors.Is(err, workspace.ErrReadOnly):
		x.retryAfter("60")
		x.refuse(scim.Errorf(503, "", "writes are refused while storage is short; nothing was changed"))
	case errors.Is(err, workspace.ErrTooLarge):
		x.refuse(scim.Errorf(413, "", "this changes more than one request may; send it in parts"))
	case errors.Is(err, workspace.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		x.retryAfter("2")
		x.refuse(scim.Errorf(503, "", "the outcome is not known: the change may have been made; read before sending it again"))
	default:
		x.s.cfg.Log.Error().Err(err).Bytes("request", x.id).Msg("internal error")
		x.refuse(scim.Errorf(500, "", "internal error; the operator finds it under request %s", x.id))
	}
}

func (x *exchange) retryAfter(seconds string) {
	x.ctx.Response.Header.Set("Retry-After", seconds)
}

// finish ends the exchange: it counts the request and writes its line of the
// access log: never a query string, a body or a name. zerolog writes the
// duration in milliseconds, as README says.
func (x *exchange) finish() {
	lingering(x.ctx.Conn(), x.unread())
	x.release()
	x.s.countQuirks(x)
	status, took, method := x.ctx.Response.StatusCode(), time.Since(x.began), x.method()
	x.route.answered.Answered(method, status, took)
	line := x.s.cfg.Log.Info().Bytes("request", x.id).Str("client", x.client()).
		Str("method", method).Str("route", x.route.template).Int("status", status).
		Int("bytes", x.sent()).Dur("duration", took)
	if x.ws != "" {
		line = line.Str("workspace", string(x.ws))
	}
	if x.token != nil {
		line = line.Str("connection", x.conn.ID).Str("token", x.token.ID)
	}
	if x.scimType != "" {
		line = line.Str("scimType", string(x.scimType))
	}
	if x.streamed != nil && x.streamed.err != nil {
		line = line.Bool("broken", true)
	}
	line.Msg("request")
}

// methods are those that have a name of their own in metrics and log. Whatever
// else a client makes up must not make a series each.
var methods = []string{"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"}

// method returns the name of the request's method, or "other". fasthttp calls
// what it could not read a GET.
func (x *exchange) method() string {
	if len(x.ctx.Request.Header.RequestURI()) == 0 {
		return "other"
	}
	for _, m := range methods {
		if string(x.ctx.Method()) == m {
			return m
		}
	}
	return "other"
}

// sent returns the length of the answer's body. Asking fasthttp for the body
// of a stream would read it to its end.
func (x *exchange) sent() int {
	if x.streamed != nil {
		return x.streamed.sent
	}
	return len(x.ctx.Response.Body())
}

// client returns the address of the client. Behind trusted proxies it is the
// last one in X-Forwarded-For that is none of them.
func (x *exchange) client() string {
	addr := x.peer()
	if !x.trusted(addr) {
		return x.link.client
	}
	forwarded := strings.Split(string(x.ctx.Request.Header.Peek("X-Forwarded-For")), ",")
	for i := len(forwarded) - 1; i >= 0 && x.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		addr = next
	}
	return addr.String()
}

func (x *exchange) peer() netip.Addr { return x.link.ip }

func (x *exchange) trusted(addr netip.Addr) bool {
	for _, p := range x.s.cfg.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// origin returns what the client calls the server.
func (x *exchange) origin() string {
	if x.s.cfg.PublicURL != "" {
		return x.s.cfg.PublicURL
	}
	scheme, host := "http", string(x.ctx.Host())
	if x.ctx.IsTLS() {
		scheme = "https"
	}
	if x.trusted(x.peer()) {
		if p := string(x.ctx.Request.Header.Peek("X-Forwarded-Proto")); p == "http" || p == "https" {
			scheme = p
		}
		if h := x.ctx.Request.Header.Peek("X-Forwarded-Host"); len(h) > 0 {
			host = string(h)
		}
	}
	return scheme + "://" + host
}

// base returns the SCIM base URL.
func (x *exchange) base() string {
	if x.s.base != "" {
		return x.s.base
	}
	if x.trusted(x.peer()) {
		return x.origin() + scimRoot
	}
	scheme := "http://"
	if x.ctx.IsTLS() {
		scheme = "https://"
	}
	b := append(append(append(x.scratch[:0], scheme...), x.ctx.Host()...), scimRoot...)
	if x.scratch = b; string(b) != x.link.base {
		x.link.base = string(b)
	}
	return x.link.base
}

// reader returns the view as the connection sees it.
func (x *exchange) reader(v *workspace.View) workspace.Reader {
	if x.conn == nil {
		return v.As("", x.base())
	}
	return v.As(x.conn.ID, x.base())
}

// envelope says who sends a command.
func (x *exchange) envelope() workspace.Envelope {
	if x.token == nil {
		return workspace.Envelope{Actor: workspace.ActorOperator, RequestID: string(x.id)}
	}
	return workspace.Envelope{Actor: workspace.ActorToken, Token: x.token.ID, Connection: x.conn.ID, RequestID: string(x.id)}
}

// run runs a command.
func (x *exchange) run(env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error) {
	res, view, err := x.s.cfg.Workspaces.Do(x.s.deadlines.next(), x.ws, env, cmd)
	x.lent = x.lent || errors.Is(err, context.DeadlineExceeded)
	return res, view, err
}

// do runs a command, and answers for it if it fails.
func (x *exchange) do(env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, bool) {
	res, view, err := x.run(env, cmd)
	if err != nil {
		x.fail(err)
		return res, nil, false
	}
	x.quirks |= res.Quirks
	return res, view, true
}

// load returns the newest View of a workspace, or answers why there is none.
func (x *exchange) load(ws workspace.ID) bool {
	x.ws = ws
	if x.view = x.s.cfg.Workspaces.Newest(ws); x.view != nil {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	v, err := x.s.cfg.Workspaces.View(ctx, ws)
	if err != nil {
		x.fail(err)
		return false
	}
	x.view = v
	return true
}

// query returns a parameter of the query, decoded; "" where it is not given.
func (x *exchange) query(name string) string { return string(x.ctx.QueryArgs().Peek(name)) }

// number reads a whole number of the query.
func (x *exchange) number(name string, def int) (int, *scim.Error) {
	text := x.query(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, scim.Errorf(400, scim.InvalidValue, "%s: %q is no whole number", name, text)
	}
	return n, nil
}

// body returns the decoded body of a write, in room.
func (x *exchange) body(room *scim.Room) (scim.Object, *scim.Error) {
	raw, err := x.json()
	if err != nil {
		return nil, err
	}
	d := decoders.Get().(*scim.Decoder)
	defer decoders.Put(d)
	d.Room = room
	return d.Decode(raw, x.s.cfg.Limits)
}

var decoders = sync.Pool{New: func() any { return new(scim.Decoder) }}

// json returns the body of a write, which calls itself JSON. A missing media
// type is taken for that (row 34).
func (x *exchange) json() ([]byte, *scim.Error) {
	kind, _, _ := bytes.Cut(x.ctx.Request.Header.ContentType(), []byte(";"))
	switch strings.ToLower(string(bytes.TrimSpace(kind))) {
	case "":
		x.dialect.Note(scim.NoContentType)
	case plainJSON, scimJSON, "application/merge-patch+json":
	default:
		return nil, scim.Errorf(415, "", "Content-Type %q: send %s or %s", kind, scimJSON, plainJSON)
	}
	if len(x.ctx.Request.Header.ContentEncoding()) > 0 {
		return nil, scim.Errorf(415, "", "Content-Encoding %q: send the body as it is", x.ctx.Request.Header.ContentEncoding())
	}
	return x.payload()
}
