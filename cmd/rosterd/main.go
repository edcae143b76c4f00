// Command rosterd is a provisioning daemon: identity providers push people and
// groups into its workspaces over SCIM 2.0. This package holds flags,
// configuration, the wiring of the other packages, and the operator's
// commands; it decides nothing about users.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes.
const (
	exitFailed = 1 // the work failed
	exitUsage  = 2 // the command line or the configuration is wrong
)

// A usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code. An error is one
// line on stderr.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "rosterd: %s\n", strings.ReplaceAll(err.Error(), "\n", "; ")) // errors may be joined
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "rosterd",
		Short: "SCIM 2.0 provisioning daemon",
		Long: `rosterd is a provisioning daemon. Microsoft Entra ID, Okta and OneLogin push
people and groups into its workspaces over SCIM 2.0; every acknowledged write is
on disk. "rosterd demo" shows it at work without any set-up.`,
		Example: `  rosterd demo
  rosterd serve --data /var/lib/rosterd`,
		Version:       versionLine(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		serveCommand(), demoCommand(), workspaceCommand(), tokenCommand(), seatsCommand(), invoicesCommand(), logCommand(),
		checkCommand(), dumpCommand(), backupCommand(), restoreCommand(), versionCommand(),
	)
	return root
}

// flagError says what is wrong with a flag, in words of ours where the reason
// would be strconv's.
func flagError(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		want := map[string]string{"int": "a whole number", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
		if want != "" {
			return usagef("--%s: %q: write %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	return usageError{err}
}

// nameOf returns what a command is called in messages, which begin with the
// name of the program.
func nameOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()), " ")
}

// noArgs and exactly are cobra's, as mistakes of the command line.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return usagef("unknown command %q; see %s --help", strings.TrimLeft(nameOf(cmd)+" "+args[0], " "), cmd.CommandPath())
	}
	return usagef("%s: unknown argument %q; see %s --help", nameOf(cmd), args[0], cmd.CommandPath())
}

func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usagef("%s: give %s; see %s --help", nameOf(cmd), strings.Join(names, " "), cmd.CommandPath())
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print version, commit and Go version",
		Example: "  rosterd version",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine says which build this is, for the command and the flag.
func versionLine() string {
	version, commit := buildInfo()
	return fmt.Sprintf("rosterd %s (%s) %s", version, commit, runtime.Version())
}

// buildInfo returns what the Go toolchain wrote into the binary.
func buildInfo() (version, commit string) {
	version, commit = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return version, commit
}
