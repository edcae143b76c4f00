package main

import (
	"bytes"
	"context"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp"
)

// echoServeCommand is the echo as a process of its own, so that it is measured
// under the conditions of the daemon.
func echoServeCommand() *cobra.Command {
	var listen string
	var size int
	cmd := &cobra.Command{
		Use:     "echo-serve",
		Short:   "Run a server that answers everything with so many bytes, until SIGTERM",
		Example: "  bench limits echo-serve --listen 127.0.0.1:9000 --size 1400",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			if err := atLeast("size", size, 0); err != nil {
				return err
			}
			body := bytes.Repeat([]byte{'x'}, size)
			return serveUntil(cmd.Context(), listen, func(ctx *fasthttp.RequestCtx) {
				ctx.SetContentType("application/scim+json")
				ctx.SetBody(body)
			}, cmd.OutOrStdout())
		}),
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on")
	cmd.Flags().IntVar(&size, "size", 1400, "length of the answers' bodies in bytes")
	return cmd
}

// startEcho runs this program again as the echo.
func startEcho(ctx context.Context, dir string, size int) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProcess(ctx, dir, self, "limits", "echo-serve", "--size", strconv.Itoa(size))
}
