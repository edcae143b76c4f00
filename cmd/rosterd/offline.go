package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"rosterd/persistence"
	"rosterd/workspace"
)

// offline is the configuration of a store that only a command uses. Without a
// retention the command deletes nothing.
func offline(dir string) persistence.Config {
	return persistence.Config{Dir: dir, Now: time.Now, Log: zerolog.New(io.Discard)}
}

func checkCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Recount everything in a stopped store",
		Long:    "check recounts everything in the store of a stopped daemon. It prints one line per difference\nand exits with 1 if there is one.",
		Example: "  rosterd check --data /var/lib/rosterd",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := persistence.OpenExisting(offline(dir))
			if err != nil {
				return err
			}
			differences := 0
			err = s.Check(func(line string) {
				differences++
				fmt.Fprintln(cmd.OutOrStdout(), line)
			})
			if cerr := s.Close(); err == nil {
				err = cerr
			}
			switch {
			case err != nil:
				return err
			case differences > 0:
				return fmt.Errorf("%d differences", differences)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "no difference")
			return err
		},
	}
	dataFlag(cmd, &dir)
	return cmd
}

func dataFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data", "./rosterd-data", "data directory")
}

func dumpCommand() *cobra.Command {
	var dir, ws string
	cmd := &cobra.Command{
		Use:     "dump",
		Short:   "Print the journal of a stopped store as JSON lines, oldest first",
		Example: "  rosterd dump --data /var/lib/rosterd --workspace acme",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := persistence.OpenExisting(offline(dir))
			if err != nil {
				return err
			}
			err = s.Dump(cmd.OutOrStdout(), workspace.ID(ws))
			if cerr := s.Close(); err == nil {
				err = cerr
			}
			return err
		},
	}
	dataFlag(cmd, &dir)
	cmd.Flags().StringVar(&ws, "workspace", "", "only this workspace")
	return cmd
}

func restoreCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data directory from a backup",
		Long: `restore makes a data directory from a backup. The directory must be empty or not
there. A backup that is cut short or damaged is refused and leaves nothing behind.
The operator token is not part of a backup: the first "rosterd serve" on the new
directory generates one, unless its configuration names one.`,
		Example: "  rosterd restore /backups/rosterd-monday.backup --data /var/lib/rosterd-restored",
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			if err := persistence.Restore(contextReader{cmd.Context(), f}, offline(dir)); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "restored into %s\n", dir)
			return err
		},
	}
	dataFlag(cmd, &dir)
	return cmd
}

// A contextReader ends when its context does, so that Ctrl-C ends a restore
// like a file that cannot be read: with nothing left behind.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, errors.New("interrupted")
	}
	return c.r.Read(b)
}
