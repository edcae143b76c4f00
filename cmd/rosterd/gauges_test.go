package main

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/workspace"
)

// startHere starts a daemon in this process, on a port of its own.
func startHere(t *testing.T) *daemon {
	t.Helper()
	cfg, _, err := loadConfig(configFlags(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.listen, cfg.metricsListen, cfg.data, cfg.diskReserve = "127.0.0.1:0", "", filepath.Join(t.TempDir(), "data"), 0
	d, err := start(cfg, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGauges: what is summed over heads is right at the instant of the sum,
// however long ago the heads were written.
func TestGauges(t *testing.T) {
	d := startHere(t)
	if err := d.stop(); err != nil { // its own gauges do not come in between
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	heads := []workspace.Head{
		{
			ID: "acme", Active: 3, Inactive: 1, Connections: 2, Gate: workspace.GateOpen,
			TokenExpires: now.Add(-day), LaterExpiries: []time.Time{now.Add(day), now.Add(6 * day), now.Add(20 * day), now.Add(90 * day)},
		},
		{ID: "bolt", Active: 1, Connections: 1, Gate: workspace.GateGrace, GraceEnds: now.Add(time.Second), NoAdmin: true, TokenExpires: now.Add(2 * day)},
		{ID: "cord", Connections: 4, Gate: workspace.GateGrace, GraceEnds: now},
	}
	page := func(after workspace.ID, limit int) ([]workspace.Head, error) {
		i := slices.IndexFunc(heads, func(h workspace.Head) bool { return h.ID > after })
		if i < 0 {
			return nil, nil
		}
		return heads[i:min(i+limit, len(heads))], nil
	}
	all, err := sum(page, 2, now)
	if err != nil {
		t.Fatal(err)
	}
	d.show(all)
	var text bytes.Buffer
	if _, err := d.metrics.WriteText(&text, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`rosterd_users{state="active"} 4`, `rosterd_users{state="inactive"} 1`, `rosterd_workspaces_without_admin 1`,
		`rosterd_connections{state="open"} 2`, `rosterd_connections{state="grace"} 1`, `rosterd_connections{state="closed"} 4`,
		`rosterd_tokens_expiring{within="7d"} 3`, `rosterd_tokens_expiring{within="30d"} 4`,
	} {
		if !strings.Contains(text.String(), "\n"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}
