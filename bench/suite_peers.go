package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"rosterd/bench/play"
)

// peerConnections are few, since most peers are not built for more.
const peerConnections = 16

var peerRequests = []string{"POST", "GET", "filter", "PATCH"}

// moduleRoot returns the directory of the module that bench is run in, or "".
func moduleRoot() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}

// peersPart compares the daemon with every peer that is in bench/peers.
func peersPart() part {
	starts, _ := filepath.Glob(filepath.Join(moduleRoot(), "bench", "peers", "*", "start")) // fails only for a bad pattern
	p := part{id: "peers", title: "other SCIM servers"}
	for _, start := range starts {
		name := filepath.Base(filepath.Dir(start))
		for _, request := range peerRequests {
			p.targets = append(p.targets, target{
				peerTarget(name, request), fmt.Sprintf("%s, %d connections / %s, in memory", request, peerConnections, name),
				"/s", atLeastGoal, 1,
			})
		}
	}
	p.seconds = func(z sizes) float64 {
		return 5 + float64(z.Alternations*len(peerRequests)*2*len(starts))*z.lasting(z.round)
	}
	p.run = func(ctx context.Context, s *suite) error { return s.measurePeers(ctx, starts) }
	if len(starts) == 0 {
		p.targets = []target{{"peers", "peers", "/s", atLeastGoal, 1}}
	}
	return p
}

func peerTarget(name, request string) string { return "peer-" + name + "-" + strings.ToLower(request) }

// A rival is a SCIM server with some people, and what is sent to it: streams
// that go on from one comparison to the next.
type rival struct {
	name    string
	client  *play.Client
	streams map[string]*sequence // by peerRequests
}

// measurePeers drives the daemon and all peers in turn. A peer that does not
// start or does not hold out fails alone.
func (s *suite) measurePeers(ctx context.Context, starts []string) error {
	if len(starts) == 0 {
		return errors.New("there is no bench/peers in this module")
	}
	d, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	token, err := d.openWorkspace("bench", seats)
	if err != nil {
		return err
	}
	ours, err := newRival("rosterd", d.client(token, peerConnections), s.atPeers)
	if err != nil {
		return err
	}
	defer ours.client.Close()
	for _, start := range starts {
		name := filepath.Base(filepath.Dir(start))
		s.status.say("installing and starting %s", name)
		p, about, err := s.startPeer(ctx, start)
		if err == nil {
			err = s.measurePeer(ctx, ours, p, name)
			p.kill()
		}
		if err != nil {
			about.Failure = err.Error()
		}
		s.report.Peers = append(s.report.Peers, about)
		for _, request := range peerRequests {
			if _, measured := s.findings[peerTarget(name, request)]; !measured {
				s.fail(peerTarget(name, request), err)
			}
		}
	}
	return ctx.Err()
}

// startPeer starts a peer and reads what its ready line says of it.
func (s *suite) startPeer(ctx context.Context, start string) (*process, peerReport, error) {
	about := peerReport{Name: filepath.Base(filepath.Dir(start))}
	p, err := startProcess(ctx, s.dir, start)
	if err != nil {
		return nil, about, err
	}
	text, err := os.ReadFile(p.output)
	if err != nil {
		p.kill()
		return nil, about, err
	}
	for line := range strings.Lines(string(text)) {
		if readyURL([]byte(line)) != "" {
			_ = json.Unmarshal([]byte(line), &about) // readyURL has read it
		}
	}
	return p, about, nil
}

// newRival creates the first people.
func newRival(name string, client *play.Client, people int) (*rival, error) {
	ids := make([]string, people)
	for i := range ids {
		answer, err := client.Do("POST", "/Users", play.PersonAt(keptSeed, i).Body())
		if err != nil {
			return nil, err
		}
		user, err := answer.Resource()
		if err != nil || user.ID == "" {
			return nil, fmt.Errorf("create a user: status %d: %.300s", answer.Status, answer.Body)
		}
		ids[i] = user.ID
	}
	return &rival{name, client, map[string]*sequence{
		"POST": creates(createSeed), "GET": reads(ids), "filter": filters(keptNames(people)).checking(oneFound), "PATCH": patchActive(ids),
	}}, nil
}

func (s *suite) measurePeer(ctx context.Context, ours *rival, p *process, name string) error {
	client := play.NewClient(p.url, "none", peerConnections)
	defer client.Close()
	peer, err := newRival(name, client, s.atPeers)
	if err != nil {
		return err
	}
	for _, request := range peerRequests {
		var contenders []contender
		for _, r := range []*rival{ours, peer} {
			t := traffic{r.client, r.streams[request], peerConnections}
			contenders = append(contenders, contender{r.name + ", " + request, func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), t) }})
		}
		sides, err := s.alternate(ctx, contenders...)
		if err != nil {
			return err
		}
		s.compare(peerTarget(name, request), sides[0], sides[1], "")
	}
	return nil
}

// allocations is what TestAllocs logs of each of the requests.
var allocations = regexp.MustCompile(`(?m)_test\.go:[0-9]+: (GET by id|filter hit|POST): ([0-9]+(?:\.[0-9]+)?)`)

// allocsPart holds the daemon's own count of allocations against the goals.
func allocsPart() part {
	return part{"allocs", "allocations", func(sizes) float64 { return 15 }, []target{
		{"allocs-get", "allocations of a GET by id", "allocs", atMostGoal, 5},
		{"allocs-filter", "allocations of a filter that hits", "allocs", atMostGoal, 12},
		{"allocs-post", "allocations of a POST", "allocs", atMostGoal, 80},
	}, measureAllocs}
}

func measureAllocs(ctx context.Context, s *suite) error {
	cmd := exec.CommandContext(ctx, "go", "test", "./httpapi", "-run", "TestAllocs", "-count=1", "-v")
	cmd.Dir = moduleRoot()
	text, err := cmd.CombinedOutput() // a ceiling that is missed fails the test, and its figures count all the same
	for request, value := range readAllocs(string(text)) {
		id := map[string]string{"GET by id": "allocs-get", "filter hit": "allocs-filter", "POST": "allocs-post"}[request]
		s.absolute(id, newSide("rosterd", []float64{value}), "")
	}
	if len(s.findings) < 3 {
		return errors.Join(fmt.Errorf("go test ./httpapi -run TestAllocs logs %d of 3 figures", len(s.findings)), err)
	}
	return nil
}

// readAllocs returns the figures in the output of the test.
func readAllocs(text string) map[string]float64 {
	all := map[string]float64{}
	for _, match := range allocations.FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(match[2], 64)
		if err == nil {
			all[match[1]] = value
		}
	}
	return all
}
