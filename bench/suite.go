package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

type suiteFlags struct {
	rosterd, store, out string
	only                []string
	quick, json         bool
}

func suiteCommand() *cobra.Command {
	var f suiteFlags
	cmd := &cobra.Command{
		Use:   "suite",
		Short: "Measure the daemon beside what this machine can do, and beside its peers",
		Long: "Builds and starts the daemon and the probes on free loopback ports, drives them in turn, so that a slow\n" +
			"minute of the machine hits all alike, and holds the medians against the goals. A store of a million\n" +
			"people is filled once and kept in --store; everything else is made there and removed again. Takes at\n" +
			"most 45 minutes; --quick takes less than one, shows that everything runs, and proves nothing.\n\n" +
			"Parts, for --only: " + strings.Join(partIDs(), ", ") + ".",
		Example: "  bench suite --out .\n  bench suite --quick --only get,post",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return runSuite(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	cmd.Flags().StringVar(&f.rosterd, "rosterd", "", "daemon to start (default: built from this module)")
	cmd.Flags().StringVar(&f.store, "store", "", "directory for the stores, on the disk to measure (default: in the user's cache directory)")
	cmd.Flags().StringVar(&f.out, "out", "", "directory to write report.json and report.html into")
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "parts to run, with commas between them (default: all)")
	cmd.Flags().BoolVar(&f.quick, "quick", false, "fewer and shorter rounds on small stores")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	return cmd
}

// sizes are how much the suite does of everything.
type sizes struct {
	sizesReport
	warmUp, round time.Duration // of a round; the warm-up is not counted
	long          time.Duration // a round whose p99 counts
	patience      time.Duration // to wait for servers that work on after a round, in all
	idle          time.Duration // until a workspace sleeps, where that is measured
	sweep         []int         // connections of the plot
	pages         int           // requests of a round
	atPeers       int           // people who are there before a peer's first round
}

var (
	fullSizes = sizes{
		sizesReport: sizesReport{
			Alternations: 5, RoundSeconds: 4, LongSeconds: 20, People: 1_000_000, FewPeople: 100_000, Members: 50_000,
			Workspaces: 10_000, Busy: 100, PerWorkspace: 100,
		},
		warmUp: time.Second, round: 4 * time.Second, long: 20 * time.Second, patience: 8 * time.Minute, idle: 12 * time.Second,
		sweep: []int{1, 4, 16, 64, 256}, pages: 200, atPeers: 1000,
	}
	quickSizes = sizes{
		sizesReport: sizesReport{
			Alternations: 2, RoundSeconds: 0.15, LongSeconds: 0.25, People: 10_000, FewPeople: 1_000, Members: 500,
			Workspaces: 40, Busy: 4, PerWorkspace: 20,
		},
		warmUp: 30 * time.Millisecond, round: 150 * time.Millisecond, long: 250 * time.Millisecond, idle: 500 * time.Millisecond,
		sweep: []int{1, 64}, pages: 20, atPeers: 200,
	}
)

// A suite is one run of the command.
type suite struct {
	sizes
	flags    suiteFlags
	parts    []part // to run
	began    time.Time
	program  string             // the daemon
	store    string             // directory of the kept stores, and of work
	work     string             // holds the daemon, and dir; removed at the end
	dir      string             // for the part that runs; removed after it
	stores   map[int]*kept      // by how many people are in it
	findings map[string]finding // what the part that runs has measured, by measurement
	status   progress
	report   suiteReport

	waited   time.Duration // see calm
	restless int           // rounds that began before the servers were at rest
}

func runSuite(ctx context.Context, f suiteFlags, stdout, stderr io.Writer) (err error) {
	s := &suite{sizes: fullSizes, flags: f, began: time.Now(), stores: map[int]*kept{}}
	if f.quick {
		s.sizes = quickSizes
	}
	if s.parts, err = choose(suiteParts(s.sizes), f.only); err != nil {
		return err
	}
	s.status = progress{w: stderr, parts: s.parts, sizes: s.sizes}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(s.work)) }()
	for i, p := range s.parts {
		s.status.begin(i)
		if err := s.perform(ctx, p); err != nil {
			return err
		}
	}
	if s.restless > 0 {
		s.report.Notes = append(s.report.Notes, fmt.Sprintf("%d rounds began before all servers were at rest", s.restless))
	}
	s.report.Seconds = time.Since(s.began).Seconds()
	if f.out != "" {
		if err := cmp.Or(s.report.write(filepath.Join(f.out, "report.json")), writeHTML(&s.report, filepath.Join(f.out, "report.html"))); err != nil {
			return err
		}
	}
	if err := print(stdout, &s.report, f.json); err != nil {
		return err
	}
	return s.report.verdict()
}

// perform runs a part in a directory of its own.
func (s *suite) perform(ctx context.Context, p part) (err error) {
	if s.dir, err = os.MkdirTemp(s.work, p.id+"-*"); err != nil {
		return err
	}
	s.findings = map[string]finding{}
	failed := p.run(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.settle(p, failed)
	if err := os.RemoveAll(s.dir); err != nil {
		return err
	}
	unix.Sync() // what a disk does for that is not to be done while the next part measures
	return nil
}

// prepare makes the directories, builds the daemon, and says in the report what
// is measured, and on what.
func (s *suite) prepare(ctx context.Context) (err error) {
	if s.flags.out != "" {
		if err := os.MkdirAll(s.flags.out, 0o755); err != nil {
			return err
		}
	}
	if s.store = s.flags.store; s.store == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		s.store = filepath.Join(cache, "rosterd-bench")
	}
	if err := os.MkdirAll(s.store, 0o755); err != nil {
		return err
	}
	if s.work, err = os.MkdirTemp(s.store, "work-*"); err != nil {
		return err
	}
	s.status.say("building the daemon")
	if s.program, err = buildDaemon(ctx, s.flags.rosterd, s.work); err != nil {
		return errors.Join(err, os.RemoveAll(s.work))
	}
	s.report = suiteReport{
		Schema: suiteSchema, Quick: s.flags.quick, Began: s.began.UTC().Format(time.RFC3339),
		Build: describeBuild(ctx, s.program), Machine: describeMachine(s.store), Sizes: s.sizesReport,
	}
	s.report.Notes = append(s.report.Notes,
		fmt.Sprintf("what stands before a slash is divided by what stands behind it; %d connections, unless others are named; POST is durable", connections))
	if s.flags.quick {
		s.report.Notes = append(s.report.Notes, "a quick run: its rounds are too short and its stores too small to claim anything")
	}
	if len(s.flags.only) > 0 {
		s.report.Notes = append(s.report.Notes, "not all parts were run, but "+strings.Join(s.flags.only, ", "))
	}
	return nil
}

// choose returns the parts that are asked for, in their own order.
func choose(all []part, only []string) ([]part, error) {
	if len(only) == 0 {
		return all, nil
	}
	for _, id := range only {
		if !slices.ContainsFunc(all, func(p part) bool { return p.id == id }) {
			return nil, usageError(fmt.Sprintf("--only: there is no part %q; there are: %s", id, strings.Join(partIDs(), ", ")))
		}
	}
	return slices.DeleteFunc(all, func(p part) bool { return !slices.Contains(only, p.id) }), nil
}

// describeBuild says what is measured. What cannot be found out is "unknown".
func describeBuild(ctx context.Context, program string) buildReport {
	b := buildReport{Daemon: output(ctx, program, "version"), Commit: output(ctx, "git", "rev-parse", "HEAD"), Go: runtime.Version()}
	if changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output(); err == nil && len(changed) > 0 {
		b.Commit += "+dirty"
	}
	return b
}

// output returns what a program prints.
func output(ctx context.Context, program string, args ...string) string {
	text, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
