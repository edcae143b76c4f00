package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
)

// A config is the daemon's configuration, checked.
type config struct {
	listen         string
	data           string
	publicURL      string
	operatorToken  string // empty: the one of the data directory
	metricsListen  string // empty: /metrics is on the main listener
	logLevel       zerolog.Level
	logFormat      string
	maxBody        int
	maxGroupBody   int
	drainTimeout   time.Duration
	workspaceIdle  time.Duration
	logRetention   time.Duration
	tlsCert        string
	tlsKey         string
	trustedProxies []netip.Prefix
	maxConnections int
	maxPerIP       int
	perWorkspace   int
	memoryLimit    uint64 // bytes; 0: what GOMEMLIMIT says
	diskReserve    uint64 // bytes
}

// envPrefix begins the names of environment variables.
const envPrefix = "ROSTERD_"

// clientVariables are read by the operator's commands, not by serve.
var clientVariables = []string{"url"}

// configFlags declares every key with its default.
func configFlags(fs *pflag.FlagSet) {
	fs.String("config", "", "YAML file with any of these keys")
	fs.String("listen", "127.0.0.1:8080", "address to serve SCIM and the admin API on")
	fs.String("data", "./rosterd-data", "data directory")
	fs.String("public-url", "", "what resource locations begin with (default: what the client called the daemon)")
	fs.String("operator-token", "", "token of the admin API (default: generated on first start)")
	fs.String("metrics-listen", "127.0.0.1:9464", "address to serve /metrics on; empty: on the main listener")
	fs.String("log-level", "info", "debug, info, warn or error")
	fs.String("log-format", "json", "json or console")
	fs.String("max-body", "1MiB", "longest body of a request")
	fs.String("max-group-body", "8MiB", "longest body under /Groups, which hold whole member lists")
	fs.Duration("drain-timeout", 30*time.Second, "how long requests may take to end at a stop")
	fs.Duration("workspace-idle", 15*time.Minute, "how long a workspace stays in memory without traffic")
	fs.String("log-retention", "90d", "how long the provisioning log is kept")
	fs.String("tls-cert", "", "certificate file (PEM); with tls-key")
	fs.String("tls-key", "", "key file (PEM)")
	fs.StringSlice("trusted-proxies", nil, "networks whose X-Forwarded-* headers are believed, such as 10.0.0.0/8")
	fs.Int("max-connections", 10_000, "open connections")
	fs.Int("max-connections-per-ip", 0, "open connections of one address; 0: no limit")
	fs.Int("commands-per-workspace", 1024, "writes of one workspace in flight; beyond it clients get 429")
	fs.String("memory-limit", "", "soft memory limit such as 2GiB (default: GOMEMLIMIT)")
	fs.String("disk-reserve", "256MiB", "free space below which writes are refused")
}

// loadConfig reads flags over environment over file over defaults. Any error is
// a usageError of one line.
func loadConfig(fs *pflag.FlagSet, environ []string) (*config, *koanf.Koanf, error) {
	k := koanf.New("\x00") // keys are flat
	path, _ := fs.GetString("config")
	if path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, usagef("config: %w", err)
		}
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return nil, nil, usagef("config %s: %s", path, oneLine(err))
		}
	}
	variables := env.Provider("\x00", env.Opt{
		Prefix: envPrefix,
		TransformFunc: func(key, value string) (string, any) {
			key = strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, envPrefix)), "_", "-")
			if slices.Contains(clientVariables, key) {
				return "", nil
			}
			return key, value
		},
		EnvironFunc: func() []string { return environ },
	})
	if err := k.Load(variables, nil); err != nil {
		return nil, nil, usagef("environment: %s", oneLine(err))
	}
	for _, key := range k.Keys() {
		if fs.Lookup(key) == nil || key == "config" {
			return nil, nil, usagef("there is no configuration key %q; see rosterd serve --help", key)
		}
	}
	if err := k.Load(posflag.Provider(fs, "\x00", k), nil); err != nil {
		return nil, nil, usagef("flags: %s", oneLine(err))
	}
	c, err := parseConfig(k)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return c, k, nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// A reader reads keys and remembers the first that is wrong.
type reader struct {
	k   *koanf.Koanf
	err error
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(key+": "+format, args...)
	}
}

func (r *reader) bytes(key string) uint64 {
	text := r.k.String(key)
	if text == "" {
		return 0
	}
	n, err := humanize.ParseBytes(text)
	if err != nil {
		r.fail(key, "%q is no size such as 8MiB", text)
	}
	return n
}

// positive reads a whole number above least.
func (r *reader) count(key string, least int) int {
	n := r.k.Int(key)
	if n < least || fmt.Sprint(n) != fmt.Sprint(r.k.Get(key)) {
		r.fail(key, "%v: write a whole number of at least %d", r.k.Get(key), least)
	}
	return n
}

// duration reads what time.ParseDuration reads, and days such as 90d.
func (r *reader) duration(key string) time.Duration {
	text := r.k.String(key)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if d, err := time.ParseDuration(days + "h"); err == nil && d > 0 {
			return 24 * d
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		r.fail(key, "%q is no duration such as 15m or 90d", text)
	}
	return d
}

func parseConfig(k *koanf.Koanf) (*config, error) {
	r := &reader{k: k}
	c := &config{
		listen: k.String("listen"), data: k.String("data"), publicURL: k.String("public-url"),
		operatorToken: k.String("operator-token"), metricsListen: k.String("metrics-listen"), logFormat: k.String("log-format"),
		maxBody: int(r.bytes("max-body")), maxGroupBody: int(r.bytes("max-group-body")),
		drainTimeout: r.duration("drain-timeout"), workspaceIdle: r.duration("workspace-idle"), logRetention: r.duration("log-retention"),
		tlsCert: k.String("tls-cert"), tlsKey: k.String("tls-key"),
		maxConnections: r.count("max-connections", 1), maxPerIP: r.count("max-connections-per-ip", 0),
		perWorkspace: r.count("commands-per-workspace", 1),
		memoryLimit:  r.bytes("memory-limit"), diskReserve: r.bytes("disk-reserve"),
	}
	var err error
	if c.logLevel, err = zerolog.ParseLevel(k.String("log-level")); err != nil || c.logLevel > zerolog.ErrorLevel || c.logLevel < zerolog.DebugLevel {
		r.fail("log-level", "%q: write debug, info, warn or error", k.String("log-level"))
	}
	if c.logFormat != "json" && c.logFormat != "console" {
		r.fail("log-format", "%q: write json or console", c.logFormat)
	}
	for _, text := range k.Strings("trusted-proxies") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			r.fail("trusted-proxies", "%q is no network such as 10.0.0.0/8", text)
		}
		c.trustedProxies = append(c.trustedProxies, p)
	}
	const most = 64 << 20
	switch {
	case c.maxBody < 1 || c.maxBody > most || c.maxGroupBody < 1 || c.maxGroupBody > most:
		r.fail("max-body", "bodies may be 1 byte to 64MiB long")
	case c.data == "":
		r.fail("data", "name a directory")
	case (c.tlsCert == "") != (c.tlsKey == ""):
		r.fail("tls-cert", "tls-cert and tls-key belong together")
	case c.operatorToken != "" && len(c.operatorToken) < 20:
		r.fail("operator-token", "use at least 20 characters")
	}
	return c, r.err
}

// printConfig writes the effective configuration as YAML, secrets masked.
func printConfig(w io.Writer, k *koanf.Koanf) error {
	shown := k.Copy()
	shown.Delete("config")
	shown.Delete("print-config")
	shown.Delete("help")
	if shown.String("operator-token") != "" {
		if err := shown.Set("operator-token", "********"); err != nil {
			return err
		}
	}
	text, err := shown.Marshal(yaml.Parser())
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
