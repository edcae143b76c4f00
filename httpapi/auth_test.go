package httpapi

import (
	"testing"
	"time"
)

// TestTokenUses: a busy token makes one note a minute, and what was noted longer
// ago is not kept.
func TestTokenUses(t *testing.T) {
	var u tokenUses
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	busy := [32]byte{2}
	for i := range 1000 {
		u.due([32]byte{1, byte(i), byte(i >> 8)}, now)
	}
	for _, step := range []struct {
		second int
		want   bool
	}{{0, true}, {59, false}} {
		if got := u.due(busy, now.Add(time.Duration(step.second)*time.Second)); got != step.want {
			t.Errorf("after %d s: %t, want %t", step.second, got, step.want)
		}
	}
	notes := 0
	for second := 60; second < 300; second++ {
		if u.due(busy, now.Add(time.Duration(second)*time.Second)) {
			notes++
		}
	}
	if notes != 4 {
		t.Errorf("%d notes in four minutes", notes)
	}
	if n := len(u.last) + len(u.noted); n > 2 {
		t.Errorf("%d uses are remembered", n)
	}
}
