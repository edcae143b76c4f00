package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// suiteSchema is the number of the form of report.json. Fields are only added
// to it; one that means something else is another form.
const suiteSchema = 1

// A suiteReport is the result of a suite, and report.json.
type suiteReport struct {
	Schema       int           `json:"schema"`
	Quick        bool          `json:"quick"` // fewer, shorter, smaller: shows that everything runs, and claims nothing
	Began        string        `json:"began"` // RFC 3339, UTC
	Seconds      float64       `json:"seconds"`
	Build        buildReport   `json:"build"`
	Machine      machineReport `json:"machine"`
	Sizes        sizesReport   `json:"sizes"`
	Measurements []measurement `json:"measurements"`
	Plots        []plot        `json:"plots"`
	Peers        []peerReport  `json:"peers"`
	Failed       []string      `json:"failed,omitempty"` // parts that only draw, and could not
	Notes        []string      `json:"notes"`            // what a reader has to know beside the figures
}

// A buildReport says what was measured, and with what.
type buildReport struct {
	Daemon string `json:"daemon"` // what rosterd version prints: version, commit, Go version
	Commit string `json:"commit"` // of the source the daemon was built from; +dirty if it was changed since
	Go     string `json:"go"`     // that built bench, and so the limits
}

// A machineReport says on what.
type machineReport struct {
	Kernel     string `json:"kernel"`
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"` // shared by the client and the servers
	MemoryMB   int64  `json:"memoryMb"`
	FileSystem string `json:"fileSystem"` // of the directory that holds the stores: type, device, mount options
}

// A sizesReport says how much of everything there was.
type sizesReport struct {
	Alternations int     `json:"alternations"`
	RoundSeconds float64 `json:"roundSeconds"`
	LongSeconds  float64 `json:"longSeconds,omitzero"` // of a round whose p99 counts
	People       int     `json:"people"`               // in the large store
	FewPeople    int     `json:"fewPeople"`            // in the store it is compared with
	Members      int     `json:"members"`              // of the large group
	Workspaces   int     `json:"workspaces"`           // of which all but Busy are idle
	Busy         int     `json:"busy"`
	PerWorkspace int     `json:"perWorkspace"` // people in each of those
}

// How a measurement has to stand to its goal.
const (
	atMostGoal  = "<="
	atLeastGoal = ">="
)

// A measurement is one figure that is held against a goal: the ratio of two
// medians, or one median where nothing is beside it.
type measurement struct {
	ID      string  `json:"id"`      // stays the same from report to report
	Part    string  `json:"part"`    // of the suite, as --only names it; several measurements may come from one
	Title   string  `json:"title"`   // what is measured, against what
	Unit    string  `json:"unit"`    // of the samples: "/s", "ms", "s", "MB" (10^6 bytes), "allocs"
	Ours    side    `json:"ours"`    //
	Against *side   `json:"against"` // what ours is divided by; null: the goal is about ours itself
	Value   float64 `json:"value"`   // Ours.Median / Against.Median, or Ours.Median
	Bound   string  `json:"bound"`   // atMostGoal or atLeastGoal
	Goal    float64 `json:"goal"`    // of Value
	Pass    bool    `json:"pass"`
	Factor  float64 `json:"factor"`  // by how much Value misses the goal, above 1; 0 if it passes or there is no value
	Failure string  `json:"failure"` // why there is no value; empty if there is one
	Note    string  `json:"note"`    // beside the figure, such as the mapped memory; may be empty
}

// A side holds what the alternations measured of one of two that are compared.
type side struct {
	Name    string    `json:"name"`
	Samples []float64 `json:"samples"` // one per alternation, in their order
	Median  float64   `json:"median"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
}

// A plot is drawn as lines over one pair of axes.
type plot struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	X     string `json:"x"` // what the axis shows, with its unit
	Y     string `json:"y"`
	Lines []line `json:"lines"`
}

// A line of a plot ascends by x.
type line struct {
	Name   string  `json:"name"`
	Points []point `json:"points"`
}

type point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// A peerReport names another SCIM server that ran under the same load. Its
// figures are measurements whose part is "peers".
type peerReport struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Runtime string `json:"runtime"` // such as the version of Go or Node
	Storage string `json:"storage"` // what it keeps its people in
	Failure string `json:"failure"` // why there are no figures of it; empty if there are
}

// newSide returns a side with its samples summed up.
func newSide(name string, samples []float64) side {
	s := side{Name: name, Samples: samples, Median: median(samples)}
	if len(samples) > 0 {
		s.Min, s.Max = slices.Min(samples), slices.Max(samples)
	}
	return s
}

// String returns the median and the spread, and nothing of no samples.
func (s side) String() string {
	if len(s.Samples) == 0 {
		return ""
	}
	return fmt.Sprintf("%s (%s..%s)", figure(s.Median), figure(s.Min), figure(s.Max))
}

// conclude holds the measurement against its goal. One that has a failure, or
// measured nothing, passes none.
func (m *measurement) conclude() {
	m.Value = m.Ours.Median
	nothing := len(m.Ours.Samples) == 0 || m.Bound == atLeastGoal && m.Ours.Median == 0
	if m.Against != nil {
		m.Value = ratio(m.Ours.Median, m.Against.Median)
		nothing = nothing || m.Against.Median == 0
	}
	if nothing {
		m.Failure = cmp.Or(m.Failure, "nothing was measured")
	}
	if m.Failure != "" {
		m.Value = 0
		return
	}
	m.Pass = m.Value <= m.Goal
	if m.Bound == atLeastGoal {
		m.Pass = m.Value >= m.Goal
	}
	if !m.Pass {
		m.Factor = max(ratio(m.Value, m.Goal), ratio(m.Goal, m.Value))
	}
}

// verdict says in a word or two how the measurement stands.
func (m *measurement) verdict() string {
	switch {
	case m.Failure != "":
		return "not measured"
	case m.Pass:
		return "met"
	}
	return "missed by " + figure(m.Factor) + "x"
}

// verdict returns errMissed if a goal is missed.
func (r *suiteReport) verdict() error {
	for i := range r.Measurements {
		if !r.Measurements[i].Pass {
			return errMissed
		}
	}
	if len(r.Failed) > 0 {
		return fmt.Errorf("%s failed", strings.Join(r.Failed, ", "))
	}
	return nil
}

// readSuiteReport reads a report.json.
func readSuiteReport(path string) (*suiteReport, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r suiteReport
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.Schema != suiteSchema {
		return nil, fmt.Errorf("%s has the form %d, this bench reads %d", path, r.Schema, suiteSchema)
	}
	return &r, nil
}

// write writes the report as a report.json.
func (r *suiteReport) write(path string) error {
	text, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func (r *suiteReport) tables() []table {
	figures := table{head: []string{"measured, medians with least and most", "ours", "against", "unit", "value", "goal", "verdict"}}
	for i := range r.Measurements {
		m := &r.Measurements[i]
		ours, against, value := m.Ours.String(), "", figure(m.Value)
		if m.Against != nil {
			against = m.Against.String()
		}
		if m.Failure != "" {
			value = ""
		}
		figures.add(m.Title, ours, against, m.Unit, value, m.Bound+" "+figure(m.Goal), m.verdict())
	}
	all := []table{figures}
	notes := table{head: []string{"notes"}}
	for _, m := range r.Measurements {
		for _, text := range []string{m.Failure, m.Note} {
			if text != "" {
				notes.add(m.Title + ": " + text)
			}
		}
	}
	for _, p := range r.Peers {
		if p.Failure == "" {
			notes.add(fmt.Sprintf("%s %s on %s keeps its people in %s", p.Name, p.Version, p.Runtime, p.Storage))
		}
	}
	for _, note := range r.Notes {
		notes.add(note)
	}
	return append(all, notes)
}
