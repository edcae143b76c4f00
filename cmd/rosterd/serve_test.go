package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestListenerEnds: a daemon that nobody can reach any more ends, and says so.
func TestListenerEnds(t *testing.T) {
	d := startHere(t)
	d.served <- errors.New("accept: out of order")
	if err := d.run(t.Context()); err == nil || !strings.Contains(err.Error(), "the listener ended: accept: out of order") {
		t.Errorf("got %v", err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://")); err == nil {
		c.Close()
		t.Error("it goes on")
	}
}

// TestStopThatFails: a stop that takes too long is one line and exit code 1,
// whatever did not end.
func TestStopThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir, "--drain-timeout", "1ms")
	openWorkspace(t, p, dir)
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET") // one answer, and a request that does not end
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if code := p.stop(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if len(p.said) != 1 || !strings.HasPrefix(p.said[0], "rosterd: requests did not end in time: ") {
		t.Errorf("it says %q", p.said)
	}
}

// TestStopWithoutStorage: a daemon whose files vanish while it stops ends all
// the same, with one line and exit code 1.
func TestStopWithoutStorage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	openWorkspace(t, p, dir)
	if err := os.RemoveAll(filepath.Join(dir, "journal")); err != nil {
		t.Fatal(err)
	}
	if code := p.stop(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if len(p.said) != 1 || !strings.HasPrefix(p.said[0], "rosterd: badger: ") {
		t.Errorf("it says %q", p.said)
	}
}

// TestSecondSignal: whoever asks twice waits no longer.
func TestSecondSignal(t *testing.T) {
	p := startProcess(t, filepath.Join(t.TempDir(), "data"), "--drain-timeout", "1h")
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET")
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails once it has ended
		select {
		case <-p.done:
			if p.cmd.ProcessState.Success() {
				t.Error("it says that all is well")
			}
			return
		case <-tick.C:
		}
	}
	t.Error("it goes on")
}
