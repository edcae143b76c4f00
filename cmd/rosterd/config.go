package main

import (
	"io"
	"math"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"rosterd/ledger"
)

// A config is the daemon's configuration, checked.
type config struct {
	listen         string
	data           string
	publicURL      string
	operatorToken  string // empty: the one of the data directory
	metricsListen  string // empty: /metrics is on the main listener
	pprofListen    string // empty: nowhere
	logLevel       zerolog.Level
	logFormat      string
	maxBody        int
	maxGroupBody   int
	maxBulkBody    int
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

	invoiceWindow       time.Duration
	seller              ledger.Seller
	smtpURL             string // empty: no mails
	mailFrom            string
	webhookAllowPrivate bool
}

// configFlags declares every key with its default. Whatever is no plain number
// is text here, so that the same code reads it from a flag, a variable and the
// file.
func configFlags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("configuration", pflag.ContinueOnError)
	fs.String(configKey, "", "YAML `file` with any of these keys")
	fs.String("listen", "127.0.0.1:8080", "`address` to serve SCIM and the admin API on")
	fs.String("data", "./rosterd-data", "data `directory`")
	fs.String("public-url", "", "`URL` that resource locations begin with (default: what the client called the daemon)")
	fs.String("operator-token", "", "`token` of the admin API (default: generated on first start)")
	fs.String("metrics-listen", "127.0.0.1:9464", "`address` to serve /metrics on; empty: on the main listener")
	fs.String("pprof-listen", "", "loopback `address` to serve /debug/pprof on, for the operator alone (default: nowhere)")
	fs.String("log-level", "info", "`level`: debug, info, warn or error")
	fs.String("log-format", "json", "`format`: json or console")
	fs.String("max-body", "1MiB", "`size` of the longest body of a request")
	fs.String("max-group-body", "8MiB", "`size` of the longest body under /Groups, which holds whole member lists")
	fs.String("max-bulk-body", "16MiB", "`size` of the longest body under /Bulk")
	fs.String("drain-timeout", "30s", "`duration` that requests may take to end at a stop")
	fs.String("workspace-idle", "15m", "`duration` that a workspace stays in memory without traffic")
	fs.String("log-retention", "90d", "`duration` that the provisioning log is kept")
	fs.String("tls-cert", "", "certificate `file` (PEM); with tls-key")
	fs.String("tls-key", "", "key `file` (PEM)")
	fs.StringSlice("trusted-proxies", nil, "`networks` whose X-Forwarded-* headers are believed, such as 10.0.0.0/8,fd00::/8")
	fs.Int("max-connections", 10_000, "open connections")
	fs.Int("max-connections-per-ip", 0, "open connections of one address; 0: no limit")
	fs.Int("commands-per-workspace", 1024, "writes of one workspace in flight; beyond it clients get 429")
	fs.String("memory-limit", "", "`size` of the soft memory limit, such as 2GiB (default: GOMEMLIMIT)")
	fs.String("invoice-window", "30m", "`duration` that bookings gather before they are invoiced, at most 24h")
	fs.String("seller-file", "", "YAML `file` with the master data of who issues the invoices")
	fs.String("smtp-url", "", "`URL` of the mail server, such as smtp://user:password@mail.example.com:587 (default: no mails)")
	fs.String("mail-from", "", "`address` that mails come from; with smtp-url")
	fs.Bool("webhook-allow-private", false, "deliver webhooks to private and loopback addresses too, and over http")
	fs.String("disk-reserve", "256MiB", "`size` of the free space below which writes are refused")
	return fs
}

// configKey names the file. It is a flag and a variable, and no line of the
// file.
const configKey = "config"

// envPrefix begins the names of environment variables.
const envPrefix = "ROSTERD_"

// clientVariables are read by the operator's commands, not by serve.
var clientVariables = []string{"ROSTERD_URL"}

// serviceLink is what Kubernetes puts into the environment of every container
// in a namespace for each Service there, unless the pod says
// enableServiceLinks: false. A Service called rosterd, or rosterd-metrics, gives
// variables that begin like ours. Nobody wrote them, so they are no mistake.
// Names and values are those that the kubelet makes (its package envvars), and
// nothing wider: ROSTERD_PORT=8080 was written by somebody who expects it to do
// something.
var serviceLink = regexp.MustCompile(`^ROSTERD(_[A-Z0-9_]+)?_(` +
	`SERVICE_HOST=[0-9a-fA-F.:]+|SERVICE_PORT(_[A-Z0-9_]+)?=[0-9]+|` +
	`PORT(_[0-9]+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://.+|` +
	`PORT_[0-9]+_(TCP|UDP|SCTP)_(PROTO=(tcp|udp|sctp)|PORT=[0-9]+|ADDR=[0-9a-fA-F.:]+))$`)

// An origin tells where the value of a key was written.
type origin struct {
	flags     *pflag.FlagSet
	variables map[string]string // by key
}

// name returns what to call the key in a message: as whoever wrote the value
// knows it.
func (o origin) name(key string) string {
	if o.flags.Changed(key) {
		return "--" + key
	}
	if variable, ok := o.variables[key]; ok {
		return variable
	}
	return key
}

// loadConfig reads flags over environment over file over defaults. Any error is
// a usageError of one line.
func loadConfig(fs *pflag.FlagSet, environ []string) (*config, *koanf.Koanf, error) {
	k := koanf.New(keyDelimiter)
	from, values, err := readEnviron(fs, environ)
	if err != nil {
		return nil, nil, err
	}
	path, _ := fs.GetString(configKey)
	if !fs.Changed(configKey) {
		path = values[configKey]
	}
	if path != "" {
		if err := readFile(k, fs, from, path); err != nil {
			return nil, nil, err
		}
	}
	for key, value := range values {
		if key == configKey {
			continue
		}
		if err := k.Set(key, value); err != nil {
			return nil, nil, usagef("%s: %w", from.name(key), err)
		}
	}
	if err := k.Load(posflag.Provider(fs, keyDelimiter, k), nil); err != nil {
		return nil, nil, usagef("flags: %s", oneLine(err))
	}
	c, err := parseConfig(k, from)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return c, k, nil
}

// keyDelimiter would part the levels of a key. Keys are flat.
const keyDelimiter = "\x00"

// readEnviron returns the values that the environment has for keys.
func readEnviron(fs *pflag.FlagSet, environ []string) (origin, map[string]string, error) {
	from, values := origin{fs, map[string]string{}}, map[string]string{}
	for _, entry := range environ {
		variable, value, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(variable, envPrefix)
		if !ours || slices.Contains(clientVariables, variable) || serviceLink.MatchString(entry) {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(rest), "_", "-")
		if fs.Lookup(key) == nil {
			return from, nil, usagef("there is no configuration key for the variable %s; see rosterd serve --help", variable)
		}
		from.variables[key], values[key] = variable, value
	}
	return from, values, nil
}

// readFile loads the YAML file at path into k.
func readFile(k *koanf.Koanf, fs *pflag.FlagSet, from origin, path string) error {
	if _, err := os.Stat(path); err != nil {
		return usagef("%s: %w", from.name(configKey), err)
	}
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return usagef("config %s: %s", path, oneLine(err))
	}
	for _, key := range k.Keys() {
		key, _, _ = strings.Cut(key, keyDelimiter) // a key that holds keys is named itself
		if fs.Lookup(key) == nil || key == configKey {
			return usagef("config %s: there is no configuration key %q; see rosterd serve --help", path, key)
		}
	}
	return nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// maxBodies bounds the longest bodies that can be allowed, in bytes.
const maxBodies = 64 << 20

func parseConfig(k *koanf.Koanf, from origin) (*config, error) {
	r := &reader{k: k, origin: from}
	c := &config{
		listen: r.address("listen"), data: r.text("data"), publicURL: r.baseURL("public-url"),
		operatorToken: r.text("operator-token"), logFormat: r.text("log-format"),
		maxBody: int(r.size("max-body", 1, maxBodies)), maxGroupBody: int(r.size("max-group-body", 1, maxBodies)),
		maxBulkBody:  int(r.size("max-bulk-body", 1, maxBodies)),
		drainTimeout: r.duration("drain-timeout"), workspaceIdle: r.duration("workspace-idle"), logRetention: r.duration("log-retention"),
		tlsCert: r.text("tls-cert"), tlsKey: r.text("tls-key"), trustedProxies: r.networks("trusted-proxies"),
		maxConnections: r.count("max-connections", 1), maxPerIP: r.count("max-connections-per-ip", 0),
		perWorkspace: r.count("commands-per-workspace", 1),
		memoryLimit:  r.size("memory-limit", 0, math.MaxInt64), diskReserve: r.size("disk-reserve", 0, math.MaxInt64),
		invoiceWindow: r.duration("invoice-window"), smtpURL: r.text("smtp-url"), mailFrom: r.text("mail-from"),
		webhookAllowPrivate: r.yes("webhook-allow-private"),
	}
	if path := r.text("seller-file"); path != "" && r.err == nil {
		c.seller, r.err = readSeller(path)
	}
	if r.text("metrics-listen") != "" {
		c.metricsListen = r.address("metrics-listen")
	}
	if r.text("pprof-listen") != "" {
		c.pprofListen = r.loopback("pprof-listen")
	}
	var err error
	level := r.text("log-level")
	if c.logLevel, err = zerolog.ParseLevel(level); err != nil || c.logLevel > zerolog.ErrorLevel || c.logLevel < zerolog.DebugLevel {
		r.fail("log-level", "%q: write debug, info, warn or error", level)
	}
	if c.logFormat != "json" && c.logFormat != "console" {
		r.fail("log-format", "%q: write json or console", c.logFormat)
	}
	switch {
	case c.invoiceWindow > 24*time.Hour || c.invoiceWindow < time.Second:
		r.fail("invoice-window", "write 1s to 24h")
	case c.invoiceWindow%time.Millisecond != 0: // the journal's instants have no more
		r.fail("invoice-window", "write whole milliseconds")
	case (c.smtpURL == "") != (c.mailFrom == ""):
		r.fail("smtp-url", "smtp-url and mail-from belong together")
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
	shown.Delete(configKey)
	for _, secret := range []string{"operator-token", "smtp-url"} {
		if shown.String(secret) == "" {
			continue
		}
		if err := shown.Set(secret, "********"); err != nil {
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
