package main

import (
	"cmp"
	"context"
	"errors"

	"rosterd/bench/play"
)

// connections are how many requests are in flight at a time, unless a part or a
// flag says otherwise.
const connections = 64

// A traffic is what one client sends over so many connections.
type traffic struct {
	client      *play.Client
	source      play.Source
	connections int
}

// push drives one traffic.
func push(ctx context.Context, p play.Pace, l traffic) (play.Outcome, error) {
	p.Connections = l.connections
	outcome := play.Drive(ctx, l.client, l.source, p, nil)
	err := cmp.Or(ctx.Err(), firstRefusal(outcome))
	if err == nil && outcome.Count == 0 {
		err = errors.New("nothing was answered")
	}
	return outcome, err
}
