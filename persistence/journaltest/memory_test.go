package journaltest

import "testing"

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) Journal { return NewMemory() })
}
