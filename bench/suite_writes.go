package main

import (
	"context"
	"fmt"
	"time"

	"rosterd/bench/play"
)

// Rivals are a daemon with one workspace and the bare server, both running.
type rivals struct {
	daemon *daemon
	token  string
	bare   *process
}

// startRivals starts both on empty stores.
func (s *suite) startRivals(ctx context.Context) (*rivals, error) {
	d, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	token, err := d.openWorkspace("bench", seats)
	if err != nil {
		d.kill()
		return nil, err
	}
	bare, err := startBare(ctx, s.dir, "127.0.0.1:0")
	if err != nil {
		d.kill()
		return nil, err
	}
	return &rivals{d, token, bare}, nil
}

func (p *rivals) close() {
	p.daemon.kill()
	p.bare.kill()
}

// clients returns one of the daemon and one of the bare server, which send the
// same to the byte.
func (p *rivals) clients(connections int) (ours, bare *play.Client) {
	return p.daemon.client(p.token, connections), play.NewClient(p.bare.url+"/scim/v2", p.token, connections)
}

// measurePost compares creates with the bare server, at several connections.
func measurePost(ctx context.Context, s *suite) error {
	p, err := s.startRivals(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	for _, n := range []int{16, 64, 256} {
		sides, err := s.creates(ctx, p, n)
		if err != nil {
			return err
		}
		s.compare(fmt.Sprintf("post-%d", n), sides[0], sides[1], "")
	}
	return nil
}

// creates drives both with creates from so many connections.
func (s *suite) creates(ctx context.Context, p *rivals, n int) ([]side, error) {
	ours, bare := p.clients(n)
	defer ours.Close()
	defer bare.Close()
	seed := uint64(createSeed + n)
	a, b := traffic{ours, creates(seed), n}, traffic{bare, creates(seed), n}
	return s.alternate(ctx,
		contender{at("rosterd", n), func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), a) }},
		contender{at("bare server", n), func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), b) }})
}

// measureSpread compares creates over as many workspaces as connections with
// creates in one. Both have a client for each connection.
func measureSpread(ctx context.Context, s *suite) error {
	d, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	one, err := d.openWorkspace("one", seats)
	if err != nil {
		return err
	}
	over, in := make([]traffic, connections), make([]traffic, connections)
	for i := range connections {
		token, err := d.openWorkspace(fmt.Sprintf("many-%d", i), seats)
		if err != nil {
			return err
		}
		over[i] = traffic{d.client(token, 1), creates(createSeed), 1}
		in[i] = traffic{d.client(one, 1), creates(createSeed + 1 + uint64(i)), 1}
		defer over[i].client.Close()
		defer in[i].client.Close()
	}
	sides, err := s.alternate(ctx,
		contender{"over 64 workspaces", func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), over...) }},
		contender{"one workspace", func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), in...) }})
	if err != nil {
		return err
	}
	s.compare("spread", sides[0], sides[1], "")
	return nil
}

// patched is how many people the PATCHes take in turn: many more than
// connections, so that every one changes something.
const patched = 1000

// measurePatch compares PATCHes with creates in the same workspace.
func measurePatch(ctx context.Context, s *suite) error {
	k, err := s.keep(ctx, s.FewPeople)
	if err != nil {
		return err
	}
	d, err := s.on(ctx, k)
	if err != nil {
		return err
	}
	defer d.kill()
	client := d.client(k.Token, connections)
	defer client.Close()
	ids, err := userIDs(client, k.People)
	if err != nil {
		return err
	}
	outsiders := ids[k.Members:]
	drive := func(name string, requests *sequence) contender {
		t := traffic{client, requests, connections}
		return contender{name, func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), t) }}
	}
	sides, err := s.alternate(ctx,
		drive("PATCH active", patchActive(ids[:min(patched, k.Members)])),
		drive("PATCH member", patchMembers(k.Group, outsiders[:min(patched, len(outsiders))])),
		drive("POST", creates(createSeed)))
	if err != nil {
		return err
	}
	note := fmt.Sprintf("in a workspace of %d people", k.People)
	s.compare("patch-active", sides[0], sides[2], note)
	s.compare("patch-member", sides[1], sides[2], note)
	return nil
}

// Of the bulks, each token has as many in flight as the daemon allows it.
const (
	bulkTokens = 4
	bulksEach  = 4
)

// measureBulk compares the people that bulks create with the bare server, which
// gets bodies of the same length at the same connections.
func measureBulk(ctx context.Context, s *suite) error {
	p, err := s.startRivals(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	admin, err := p.daemon.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	ours := bulkCreates(bulkSeed, perBulk).checking(func(a play.Answer) error { return allCreated(a, perBulk) })
	bare := bulkCreates(bulkSeed, perBulk)
	var a, b []traffic
	for range bulkTokens {
		token, err := admin.CreateToken("bench", "default", "bulk")
		if err != nil {
			return err
		}
		a = append(a, traffic{p.daemon.client(token, bulksEach), ours, bulksEach})
		b = append(b, traffic{play.NewClient(p.bare.url+"/scim/v2", token, bulksEach), bare, bulksEach})
		defer a[len(a)-1].client.Close()
		defer b[len(b)-1].client.Close()
	}
	pace := s.closed()
	pace.Duration = max(pace.Duration, time.Second/2) // each takes much longer than a request
	people := func(all []traffic) func(context.Context, int) (float64, error) {
		return func(ctx context.Context, _ int) (float64, error) {
			perSecond, err := rate(ctx, pace, all...)
			return perSecond * perBulk, err
		}
	}
	sides, err := s.alternate(ctx, contender{"rosterd", people(a)}, contender{"bare server x 100", people(b)})
	if err != nil {
		return err
	}
	s.compare("bulk", sides[0], sides[1], "")
	return nil
}

// measureSweep draws throughput by connections.
func measureSweep(ctx context.Context, s *suite) error {
	p, err := s.startRivals(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	client := p.daemon.client(p.token, connections)
	defer client.Close()
	if _, err := rate(ctx, s.closed(), traffic{client, creates(createSeed), connections}); err != nil {
		return err
	}
	ids, err := userIDs(client, patched/10)
	if err != nil {
		return err
	}
	size, err := answerLength(client, ids)
	if err != nil {
		return err
	}
	echo, err := startEcho(ctx, s.dir, size)
	if err != nil {
		return err
	}
	defer echo.kill()
	drawn := plot{ID: "connections", Title: "Throughput by connections", X: "connections", Y: "requests/s", Lines: []line{
		{Name: "GET, rosterd"}, {Name: "GET, echo"}, {Name: "POST, rosterd"}, {Name: "POST, bare server"},
	}}
	for _, n := range s.sweep {
		ours, bare := p.clients(n)
		other := play.NewClient(echo.url+"/scim/v2", p.token, n)
		for i, t := range []traffic{
			{ours, reads(ids), n}, {other, reads(ids), n},
			{ours, creates(createSeed + uint64(n)), n}, {bare, creates(createSeed + uint64(n)), n},
		} {
			s.status.say("%s", at(drawn.Lines[i].Name, n))
			if err := s.calm(ctx); err != nil {
				return err
			}
			perSecond, err := rate(ctx, s.closed(), t)
			if err != nil {
				return err
			}
			drawn.Lines[i].Points = append(drawn.Lines[i].Points, point{float64(n), perSecond})
		}
		ours.Close()
		bare.Close()
		other.Close()
	}
	s.report.Plots = append(s.report.Plots, drawn)
	return nil
}
