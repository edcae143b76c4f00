package zone

import (
	"errors"
	"testing"
	"time"
)

// TestEveryZoneLoads: the database is whole.
func TestEveryZoneLoads(t *testing.T) {
	if len(files) < 500 {
		t.Errorf("%d zones", len(files))
	}
	for name := range files {
		if loc, err := Load(name); err != nil || loc.String() != name {
			t.Errorf("%s: %v %v", name, loc, err)
		}
	}
}

// TestLoad: what the zones say, and which names there are.
func TestLoad(t *testing.T) {
	t.Setenv("ZONEINFO", t.TempDir()) // what time.LoadLocation would ask
	for name, want := range map[string]string{
		"UTC": "UTC+0000", "Europe/Berlin": "CEST+0200", "America/New_York": "EDT-0400", "Asia/Kathmandu": "+0545+0545", "Etc/GMT+1": "-01-0100",
	} {
		loc, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(loc).Format("MST-0700"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "Local", "europe/berlin", "Europe", "Europe/", "../UTC", "/etc/localtime", "Mars/Olympus"} {
		if _, err := Load(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
