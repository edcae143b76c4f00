package main

import "testing"

// TestRest: memory goes back a few times after a busy time, and not while it
// lasts.
func TestRest(t *testing.T) {
	var r rest
	allocated := uint64(0)
	for i, c := range []struct {
		more uint64
		due  bool
	}{
		{1 << 20, false}, // it was never busy
		{restAllocs, false}, {restAllocs, false},
		{1 << 20, true}, {0, true}, {restAllocs - 1, true}, {0, false},
		{restAllocs, false}, {0, true},
	} {
		allocated += c.more
		if due := r.due(allocated); due != c.due {
			t.Errorf("period %d: %v, want %v", i+1, due, c.due)
		}
	}
}
