package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sys/unix"
)

// Bounds of a child process's life.
const (
	readyTimeout = 2 * time.Minute
	stopTimeout  = time.Minute
	pollInterval = time.Millisecond // below what any figure here resolves
)

// A process is a server that bench has started: the daemon, bench itself as the
// bare server, or a peer. Whoever starts one defers kill. It leads a process
// group of its own, and what is left of that ends with it: a peer's start is a
// script, which may have children.
type process struct {
	cmd     *exec.Cmd
	started time.Time     // just before exec
	exited  chan struct{} // closed when the process is gone
	url     string        // from its ready line
	output  string        // file with everything it printed
}

// startProcess runs the program and waits for its ready line: a JSON line with
// message "ready" and the field url. What it prints goes to a file in dir and
// not through a pipe, so that logging costs the child what it costs in
// production and costs bench nothing.
func startProcess(ctx context.Context, dir, program string, args ...string) (*process, error) {
	output, err := os.CreateTemp(dir, filepath.Base(program)+"-*.log")
	if err != nil {
		return nil, err
	}
	defer output.Close()
	p := &process{cmd: exec.Command(program, args...), exited: make(chan struct{}), output: output.Name()}
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.wait()
	if err := p.awaitReady(ctx); err != nil {
		p.kill()
		return nil, fmt.Errorf("%s: %w%s", filepath.Base(program), err, p.lastLines())
	}
	return p, nil
}

// wait ends the group when the process has ended, and before it is reaped: its
// id is not another's until then.
func (p *process) wait() {
	pid := p.cmd.Process.Pid
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // fails only if nobody is left
	_ = p.cmd.Wait()                        // the state is read from ProcessState
	close(p.exited)
}

func (p *process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	output, err := os.Open(p.output)
	if err != nil {
		return err
	}
	defer output.Close()
	var unread []byte
	chunk := make([]byte, 64<<10)
	for {
		n, _ := output.Read(chunk) // 0 at the end of what is written so far
		unread = append(unread, chunk[:n]...)
		for line, rest, found := bytes.Cut(unread, []byte("\n")); found; line, rest, found = bytes.Cut(unread, []byte("\n")) {
			unread = rest
			if p.url = readyURL(line); p.url != "" {
				return nil
			}
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits one poll interval, or fails as soon as there is nothing to wait
// for.
func (p *process) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("not ready: %w", ctx.Err())
	case <-p.exited:
		return fmt.Errorf("ended (%v)", p.cmd.ProcessState)
	case <-time.After(pollInterval):
		return nil
	}
}

// readyURL returns the url of a ready line, and "" of any other line.
func readyURL(line []byte) string {
	var entry struct {
		Message string `json:"message"`
		URL     string `json:"url"`
	}
	if json.Unmarshal(line, &entry) != nil || entry.Message != "ready" {
		return ""
	}
	return entry.URL
}

// stop asks the process to end and waits for it. It is an error if it has to
// be killed or ends with a code other than 0.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		p.kill()
		return fmt.Errorf("%s did not stop within %v", filepath.Base(p.cmd.Path), stopTimeout)
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %v%s", filepath.Base(p.cmd.Path), p.cmd.ProcessState, p.lastLines())
	}
	return nil
}

// kill ends the process and its group as kill -9 does and waits until it is
// gone. It may be called of a process that has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.exited
}

// lastLines returns the end of what the process printed, for an error message.
func (p *process) lastLines() string {
	const most = 2 << 10
	text, err := os.ReadFile(p.output)
	if err != nil || len(text) == 0 {
		return ""
	}
	return ":\n" + string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}
