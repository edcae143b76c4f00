package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rosterd/bench/play"
)

// TestPage writes what was just measured as a page, and compares with
// testdata/page.txt of what elements it is made.
func TestPage(t *testing.T) {
	const golden = "testdata/page.txt"
	path := filepath.Join(t.TempDir(), "report.html")
	r := measure(t)
	if err := writeHTML(r, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := outline(t, text)
	want, err := os.ReadFile(golden)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	if got != string(want) && !*rewrite {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The figures themselves differ from run to run: each has to be there.
	for _, m := range r.Measurements {
		for _, v := range []float64{m.Ours.Median, m.Value} {
			if m.Failure == "" && !bytes.Contains(text, []byte(">"+figure(v)+"<")) {
				t.Errorf("%s: the page lacks %s", m.ID, figure(v))
			}
		}
	}
	for _, outside := range []string{"<script", "href", "src=", "url(", "@import", "http:", "https:"} {
		if bytes.Contains(text, []byte(outside)) {
			t.Errorf("the page holds %s, and should need nothing", outside)
		}
	}
}

// measure returns a report of a moment's load on the bare server, which is in
// this process.
func measure(t *testing.T) *suiteReport {
	t.Helper()
	client := bareClient(t)
	var one, four []float64
	latencies := plot{ID: "latency", Title: "Latency over time", X: "rounds", Y: "ms", Lines: []line{{Name: "least"}, {Name: "most"}}}
	sweep := plot{ID: "throughput", Title: "Throughput", X: "connections", Y: "people per second", Lines: []line{{Name: "bare server"}}}
	for i := range 3 {
		a, _ := post(t, client, 1)
		b, elapsed := post(t, client, 4)
		one, four = append(one, a), append(four, b)
		for l, ms := range []float64{slices.Min(elapsed), slices.Max(elapsed)} {
			latencies.Lines[l].Points = append(latencies.Lines[l].Points, point{float64(i), ms})
		}
	}
	for _, connections := range []int{1, 4, 32} {
		perSecond, _ := post(t, client, connections)
		sweep.Lines[0].Points = append(sweep.Lines[0].Points, point{float64(connections), perSecond})
	}
	against, none := newSide("1 connection", one), newSide("a peer", nil)
	_, err := startProcess(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "none"))
	if err == nil {
		t.Fatal("a program that is not there has started")
	}
	r := &suiteReport{
		Schema: suiteSchema, Quick: true, Began: time.Now().UTC().Format(time.RFC3339), Seconds: 1,
		Measurements: []measurement{
			{ID: "easy", Part: "bare", Title: "POST, 4 connections against <one> & the same", Unit: "/s", Ours: newSide("bare server", four), Against: &against, Bound: atLeastGoal, Goal: 1e-6},
			{ID: "hard", Part: "bare", Title: "POST, 4 connections", Unit: "/s", Ours: newSide("bare server", four), Bound: atLeastGoal, Goal: 1e12, Note: "nobody reaches that"},
			{ID: "peer", Part: rivalsPart, Title: "POST against a peer", Unit: "/s", Ours: newSide("bare server", one), Against: &none, Bound: atLeastGoal, Goal: 1},
		},
		Plots: []plot{latencies, sweep, {ID: "empty", Title: "nothing"}},
		Peers: []peerReport{{Name: "a peer", Failure: errors.Unwrap(err).Error()}},
		Notes: []string{"the server is in the process of the client"},
	}
	for i := range r.Measurements {
		r.Measurements[i].conclude()
	}
	return r
}

// post sends ten people over each of so many connections, and returns how many
// a second were answered, and in how many milliseconds each was.
func post(t *testing.T, client *play.Client, connections int) (perSecond float64, elapsed []float64) {
	t.Helper()
	const each = 10
	elapsed = make([]float64, connections*each)
	start := time.Now()
	var group sync.WaitGroup
	for c := range connections {
		group.Go(func() {
			for i := range each {
				answer, err := client.Do("POST", "/", play.PersonAt(1, i).Body())
				if err != nil || !answer.OK() {
					t.Errorf("status %d: %v", answer.Status, err)
				}
				elapsed[c*each+i] = milliseconds(answer.Elapsed)
			}
		})
	}
	group.Wait()
	return ratio(float64(len(elapsed)), time.Since(start).Seconds()), elapsed
}

// bareClient runs the bare server for the test and returns a client of it.
func bareClient(t *testing.T) *play.Client {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	dir := t.TempDir()
	ready, lines := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serveBare(ctx, "127.0.0.1:0", dir, lines)
		lines.CloseWithError(err)
		ended <- err
	}()
	buffer := make([]byte, 1<<10)
	n, err := ready.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	client := play.NewClient(readyURL(buffer[:n]), "", 32)
	t.Cleanup(func() {
		client.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return client
}

// spoken are the elements whose words are in an outline, with # for digits and
// dates.
var (
	spoken = []string{"title", "h1", "h2", "h3", "caption", "figcaption", "th", "td", "dt", "summary", "desc", "li", "p"}
	digit  = regexp.MustCompile(`[0-9]+ [A-Z][a-z]+ [0-9]{4}|[0-9]+([.,][0-9]+)*`)
)

// outline lists the elements of the page, which is well-formed, and of a drawing
// only its name and whether anything is drawn.
func outline(t *testing.T, text []byte) string {
	t.Helper()
	var out strings.Builder
	decoder := xml.NewDecoder(bytes.NewReader(text))
	var open []xml.StartElement
	drawn := 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Copy())
			name := token.Name.Local
			if name == "path" || name == "circle" || name == "text" || name == "line" {
				drawn++
				continue
			}
			fmt.Fprintf(&out, "\n%s%s", strings.Repeat("  ", len(open)-1), name)
			for _, a := range token.Attr {
				if a.Name.Local == "class" || a.Name.Local == "scope" || a.Name.Local == "data-label" || a.Name.Local == "role" {
					fmt.Fprintf(&out, " %s=%s", a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			if token.Name.Local == "svg" {
				if drawn == 0 {
					t.Errorf("an svg is empty")
				}
				drawn = 0
			}
			open = open[:len(open)-1]
		case xml.CharData:
			words := strings.Join(strings.Fields(string(token)), " ")
			if len(open) > 0 && words != "" && slices.Contains(spoken, open[len(open)-1].Name.Local) {
				words = strings.TrimSuffix(words, ", logarithmic") // as the figures have it
				out.WriteString(": " + digit.ReplaceAllString(words, "#"))
			}
		}
	}
}

// TestAxis shows values on axes.
func TestAxis(t *testing.T) {
	for _, c := range []struct {
		values      []float64
		log, from0  bool
		want        string
		first, last float64 // places of these ticks
	}{
		{[]float64{3, 87}, false, true, "0 20 40 60 80 100", 0, 100},
		{[]float64{990, 1010}, false, false, "990 995 1000 1005 1010", 990, 1010},
		{[]float64{0, 1_500_000}, false, true, "0 500k 1M 1.5M", 0, 1.5e6},
		{[]float64{7}, false, false, "6 6.5 7 7.5 8", 6, 8},
		{[]float64{0, 0}, false, true, "0 0.2 0.4 0.6 0.8 1", 0, 1},
		{[]float64{0.6, 1.4}, true, false, "0.5 1 2", -math.Log10(2), math.Log10(2)},
		{[]float64{1, 1}, true, false, "1 2", 0, math.Log10(2)},
		{[]float64{0.3, 900}, true, false, "0.1 1 10 100 1000", -1, 3},
	} {
		a := newAxis(c.values, c.log, c.from0, 5)
		var labels []string
		for _, mark := range a.marks() {
			labels = append(labels, mark.Label)
		}
		marks := a.marks()
		first, last := marks[0].Value, marks[len(marks)-1].Value
		if got := strings.Join(labels, " "); got != c.want || math.Abs(first-c.first) > 1e-9 || math.Abs(last-c.last) > 1e-9 {
			t.Errorf("%v: %s from %v to %v, want %s", c.values, got, first, last, c.want)
		}
	}
}
