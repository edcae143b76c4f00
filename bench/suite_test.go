package main

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"rosterd/bench/play"
)

// TestAlternate: each contender is first in turn, and one that fails is named.
func TestAlternate(t *testing.T) {
	s := &suite{sizes: sizes{sizesReport: sizesReport{Alternations: 3}}, status: progress{w: io.Discard}}
	var order []string
	value := 0.0
	take := func(name string) contender {
		return contender{name, func(context.Context, int) (float64, error) {
			order = append(order, name)
			value++
			return value, nil
		}}
	}
	sides, err := s.alternate(t.Context(), take("a"), take("b"))
	if err != nil || strings.Join(order, "") != "abbaab" {
		t.Errorf("order %v, %v", order, err)
	}
	if want := []float64{1, 4, 5}; !reflect.DeepEqual(sides[0].Samples, want) || sides[0].Median != 4 || sides[0].Name != "a" {
		t.Errorf("sides %+v", sides)
	}
	_, err = s.alternate(t.Context(), take("a"), contender{"c", func(context.Context, int) (float64, error) { return 0, errMissed }})
	if !errors.Is(err, errMissed) || !strings.HasPrefix(err.Error(), "c: ") {
		t.Errorf("error %v", err)
	}
}

// TestSettle: targets that a part has not found fail with its error, those
// that it has count, and a part without targets leaves a note.
func TestSettle(t *testing.T) {
	s := &suite{status: progress{w: io.Discard}, findings: map[string]finding{}}
	p := part{id: "p", targets: []target{{"a", "A", "/s", atLeastGoal, 0.5}, {"b", "B", "s", atMostGoal, 2}, {"c", "C", "s", atMostGoal, 2}}}
	s.compare("a", newSide("ours", []float64{3}), newSide("limit", []float64{4}), "a note")
	s.fail("c", errors.New("of its own"))
	s.settle(p, errors.New("broken"))
	s.settle(part{id: "q"}, errors.New("broken"))
	var got []string
	for _, m := range s.report.Measurements {
		got = append(got, strings.Join([]string{m.ID, m.Part, m.Title, m.Unit, m.verdict(), m.Failure, m.Note}, "|"))
	}
	want := []string{"a|p|A|/s|met||a note", "b|p|B|s|not measured|broken|", "c|p|C|s|not measured|of its own|"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if want := []string{"q: broken"}; !reflect.DeepEqual(s.report.Notes, want) {
		t.Errorf("notes %q", s.report.Notes)
	}
}

// TestChoose takes parts by name, in their own order, and knows no others.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		only string
		want string
	}{{"", "get post idle"}, {"idle,get", "get idle"}, {"post", "post"}} {
		all := []part{{id: "get"}, {id: "post"}, {id: "idle"}}
		only := strings.FieldsFunc(c.only, func(r rune) bool { return r == ',' })
		chosen, err := choose(all, only)
		var ids []string
		for _, p := range chosen {
			ids = append(ids, p.id)
		}
		if got := strings.Join(ids, " "); got != c.want || err != nil {
			t.Errorf("%s: %s, %v", c.only, got, err)
		}
	}
	var usage usageError
	if _, err := choose([]part{{id: "get"}}, []string{"gett"}); !errors.As(err, &usage) || !strings.Contains(err.Error(), `"gett"`) {
		t.Errorf("unknown part: %v", err)
	}
}

// TestParts: names are unique and the same in a quick run, since reports are
// compared by them, and the whole takes no longer than it may.
func TestParts(t *testing.T) {
	var names [2]map[string]bool
	for i, z := range []sizes{fullSizes, quickSizes} {
		names[i] = map[string]bool{}
		seconds := 0.0
		for _, p := range suiteParts(z) {
			seconds += p.seconds(z)
			for _, one := range p.targets {
				if names[i][one.id] {
					t.Errorf("%s is there twice", one.id)
				}
				names[i][one.id] = true
			}
		}
		if i == 0 && seconds > 45*60 {
			t.Errorf("it takes %.0f s, at most 45 minutes are allowed", seconds)
		}
	}
	if !reflect.DeepEqual(names[0], names[1]) {
		t.Errorf("targets %v, in a quick run %v", names[0], names[1])
	}
}

// TestTimeline strings runs together, each without its warm-up.
func TestTimeline(t *testing.T) {
	var line timeline
	run := []play.Second{{At: 1, Count: 9, P50: 9, P99: 99}, {At: 2, Count: 1, P50: 1, P99: 2}, {At: 3}, {At: 3.5, Count: 1, P50: 3, P99: 4}}
	line.add(run, 1)
	line.add(run, 1)
	want := []point{{1, 2}, {2.5, 4}, {3.5, 2}, {5, 4}}
	if !reflect.DeepEqual(line.p99, want) || len(line.lines("x")) != 2 {
		t.Errorf("%v, want %v", line.p99, want)
	}
}

// TestReadAllocs reads what go test -v prints, missed or not.
func TestReadAllocs(t *testing.T) {
	text := "=== RUN   TestAllocs\n    allocs_test.go:80: GET by id: 0\n    allocs_test.go:80: filter hit: 12.5\n" +
		"    allocs_test.go:82: filter hit: 12.5 allocations, at most 12\n    allocs_test.go:90: POST: 80\n--- FAIL: TestAllocs (0.10s)\n"
	want := map[string]float64{"GET by id": 0, "filter hit": 12.5, "POST": 80}
	if got := readAllocs(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := readAllocs("no test files\n"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
