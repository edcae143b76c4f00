package main

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"
)

// TestAwaitRest: a child that works is waited for until it rests, and one that does
// not rest no longer than was asked for.
func TestAwaitRest(t *testing.T) {
	for _, c := range []struct {
		name, script string
		most         time.Duration
		rests        bool
	}{
		{"rests", `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; exec sleep 600`, time.Minute, true},
		{"works on", `while :; do :; done`, 2 * calmTime, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			child := exec.Command("sh", "-c", c.script)
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = child.Process.Kill()
				_ = child.Wait()
			}()
			said := make(chan bool, 1)
			go func() {
				n, _ := out.Read(make([]byte, 8))
				said <- n > 0
			}()
			if rested, err := awaitRest(t.Context(), c.most); err != nil || rested != c.rests {
				t.Fatalf("at rest: %v, %v", rested, err)
			}
			select {
			case <-said:
				if !c.rests {
					t.Error("it said something")
				}
			default:
				if c.rests {
					t.Error("it works still")
				}
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := awaitRest(ended, time.Minute); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestCalm: the patience of a suite ends, and it counts what began nevertheless.
func TestCalm(t *testing.T) {
	s := &suite{sizes: sizes{patience: time.Nanosecond}}
	for range 2 {
		if err := s.calm(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.restless != 2 || s.waited == 0 {
		t.Errorf("%d rounds, %v", s.restless, s.waited)
	}
}
