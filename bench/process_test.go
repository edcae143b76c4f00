package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestKillChildren kills a script and reads from a pipe what its child, which
// waits for a line, does when it gets one: nothing any more.
func TestKillChildren(t *testing.T) {
	for name, end := range map[string]struct {
		trap string
		end  func(*process) error
	}{
		"kill": {"", func(p *process) error { p.kill(); return nil }},
		"stop": {"trap 'exit 0' TERM", (*process).stop},
	} {
		dir := t.TempDir()
		hold, out := filepath.Join(dir, "hold"), filepath.Join(dir, "out")
		for _, pipe := range []string{hold, out} {
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		script := end.trap + `
(read -r line <"$1"; echo survived) >"$2" &
echo '{"message":"ready","url":"http://127.0.0.1:1"}'
wait`
		p, err := startProcess(t.Context(), dir, "sh", "-c", script, "sh", hold, out)
		if err != nil {
			t.Fatal(err)
		}
		defer p.kill()
		child, err := os.Open(out) // waits until the child is there
		if err != nil {
			t.Fatal(err)
		}
		defer child.Close()
		if err := end.end(p); err != nil {
			t.Fatal(err)
		}
		line, err := os.OpenFile(hold, os.O_RDWR, 0) // does not wait for a reader
		if err != nil {
			t.Fatal(err)
		}
		defer line.Close()
		if _, err := line.WriteString("go on\n"); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(child); err != nil || len(text) > 0 {
			t.Errorf("%s: the child %s, %v", name, text, err)
		}
	}
}
