package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/schollz/progressbar/v3"

	"rosterd/bench/play"
)

// membersPerPatch keeps a PATCH of members around 30 KB, as a connector that
// batches does.
const membersPerPatch = 500

// importPeople creates the workspace and its people, as fast as the
// connections allow.
func (s *scale) importPeople(ctx context.Context) error {
	var err error
	// Seats for everybody, those created before restarts included.
	if s.token, err = s.daemon.openWorkspace("scale", 2*s.flags.people); err != nil {
		return err
	}
	s.client = s.daemon.client(s.token, s.flags.connections)
	ids := make([]string, s.flags.people)
	bar := newBar(s.stderr, s.flags.people, "importing", progressbar.OptionShowIts())
	start := time.Now()
	if err := s.createPeople(ctx, ids, func() { _ = bar.Add(1) }); err != nil {
		return err
	}
	s.ids = ids
	s.report.ImportSeconds = time.Since(start).Seconds()
	s.report.PerSecond = ratio(float64(s.flags.people), s.report.ImportSeconds)
	return nil
}

// createPeople creates as many people as ids is long, who follow those there
// are, and writes their ids to it. It stops at the first refusal: a
// measurement of fewer people is none.
func (s *scale) createPeople(ctx context.Context, ids []string, created func()) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	people := &sequence{n: int64(len(ids)), request: func(i int) play.Request {
		r := create(scaleSeed, len(s.ids)+i)
		r.Done = func(a play.Answer, err error) {
			if ids[i], err = idOf(r.Path, a, err); err != nil {
				stop(err)
				return
			}
			created()
		}
		return r
	}}
	play.Drive(ctx, s.client, people, play.Pace{Connections: s.flags.connections}, nil)
	return context.Cause(ctx)
}

// create posts body and returns the id it got.
func (s *scale) create(path string, body []byte) (string, error) {
	answer, err := s.send(http.MethodPost, path, body)
	return idOf(path, answer, err)
}

// idOf returns the id of what a POST to path has created.
func idOf(path string, a play.Answer, err error) (string, error) {
	if err == nil && !a.OK() {
		err = fmt.Errorf("POST %s: status %d: %.300s", path, a.Status, a.Body)
	}
	if err != nil {
		return "", err
	}
	created, err := a.Resource()
	if err == nil && created.ID == "" {
		err = fmt.Errorf("POST %s: the answer has no id", path)
	}
	return created.ID, err
}

// send sends one request that has to succeed.
func (s *scale) send(method, path string, body []byte) (play.Answer, error) {
	answer, err := s.client.Do(method, path, body)
	if err != nil {
		return play.Answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if !answer.OK() {
		return play.Answer{}, fmt.Errorf("%s %s: status %d: %.300s", method, path, answer.Status, answer.Body)
	}
	return answer, nil
}

// fillGroups makes the two groups that members are added to later.
func (s *scale) fillGroups(context.Context) error {
	var err error
	if s.small, err = s.group("Small team", s.ids[:smallGroup]); err != nil {
		return err
	}
	s.large, err = s.group("Large team", s.ids[:s.flags.people/2])
	return err
}

func (s *scale) group(name string, members []string) (string, error) {
	id, err := s.create("/Groups", play.Group{Name: name, ExternalID: name}.Body())
	if err != nil {
		return "", err
	}
	for len(members) > 0 {
		n := min(len(members), membersPerPatch)
		if _, err := s.send(http.MethodPatch, "/Groups/"+id, play.MembersBody("Add", members[:n]...)); err != nil {
			return "", err
		}
		members = members[n:]
	}
	return id, nil
}
