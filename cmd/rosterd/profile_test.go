package main

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
)

// TestProfiles: profiles are where the operator wants them, and nowhere else.
func TestProfiles(t *testing.T) {
	cfg, _, err := loadConfig(configFlags(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.listen, cfg.metricsListen, cfg.pprofListen, cfg.diskReserve = "127.0.0.1:0", "", "127.0.0.1:0", 0
	cfg.data = filepath.Join(t.TempDir(), "data")
	d, err := start(cfg, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	status := func(url string) int {
		t.Helper()
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	profiles := "http://" + d.profiles.Addr
	for path, want := range map[string]int{
		"/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/profile?seconds=1": 200,
		"/debug/pprof/cmdline": 404, "/": 404, "/metrics": 404, "/api/v1/workspaces": 404,
	} {
		if got := status(profiles + path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := status(d.url + "/debug/pprof/heap"); got != 404 {
		t.Errorf("on the main listener: %d", got)
	}
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", d.profiles.Addr); err == nil {
		c.Close()
		t.Error("profiles go on")
	}
}
