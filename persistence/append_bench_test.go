package persistence

import (
	"fmt"
	"sync"
	"testing"

	"rosterd/workspace"
)

// BenchmarkAppend makes creates durable that 64 workspaces hand over at once. On a
// disk it measures the disk's syncs; with TMPDIR in memory what they cost beside
// that.
func BenchmarkAppend(b *testing.B) {
	const workspaces = 64
	s := open(b, config(b.TempDir()))
	commits := []workspace.Commit{created(b)}
	heads := make([]workspace.Head, workspaces)
	for i := range heads {
		heads[i] = workspace.Head{ID: workspace.ID(fmt.Sprintf("ws-%d", i)), Name: "Name", Created: today(), Due: today(), Active: 100}
	}
	b.ReportAllocs()
	for b.Loop() {
		var all sync.WaitGroup
		all.Add(workspaces)
		for i := range heads {
			h := &heads[i]
			after := h.Seq
			h.Seq += uint64(len(commits[0].Events))
			h.Active++
			s.Append(workspace.Append{Workspace: h.ID, After: after, Commits: commits, Head: *h, Done: func(err error) {
				if err != nil {
					b.Error(err)
				}
				all.Done()
			}})
		}
		all.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*workspaces), "µs/append")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
