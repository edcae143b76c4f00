package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
)

func compareCommand() *cobra.Command {
	var threshold float64
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Print what changed between two reports beyond the noise",
		Long: "Compares report.json of two runs of bench suite, the older one first. What is compared is the value that is held\n" +
			"against the goal: a ratio, where the measurement is one, so that a slow machine or minute takes no part.\n\n" +
			"A measurement has changed if the values of all alternations in one report lie above those of all in the other;\n" +
			"by chance alone that happens to one in a hundred with five alternations in each. Anything else is noise. What was\n" +
			"measured once, such as allocations, has changed with any difference.\n\n" +
			"A change for the worse of more than --threshold percent is a regression, and so is what B.json could not measure\n" +
			"any more; what it was not to measure is only named. Exit codes: 0 there is none, 1 there is one, 2 the two cannot be compared.",
		Example: "  bench compare before/report.json after/report.json",
		Args:    cobra.ExactArgs(2),
		RunE: working(func(cmd *cobra.Command) error {
			return compareFiles([2]string(cmd.Flags().Args()), threshold, asJSON, cmd.OutOrStdout())
		}),
	}
	cmd.Flags().Float64Var(&threshold, "threshold", 10, "percent by which something may get worse")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func compareFiles(paths [2]string, threshold float64, asJSON bool, stdout io.Writer) error {
	if !(threshold >= 0) { // nor is NaN
		return usageError("--threshold is below 0")
	}
	var reports [2]*suiteReport
	for i, path := range paths {
		r, err := readSuiteReport(path)
		if err == nil {
			err = measured(r, path)
		}
		if err != nil {
			return usageError(err.Error())
		}
		reports[i] = r
	}
	if differ := sizesDiffer(reports[0], reports[1]); differ != "" {
		return usageError(fmt.Sprintf("%s and %s measured different things: %s", paths[0], paths[1], differ))
	}
	c := compare(reports[0], reports[1], threshold)
	if err := print(stdout, c, asJSON); err != nil {
		return err
	}
	return c.verdict()
}

// measured returns an error if the report does not hold what one of a suite
// does.
func measured(r *suiteReport, path string) error {
	if len(r.Measurements) == 0 {
		return fmt.Errorf("%s holds no measurements", path)
	}
	for i := range r.Measurements {
		if m := &r.Measurements[i]; m.Failure == "" && len(m.alternations()) == 0 {
			return fmt.Errorf("%s has no samples of %s", path, m.ID)
		}
	}
	return nil
}

// sizesDiffer says in what the reports are of different sizes, if they are. How
// often and for how long was measured makes a value surer, but no other one. The
// rounds whose p99 counts are an exception: what happens once in ten seconds is
// in a long one, and in a short one or not.
func sizesDiffer(a, b *suiteReport) string {
	for _, s := range []struct {
		name string
		a, b any
	}{
		{"a quick run", a.Quick, b.Quick},
		{"people in the large store", a.Sizes.People, b.Sizes.People},
		{"people in the store beside it", a.Sizes.FewPeople, b.Sizes.FewPeople},
		{"members of the group", a.Sizes.Members, b.Sizes.Members},
		{"workspaces", a.Sizes.Workspaces, b.Sizes.Workspaces},
		{"workspaces that are not idle", a.Sizes.Busy, b.Sizes.Busy},
		{"people in each workspace", a.Sizes.PerWorkspace, b.Sizes.PerWorkspace},
		{"seconds of a round whose p99 counts", a.Sizes.LongSeconds, b.Sizes.LongSeconds},
	} {
		if s.a != s.b {
			return fmt.Sprintf("%s: %v and %v", s.name, s.a, s.b)
		}
	}
	return ""
}

// A comparison is what changed from one report to another.
type comparison struct {
	Threshold float64  `json:"threshold"` // percent
	Changes   []change `json:"changes"`
	Same      int      `json:"same"`  // measurements whose difference is noise
	Notes     []string `json:"notes"` // what a reader has to know
}

// A change is a measurement whose values differ beyond the noise, or that only
// one of the reports has.
type change struct {
	ID      string  `json:"id"`
	Before  float64 `json:"before"`
	After   float64 `json:"after"`
	Percent float64 `json:"percent"` // of Before; 100 if that is 0, and 0 where one of the two is not there
	Verdict string  `json:"verdict"`
}

// Verdicts of a change.
const (
	better     = "better"
	worse      = "worse" // by no more than the threshold
	regression = "regression"
	lost       = "regression: not measured any more"
	gained     = "measured for the first time"
)

// compare compares each measurement of a with the one of b of the same name.
func compare(a, b *suiteReport, threshold float64) *comparison {
	c := &comparison{Threshold: threshold}
	if a.Machine != b.Machine {
		c.Notes = append(c.Notes, "The machines differ: what is no ratio may have changed with them.")
	}
	for i := range a.Measurements {
		before := &a.Measurements[i]
		at := slices.IndexFunc(b.Measurements, func(m measurement) bool { return m.ID == before.ID })
		if at < 0 {
			c.Notes = append(c.Notes, before.ID+" is in the first report alone.")
			continue
		}
		c.add(before, &b.Measurements[at])
	}
	for _, after := range b.Measurements {
		if !slices.ContainsFunc(a.Measurements, func(m measurement) bool { return m.ID == after.ID }) {
			c.Notes = append(c.Notes, after.ID+" is in the second report alone.")
		}
	}
	return c
}

// add compares one measurement.
func (c *comparison) add(before, after *measurement) {
	one := change{ID: before.ID, Before: before.Value, After: after.Value}
	switch {
	case before.Failure != "" && after.Failure != "":
		c.Notes = append(c.Notes, before.ID+" is measured in neither report.")
		return
	case after.Failure != "":
		one.Verdict = lost
	case before.Failure != "":
		one.Verdict = gained
	case noise(before.alternations(), after.alternations()):
		c.Same++
		return
	default:
		one.Percent = 100
		if before.Value != 0 {
			one.Percent = (after.Value - before.Value) / before.Value * 100
		}
		one.Verdict = c.judge(one.Percent, before.Bound)
	}
	c.Changes = append(c.Changes, one)
}

// judge names a change by so many percent of what has to stand so to its goal.
func (c *comparison) judge(percent float64, bound string) string {
	if bound == atMostGoal {
		percent = -percent
	}
	switch {
	case percent >= 0:
		return better
	case -percent > c.Threshold:
		return regression
	}
	return worse
}

// noise reports whether values of one lie among those of the other.
func noise(before, after []float64) bool {
	return slices.Max(before) >= slices.Min(after) && slices.Max(after) >= slices.Min(before)
}

// errRegression ends a comparison that found one.
var errRegression = errors.New("there is a regression")

// verdict returns errRegression if there is one.
func (c *comparison) verdict() error {
	for _, one := range c.Changes {
		if one.Verdict == regression || one.Verdict == lost {
			return errRegression
		}
	}
	return nil
}

func (c *comparison) tables() []table {
	changes := table{head: []string{"changed beyond the noise", "before", "after", "percent", "verdict"}}
	for _, one := range c.Changes {
		before, after, percent := figure(one.Before), figure(one.After), fmt.Sprintf("%+.1f", one.Percent)
		switch one.Verdict {
		case lost:
			after, percent = "", ""
		case gained:
			before, percent = "", ""
		}
		changes.add(one.ID, before, after, percent, one.Verdict)
	}
	if len(c.Changes) == 0 {
		changes.head = []string{"nothing changed beyond the noise"}
	}
	same := table{head: []string{"within the noise", fmt.Sprint(c.Same)}}
	notes := table{head: []string{"notes"}}
	for _, note := range c.Notes {
		notes.add(note)
	}
	all := []table{changes, same}
	if len(c.Notes) > 0 {
		all = append(all, notes)
	}
	return all
}

// alternations returns the measurement's value in each of them.
func (m *measurement) alternations() []float64 {
	if m.Against == nil {
		return m.Ours.Samples
	}
	var values []float64
	for i := range min(len(m.Ours.Samples), len(m.Against.Samples)) {
		values = append(values, ratio(m.Ours.Samples[i], m.Against.Samples[i]))
	}
	return values
}
