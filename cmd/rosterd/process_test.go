package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rosterd/bench/play"
)

var binary struct {
	once sync.Once
	path string
	err  error
}

// build compiles the daemon once for all tests of this package.
func build(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		dir, err := os.MkdirTemp("", "rosterd-test-")
		if err != nil {
			binary.err = err
			return
		}
		binary.path = filepath.Join(dir, "rosterd")
		out, err := exec.Command("go", "build", "-o", binary.path, ".").CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
			binary.err = err
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binary.path != "" {
		os.RemoveAll(filepath.Dir(binary.path))
	}
	os.Exit(code)
}

// A process is a daemon that a test started.
type process struct {
	cmd  *exec.Cmd
	url  string
	done chan struct{} // closed when it has ended
	said []string      // lines on stderr that are none of the log's; complete when done
}

// startProcess starts the daemon on a data directory and waits until it is
// ready. The test's end kills it.
func startProcess(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	return startWith(t, nil, dir, flags...)
}

// startWith is startProcess with more variables in the environment.
func startWith(t *testing.T, env []string, dir string, flags ...string) *process {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--data", dir, "--disk-reserve", "0"}, flags...)
	p := &process{cmd: exec.Command(build(t), args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	var last string
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			var l struct{ Message, URL string }
			if json.Unmarshal(lines.Bytes(), &l) != nil {
				p.said = append(p.said, lines.Text())
			}
			if l.Message == "ready" {
				ready <- l.URL
			}
			last = lines.Text()
		}
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(p.kill)
	select {
	case p.url = <-ready:
	case <-p.done:
		t.Fatalf("the daemon ended: %s", last)
	}
	return p
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

// stop ends the process as an operator does, and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// rosterd runs one command line to its end.
func rosterd(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(build(t), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// operatorToken reads the token that a data directory keeps.
func operatorToken(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// openWorkspace makes the workspace acme and returns a token for it.
func openWorkspace(t *testing.T, p *process, dir string) string {
	t.Helper()
	admin := play.NewAdmin(p.url, operatorToken(t, dir))
	defer admin.Close()
	if err := admin.CreateWorkspace(enterprise("acme", 10)); err != nil {
		t.Fatal(err)
	}
	token, err := admin.CreateToken("acme", "default", "test")
	if err != nil {
		t.Fatal(err)
	}
	return token
}
