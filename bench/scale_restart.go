package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"rosterd/bench/play"
)

const (
	starts        = 3   // after each way of ending
	tailPeople    = 200 // created before each end, so that there is something to replay
	startDeadline = time.Minute
	megabyte      = 1e6
)

// measureStarts ends the daemon and starts it again, by kill -9 and by
// SIGTERM in turn, and measures from exec until the workspace answers.
func (s *scale) measureStarts(ctx context.Context) error {
	for range starts {
		s.client.Close()
		s.daemon.kill()
		seconds, err := s.measureStart(ctx)
		if err != nil {
			return fmt.Errorf("after kill -9: %w", err)
		}
		s.report.AfterKill = append(s.report.AfterKill, seconds)
		s.client.Close()
		if err := s.daemon.stop(); err != nil {
			return err
		}
		if seconds, err = s.measureStart(ctx); err != nil {
			return fmt.Errorf("after a clean stop: %w", err)
		}
		s.report.AfterStop = append(s.report.AfterStop, seconds)
	}
	return nil
}

// measureStart starts the daemon and returns the seconds from exec until the
// first GET /Users?count=1 answers 200. Then it checks that everybody is there
// and adds some more people for the next start to find.
func (s *scale) measureStart(ctx context.Context) (float64, error) {
	if err := s.daemon.restart(ctx); err != nil {
		return 0, err
	}
	s.client = s.daemon.client(s.token, s.flags.connections)
	seconds, total, err := s.daemon.firstAnswer(ctx, s.client)
	if err != nil {
		return 0, err
	}
	if total != len(s.ids) {
		return 0, fmt.Errorf("%d people were acknowledged, %d are there", len(s.ids), total)
	}
	more := make([]string, tailPeople)
	if err := s.createPeople(ctx, more, func() {}); err != nil {
		return 0, err
	}
	s.ids = append(s.ids, more...)
	return seconds, nil
}

// firstAnswer asks until the client's workspace answers, and returns the seconds
// since exec and how many people there are.
func (d *daemon) firstAnswer(ctx context.Context, client *play.Client) (seconds float64, people int, err error) {
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	for {
		answer, err := client.Do(http.MethodGet, "/Users?count=1", nil)
		if err == nil && answer.OK() {
			seconds = time.Since(d.started).Seconds()
			list, err := answer.List()
			return seconds, list.Total, err
		}
		if waited := d.pause(ctx); waited != nil {
			return 0, 0, errors.Join(waited, err)
		}
	}
}

// measureMemory notes the memory of the daemon's process as it is.
func (s *scale) measureMemory(context.Context) error {
	memory, err := s.daemon.memory()
	if err != nil {
		return err
	}
	memory.When = "after the import"
	if len(s.report.Memory) > 0 {
		memory.When = "after the restarts"
	}
	s.report.Memory = append(s.report.Memory, memory)
	return nil
}

// memory reads the memory of the process, without asking it to collect garbage
// first.
func (p *process) memory() (memoryReport, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return memoryReport{}, err
	}
	return parseMemory(text)
}

// parseMemory reads the Rss lines of a Linux /proc/PID/status.
func parseMemory(status []byte) (memoryReport, error) {
	kilobytes := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if name != "RssAnon" && name != "RssShmem" && name != "RssFile" {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 64)
		if err != nil {
			return memoryReport{}, fmt.Errorf("%s: %w", name, err)
		}
		kilobytes[name] = n
	}
	if len(kilobytes) != 3 {
		return memoryReport{}, fmt.Errorf("%d of 3 Rss lines", len(kilobytes))
	}
	return memoryReport{
		Resident: (kilobytes["RssAnon"] + kilobytes["RssShmem"]) * 1024 / megabyte,
		Mapped:   kilobytes["RssFile"] * 1024 / megabyte,
	}, nil
}
