package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"rosterd/scim"
)

// wireError answers what fasthttp could not read as a request.
func (s *Server) wireError(ctx *fasthttp.RequestCtx, err error) {
	x := s.newExchange(ctx)
	var small *fasthttp.ErrSmallBuffer
	refusal := x.unreadable(err)
	if errors.As(err, &small) {
		refusal = scim.Errorf(431, "", "the header of the request is too long")
	}
	x.refuse(refusal)
	x.finish()
	lingering(ctx.Conn(), true)
	x.forget()
}

// smuggling returns why a request must not be answered on a shared connection:
// whatever two servers could read in two ways (design section 8).
func smuggling(h *fasthttp.RequestHeader) string {
	if p := string(h.Protocol()); p != "HTTP/1.1" && p != "HTTP/1.0" {
		return "the HTTP version is not 1.0 or 1.1"
	}
	lengths, encodings, hosts := 0, 0, 0
	for rest := h.RawHeaders(); len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if line = bytes.TrimRight(line, "\r"); len(line) == 0 {
			continue
		}
		name, _, found := bytes.Cut(line, []byte(":"))
		if !found || !isToken(name) {
			return "a header has no well-formed name"
		}
		switch len(name) {
		case len(lengthHeader):
			lengths += isHeader(name, lengthHeader)
		case len(encodingHeader):
			encodings += isHeader(name, encodingHeader)
		case len(hostHeader):
			hosts += isHeader(name, hostHeader)
		}
	}
	switch {
	case lengths > 0 && encodings > 0:
		return "Content-Length and Transfer-Encoding exclude each other"
	case lengths > 1 || encodings > 1 || hosts > 1:
		return "Content-Length, Transfer-Encoding and Host may stand once"
	}
	return ""
}

const lengthHeader, encodingHeader, hostHeader = "Content-Length", "Transfer-Encoding", "Host"

// isHeader is 1 if name is that of the header, else 0.
func isHeader(name []byte, header string) int {
	if bytes.EqualFold(name, []byte(header)) {
		return 1
	}
	return 0
}

// isToken reports whether name is a token (RFC 9110 section 5.6.2).
func isToken(name []byte) bool {
	for _, c := range name {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(name) > 0
}

var tokenBytes = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c > ' ' && c < 0x7f && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return is
}()

// requestIDs mints request ids: a random part per process and a number.
type requestIDs struct {
	prefix string
	n      *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var b [6]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return requestIDs{prefix: hex.EncodeToString(b[:]) + "-", n: new(atomic.Uint64)}
}

// requestIDMost is the length of the longest id, in bytes.
const requestIDMost = 64

// append appends the client's own X-Request-Id if it is one that fits a log,
// else a new one.
func (r requestIDs) append(dst, sent []byte) []byte {
	if len(sent) > 0 && len(sent) <= requestIDMost && isToken(sent) {
		return append(dst, sent...)
	}
	return strconv.AppendUint(append(dst, r.prefix...), r.n.Add(1), 10)
}

// handler answers requests by a table of routes.
func (s *Server) handler(rs routes) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) { s.handle(ctx, rs) }
}

func (s *Server) handle(ctx *fasthttp.RequestCtx, rs routes) {
	x := s.newExchange(ctx)
	defer func() {
		if x.streamed == nil { // a stream ends later
			x.finish()
			x.forget()
		}
	}()
	if why := smuggling(&ctx.Request.Header); why != "" {
		ctx.SetConnectionClose()
		x.refuse(scim.Errorf(400, scim.InvalidSyntax, "%s", why))
		return
	}
	path := ctx.Path()
	match, allowed := rs.find(ctx.Method(), path, &x.params)
	switch {
	case match != nil:
		x.route = match
	case allowed != "":
		ctx.Response.Header.Set("Allow", allowed)
		x.refuse(scim.Errorf(405, "", "this address does not take %s; it takes %s", ctx.Method(), allowed))
		return
	case otherVersion(path):
		x.refuse(scim.Errorf(400, scim.InvalidVers, "this is SCIM 2.0; its addresses begin with %s", scimRoot))
		return
	default:
		x.refuse(scim.Errorf(404, "", "there is nothing at this address"))
		return
	}
	ctx.Response.SkipBody = ctx.IsHead()
	if match.access == operatorOnly && !x.operator() {
		return
	}
	if match.access == tokenOnly && !x.authenticate() {
		return
	}
	if match.access == tokenOnly && path[len(path)-1] == '/' {
		x.dialect.Note(scim.TrailingSlash)
	}
	match.handle(x)
}

// Headers of every answer, or of most, as fasthttp writes their names.
var (
	requestIDHeader = []byte("X-Request-Id")
	locationHeader  = []byte("Location")
	etagHeader      = []byte("Etag")
)

// exchanges are those that have ended.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// newExchange begins the answer to a request.
func (s *Server) newExchange(ctx *fasthttp.RequestCtx) *exchange {
	x := exchanges.Get().(*exchange)
	x.s, x.ctx, x.link, x.began, x.route = s, ctx, linkOf(ctx.Conn()), time.Now(), &s.none
	x.id = s.ids.append(x.idRoom[:0], ctx.Request.Header.Peek("X-Request-Id"))
	x.admin = bytes.HasPrefix(ctx.Path(), []byte(adminRoot+"/"))
	ctx.Response.Header.SetCanonical(requestIDHeader, x.id)
	return x
}

// forget ends the use of x, unless a command may still use it.
func (x *exchange) forget() {
	if x.lent {
		return
	}
	x.found.Clear()
	x.room.Reset()
	*x = exchange{room: x.room, scratch: x.scratch[:0], found: x.found, wanted: listRequest{types: x.wanted.types[:0], shapes: x.wanted.shapes[:0]}}
	exchanges.Put(x)
}
