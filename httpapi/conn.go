package httpapi

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// A conn is a connection that was let in.
type conn struct {
	net.Conn
	door   *door
	ip     netip.Addr
	client string      // ip as text
	linger atomic.Bool // read on a little before closing
	closed atomic.Bool

	// Requests of a connection come one by one, mostly each like the one before.
	base   string   // the SCIM base URL of the request that is answered
	bearer []byte   // the newest header Authorization, if it is one that bearer reads
	hash   [32]byte // of its token

	readBy   time.Time    // the deadline of reads; zero: none
	readSet  time.Time    // the one that Conn has, which may be a little earlier
	writeSet atomic.Int64 // the deadline of writes, in nanoseconds since 1970; 0: none
}

// fasthttp sets three deadlines for each request, which costs half of what finding
// a person does. So those of reads are set when something is read, which after a
// small request is the next one, and none is set for being up to deadlineSlack
// later than the one that there is.
const deadlineSlack = time.Second

// SetReadDeadline implements net.Conn. Only whoever reads may call it.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.readBy = t
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	next, set := int64(0), c.writeSet.Load()
	if !t.IsZero() {
		next = t.UnixNano()
	}
	if later := next - set; set != 0 && later >= 0 && later < int64(deadlineSlack) {
		return nil
	}
	c.writeSet.Store(next)
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn. Only whoever reads may call it.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	later := c.readBy.Sub(c.readSet)
	if c.readBy.IsZero() != c.readSet.IsZero() || later < 0 || later >= deadlineSlack {
		if err := c.Conn.SetReadDeadline(c.readBy); err != nil {
			return 0, err
		}
		c.readSet = c.readBy
	}
	return c.Conn.Read(b)
}

// linkOf returns the connection under c that the door let in.
func linkOf(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	mine, _ := c.(*conn)
	return mine
}

// Close implements net.Conn.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	defer c.door.leave(c.ip)
	if c.linger.Load() {
		drain(c.Conn)
	}
	return c.Conn.Close()
}

// lingering says whether the other end of a connection may still be sending a
// request that is answered already.
func lingering(c net.Conn, yes bool) {
	if mine := linkOf(c); mine != nil && mine.linger.Load() != yes {
		mine.linger.Store(yes)
	}
}

// drain ends what is written to a connection and reads a little of what the
// other end still sends, until it closes its own end.
func drain(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // reading fails as well then
	}
	_ = c.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c, lingerBytes)
}
