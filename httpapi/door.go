package httpapi

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"rosterd/metrics"
	"rosterd/scim"
)

// A door is the listener that fasthttp accepts from. It bounds the connections,
// since what fasthttp answers beyond a bound is its own text; and it closes
// those whose request was not read to its end in a way that lets the answer
// arrive.
type door struct {
	net.Listener
	s *Server

	once   sync.Once // closes Listener
	failed error     // of that

	mu     sync.Mutex
	open   int                // guarded by mu
	perIP  map[netip.Addr]int // guarded by mu
	turned chan struct{}      // one token per connection that is being turned away
}

const (
	// turnedAtOnce bounds the connections that hear why they are turned away;
	// more than these hear nothing.
	turnedAtOnce = 64
	// lingerBytes and lingerTime bound what is read of a request that was
	// answered already. Closing a connection with unread bytes makes the kernel
	// reset it, and a reset may overtake the answer.
	lingerBytes = 4 << 20
	lingerTime  = 2 * time.Second
	// acceptPause is how long the door waits for file descriptors.
	acceptPause = 100 * time.Millisecond
)

func (s *Server) door(l net.Listener) *door {
	return &door{Listener: l, s: s, perIP: map[netip.Addr]int{}, turned: make(chan struct{}, turnedAtOnce)}
}

// Close implements net.Listener; it may be called again.
func (d *door) Close() error {
	d.once.Do(func() { d.failed = d.Listener.Close() })
	return d.failed
}

// Accept returns the next connection that is within the bounds. An error ends
// fasthttp, so it is none that there are no file descriptors at the moment.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if exhaustion(err) {
			d.s.cfg.Log.Warn().Err(err).Msg("connections wait")
			time.Sleep(acceptPause)
			continue
		}
		if err != nil {
			return nil, err
		}
		if mine := d.admit(c); mine != nil {
			return mine, nil
		}
	}
}

// admit lets a connection in, or turns it away and returns nil.
func (d *door) admit(c net.Conn) *conn {
	mine := &conn{Conn: c, door: d, ip: addressOf(c)}
	mine.client = mine.ip.String()
	status, reason := d.enter(mine.ip)
	if status == 0 {
		return mine
	}
	d.s.cfg.Metrics.Rejection(reason)
	d.turnAway(c, status)
	return nil
}

// exhaustion reports whether accepting failed for want of what may be there
// again soon.
func exhaustion(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// addressOf returns the address of a connection's other end; the zero address
// if it has none.
func addressOf(c net.Conn) netip.Addr {
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}

// enter counts a connection, or returns the status and reason of why there may
// not be another one.
func (d *door) enter(ip netip.Addr) (status int, reason metrics.Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch most := d.s.cfg.MaxConnectionsPerIP; {
	case d.open >= d.s.cfg.MaxConnections:
		return 503, metrics.Connections
	case most > 0 && d.perIP[ip] >= most:
		return 429, metrics.ConnectionsPerIP
	}
	d.open++
	d.perIP[ip]++
	return 0, ""
}

func (d *door) leave(ip netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.perIP[ip]--; d.perIP[ip] == 0 {
		delete(d.perIP, ip)
	}
}

// turnAway says on a connection why there may not be another one, and closes
// it. Its request is not read, so the answer has the form of SCIM whatever it
// is, and an X-Request-Id of ours. Over TLS it hears nothing: that would take a
// handshake, which is what a server with too many connections must not spend.
func (d *door) turnAway(c net.Conn, status int) {
	select {
	case d.turned <- struct{}{}:
	default:
		c.Close()
		return
	}
	d.s.tasks.Go(func() {
		defer func() { <-d.turned }()
		if d.s.cfg.TLS == nil {
			_ = c.SetWriteDeadline(time.Now().Add(lingerTime)) // the write fails then, too
			_, err := c.Write(d.s.tooMany(status))
			if err == nil {
				drain(c)
			}
		}
		c.Close()
	})
}

// tooMany is the answer to a connection too many.
func (s *Server) tooMany(status int) []byte {
	refusal := scim.Errorf(503, "", "too many connections are open; try again in a second")
	text := "Service Unavailable"
	if status == 429 {
		refusal = scim.Errorf(429, "", "too many connections of this address are open; try again in a second")
		text = "Too Many Requests"
	}
	body := refusal.AppendJSON(nil)
	head := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\nRetry-After: 1\r\nX-Request-Id: %s\r\n\r\n",
		status, text, scimJSON, len(body), s.ids.append(nil, nil))
	return append(head, body...)
}
