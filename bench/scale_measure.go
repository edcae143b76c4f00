package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"rosterd/bench/play"
)

const (
	filterRequests    = 20_000
	filterConnections = 4 // a steady trickle, as identity providers send it, not a queue
	pairRounds        = 250
	pageSize          = 100
)

// measureFilter looks people up by userName, all over the workspace, and reads
// the p99 from the daemon's own histogram: the difference of two scrapes, in
// between which the daemon serves nothing else under /scim.
func (s *scale) measureFilter(ctx context.Context) error {
	before, err := s.scimBuckets()
	if err != nil {
		return err
	}
	seen, err := s.filter(ctx)
	if err != nil {
		return err
	}
	after, err := s.scimBuckets()
	if err != nil {
		return err
	}
	s.report.Filter.Client = seen.Latency
	s.report.Filter.P99Seconds, s.report.Filter.Requests = upperBound(between(before, after), 0.99)
	if s.report.Filter.Requests < filterRequests {
		return fmt.Errorf("the daemon's histogram counts %d of %d filter requests", s.report.Filter.Requests, filterRequests)
	}
	return nil
}

func (s *scale) scimBuckets() ([]bucket, error) {
	metrics, err := readScrape(s.daemon.url)
	if err != nil {
		return nil, err
	}
	return metrics.histogram("rosterd_http_request_duration_seconds", "surface", "scim")
}

// filter sends the requests and checks that each finds its one person.
func (s *scale) filter(ctx context.Context) (play.Outcome, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	requests := &sequence{n: filterRequests, request: func(i int) play.Request {
		// A stride with no common factor goes through all people, out of order.
		const stride = 7919
		name := play.PersonAt(scaleSeed, i*stride%s.flags.people).UserName
		return play.Request{
			Kind: "filter", Method: http.MethodGet, Path: "/Users?filter=userName+eq+%22" + url.QueryEscape(name) + "%22",
			Done: func(a play.Answer, err error) {
				if err := found(name, a, err); err != nil {
					stop(err)
				}
			},
		}
	}}
	outcome := play.Drive(ctx, s.client, requests, play.Pace{Connections: filterConnections}, nil)
	return outcome, context.Cause(ctx)
}

// found checks that a filter has found the one person of this name.
func found(name string, a play.Answer, err error) error {
	if err != nil {
		return err
	}
	list, err := a.List()
	if err == nil && (!a.OK() || list.Total != 1 || len(list.Resources) != 1 || list.Resources[0].UserName != name) {
		err = fmt.Errorf("the filter for one person finds %d, with status %d", list.Total, a.Status)
	}
	return err
}

// pair measures a and b in turn, so that a slow moment of the machine hits
// both, one request at a time.
func pair(ctx context.Context, a, b func(round int) (play.Answer, error)) (pairReport, error) {
	var ofA, ofB []float64
	for r := range pairRounds {
		first, err := a(r)
		if err != nil {
			return pairReport{}, err
		}
		second, err := b(r)
		if err != nil {
			return pairReport{}, err
		}
		ofA, ofB = append(ofA, milliseconds(first.Elapsed)), append(ofB, milliseconds(second.Elapsed))
	}
	report := pairReport{Rounds: pairRounds, A: median(ofA), B: median(ofB)}
	report.Ratio = ratio(report.B, report.A)
	return report, ctx.Err()
}

// measurePages compares the first page with one at nine tenths of the list.
func (s *scale) measurePages(ctx context.Context) error {
	page := func(start int) func(int) (play.Answer, error) {
		return func(int) (play.Answer, error) {
			answer, err := s.send(http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=%d", start, pageSize), nil)
			if err != nil {
				return answer, err
			}
			list, err := answer.List()
			if err == nil && (list.Total != s.flags.people || len(list.Resources) != pageSize) {
				err = fmt.Errorf("the page at %d has %d of %d people", start, len(list.Resources), list.Total)
			}
			return answer, err
		}
	}
	var err error
	s.report.Pages, err = pair(ctx, page(1), page(s.flags.people*9/10+1))
	return err
}

// measureMembers compares adding a member to the small group with adding one
// to the large. Each is removed again outside the measurement, so that the
// groups keep their sizes.
func (s *scale) measureMembers(ctx context.Context) error {
	add := func(group string) func(int) (play.Answer, error) {
		return func(round int) (play.Answer, error) {
			outsider := s.ids[s.flags.people/2+round]
			answer, err := s.send(http.MethodPatch, "/Groups/"+group, play.MembersBody("Add", outsider))
			if err != nil {
				return answer, err
			}
			_, err = s.send(http.MethodPatch, "/Groups/"+group, play.MembersBody("Remove", outsider))
			return answer, err
		}
	}
	var err error
	s.report.Members, err = pair(ctx, add(s.small), add(s.large))
	return err
}
