// Package metrics is what the daemon tells Prometheus, as typed methods. No
// method takes a workspace, user or token, so no label can hold one. A nil
// *Metrics is silent, so that tests and tools need none.
package metrics

import (
	"bytes"
	"io"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// An Outcome says how a command ended.
type Outcome string

// Outcomes of commands.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // by a rule; the sender is told which
	Failed  Outcome = "failed"  // nothing may have happened, or it is not known
)

// A Reason says why a request was turned away at the door.
type Reason string

// Reasons to turn requests away.
const (
	CommandsTotal        Reason = "commands_total"         // too many writes in flight in all
	CommandsPerWorkspace Reason = "commands_per_workspace" // too many writes in flight of the workspace
	Connections          Reason = "connections"            // too many connections in all
	ConnectionsPerIP     Reason = "connections_per_ip"     // too many connections of the address
	Bulks                Reason = "bulks"                  // too many bulks at work, of the token or in all
)

// Metrics holds every series. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	mu    sync.Mutex                                // held to change known
	known atomic.Pointer[map[string]*commandSeries] // by the name of the command; never nil

	httpRequests    *prometheus.CounterVec
	httpDuration    *prometheus.HistogramVec
	commands        *prometheus.CounterVec
	commandDuration *prometheus.HistogramVec
	inFlight        prometheus.Gauge
	mailboxWait     prometheus.Histogram
	appendDuration  prometheus.Histogram
	batchEvents     prometheus.Histogram
	syncs           prometheus.Counter
	journalBytes    prometheus.Gauge
	workspaces      *prometheus.GaugeVec
	users           *prometheus.GaugeVec
	connections     *prometheus.GaugeVec
	withoutAdmin    prometheus.Gauge
	tokensExpiring  *prometheus.GaugeVec
	storageFree     prometheus.Gauge
	readOnly        prometheus.Gauge
	backupSuccess   prometheus.Gauge
	rejections      *prometheus.CounterVec
	seats           *prometheus.GaugeVec
	windowsOpen     prometheus.Gauge
	windowOverdue   prometheus.Gauge
	waitingOldest   prometheus.Gauge
	invoices        prometheus.Counter
	invoiceDelay    prometheus.Histogram
	deliveries      *prometheus.CounterVec
	deliveryLag     *prometheus.HistogramVec
	deliveriesDead  *prometheus.GaugeVec
}

// latency are the buckets of durations, in seconds: fine where a read lies
// (tens of microseconds to a millisecond), wide up to the longest timeout.
var latency = []float64{
	50e-6, 100e-6, 250e-6, 500e-6, 750e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10, 30,
}

// New returns a registry of its own with the series of the daemon, of the Go
// runtime and of the process. version and commit go into rosterd_build_info.
func New(version, commit string) *Metrics {
	m := &Metrics{
		registry:        prometheus.NewRegistry(),
		httpRequests:    counters("http_requests_total", "HTTP requests answered.", "surface", "route", "method", "code"),
		httpDuration:    histograms("http_request_duration_seconds", "Time from the last byte of a request's header to its answer.", "surface", "route"),
		commands:        counters("commands_total", "Commands decided, by outcome: done, refused or failed.", "command", "outcome"),
		commandDuration: histograms("command_duration_seconds", "Time from sending a command to its answer.", "command"),
		inFlight:        gauge("commands_in_flight", "Commands sent and not yet answered."),
		mailboxWait:     histogram("mailbox_wait_seconds", "Time a command waited for its workspace.", latency),
		appendDuration:  histogram("journal_append_duration_seconds", "Time from handing an append to the journal until it was durable.", latency),
		batchEvents:     histogram("journal_batch_events", "Events made durable by one sync.", prometheus.ExponentialBuckets(1, 2, 15)),
		syncs:           counter("journal_syncs_total", "Transactions synced to disk."),
		journalBytes:    gauge("journal_bytes", "Size of the store on disk."),
		workspaces:      gauges("workspaces", "Workspaces, by state: loaded or sleeping.", "state"),
		users:           gauges("users", "Users, by state: active or inactive.", "state"),
		connections:     gauges("connections", "Connections, by state of their workspace's gate: open, grace or closed.", "state"),
		withoutAdmin:    gauge("workspaces_without_admin", "Workspaces with people but without an active admin."),
		tokensExpiring:  gauges("tokens_expiring", "Tokens of connections that expire within that time: 7d or 30d.", "within"),
		storageFree:     gauge("storage_free_bytes", "Free space of the file system that holds the store."),
		readOnly:        gauge("read_only", "1 while writes are refused because space is short."),
		backupSuccess:   gauge("backup_last_success_timestamp_seconds", "When the last backup was streamed whole; 0: never."),
		rejections:      counters("rejections_total", "Requests turned away at the door, by reason.", "reason"),
	}
	// A series that appears with its first event at 1 has not grown for
	// Prometheus, so what is known beforehand begins at 0.
	for _, reason := range []Reason{CommandsTotal, CommandsPerWorkspace, Connections, ConnectionsPerIP, Bulks} {
		m.rejections.WithLabelValues(string(reason))
	}
	m.known.Store(&map[string]*commandSeries{})
	m.ledger()
	info := gauges("build_info", "Always 1; says which build this is.", "version", "commit", "goversion")
	info.WithLabelValues(version, commit, runtime.Version()).Set(1)
	m.registry.MustRegister(
		m.httpRequests, m.httpDuration, m.commands, m.commandDuration, m.inFlight, m.mailboxWait, m.appendDuration,
		m.batchEvents, m.syncs, m.journalBytes, m.workspaces, m.users, m.connections, m.withoutAdmin, m.tokensExpiring,
		m.storageFree, m.readOnly, m.backupSuccess, m.rejections, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

const namespace = "rosterd"

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: latency}
	return prometheus.NewHistogramVec(opts, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}

// Command counts one command, by its type's name and its outcome. The first one
// of a name begins the series of all outcomes.
func (m *Metrics) Command(command string, outcome Outcome, d time.Duration) {
	if m == nil {
		return
	}
	series := (*m.known.Load())[command]
	if series == nil {
		series = m.begin(command)
	}
	series.outcomes[outcome].Inc()
	series.duration.Observe(d.Seconds())
}

// A commandSeries is what there is of one command: looking its series up by
// their labels for each of them costs more than counting.
type commandSeries struct {
	outcomes map[Outcome]prometheus.Counter
	duration prometheus.Observer
}

// begin begins the series of a command.
func (m *Metrics) begin(command string) *commandSeries {
	m.mu.Lock()
	defer m.mu.Unlock()
	if series := (*m.known.Load())[command]; series != nil {
		return series
	}
	series := &commandSeries{map[Outcome]prometheus.Counter{}, m.commandDuration.WithLabelValues(command)}
	for _, o := range []Outcome{Done, Refused, Failed} {
		series.outcomes[o] = m.commands.WithLabelValues(command, string(o))
	}
	known := maps.Clone(*m.known.Load())
	known[command] = series
	m.known.Store(&known)
	return series
}

// InFlight adds delta to the commands that are sent and not answered.
func (m *Metrics) InFlight(delta int) {
	if m != nil {
		m.inFlight.Add(float64(delta))
	}
}

// MailboxWait notes how long a command waited for its workspace.
func (m *Metrics) MailboxWait(d time.Duration) {
	if m != nil {
		m.mailboxWait.Observe(d.Seconds())
	}
}

// JournalAppend notes how long an append took until it was durable.
func (m *Metrics) JournalAppend(d time.Duration) {
	if m != nil {
		m.appendDuration.Observe(d.Seconds())
	}
}

// JournalSync counts one synced transaction and the events in it.
func (m *Metrics) JournalSync(events int) {
	if m == nil {
		return
	}
	m.syncs.Inc()
	m.batchEvents.Observe(float64(events))
}

// JournalBytes sets the size of the store on disk, in bytes.
func (m *Metrics) JournalBytes(n int64) {
	if m != nil {
		m.journalBytes.Set(float64(n))
	}
}

// Workspaces sets how many workspaces are in a state.
func (m *Metrics) Workspaces(state string, n int) {
	m.set(func() *prometheus.GaugeVec { return m.workspaces }, state, n)
}

// Users sets how many users are in a state.
func (m *Metrics) Users(state string, n int) {
	m.set(func() *prometheus.GaugeVec { return m.users }, state, n)
}

// Connections sets how many connections are in a state.
func (m *Metrics) Connections(state string, n int) {
	m.set(func() *prometheus.GaugeVec { return m.connections }, state, n)
}

// TokensExpiring sets how many tokens expire within a time such as 7d.
func (m *Metrics) TokensExpiring(within string, n int) {
	m.set(func() *prometheus.GaugeVec { return m.tokensExpiring }, within, n)
}

func (m *Metrics) set(vec func() *prometheus.GaugeVec, label string, n int) {
	if m != nil {
		vec().WithLabelValues(label).Set(float64(n))
	}
}

// WorkspacesWithoutAdmin sets how many workspaces have nobody in charge.
func (m *Metrics) WorkspacesWithoutAdmin(n int) {
	if m != nil {
		m.withoutAdmin.Set(float64(n))
	}
}

// StorageFree sets the free space under the store, in bytes.
func (m *Metrics) StorageFree(bytes uint64) {
	if m != nil {
		m.storageFree.Set(float64(bytes))
	}
}

// ReadOnly says whether writes are refused because space is short.
func (m *Metrics) ReadOnly(on bool) {
	switch {
	case m == nil:
	case on:
		m.readOnly.Set(1)
	default:
		m.readOnly.Set(0)
	}
}

// BackupSucceeded notes that a backup was streamed whole.
func (m *Metrics) BackupSucceeded(at time.Time) {
	if m != nil {
		m.backupSuccess.Set(float64(at.Unix()))
	}
}

// Rejection counts a request that was turned away at the door.
func (m *Metrics) Rejection(reason Reason) {
	if m != nil {
		m.rejections.WithLabelValues(string(reason)).Inc()
	}
}

// WriteText writes every series in the format that accept, an Accept header,
// prefers, and returns its content type. A nil *Metrics writes nothing.
func (m *Metrics) WriteText(w io.Writer, accept string) (string, error) {
	format := expfmt.NegotiateAccept(map[string][]string{"Accept": {accept}}, expfmt.DefaultAcceptedFormats()...)
	if m == nil {
		return string(format), nil
	}
	families, err := m.registry.Gather()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	enc := expfmt.NewEncoder(&out, format)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return "", err
		}
	}
	if end, ok := enc.(expfmt.Closer); ok {
		if err := end.Close(); err != nil {
			return "", err
		}
	}
	_, err = out.WriteTo(w)
	return string(format), err
}
