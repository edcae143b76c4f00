package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"rosterd/bench/play"
)

// seats are enough for everybody whom a part creates in a workspace.
const seats = 10_000_000

// fresh starts the daemon on an empty store of its own.
func (s *suite) fresh(ctx context.Context, flags ...string) (*daemon, error) {
	dir, err := os.MkdirTemp(s.dir, "daemon-*")
	if err != nil {
		return nil, err
	}
	return startDaemon(ctx, s.program, dir, flags...)
}

// on starts the daemon on a copy of a kept store, and has it load the people.
func (s *suite) on(ctx context.Context, k *kept, flags ...string) (*daemon, error) {
	dir, err := os.MkdirTemp(s.dir, "daemon-*")
	if err != nil {
		return nil, err
	}
	s.status.say("starting the daemon with %d people", k.People)
	if err := copySynced(filepath.Join(k.dir, "data"), filepath.Join(dir, "data")); err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, s.program, dir, flags...)
	if err != nil {
		return nil, err
	}
	client := d.client(k.Token, 1)
	defer client.Close()
	if _, _, err := d.firstAnswer(ctx, client); err != nil {
		d.kill()
		return nil, err
	}
	return d, nil
}

// copySynced copies the files of a directory and syncs the copies: they are not
// to be written while something is measured.
func copySynced(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return filepath.WalkDir(to, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}

// closed returns the pace of a round in a closed loop.
func (s *suite) closed() play.Pace { return play.Pace{WarmUp: s.warmUp, Duration: s.round} }

// at names a contender with its connections.
func at(name string, connections int) string {
	return name + ", " + strconv.Itoa(connections) + " connections"
}

// rate drives all traffics at once and returns how many requests a second were
// answered.
func rate(ctx context.Context, p play.Pace, all ...traffic) (float64, error) {
	perSecond, errs := make([]float64, len(all)), make([]error, len(all))
	var group sync.WaitGroup
	for i, t := range all {
		group.Go(func() {
			outcome, err := push(ctx, p, t)
			perSecond[i], errs[i] = outcome.PerSecond, err
		})
	}
	group.Wait()
	sum := 0.0
	for _, v := range perSecond {
		sum += v
	}
	err := cmp.Or(errs...) // the first
	if err == nil && sum == 0 {
		err = errNothing
	}
	return sum, err
}

// A firstError keeps the first of the errors that connections see.
type firstError struct {
	mu    sync.Mutex
	found error // guarded by mu
}

// note keeps err unless there was another, or it is nil.
func (f *firstError) note(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = cmp.Or(f.found, err)
}

func (f *firstError) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.found
}
