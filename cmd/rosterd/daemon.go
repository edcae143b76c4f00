package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rosterd/actors"
	"rosterd/httpapi"
	"rosterd/invoice"
	"rosterd/metrics"
	"rosterd/persistence"
	"rosterd/scim"
	"rosterd/workspace"
)

// A daemon is everything that serves: the listeners, the HTTP surface, the
// actors and the store, in this order from the outside in.
type daemon struct {
	cfg     *config
	log     zerolog.Logger
	metrics *metrics.Metrics
	store   *persistence.Store
	actors  *actors.System
	carrier *carrier
	http    *httpapi.Server

	listener    net.Listener
	tls         *tls.Config // nil: HTTP
	url         string      // base URL without a path
	tokenFile   string      // holds the operator token, if it was generated now
	stopMetrics func(context.Context) error
	profiles    *http.Server // nil: there is none
	served      chan error   // what Serve returned
	stopGauges  chan struct{}
	gauges      sync.WaitGroup
}

// start brings a daemon up. What can fail without touching the data directory
// is tried first. On an error nothing is left running.
func start(cfg *config, log zerolog.Logger) (d *daemon, err error) {
	d = &daemon{cfg: cfg, log: log, served: make(chan error, 1), stopGauges: make(chan struct{})}
	var closers []func() error
	defer func() {
		if err != nil {
			for _, c := range closers {
				_ = c() // the first error is the one to tell
			}
		}
	}()
	if cfg.memoryLimit > 0 {
		debug.SetMemoryLimit(int64(cfg.memoryLimit))
	}
	if d.carrier, err = newCarrier(cfg); err != nil {
		return nil, err
	}
	if d.tls, err = certificate(cfg); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	d.listener = listener
	closers = append(closers, listener.Close)
	beside := func(key, address string) (l net.Listener, err error) {
		if address == "" {
			return nil, nil
		}
		if l, err = net.Listen("tcp", address); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		closers = append(closers, l.Close)
		return l, nil
	}
	metricsListener, err := beside("metrics-listen", cfg.metricsListen)
	if err != nil {
		return nil, err
	}
	pprofListener, err := beside("pprof-listen", cfg.pprofListen)
	if err != nil {
		return nil, err
	}
	d.metrics = metrics.New(buildInfo())
	d.store, err = persistence.Open(persistence.Config{
		Dir: cfg.data, Reserve: cfg.diskReserve, Retention: cfg.logRetention, Drain: cfg.drainTimeout, Now: time.Now, Metrics: d.metrics, Log: log,
	})
	if err != nil {
		return nil, err
	}
	closers = append(closers, d.store.Close)
	if err = d.wire(listener); err != nil {
		return nil, err
	}
	if metricsListener != nil {
		d.stopMetrics = d.http.ServeMetrics(metricsListener)
	}
	if pprofListener != nil {
		d.profiles = serveProfiles(pprofListener)
	}
	go func() { d.served <- d.http.Serve(listener) }()
	d.gauges.Go(d.watch)
	d.gauges.Go(func() { paceCollector(d.stopGauges) })
	d.gauges.Go(func() { giveBack(d.stopGauges) })
	return d, nil
}

// certificate returns what the daemon speaks HTTPS with; nil: it speaks HTTP.
func certificate(cfg *config) (*tls.Config, error) {
	if cfg.tlsCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cfg.tlsCert, cfg.tlsKey)
	if err != nil {
		return nil, usagef("tls-cert: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// commandsInAll bounds the writes of all workspaces in flight.
const commandsInAll = 16384

// snapshotEvery is the fewest events between two snapshots of a workspace that
// goes on.
const snapshotEvery = 20_000

// wire makes actors and HTTP surface on top of the store.
func (d *daemon) wire(l net.Listener) error {
	hash, err := d.operatorHash()
	if err != nil {
		return err
	}
	cursorKey, err := d.cursorKey()
	if err != nil {
		return err
	}
	d.actors, err = actors.New(actors.Config{
		Journal: d.store, Now: time.Now, Idle: d.cfg.workspaceIdle, PerWorkspace: d.cfg.perWorkspace, Total: commandsInAll,
		SnapshotEvery: snapshotEvery, Window: d.cfg.invoiceWindow, Seller: d.cfg.seller, Gaps: invoice.Missing,
		Published: func(v *workspace.View) { d.carrier.couriers.Published(v) }, Metrics: d.metrics, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.carrier.couriers = actors.NewCouriers(actors.CourierConfig{
		System: d.actors, Journal: d.store, Deliverer: d.carrier, Now: time.Now, Metrics: d.metrics, Log: d.log,
	})
	if err := errors.Join(d.actors.Start(), d.carrier.couriers.Start()); err != nil {
		return err
	}
	d.url = d.cfg.publicURL
	if d.url == "" {
		scheme := "http"
		if d.cfg.tlsCert != "" {
			scheme = "https"
		}
		d.url = scheme + "://" + l.Addr().String()
	}
	limits := scim.DefaultLimits
	limits.BulkBytes = d.cfg.maxBulkBody
	d.http, err = httpapi.New(httpapi.Config{
		Workspaces: d.actors, Store: d.store, Now: time.Now, OperatorHash: hash, CursorKey: cursorKey, Ready: d.store.Err,
		Metrics: d.metrics, Log: d.log, TLS: d.tls, PublicURL: d.cfg.publicURL, TrustedProxies: d.cfg.trustedProxies,
		ServeMetrics: d.cfg.metricsListen == "", MaxBody: d.cfg.maxBody, MaxGroupBody: d.cfg.maxGroupBody,
		Webhooks: d.carrier, CheckIssuer: checkIssuer, MaxConnections: d.cfg.maxConnections, MaxConnectionsPerIP: d.cfg.maxPerIP, Limits: limits,
	})
	return err
}

// Files of the data directory that hold the generated operator token: the
// token itself, which may be deleted once it is noted, and its hash; and the key
// of cursors.
const (
	tokenFile     = "operator-token"
	tokenHashFile = "operator-token.sha256"
	cursorKeyFile = "cursor-key"
)

// cursorKey returns the key that the data directory keeps for cursors, so that
// walks go on after a restart. The first start generates it.
func (d *daemon) cursorKey() (key [32]byte, err error) {
	path := filepath.Join(d.cfg.data, cursorKeyFile)
	key, err = readHex(path)
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	rand.Read(key[:]) // never fails (crypto/rand)
	return key, persistence.WriteFile(path, []byte(hex.EncodeToString(key[:])+"\n"))
}

// readHex reads a file of 32 bytes in hexadecimal.
func readHex(path string) (b [32]byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return b, err
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(b) {
		return b, fmt.Errorf("%s does not hold %d bytes in hexadecimal; delete it to generate another", path, len(b))
	}
	return [32]byte(raw), nil
}

// operatorHash returns the hash of the configured operator token, or of the
// one that the data directory keeps, which the first start generates.
func (d *daemon) operatorHash() (hash [32]byte, err error) {
	if d.cfg.operatorToken != "" {
		return sha256.Sum256([]byte(d.cfg.operatorToken)), nil
	}
	hashPath := filepath.Join(d.cfg.data, tokenHashFile)
	hash, err = readHex(hashPath)
	if !errors.Is(err, os.ErrNotExist) {
		return hash, err
	}
	var secret [32]byte
	rand.Read(secret[:]) // never fails (crypto/rand)
	token := "rop_" + base64.RawURLEncoding.EncodeToString(secret[:])
	hash = sha256.Sum256([]byte(token))
	d.tokenFile = filepath.Join(d.cfg.data, tokenFile)
	// The hash is what makes the token valid. It comes second: a start that dies
	// in between generates another token, and nobody has been told of this one.
	if err := persistence.WriteFile(d.tokenFile, []byte(token+"\n")); err != nil {
		return hash, err
	}
	return hash, persistence.WriteFile(hashPath, []byte(hex.EncodeToString(hash[:])+"\n"))
}

// run waits until ctx ends or the daemon does, and stops it.
func (d *daemon) run(ctx context.Context) error {
	ended := d.wait(ctx)
	if err := d.store.Err(); err != nil {
		return err // nothing can be drained any more: every append would fail
	}
	d.log.Info().Msg("stopping")
	if err := errors.Join(ended, d.stop()); err != nil {
		return err
	}
	d.log.Info().Msg("stopped")
	return nil
}

// wait returns nil when ctx ends, or what the daemon cannot go on without.
func (d *daemon) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.store.Failed():
		return d.store.Err()
	case err := <-d.served:
		return fmt.Errorf("the listener ended: %w", cmp.Or(err, net.ErrClosed))
	}
}

// stop drains and closes everything from the outside in. What is acknowledged
// is on disk whatever happens here. A store that fails meanwhile ends it at
// once.
func (d *daemon) stop() error {
	stopped := make(chan error, 1)
	go func() { stopped <- d.drain() }()
	select {
	case err := <-stopped:
		return err
	case <-d.store.Failed():
		return d.store.Err()
	}
}

func (d *daemon) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.drainTimeout)
	defer cancel()
	var errs []error
	if err := d.http.Shutdown(ctx); err != nil {
		errs = append(errs, fmt.Errorf("requests did not end in time: %w", err))
	}
	_ = d.listener.Close() // closed already, unless the server had not begun to serve
	if d.stopMetrics != nil {
		if err := d.stopMetrics(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests for metrics did not end in time: %w", err))
		}
	}
	if d.profiles != nil {
		_ = d.profiles.Close() // cuts profiles off, which nobody needs whole
	}
	close(d.stopGauges)
	d.gauges.Wait()
	d.carrier.couriers.Stop()
	d.carrier.hooks.Close()
	if err := d.actors.Stop(ctx); err != nil {
		errs = append(errs, fmt.Errorf("workspaces did not stop in time: %w", err))
	}
	return errors.Join(append(errs, d.store.Close())...)
}
