package actors

import "testing"

// TestLandings: whoever waits is told of the next landing and of no other, and
// is not told of one that is there already.
func TestLandings(t *testing.T) {
	var l landings
	if l.add() {
		t.Error("nobody waits, and is told")
	}
	if l.await() {
		t.Error("it may wait, though one is there")
	}
	if n := l.take(); n != 1 {
		t.Errorf("%d are there, want 1", n)
	}
	if !l.await() {
		t.Error("nothing is there, and it may not wait")
	}
	if told, again := l.add(), l.add(); !told || again {
		t.Errorf("told of the first: %v, of the second: %v", told, again)
	}
	if n := l.take(); n != 2 {
		t.Errorf("%d are there, want 2", n)
	}
}
