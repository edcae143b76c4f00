package httpapi

import (
	"slices"
	"strconv"
	"sync"

	"rosterd/metrics"
	"rosterd/scim"
	"rosterd/scim/bulk"
	"rosterd/workspace"
)

const bulkTemplate = "/Bulk"

// bulkRooms are for what operations write, and what is made of it.
var bulkRooms = sync.Pool{New: func() any { return new(scim.Room) }}

// bulk is POST /Bulk (RFC 7644 section 3.7): one command, whose operations are
// answered each on its own. Whatever becomes of them, the answer is 200.
func (s *Server) bulk(x *exchange) {
	key := tokenKey{x.ws, x.token.ID}
	if !s.bulks.enter(key) {
		s.cfg.Metrics.Rejection(metrics.Bulks)
		x.fail(workspace.ErrBusy)
		return
	}
	defer s.bulks.leave(key)
	raw, err := x.json()
	room := bulkRooms.Get().(*scim.Room)
	var req bulk.Request
	if err == nil {
		req, err = bulk.Parse(raw, s.cfg.Limits, room)
	}
	if err != nil {
		x.decline(err)
		return
	}
	res, view, ok := x.do(x.envelope(), workspace.NewBulk(req, &x.dialect, s.cfg.Limits, room))
	if !ok { // a part of it may be on its way to disk, and read what is in room
		return
	}
	defer func() {
		room.ResetBulk()
		bulkRooms.Put(room)
	}()
	body := x.ctx.Response.SwapBody(nil) // what fasthttp keeps for bodies
	body = append(slices.Grow(body[:0], 256*(len(res.Operations)+1)), `{"schemas":["`+bulk.URNResponse+`"],"Operations":[`...)
	first := true
	for i, out := range res.Operations {
		if !out.Ran {
			continue
		}
		if !first {
			body = append(body, ',')
		}
		first = false
		body = x.appendOutcome(body, &req.Operations[i], out, x.reader(view))
	}
	x.ctx.Response.Header.SetContentType(scimJSON)
	x.ctx.SetStatusCode(200)
	x.ctx.Response.SwapBody(append(body, `]}`...))
}

// Bulks that are read and run side by side: each may hold its body and what that
// decodes to, a hundred times a single request. One token cannot take the room
// of all others.
const (
	bulksPerToken = 4
	bulksInAll    = 32
)

// bulksAtWork counts them. Its zero value is ready.
type bulksAtWork struct {
	mu      sync.Mutex
	all     int              // guarded by mu
	ofToken map[tokenKey]int // guarded by mu
}

// enter reports whether there is room for a bulk of a token, which must leave
// then.
func (b *bulksAtWork) enter(key tokenKey) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == bulksInAll || b.ofToken[key] == bulksPerToken {
		return false
	}
	if b.ofToken == nil {
		b.ofToken = map[tokenKey]int{}
	}
	b.all++
	b.ofToken[key]++
	return true
}

func (b *bulksAtWork) leave(key tokenKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.ofToken[key]--; b.ofToken[key] == 0 {
		delete(b.ofToken, key)
	}
}

// appendOutcome appends the answer to one operation. The version is that of the
// resource as the bulk left it, which is what a client can use next; what is
// deleted has none.
func (x *exchange) appendOutcome(body []byte, op *bulk.Operation, out workspace.Outcome, r workspace.Reader) []byte {
	status, version := 200, ""
	switch {
	case out.Refusal != nil:
		status = out.Refusal.Status
	case op.Method == "DELETE":
		status = 204
	default:
		if x, ok := x.slot.Resource(r, op.Type, out.ID); ok { // a later operation may have deleted it
			version = workspace.ETag(x.Version())
		}
		if out.Created {
			status = 201
		}
	}
	id := op.ID // where it names nothing
	if !out.ID.IsZero() {
		id = out.ID.String()
	}
	body = append(body, '{')
	if op.Type != nil && id != "" {
		body = appendMember(body, "location", x.base()+op.Type.Endpoint+"/"+id)
	}
	body = appendMember(body, "method", op.Method)
	body = appendMember(body, "bulkId", op.BulkID)
	body = appendMember(body, "version", version)
	body = appendMember(body, "status", strconv.Itoa(status))
	body[len(body)-1] = '}' // there is a status
	if out.Refusal == nil {
		return body
	}
	body = append(body[:len(body)-1], `,"response":`...)
	return append(out.Refusal.AppendJSON(body), '}')
}

// appendMember appends a member of an object and a comma, unless it is empty.
func appendMember(body []byte, name, text string) []byte {
	if text == "" {
		return body
	}
	body = append(append(append(body, '"'), name...), `":`...)
	return append(scim.AppendString(body, text), ',')
}
