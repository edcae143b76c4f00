// Command bench measures a running daemon from outside, over HTTP, as a
// customer's identity provider sees it, and measures beside it what the same
// machine and the same client can do at all. It imports nothing of the daemon.
//
// Progress goes to stderr, the result to stdout, as a table or with --json.
// Exit codes: 0 done and every goal met, 1 the work failed or a goal was
// missed, 2 the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	// Every command stops its child processes when ctx ends, so an interrupt,
	// or a terminal that is closed, leaves none behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "bench",
		Short:         "Measure a rosterd daemon over HTTP",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          help,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(loadCommand(), limitsCommand(), scaleCommand(), suiteCommand(), compareCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "bench:", err)
	var failed failure
	if errors.As(err, &failed) {
		return exitFailed
	}
	return exitUsage
}

// help is what a command does that only has others below it. Without it cobra
// takes a misspelt command for a request for help, and ends with 0.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// A failure is an error of the work, as opposed to one of the command line.
type failure struct{ error }

// Unwrap returns the error of the work.
func (f failure) Unwrap() error { return f.error }

// errMissed ends a command whose report holds a missed goal.
var errMissed = errors.New("a goal was missed")

// A usage error is found by a command itself, in the values of its flags.
type usageError string

// Error returns the text.
func (u usageError) Error() string { return string(u) }

// working turns a command's work into what cobra runs: the errors it returns
// are failures, except for usage errors.
func working(work func(cmd *cobra.Command) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		err := work(cmd)
		var usage usageError
		if err == nil || errors.As(err, &usage) {
			return err
		}
		return failure{err}
	}
}

// atLeast returns a usage error if a flag's value is below its least.
func atLeast(flag string, value, least int) error {
	if value < least {
		return usageError(fmt.Sprintf("--%s is %d, at least %d is needed", flag, value, least))
	}
	return nil
}
