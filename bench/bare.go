package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp"
)

// bareAnswer is what the bare server says to every POST: that it has it.
const bareAnswer = `{"id":"0"}`

// bareServeCommand is the bare server as a process of its own, so that it is
// measured under the conditions of the daemon.
func bareServeCommand() *cobra.Command {
	var listen, dir string
	cmd := &cobra.Command{
		Use:     "bare-serve --data DIR",
		Short:   "Run the bare server that limits compares with, until SIGTERM",
		Example: "  bench limits bare-serve --listen 127.0.0.1:9000 --data ./bare-data",
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return serveBare(cmd.Context(), listen, dir, cmd.OutOrStdout())
		}),
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on")
	cmd.Flags().StringVar(&dir, "data", "", "directory for the store")
	cobra.CheckErr(cmd.MarkFlagRequired("data"))
	return cmd
}

// serveBare answers every POST with 201 once its body is durable, and nothing
// else: no schema, no index, no reply but an id. It prints a ready line like
// the daemon's and ends with ctx.
func serveBare(ctx context.Context, listen, dir string, stdout io.Writer) (err error) {
	db, err := openBadger(dir)
	if err != nil {
		return err
	}
	store := newFolder(db)
	defer func() { err = errors.Join(err, store.close()) }()
	return serveUntil(ctx, listen, store.answer, stdout)
}

// serveUntil serves until ctx ends, and prints a ready line like the daemon's
// when it begins to.
func serveUntil(ctx context.Context, listen string, handler fasthttp.RequestHandler, stdout io.Writer) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &fasthttp.Server{
		Handler:            handler,
		MaxRequestBodySize: valueThreshold,
		// As generous as the client's own, so that neither end cuts a round.
		ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := printReady(stdout, "http://"+listener.Addr().String()); err != nil {
		return err
	}
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	}
	return errors.Join(server.Shutdown(), <-served)
}

func (f *folder) answer(ctx *fasthttp.RequestCtx) {
	if !ctx.IsPost() {
		ctx.SetStatusCode(fasthttp.StatusMethodNotAllowed)
		return
	}
	// The handler waits, so fasthttp's buffer stays as it is until the sync.
	if err := f.append(ctx.PostBody()); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusServiceUnavailable)
		return
	}
	ctx.SetStatusCode(fasthttp.StatusCreated)
	ctx.SetContentType("application/scim+json")
	ctx.SetBodyString(bareAnswer)
}

func printReady(w io.Writer, url string) error {
	line, err := json.Marshal(struct {
		Message string `json:"message"`
		URL     string `json:"url"`
	}{"ready", url})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

// startBare runs this program again as the bare server, on a new store in dir.
func startBare(ctx context.Context, dir, listen string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(dir, "bare-*")
	if err != nil {
		return nil, err
	}
	return startProcess(ctx, dir, self, "limits", "bare-serve", "--listen", listen, "--data", data)
}
