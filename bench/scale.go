package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

// Goals of a workspace of 100,000 people.
const (
	mostStartSeconds  = 3
	mostFilterSeconds = 0.001
	mostPageRatio     = 2
	mostMemberRatio   = 2
	mostResidentMB    = 400
)

const (
	scaleSeed   = 1    // of the people
	leastPeople = 1000 // below, a large group is no larger than a small one
	smallGroup  = 50   // members; the large one has half of the people
)

type scaleFlags struct {
	rosterd, dir        string
	people, connections int
	json                bool
}

func scaleCommand() *cobra.Command {
	var f scaleFlags
	cmd := &cobra.Command{
		Use:   "scale",
		Short: "Fill one workspace and hold the daemon against its goals",
		Long: "Starts a daemon, imports people into one workspace, and measures what must not grow with them:\n" +
			"start after a kill and after a clean stop, filter, deep pages, members of a large group, memory.",
		Example: "  bench scale --people 100000",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return measureScale(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	cmd.Flags().StringVar(&f.rosterd, "rosterd", "", "daemon to start (default: built from this module)")
	dirFlag(cmd, &f.dir)
	cmd.Flags().IntVar(&f.people, "people", 100_000, "how many people")
	cmd.Flags().IntVar(&f.connections, "connections", 64, "requests in flight at a time while importing")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

func measureScale(ctx context.Context, f scaleFlags, stdout, stderr io.Writer) (err error) {
	if err := cmp.Or(atLeast("people", f.people, leastPeople), atLeast("connections", f.connections, 1)); err != nil {
		return err
	}
	dir, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(stderr, "building and starting the daemon")
	program, err := buildDaemon(ctx, f.rosterd, dir)
	if err != nil {
		return err
	}
	rosterd, err := startDaemon(ctx, program, dir)
	if err != nil {
		return err
	}
	s := &scale{flags: f, daemon: rosterd, stderr: stderr, report: scaleReport{People: f.people}}
	// restart replaces the process inside of the daemon; this kills the last.
	defer func() { s.daemon.kill() }()
	if err := s.run(ctx); err != nil {
		return err
	}
	s.report.conclude()
	if err := print(stdout, &s.report, f.json); err != nil {
		return err
	}
	return s.report.Goals.verdict()
}

// A scale is one run of the command.
type scale struct {
	flags  scaleFlags
	daemon *daemon
	stderr io.Writer
	token  string
	client *play.Client // of the daemon as it runs now
	ids    []string     // of the people, by number; acknowledged
	small  string       // group of smallGroup members
	large  string       // group of half the people
	report scaleReport
}

// run measures everything, in an order in which no figure profits from the
// one before: memory is read while the process that has imported still runs,
// and the first restart is a kill, when the journal has the most to replay.
func (s *scale) run(ctx context.Context) error {
	for _, part := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"", s.importPeople},
		{"filling the groups", s.fillGroups},
		{"filters", s.measureFilter},
		{"pages", s.measurePages},
		{"members", s.measureMembers},
		{"memory", s.measureMemory},
		{"restarts", s.measureStarts},
		{"memory", s.measureMemory},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if part.title != "" {
			fmt.Fprintln(s.stderr, part.title)
		}
		if err := part.do(ctx); err != nil {
			return err
		}
	}
	s.client.Close()
	return s.daemon.stop()
}
