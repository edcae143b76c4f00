package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// followLog prints the log and what comes, until Ctrl-C. A stream that breaks
// off is taken up again behind the last entry.
func followLog(cmd *cobra.Command, path string) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	f := follower{c: c, path: path, out: cmd.OutOrStdout()}
	f.json, _ = cmd.Flags().GetBool("json")
	for {
		err := f.read(cmd.Context())
		var refused *refusal
		switch {
		case cmd.Context().Err() != nil:
			return nil
		case errors.As(err, &refused), !f.began:
			return err
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "the stream broke off; taking it up again")
		select {
		case <-cmd.Context().Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// A refusal is what the daemon says is wrong with a request.
type refusal struct{ detail string }

func (r *refusal) Error() string { return r.detail }

// A follower reads server-sent events.
type follower struct {
	c     *adminClient
	path  string
	out   io.Writer
	json  bool
	last  string // id of the newest event
	began bool   // a stream was open at least once
}

// read follows one stream to its end.
func (f *follower) read(ctx context.Context) error {
	r, err := f.c.send(ctx, "GET", f.path, nil, func(req *http.Request) {
		req.Header.Set("Accept", "text/event-stream")
		if f.last != "" {
			req.Header.Set("Last-Event-ID", f.last)
		}
	})
	if err != nil {
		return err
	}
	defer r.Close()
	f.began = true
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20) // an entry holds whole documents
	id := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			if err := f.print(value); err != nil {
				return err
			}
			f.last = id
		}
	}
	return lines.Err()
}

func (f *follower) print(entry string) error {
	if f.json {
		_, err := fmt.Fprintln(f.out, entry)
		return err
	}
	var o object
	if err := json.Unmarshal([]byte(entry), &o); err != nil {
		return err
	}
	var subject object
	_ = json.Unmarshal(o.fields["subject"], &subject) // an entry without one has no name to show
	_, err := fmt.Fprintf(f.out, "%-6s  %s  %-18s %-12s %s  %s\n",
		o.text("seq"), o.text("at"), o.text("kind"), o.text("connection"), subject.text("name"), o.text("detail"))
	return err
}
