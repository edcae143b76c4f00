package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

// Goals of the daemon at 64 connections.
const (
	leastOfBare      = 0.5
	mostSyncsACreate = 1.0 / 8
)

type createsFlags struct {
	rosterd, dir        string
	connections, rounds int
	duration            time.Duration
	json                bool
}

func createsCommand() *cobra.Command {
	var f createsFlags
	cmd := &cobra.Command{
		Use:   "creates",
		Short: "Creates per second of the daemon beside the bare server's",
		Long: "Runs the daemon and the bare server side by side and drives them in turn, the same client with the\n" +
			"same bodies, so that a slow minute of the machine hits both. Counts the daemon's journal syncs, too.",
		Example: "  bench limits creates --connections 64 --rounds 5 --duration 4s",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return limitsCreates(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	cmd.Flags().StringVar(&f.rosterd, "rosterd", "", "daemon to start (default: built from this module)")
	dirFlag(cmd, &f.dir)
	cmd.Flags().IntVar(&f.connections, "connections", 64, "requests in flight at a time")
	cmd.Flags().IntVar(&f.rounds, "rounds", 5, "rounds of each server, in turn")
	cmd.Flags().DurationVar(&f.duration, "duration", 4*time.Second, "length of a round")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

func limitsCreates(ctx context.Context, f createsFlags, stdout, stderr io.Writer) (err error) {
	if err := cmp.Or(atLeast("connections", f.connections, 1), atLeast("rounds", f.rounds, 1), atLeast("duration", int(f.duration), 1)); err != nil {
		return err
	}
	dir, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	program, err := buildDaemon(ctx, f.rosterd, dir)
	if err != nil {
		return err
	}
	rosterd, err := startDaemon(ctx, program, dir)
	if err != nil {
		return err
	}
	defer rosterd.kill()
	bare, err := startBare(ctx, dir, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer bare.kill()

	result, err := f.alternate(ctx, rosterd, bare, stderr)
	if err != nil {
		return err
	}
	if err := cmp.Or(rosterd.stop(), bare.stop(), print(stdout, result, f.json)); err != nil {
		return err
	}
	return result.Goals.verdict()
}

// alternate drives the servers in turn. A short round of each comes first and
// is not counted: connections are opened in it, and the bare server's store
// gets its first table.
func (f createsFlags) alternate(ctx context.Context, rosterd *daemon, bare *process, stderr io.Writer) (*createsReport, error) {
	token, err := rosterd.openWorkspace("bench", 10_000_000)
	if err != nil {
		return nil, err
	}
	// Both clients have the token: the requests are the same to the byte.
	clients := [...]*play.Client{rosterd.client(token, f.connections), play.NewClient(bare.url+"/scim/v2", token, f.connections)}
	people := [...]*sequence{creates(1), creates(1)}
	bar := newBar(stderr, 2*f.rounds, "rounds", progressbar.OptionShowIts())
	result := &createsReport{Connections: f.connections}
	for r := -1; r < f.rounds; r++ {
		for i, client := range clients {
			if r < 0 {
				play.Drive(ctx, client, people[i], play.Pace{Connections: f.connections, Duration: f.duration / 4}, nil)
				continue
			}
			before, err := rosterd.syncs()
			if err != nil {
				return nil, err
			}
			one := play.Drive(ctx, client, people[i], play.Pace{Connections: f.connections, Duration: f.duration}, nil)
			if err := firstRefusal(one); err != nil {
				return nil, err
			}
			after, err := rosterd.syncs()
			if err != nil {
				return nil, err
			}
			result.add(i == 0, one, after-before)
			_ = bar.Add(1) // fails only past the end
		}
	}
	for _, client := range clients {
		client.Close()
	}
	result.conclude()
	return result, ctx.Err()
}

// syncs returns how often the daemon's journal has synced since it started.
func (d *daemon) syncs() (float64, error) {
	s, err := readScrape(d.url)
	if err != nil {
		return 0, err
	}
	return s.counter("rosterd_journal_syncs_total")
}

// A createsReport is the result of limits creates.
type createsReport struct {
	Connections    int            `json:"connections"`
	Daemon         []play.Outcome `json:"daemon"`
	Bare           []play.Outcome `json:"bare"`
	DaemonMedian   float64        `json:"daemonPerSecond"`
	BareMedian     float64        `json:"barePerSecond"`
	Syncs          float64        `json:"syncs"` // of the daemon, in its own rounds
	SyncsPerCreate float64        `json:"syncsPerCreate"`
	Goals          goals          `json:"goals"`
}

func (r *createsReport) add(ofDaemon bool, one play.Outcome, syncs float64) {
	if !ofDaemon {
		r.Bare = append(r.Bare, one)
		return
	}
	r.Daemon = append(r.Daemon, one)
	r.Syncs += syncs
}

// conclude computes the verdict from the rounds.
func (r *createsReport) conclude() {
	creates := int64(0)
	perSecond := func(rounds []play.Outcome) []float64 {
		var all []float64
		for _, one := range rounds {
			all = append(all, one.PerSecond)
		}
		return all
	}
	for _, one := range r.Daemon {
		creates += one.Count
	}
	r.DaemonMedian, r.BareMedian = median(perSecond(r.Daemon)), median(perSecond(r.Bare))
	r.SyncsPerCreate = 1
	if creates > 0 {
		r.SyncsPerCreate = r.Syncs / float64(creates)
	}
	r.Goals = goals{
		noLessThan("creates/s of the daemon / of the bare server", ratio(r.DaemonMedian, r.BareMedian), "ratio", leastOfBare),
		below("journal syncs per create", r.SyncsPerCreate, "ratio", mostSyncsACreate),
	}
}

func (r *createsReport) tables() []table {
	t := table{head: []string{"round", "daemon/s", "bare/s", "daemon p99 ms", "bare p99 ms"}}
	for i := range r.Bare {
		t.add(fmt.Sprint(i+1), r.Daemon[i].PerSecond, r.Bare[i].PerSecond, r.Daemon[i].Latency.P99, r.Bare[i].Latency.P99)
	}
	t.add("median", r.DaemonMedian, r.BareMedian, "", "")
	return []table{t, r.Goals.table()}
}
