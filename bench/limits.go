package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

func limitsCommand() *cobra.Command {
	var f limitsFlags
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Measure what this machine and this client can do at all",
		Long: "Without another command it runs every probe at the same connections and with the same bodies: one file\n" +
			"with an fdatasync and Badger with a synced transaction, for each write or for all that wait at once; a\n" +
			"server that echoes so many bytes; and the bare server, which only makes bodies durable.",
		Example: "  bench limits --connections 64 --duration 3s",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return limits(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	dirFlag(cmd, &f.dir)
	cmd.Flags().IntVar(&f.connections, "connections", connections, "writes or requests in flight at a time")
	cmd.Flags().IntVar(&f.size, "size", 1600, "length of the echo's answers in bytes")
	cmd.Flags().IntVar(&f.bulk, "bulk", perBulk, "people in a bulk")
	cmd.Flags().DurationVar(&f.duration, "duration", 3*time.Second, "length of a probe")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	cmd.AddCommand(bareCommand(), bareServeCommand(), echoServeCommand(), createsCommand())
	return cmd
}

// dirFlag gives a command the flag that says which disk it measures.
func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "directory on the disk to measure (default: for temporary files)")
}

// makeDir makes the directory that a command works in, in that of its --dir.
func makeDir(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "rosterd-bench-*")
	if err != nil && parent != "" {
		return "", usageError("--dir: " + err.Error())
	}
	return dir, err
}

type bareFlags struct {
	dir, listen string
	connections int
	duration    time.Duration
	json        bool
}

func bareCommand() *cobra.Command {
	var f bareFlags
	cmd := &cobra.Command{
		Use:   "bare",
		Short: "Creates per second of a server that only makes bodies durable",
		Long: "Starts a server that does nothing but append each body to a folded, synced Badger transaction,\n" +
			"and drives it as load drives the daemon: the ceiling of any daemon on this disk.",
		Example: "  bench limits bare --connections 64 --duration 5s",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return limitsBare(cmd.Context(), f, cmd.OutOrStdout())
		}),
	}
	dirFlag(cmd, &f.dir)
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address for the bare server")
	cmd.Flags().IntVar(&f.connections, "connections", 64, "requests in flight at a time")
	cmd.Flags().DurationVar(&f.duration, "duration", 5*time.Second, "how long to drive it")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

func limitsBare(ctx context.Context, f bareFlags, stdout io.Writer) (err error) {
	if err := cmp.Or(atLeast("connections", f.connections, 1), atLeast("duration", int(f.duration), 1)); err != nil {
		return err
	}
	dir, err := makeDir(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	server, err := startBare(ctx, dir, f.listen)
	if err != nil {
		return err
	}
	defer server.kill()
	client := play.NewClient(server.url, "", f.connections)
	defer client.Close()
	pace := play.Pace{Connections: f.connections, Duration: f.duration}
	result := bareReport{Connections: f.connections, Outcome: play.Drive(ctx, client, creates(1), pace, nil)}
	if err := cmp.Or(ctx.Err(), server.stop(), print(stdout, result, f.json)); err != nil {
		return err
	}
	return firstRefusal(result.Outcome)
}

// A bareReport is the result of limits bare.
type bareReport struct {
	Connections int `json:"connections"`
	play.Outcome
}

func (r bareReport) tables() []table {
	t := table{head: []string{"server", "connections", "creates", "creates/s", "p50 ms", "p99 ms"}}
	t.add("bare", r.Connections, r.Count, r.PerSecond, r.Latency.P50, r.Latency.P99)
	return []table{t}
}
