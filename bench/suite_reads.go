package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"rosterd/bench/play"
)

// echoSamples are the answers whose length the echo gets on average.
const echoSamples = 200

// measureGet compares GET by id with the echo.
func measureGet(ctx context.Context, s *suite) error {
	return s.againstEcho(ctx, "get", func(ids []string, _ int) *sequence { return reads(ids) }, func(play.Answer) error { return nil })
}

// measureFilter compares lookups by userName with the same echo.
func measureFilter(ctx context.Context, s *suite) error {
	return s.againstEcho(ctx, "filter", func(_ []string, people int) *sequence { return filters(keptNames(people)) }, oneFound)
}

// keptNames returns the userNames of so many people of a kept store.
func keptNames(people int) []string {
	names := make([]string, people)
	for i := range names {
		names[i] = play.PersonAt(keptSeed, i).UserName
	}
	return names
}

// filters returns lookups of people by userName, the way Entra ID writes them.
func filters(names []string) *sequence {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = "/Users?filter=userName+eq+%22" + url.QueryEscape(name) + "%22"
	}
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "filter", Method: http.MethodGet, Path: paths[n*stride%len(paths)]}
	}}
}

// oneFound is an error unless a list answers with one resource: to find nobody
// is faster.
func oneFound(a play.Answer) error {
	if bytes.Contains(a.Body, []byte(`"totalResults":1,`)) || bytes.Contains(a.Body, []byte(`"totalResults":1}`)) {
		return nil
	}
	return fmt.Errorf("a filter that selects one person is answered: %.300s", a.Body)
}

// againstEcho sends requests to the daemon on the smaller store, whose answers
// are checked, and the same to the echo, which answers as long as the daemon does
// a GET by id.
func (s *suite) againstEcho(ctx context.Context, id string, requests func(ids []string, people int) *sequence, check func(play.Answer) error) error {
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
	size, err := answerLength(client, ids)
	if err != nil {
		return err
	}
	echo, err := startEcho(ctx, s.dir, size)
	if err != nil {
		return err
	}
	defer echo.kill()
	other := play.NewClient(echo.url+"/scim/v2", k.Token, connections)
	defer other.Close()
	drive := func(c *play.Client, requests *sequence) func(context.Context, int) (float64, error) {
		t := traffic{c, requests, connections}
		return func(ctx context.Context, _ int) (float64, error) { return rate(ctx, s.closed(), t) }
	}
	sides, err := s.alternate(ctx, contender{"rosterd", drive(client, requests(ids, k.People).checking(check))}, contender{"echo", drive(other, requests(ids, k.People))})
	if err != nil {
		return err
	}
	s.compare(id, sides[0], sides[1], fmt.Sprintf("%d people; the echo answers with %d bytes", k.People, size))
	return nil
}

// answerLength returns how long the answer to a GET by id is on average, in
// bytes.
func answerLength(client *play.Client, ids []string) (int, error) {
	sum := 0
	for i := range echoSamples {
		answer, err := client.Do("GET", "/Users/"+ids[i*stride%len(ids)], nil)
		if err != nil || !answer.OK() {
			return 0, fmt.Errorf("GET a user: status %d: %w", answer.Status, err)
		}
		sum += len(answer.Body)
	}
	return sum / echoSamples, nil
}
