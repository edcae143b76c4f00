package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// command runs a command line and returns its exit code, the last line of
// stderr, and stdout.
func command(t *testing.T, args ...string) (code int, last, stdout string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	lines := strings.Split(strings.TrimSpace(err.String()), "\n")
	return code, lines[len(lines)-1], out.String()
}

func TestLoadUsage(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	if err := os.WriteFile(bad, []byte("{\"method\":\"GET\",\"path\":\"/Users\"}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`unknown profile "azure"; there are: bulk, entra, okta, okta-aiw, onelogin, mixed, read`: {"--profile", "azure"},
		"--rate is -1, at least 0 is needed":                                                     {"--rate", "-1"},
		"--think is about a closed loop: leave out --rate or --think":                            {"--rate", "1", "--think", "1s"},
		"--connections is 0, at least 1 is needed":                                               {"--connections", "0"},
		"--people is 0, at least 1 is needed":                                                    {"--people", "0"},
		"--count is -1, at least 0 is needed":                                                    {"--count", "-1"},
		"--warm-up is -1s, at least 0 is needed":                                                 {"--warm-up", "-1s"},
		"--long-profiles and --short-profiles are shares from 0 to 1, and together at most 1":    {"--long-profiles", "0.6", "--short-profiles", "0.6"},
		"--trace: open nowhere.jsonl: no such file or directory":                                 {"--trace", "nowhere.jsonl"},
		"--trace " + bad + `: line 2: method "" is none of GET, POST, PUT, PATCH, DELETE`:        {"--trace", bad},
		"--record does not see the ids inside of bulks: choose another --profile":                {"--record", bad, "--profile", "bulk"},
		`--url is "localhost:80", an address such as http://127.0.0.1:8080/scim/v2 is needed`:    {"--url", "localhost:80"},
		"--url has a query, a fragment or a user; leave that out":                                {"--url", "http://localhost/scim?x=1"},
	} {
		code, last, stdout := command(t, append([]string{"load", "--url", "http://127.0.0.1:1/scim/v2", "--token", "t"}, args...)...)
		if code != exitUsage || last != "bench: "+want || stdout != "" {
			t.Errorf("%q: exit code %d, %s", args, code, last)
		}
	}
}

// server answers everything alike, whatever is asked.
func server(t *testing.T, status int, body string) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(status)
		ctx.SetBodyString(body)
	}}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		<-served
	})
	return "http://" + listener.Addr().String() + "/some/path/"
}

// TestLoadOthers points every profile at what is no SCIM server.
func TestLoadOthers(t *testing.T) {
	for _, other := range []struct {
		status int
		body   string
		want   string
	}{
		{404, "<html>", "status 404 (is the address that of the SCIM base?)"},
		{401, `{"detail":"who are you"}`, "status 401: who are you"},
		{200, "<html>", "status 200: the answer is no list response: "},
		{200, `{"hello":"world"}`, "status 200: the answer is no list response: it has no totalResults"},
		{200, `[]`, "status 200: the answer is no list response: "},
	} {
		base := server(t, other.status, other.body)
		for _, profile := range profileNames() {
			code, last, _ := command(t, "load", "--url", base, "--token", "t", "--profile", profile, "--people", "3", "--count", "10")
			if code != exitFailed || !strings.HasPrefix(last, "bench: connection test: "+other.want) {
				t.Errorf("%s, %d %s: exit code %d, %s", profile, other.status, other.body, code, last)
			}
		}
	}
	code, last, _ := command(t, "load", "--url", "http://127.0.0.1:1/scim", "--token", "t")
	if code != exitFailed || !strings.Contains(last, "connection refused") {
		t.Errorf("nobody listens: exit code %d, %s", code, last)
	}
}

// TestLoadLies loads a server that has one user for everything, so that what
// it acknowledges is not there.
func TestLoadLies(t *testing.T) {
	base := server(t, 200, `{"totalResults":0,"Resources":[],"id":"1","userName":"always-the-same","displayName":"x"}`)
	code, last, stdout := command(t, "load", "--url", base, "--token", "t", "--profile", "entra", "--people", "20")
	if code != exitFailed || !strings.HasSuffix(last, "acknowledged things are missing") || !strings.Contains(stdout, `missing: user 1: userName is "always-the-same", sent was`) {
		t.Errorf("exit code %d, %s\n%s", code, last, stdout)
	}
	rename := filepath.Join(t.TempDir(), "rename.jsonl")
	if err := os.WriteFile(rename, []byte(`{"method":"PUT","path":"/Users/1","body":{"userName":"another"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, last, stdout = command(t, "load", "--url", base, "--token", "t", "--trace", rename)
	if code != exitFailed || last != "bench: 1 of 1 acknowledged things are missing" || !strings.Contains(stdout, `missing: /Users/1: userName is "always-the-same", changed to "another"`) {
		t.Errorf("a trace: exit code %d, %s\n%s", code, last, stdout)
	}
}
