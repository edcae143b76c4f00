package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestMeasurement holds sides against goals of both directions.
func TestMeasurement(t *testing.T) {
	against := func(samples ...float64) *side {
		s := newSide("limit", samples)
		return &s
	}
	for _, c := range []struct {
		name          string
		ours          []float64
		against       *side
		bound         string
		goal          float64
		value, factor float64
		verdict       string
	}{
		{"ratio met", []float64{70, 90, 80}, against(100, 120, 80), atLeastGoal, 0.8, 0.8, 0, "met"},
		{"ratio missed", []float64{30, 31, 29}, against(100), atLeastGoal, 0.6, 0.3, 2, "missed by 2.00x"},
		{"at most met", []float64{1.6}, nil, atMostGoal, 1.6, 1.6, 0, "met"},
		{"at most missed", []float64{3, 5}, against(1), atMostGoal, 2, 4, 2, "missed by 2.00x"},
		{"nothing of ours", nil, against(1), atMostGoal, 2, 0, 0, "not measured"},
		{"nothing of the limit", []float64{1}, against(), atMostGoal, 2, 0, 0, "not measured"},
		{"the limit is zero", []float64{1}, against(0), atMostGoal, 2, 0, 0, "not measured"},
		{"ours is zero", []float64{0}, against(1), atLeastGoal, 2, 0, 0, "not measured"},
		{"no allocations", []float64{0}, nil, atMostGoal, 5, 0, 0, "met"},
	} {
		m := measurement{Ours: newSide("ours", c.ours), Against: c.against, Bound: c.bound, Goal: c.goal}
		m.conclude()
		if m.Value != c.value || m.Factor != c.factor || m.verdict() != c.verdict || m.Pass != (c.verdict == "met") {
			t.Errorf("%s: value %v, factor %v, %q, pass %v", c.name, m.Value, m.Factor, m.verdict(), m.Pass)
		}
	}
}

// TestNewSide sums samples up.
func TestNewSide(t *testing.T) {
	for _, c := range []struct{ samples, want []float64 }{
		{nil, []float64{0, 0, 0}},
		{[]float64{3}, []float64{3, 3, 3}},
		{[]float64{9, 1, 4}, []float64{4, 1, 9}},
		{[]float64{9, 1, 4, 6}, []float64{5, 1, 9}},
	} {
		s := newSide("", c.samples)
		if got := []float64{s.Median, s.Min, s.Max}; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, want %v", c.samples, got, c.want)
		}
	}
}

// TestSuiteReportForm reads a report that a quick run has written: what has been
// written once stays readable, and is written again to the byte.
func TestSuiteReportForm(t *testing.T) {
	const written = "testdata/report.json"
	r, err := readSuiteReport(written)
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "report.json")
	if err := r.write(again); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(again); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	if len(r.Measurements) == 0 || len(r.Plots) == 0 || len(r.tables()) != 2 {
		t.Errorf("%d measurements, %d plots", len(r.Measurements), len(r.Plots))
	}
}

// TestSuiteReportFile writes a report and reads it back, and refuses another
// form.
func TestSuiteReportFile(t *testing.T) {
	m := measurement{ID: "get", Part: "get", Title: "GET", Unit: "/s", Ours: newSide("rosterd", []float64{7, 8}), Bound: atLeastGoal, Goal: 8}
	m.conclude()
	r := &suiteReport{Schema: suiteSchema, Measurements: []measurement{m}, Peers: []peerReport{{Name: "peer", Failure: "it does not install"}},
		Plots: []plot{{ID: "p", Lines: []line{{Name: "l", Points: []point{{1, 2.5}}}}}}, Notes: []string{"a note"}}
	path := filepath.Join(t.TempDir(), "report.json")
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	again, err := readSuiteReport(path)
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, again, r)
	}
	if err := r.verdict(); !errors.Is(err, errMissed) {
		t.Errorf("verdict %v", err)
	}
	r.Schema++
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := readSuiteReport(path); err == nil || !strings.Contains(err.Error(), "form 2") {
		t.Errorf("another form: %v", err)
	}
}

// TestVerdictOfPlots: a part that only draws fails the suite as well.
func TestVerdictOfPlots(t *testing.T) {
	r := suiteReport{Failed: []string{"sweep"}}
	if err := r.verdict(); err == nil || err.Error() != "sweep failed" {
		t.Errorf("verdict %v", err)
	}
}
