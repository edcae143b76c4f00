package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	show, keys := false, configFlags()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon in the foreground",
		Long: `serve runs the daemon until SIGINT or SIGTERM, then lets requests end and stops.

Every flag but --config and --print-config is also a key of the YAML file that
--config or ROSTERD_CONFIG names, and an environment variable: --log-level is
ROSTERD_LOG_LEVEL. Flags win over the environment, the environment wins over the
file. Sizes are such as 8MiB, durations such as 15m or 90d; networks are parted by
commas, or a list in the file. Once the daemon accepts requests it logs one line
with the message "ready" and its URL.

The admin API wants the operator token. Without --operator-token one is generated
on the first start and written to DATA/operator-token.`,
		Example: `  rosterd serve --data /var/lib/rosterd --public-url https://scim.example.com
  ROSTERD_LOG_LEVEL=warn rosterd serve --config /etc/rosterd.yaml
  rosterd serve --print-config`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, k, err := loadConfig(keys, os.Environ())
			if err != nil {
				return err
			}
			if show {
				return printConfig(cmd.OutOrStdout(), k)
			}
			return serve(cmd.Context(), cfg)
		},
	}
	cmd.Flags().AddFlagSet(keys)
	cmd.Flags().BoolVar(&show, "print-config", false, "print the effective configuration and exit")
	return cmd
}

// serve runs until ctx ends, or the daemon does.
func serve(ctx context.Context, cfg *config) error {
	log, flush := newLog(cfg, os.Stderr)
	defer flush()
	d, err := start(cfg, log)
	if err != nil {
		return err
	}
	if d.tokenFile != "" {
		log.Info().Str("file", d.tokenFile).Msg("an operator token was generated")
	}
	log.Info().Str("url", d.url).Msg("ready")
	return d.run(ctx)
}
