package httpapi

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"rosterd/scim"
)

// A stream is the body of an answer that is written while it is sent. It is
// framed in chunks, so that a client can tell a whole one from one that broke
// off. fasthttp runs it on the connection's goroutine after the handler has
// returned, and closes it whatever happens.
type stream struct {
	x     *exchange
	all   *streams
	conn  net.Conn
	write func(io.Writer) error

	out  io.Writer // frames a chunk and hands it to the connection
	sent int       // bytes of the body
	err  error     // what broke it off
}

// streamChunk bounds what a client must take within writeTimeout, in bytes.
const streamChunk = 64 << 10

var errCut = errors.New("the server stops")

// stream answers 200 with what write writes. Each Write goes to the connection
// at once; if write returns an error, the connection is broken off. write must
// return when a Write fails; where it waits for something else, it must also
// watch x.ctx.Done, which is closed when the server begins to stop. When the
// time of the stop is over, Writes fail.
func (x *exchange) stream(mediaType string, write func(w io.Writer) error) {
	if !x.ctx.Request.Header.IsHTTP11() {
		x.refuse(scim.Errorf(505, "", "this answer has no length before its end; send the request as HTTP/1.1"))
		return
	}
	x.streamed = &stream{x: x, all: x.s.streams, conn: x.ctx.Conn(), write: write}
	x.s.streams.begin(x.streamed)
	x.ctx.Response.Header.SetContentType(mediaType)
	x.ctx.Response.SetBodyStream(x.streamed, -1)
	x.ctx.Response.ImmediateHeaderFlush = true
}

// SupportsBodyWriteTo has fasthttp call WriteTo.
func (st *stream) SupportsBodyWriteTo() bool { return true }

// Read is never called: see SupportsBodyWriteTo.
func (st *stream) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// WriteTo implements io.WriterTo.
func (st *stream) WriteTo(out io.Writer) (int64, error) {
	st.out = out
	st.err = st.write(st)
	return int64(st.sent), st.err
}

// Write implements io.Writer for the function that writes the stream.
func (st *stream) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		if err = st.all.extend(st.conn); err == nil {
			m, err = st.out.Write(p[:min(len(p), streamChunk)])
		}
		n, p = n+m, p[m:]
	}
	st.sent += n
	return n, err
}

// Close ends the exchange.
func (st *stream) Close() error {
	st.all.end(st)
	st.x.finish()
	return nil
}

// streams are those that are being sent.
type streams struct {
	mu   sync.Mutex
	open map[*stream]bool // guarded by mu
	cut  bool             // guarded by mu: no stream may write any more
	none sync.Cond        // open is empty
}

func newStreams() *streams {
	a := &streams{open: map[*stream]bool{}}
	a.none.L = &a.mu
	return a
}

func (a *streams) begin(st *stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[st] = true
}

func (a *streams) end(st *stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, st)
	a.none.Broadcast()
}

// extend gives a connection the time of one more chunk.
func (a *streams) extend(c net.Conn) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cut {
		return errCut
	}
	return c.SetWriteDeadline(time.Now().Add(writeTimeout))
}

// stop lets no stream write any more, not even what it is writing, and returns
// when all have ended.
func (a *streams) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cut = true
	for st := range a.open {
		_ = st.conn.SetWriteDeadline(time.Unix(1, 0)) // fails if the connection is gone, which will do
	}
	for len(a.open) > 0 {
		a.none.Wait()
	}
}
