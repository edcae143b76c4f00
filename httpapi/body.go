package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"rosterd/scim"
)

// bodyLimit returns the most bytes that are read of a body: /Groups takes whole
// member lists, /Bulk many bodies in one.
func (s *Server) bodyLimit(r *route) int {
	switch {
	case r.surface != "scim":
	case strings.HasPrefix(r.template, "/Groups"):
		return s.cfg.MaxGroupBody
	case r.template == bulkTemplate:
		return s.cfg.Limits.BulkBytes
	}
	return s.cfg.MaxBody
}

// buffers are for bodies, and bulkBuffers for those of bulks, of which there are
// few at a time; one that grew beyond so many bytes is not kept.
var buffers, bulkBuffers = sync.Pool{New: newBuffer}, sync.Pool{New: newBuffer}

func newBuffer() any { return new(bytes.Buffer) }

const (
	bufferKept     = 64 << 10
	bulkBufferKept = 1 << 20
)

// bufferPool returns where the body's buffer comes from, and up to how many
// bytes it goes back there.
func (x *exchange) bufferPool() (pool *sync.Pool, kept int) {
	if x.route.template == bulkTemplate {
		return &bulkBuffers, bulkBufferKept
	}
	return &buffers, bufferKept
}

// payload reads the body of the request: only now, when it is known who sends
// it and where to. The bytes are valid until the exchange ends.
func (x *exchange) payload() ([]byte, *scim.Error) {
	stream := x.ctx.RequestBodyStream()
	switch {
	case x.raw != nil:
		return x.raw.Bytes(), nil
	case stream == nil:
		return nil, nil
	}
	limit, declared := x.s.bodyLimit(x.route), x.ctx.Request.Header.ContentLength()
	if declared > limit {
		return nil, x.tooLong(limit)
	}
	pool, _ := x.bufferPool()
	x.raw = pool.Get().(*bytes.Buffer)
	n, err := x.raw.ReadFrom(io.LimitReader(stream, int64(limit)+1))
	switch {
	case err != nil:
		return nil, x.unreadable(err)
	case n > int64(limit):
		return nil, x.tooLong(limit)
	case n < int64(declared):
		return nil, x.unreadable(io.ErrUnexpectedEOF)
	}
	x.whole = true
	return x.raw.Bytes(), nil
}

func (x *exchange) tooLong(limit int) *scim.Error {
	x.ctx.SetConnectionClose()
	if x.route.template == bulkTemplate { // in the words of RFC 7644 section 3.7.4
		return scim.Errorf(413, "", "The size of the bulk operation exceeds the maxPayloadSize (%d); send it in parts", limit)
	}
	return scim.Errorf(413, "", "the body is longer than %d bytes; send it in parts", limit)
}

// unreadable says what is wrong with a request that could not be read.
func (x *exchange) unreadable(err error) *scim.Error {
	x.ctx.SetConnectionClose()
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return scim.Errorf(408, "", "the request did not come within %v", readTimeout)
	}
	return scim.Errorf(400, scim.InvalidSyntax, "this is no HTTP request that can be read")
}

// unread reports whether there may be bytes of the body that nobody has read.
func (x *exchange) unread() bool {
	return !x.whole && x.ctx.RequestBodyStream() != nil && x.ctx.Request.Header.ContentLength() != 0
}

// release gives the body's buffer back.
func (x *exchange) release() {
	if x.raw == nil {
		return
	}
	if pool, kept := x.bufferPool(); x.raw.Cap() <= kept {
		x.raw.Reset()
		pool.Put(x.raw)
	}
	x.raw = nil
}
