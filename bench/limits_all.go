package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"rosterd/bench/play"
)

type limitsFlags struct {
	dir                     string
	connections, size, bulk int
	duration                time.Duration
	json                    bool
}

// A limitsReport is the result of limits without another command.
type limitsReport struct {
	Connections int           `json:"connections"`
	Machine     machineReport `json:"machine"`
	Probes      []probeReport `json:"probes"`
}

// limits runs all probes, one after another.
func limits(ctx context.Context, f limitsFlags, stdout, stderr io.Writer) (err error) {
	if err := cmp.Or(atLeast("connections", f.connections, 1), atLeast("duration", int(f.duration), 1),
		atLeast("size", f.size, 0), atLeast("bulk", f.bulk, 1)); err != nil {
		return err
	}
	dir, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	report := limitsReport{Connections: f.connections, Machine: describeMachine(dir)}
	bodies := make([][]byte, preparedKinds)
	for i := range bodies {
		bodies[i] = preparedPerson(createSeed, i).Body()
	}
	bar := newBar(stderr, len(diskProbes)+3, "probes")
	for _, p := range diskProbes {
		one, err := p.measure(ctx, dir, bodies, f.connections, f.duration)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		report.Probes = append(report.Probes, one)
		_ = bar.Add(1) // fails only past the end
	}
	for _, p := range f.servers(dir, meanLength(bodies)) {
		one, err := p.measure(ctx, f)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		report.Probes = append(report.Probes, one)
		_ = bar.Add(1)
	}
	return print(stdout, &report, f.json)
}

// A serverProbe drives a server that is a process of its own.
type serverProbe struct {
	name   string
	bytes  int // of the body that is looked at: the answer's, or the request's
	start  func(context.Context) (*process, error)
	source *sequence
}

// servers returns those to drive; the bodies of creates are so long on average.
func (f limitsFlags) servers(dir string, length int) []serverProbe {
	bare := func(ctx context.Context) (*process, error) { return startBare(ctx, dir, "127.0.0.1:0") }
	people := make([]play.Person, f.bulk)
	for i := range people {
		people[i] = preparedPerson(bulkSeed, i)
	}
	return []serverProbe{
		{"echo, GET", f.size, func(ctx context.Context) (*process, error) { return startEcho(ctx, dir, f.size) }, reads([]string{"0"})},
		{"bare server, POST", length, bare, creates(createSeed)},
		{fmt.Sprintf("bare server, Bulk of %d", f.bulk), len(play.BulkBody(people)), bare, bulkCreates(bulkSeed, f.bulk)},
	}
}

func (p serverProbe) measure(ctx context.Context, f limitsFlags) (probeReport, error) {
	server, err := p.start(ctx)
	if err != nil {
		return probeReport{}, err
	}
	defer server.kill()
	client := play.NewClient(server.url+"/scim/v2", "none", f.connections)
	defer client.Close()
	outcome, err := push(ctx, play.Pace{WarmUp: f.duration / 4, Duration: f.duration}, traffic{client, p.source, f.connections})
	if err != nil {
		return probeReport{}, err
	}
	return probeReport{Name: p.name, Bytes: p.bytes, Done: outcome.Count, PerSecond: outcome.PerSecond, Latency: outcome.Latency}, server.stop()
}

func (r *limitsReport) tables() []table {
	t := table{head: []string{fmt.Sprintf("%d at a time", r.Connections), "bytes", "/s", "MB/s", "p50 ms", "p99 ms"}}
	for _, p := range r.Probes {
		t.add(p.Name, p.Bytes, p.PerSecond, p.PerSecond*float64(p.Bytes)/megabyte, p.Latency.P50, p.Latency.P99)
	}
	where := table{head: []string{"files are on " + r.Machine.FileSystem}}
	return []table{t, where}
}
