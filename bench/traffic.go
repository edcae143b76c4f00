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
	source      *sequence
	connections int
}

var errNothing = errors.New("nothing was answered")

// push drives one traffic. A request that fails is an error, but in the warm-up,
// and so is an answer that does not say what its sequence wants: what refuses, or
// finds nothing, is fast.
func push(ctx context.Context, p play.Pace, t traffic) (play.Outcome, error) {
	p.Connections = t.connections
	outcome := play.Drive(ctx, t.client, t.source, p, nil)
	return outcome, cmp.Or(ctx.Err(), firstRefusal(outcome), t.source.wrong.err())
}
