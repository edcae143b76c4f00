package main

import "testing"

// TestDir: whatever measures a disk can be told which.
func TestDir(t *testing.T) {
	for _, args := range [][]string{{"limits"}, {"limits", "creates"}, {"limits", "bare"}, {"scale"}} {
		code, last, stdout := command(t, append(args, "--dir", "nowhere")...)
		if code != exitUsage || last != "bench: --dir: stat nowhere: no such file or directory" || stdout != "" {
			t.Errorf("%q: exit code %d, %s", args, code, last)
		}
	}
}
