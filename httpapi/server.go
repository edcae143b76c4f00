// Package httpapi is the daemon's HTTP surface: SCIM 2.0 under /scim/v2, the
// admin API under /api/v1, and what operators probe. It is the only package
// that knows fasthttp.
//
// A connection passes the door (door.go). A request on it passes, in this
// order: the checks of the wire (wire.go), the route table (route.go),
// authentication (auth.go), the reading of its body (body.go), and its handler.
// Reads are answered on the connection's goroutine from a View; writes become
// one command of package workspace. Nothing of a request's buffers outlives it:
// bodies are copied when they are decoded.
package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"rosterd/metrics"
	"rosterd/scim"
	"rosterd/workspace"
)

// Workspaces runs commands and gives Views.
type Workspaces interface {
	// Do runs cmd and returns once its outcome is durable. The error is a
	// *scim.Error that refuses it, one of the errors of package workspace, or
	// ctx's.
	Do(ctx context.Context, ws workspace.ID, env workspace.Envelope, cmd workspace.Command) (workspace.Result, *workspace.View, error)
	// View returns the newest durable View, or workspace.ErrNotFound,
	// workspace.ErrUnavailable, or ctx's error.
	View(ctx context.Context, ws workspace.ID) (*workspace.View, error)
	// Newest returns what View does if that takes no time and no lock; else nil.
	Newest(ws workspace.ID) *workspace.View
	// Watch returns what View does, and a channel that is closed when there may
	// be a newer View.
	Watch(ctx context.Context, ws workspace.ID) (*workspace.View, <-chan struct{}, error)
}

// Store reads what is not in one workspace's View. Any error is storage that
// has failed.
type Store interface {
	WorkspaceOfToken(hash [32]byte) (workspace.ID, bool, error)
	Heads(after workspace.ID, limit int) ([]workspace.Head, error)
	ReadLog(ctx context.Context, ws workspace.ID, after uint64, fn func(seq uint64, env workspace.Envelope, ev workspace.Event) bool) error
	Backup(w io.Writer) error
}

// A Config says what a Server serves. Workspaces, Store, Now, OperatorHash and
// CursorKey are required.
type Config struct {
	Workspaces   Workspaces
	Store        Store
	Now          func() time.Time
	OperatorHash [32]byte         // SHA-256 of the operator token
	CursorKey    [32]byte         // random, the same after a restart; seals cursors
	Ready        func() error     // why the daemon is not ready, or nil
	Metrics      *metrics.Metrics // may be nil
	Log          zerolog.Logger

	Webhooks Webhooks
	// CheckIssuer asks an OpenID Connect issuer for its discovery document. It
	// says what is wrong with it (wrong), or why it could not be read; an empty
	// detail means that it is the issuer's. Nil: nobody asks.
	CheckIssuer func(ctx context.Context, issuer string) (wrong bool, detail string)

	// TLS has the server speak HTTPS; nil: HTTP.
	TLS *tls.Config
	// PublicURL is what locations begin with, without a trailing slash; empty:
	// what the client called the server.
	PublicURL string
	// TrustedProxies may say in X-Forwarded-* who the client is and what it
	// called the server.
	TrustedProxies []netip.Prefix
	// ServeMetrics puts /metrics on this listener.
	ServeMetrics bool
	// MaxBody bounds a body, in bytes; MaxGroupBody those under /Groups, which
	// hold whole member lists. Limits bounds those under /Bulk.
	MaxBody, MaxGroupBody int
	// MaxConnections bounds open connections, MaxConnectionsPerIP those of one
	// address; 0: no bound for the latter.
	MaxConnections, MaxConnectionsPerIP int
	// Limits bound what one request may cost.
	Limits scim.Limits
}

func (c Config) validate() error {
	switch {
	case c.Workspaces == nil:
		return errors.New("httpapi: Config.Workspaces is not set")
	case c.Store == nil:
		return errors.New("httpapi: Config.Store is not set")
	case c.Now == nil:
		return errors.New("httpapi: Config.Now is not set")
	case c.Webhooks == nil:
		return errors.New("httpapi: Config.Webhooks is not set")
	case c.Ready == nil:
		return errors.New("httpapi: Config.Ready is not set")
	case c.OperatorHash == [32]byte{}:
		return errors.New("httpapi: Config.OperatorHash is not set")
	case c.CursorKey == [32]byte{}:
		return errors.New("httpapi: Config.CursorKey is not set")
	case c.MaxBody <= 0 || c.MaxGroupBody <= 0 || c.Limits.BulkBytes <= 0:
		return errors.New("httpapi: Config.MaxBody, MaxGroupBody and Limits.BulkBytes must be positive")
	case c.MaxConnections <= 0:
		return errors.New("httpapi: Config.MaxConnections must be positive")
	}
	return nil
}

// Timeouts of a connection. A client that is slower than these is cut off; a
// command that takes longer is answered 503 and may still take effect.
const (
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 120 * time.Second
	commandTimeout = 20 * time.Second
	scanTimeout    = 2 * time.Second // for a list that no index serves
)

// A Server answers HTTP.
type Server struct {
	cfg     Config
	http    *fasthttp.Server
	routes  routes
	none    route  // of requests that match none of routes
	base    string // of SCIM, if PublicURL says it
	ids     requestIDs
	owners  tokenOwners
	uses    tokenUses
	quirks  quirkLedger
	bulks   bulksAtWork
	tasks   sync.WaitGroup // notes of tokens that are being written
	streams *streams
	walks   walks

	deadlines deadlines

	mu    sync.Mutex
	doors []*door // of Serve; guarded by mu
	down  bool    // Shutdown was called; guarded by mu
}

// New returns a Server that serves nothing yet.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	s := &Server{
		cfg: cfg, ids: newRequestIDs(), none: route{template: "unmatched", surface: "ops", answered: cfg.Metrics.Route("ops", "unmatched")},
		streams: newStreams(),
		quirks:  quirkLedger{waiting: map[tokenKey]*waitingQuirks{}},
		walks:   walks{life: cfg.Limits.PageWait, now: cfg.Now},
	}
	if cfg.PublicURL != "" {
		s.base = cfg.PublicURL + scimRoot
	}
	s.routes = newRoutes(cfg.Metrics, s.scimRoutes(), s.adminRoutes(), s.opsRoutes())
	s.http = s.newHTTP(s.routes)
	// The door bounds connections. A worker ends a little after its connection.
	s.http.Concurrency = 2 * cfg.MaxConnections
	return s, nil
}

// newHTTP returns a fasthttp server with the limits that fasthttp does not set
// by itself.
func (s *Server) newHTTP(rs routes) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handler(rs),
		ErrorHandler:                 s.wireError,
		ConnState:                    idle,
		ReduceMemoryUsage:            true, // no connection keeps what it wrote its answers through
		StreamRequestBody:            true, // bodies are read and bounded by payload
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		ReadBufferSize:               16 << 10, // bounds the header
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		LazyRequestTime:              true, // nobody asks for it
		SecureErrorLogMessage:        true,
		Logger:                       silent{},
	}
}

// idle notes that the request of a connection was read to its end.
func idle(c net.Conn, state fasthttp.ConnState) {
	if state == fasthttp.StateIdle {
		lingering(c, false)
	}
}

// silent drops what fasthttp logs: errors of single connections, which have
// their own line in the access log where they matter.
type silent struct{}

func (silent) Printf(string, ...any) {}

// Serve answers requests on l until Shutdown. It returns nil after that, at once
// if Shutdown came first.
func (s *Server) Serve(l net.Listener) error {
	d := s.door(l)
	s.mu.Lock()
	s.doors = append(s.doors, d)
	down := s.down
	s.mu.Unlock()
	if down {
		return d.Close()
	}
	l = d
	if s.cfg.TLS != nil {
		l = tls.NewListener(l, s.cfg.TLS)
	}
	return s.http.Serve(l)
}

// Shutdown stops listening, lets requests end, and closes their connections.
// It returns ctx's error if that takes too long; answers that are being
// streamed have been cut off then, and read the store no more.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.down = true
	doors := s.doors
	s.mu.Unlock()
	var err error
	for _, d := range doors { // fasthttp closes those only that it has heard of by now
		err = errors.Join(err, d.Close())
	}
	err = errors.Join(s.http.ShutdownWithContext(ctx), err)
	s.streams.stop()
	s.quirks.stop(ctx, s)
	s.walks.stop()
	s.tasks.Wait()
	return err
}

// ServeMetrics answers /metrics alone on l until stop, for a listener that only
// the operator reaches.
func (s *Server) ServeMetrics(l net.Listener) (stop func(context.Context) error) {
	m, d := s.newHTTP(newRoutes(s.cfg.Metrics, []route{s.metricsRoute()})), s.door(l)
	go m.Serve(d) // ends with stop; a listener that fails shows in the scrapes
	return func(ctx context.Context) error {
		err := d.Close() // fasthttp closes it only if it has heard of it by now
		return errors.Join(m.ShutdownWithContext(ctx), err)
	}
}
