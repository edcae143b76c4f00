package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

// loadTeams is how many teams the roster of a load has. It has no roles: a
// black-box client cannot create those.
const loadTeams = 12

// profiles play first cycles.
var profiles = map[string]func(context.Context, *play.Client, play.Plan, play.Options) (play.Summary, error){
	"entra": play.Entra, "bulk": play.Bulk,
}

type loadFlags struct {
	url, token, profile string
	people, connections int
	seed                uint64
	duration            time.Duration
	json                bool
}

func loadCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load --url BASE --token TOKEN",
		Short: "Play an identity provider against a server",
		Long: "Plays a first cycle of made-up people and teams, reads back by id what was acknowledged, and\n" +
			"then plays a small later cycle of renames, leavers and removed members.",
		Example: "  bench load --url http://127.0.0.1:8080/scim/v2 --token rsd_... --people 2000 --connections 32",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return load(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	cmd.Flags().StringVar(&f.url, "url", "", "SCIM base URL of the server")
	cmd.Flags().StringVar(&f.token, "token", "", "bearer token, allowed to read and write")
	cmd.Flags().StringVar(&f.profile, "profile", "entra", "the client to play: entra or bulk")
	cmd.Flags().IntVar(&f.people, "people", 1000, "how many people")
	cmd.Flags().IntVar(&f.connections, "connections", 16, "requests in flight at a time")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "names the roster; another seed is other people")
	cmd.Flags().DurationVar(&f.duration, "duration", 0, "end the first cycle after so long, done or not (0: play it all)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	for _, required := range []string{"url", "token"} {
		cobra.CheckErr(cmd.MarkFlagRequired(required))
	}
	return cmd
}

func (f loadFlags) check() error {
	if profiles[f.profile] == nil {
		return usageError(fmt.Sprintf("unknown profile %q; there are: entra, bulk", f.profile))
	}
	return cmp.Or(atLeast("people", f.people, 1), atLeast("connections", f.connections, 1))
}

func load(ctx context.Context, f loadFlags, stdout, stderr io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	client := play.NewClient(f.url, f.token, f.connections)
	defer client.Close()
	plan := play.Roster(f.seed, f.people, loadTeams, 0)
	result := loadReport{Profile: f.profile, Connections: f.connections, Seed: f.seed, latencies: map[string]*latency{}}

	summary, err := f.firstCycle(ctx, client, plan, result.observe, stderr)
	if err != nil {
		return err
	}
	result.add(summary)
	read, err := play.Verify(ctx, client, plan, summary.Acked, f.connections)
	if err != nil {
		return err
	}
	result.ReadBack, result.Missing, result.Examples = read.Read, read.Differences, read.Examples
	few := max(1, f.people/100)
	later, err := play.Increment(ctx, client, plan, summary.Acked, play.Changes{Rename: few, Deactivate: few, Remove: loadTeams},
		play.Options{Connections: f.connections, Observe: result.observe})
	if err != nil {
		return err
	}
	result.add(later)
	result.Latencies = result.quantiles()
	if err := print(stdout, &result, f.json); err != nil {
		return err
	}
	return result.verdict()
}

// firstCycle plays the plan with a progress bar, for at most the duration. To
// be cut off by that is no error.
func (f loadFlags) firstCycle(ctx context.Context, client *play.Client, plan play.Plan, observe func(play.Call), stderr io.Writer) (play.Summary, error) {
	limited := ctx
	if f.duration > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	bar := newBar(stderr, plan.Steps(), "")
	summary, err := profiles[f.profile](limited, client, plan, play.Options{
		Connections: f.connections,
		Observe:     observe,
		Progress: func(s play.Step) {
			bar.Describe(s.Phase)
			_ = bar.Set(s.Done) // fails only past the end
		},
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		fmt.Fprintln(stderr)
		err = nil
	}
	return summary, err
}
