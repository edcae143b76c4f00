package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rosterd/persistence"
)

// An adminClient is a thin client of the admin API.
type adminClient struct {
	url   string
	token string
	http  http.Client
}

// clientFlags adds what every operator's command takes.
func clientFlags(cmd *cobra.Command) {
	cmd.PersistentFlags().String("url", "http://127.0.0.1:8080", "the daemon (ROSTERD_URL)")
	cmd.PersistentFlags().String("operator-token", "", "operator token (ROSTERD_OPERATOR_TOKEN)")
	cmd.PersistentFlags().Bool("json", false, "print JSON for programs")
}

// newClient reads the flags and their environment variables.
func newClient(cmd *cobra.Command) (*adminClient, error) {
	value := func(flag, variable string) string {
		v, _ := cmd.Flags().GetString(flag)
		if e := os.Getenv(variable); e != "" && !cmd.Flags().Changed(flag) {
			return e
		}
		return v
	}
	c := &adminClient{
		url: strings.TrimRight(value("url", "ROSTERD_URL"), "/"), token: value("operator-token", "ROSTERD_OPERATOR_TOKEN"),
	}
	if u, err := url.Parse(c.url); err != nil || u.Host == "" {
		return nil, usagef("url: %q is no URL such as http://127.0.0.1:8080", c.url)
	}
	if c.token == "" {
		return nil, usagef("give --operator-token or ROSTERD_OPERATOR_TOKEN; serve writes a generated one to DATA/operator-token")
	}
	return c, nil
}

// An object is one JSON object of the admin API, for printing.
type object struct {
	fields map[string]json.RawMessage
	raw    json.RawMessage
}

// text returns a field as text: strings without quotes, null as "", money as
// people write it.
func (o object) text(key string) string {
	raw := o.fields[key]
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var a amount
	if json.Unmarshal(raw, &a) == nil && a.Currency != "" {
		return a.String()
	}
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}

func (o *object) UnmarshalJSON(b []byte) error {
	o.raw = bytes.Clone(b)
	return json.Unmarshal(b, &o.fields)
}

// MarshalJSON writes the object as it was read.
func (o object) MarshalJSON() ([]byte, error) { return o.raw, nil }

// open sends a request and returns the answer's body, or what the daemon says
// is wrong.
func (c *adminClient) open(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	return c.send(ctx, method, path, body, func(*http.Request) {})
}

// send is open, with headers that dress adds.
func (c *adminClient) send(ctx context.Context, method, path string, body any, dress func(*http.Request)) (io.ReadCloser, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/api/v1"+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	dress(req)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the daemon at %s does not answer: %w", c.url, errors.Unwrap(err))
	}
	if res.StatusCode < 300 {
		return res.Body, nil
	}
	defer res.Body.Close()
	var problem struct{ Detail string }
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		problem.Detail = "the daemon answered " + res.Status
	}
	return nil, &refusal{problem.Detail}
}

// call sends a request and reads a JSON answer into out, unless that is nil.
func (c *adminClient) call(ctx context.Context, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := c.open(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer r.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(r).Decode(out)
}

// backup writes a backup to w and verifies it to its end: a transfer that went
// well does not say that the daemon was done.
func (c *adminClient) backup(ctx context.Context, w io.Writer) error {
	r, err := c.open(ctx, "GET", "/backup", nil)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := persistence.VerifyBackup(io.TeeReader(r, w)); err != nil {
		return fmt.Errorf("no backup was made: %w; the daemon's log may say why", err)
	}
	return nil
}

// list reads every page of a list.
func (c *adminClient) list(ctx context.Context, path string, each func(object) error) error {
	for after := ""; ; {
		var page struct {
			Items []object `json:"items"`
			Next  *string  `json:"next"`
		}
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		if err := c.call(ctx, "GET", path+separator+"limit=1000&after="+url.QueryEscape(after), nil, &page); err != nil {
			return err
		}
		for _, o := range page.Items {
			if err := each(o); err != nil {
				return err
			}
		}
		if page.Next == nil || *page.Next == "" {
			return nil
		}
		after = *page.Next
	}
}
