package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

// loadTeams is how many teams the roster of a load has. It has no roles: a
// black-box client cannot create those.
const loadTeams = 12

// mixDuration ends a load that would not end by itself.
const mixDuration = 30 * time.Second

// A cycle plays an identity provider from an empty server on.
type cycle func(context.Context, *play.Client, play.Plan, play.Options) (play.Summary, error)

var cycles = map[string]cycle{
	"entra": play.Entra, "okta": play.Okta, "okta-aiw": play.OktaAIW, "onelogin": play.OneLogin, "bulk": play.Bulk,
}

// mixes are requests about a population.
var mixes = map[string]play.Weights{"mixed": play.Mixed(), "read": play.Reads()}

func profileNames() []string {
	return slices.Concat(slices.Sorted(maps.Keys(cycles)), slices.Sorted(maps.Keys(mixes)))
}

type loadFlags struct {
	url, token, profile   string
	traceFile, recordFile string
	people                int
	pace                  play.Pace
	seed                  uint64
	shares                play.Shares
	json                  bool
}

func loadCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:     "load --url BASE --token TOKEN",
		Short:   "Load any SCIM server, and check that it keeps what it acknowledged",
		Long:    loadHelp,
		Example: loadExamples,
		Args:    cobra.NoArgs,
		RunE: working(func(cmd *cobra.Command) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "SCIM base URL of the server")
	flags.StringVar(&f.token, "token", "", "bearer token, allowed to read and write")
	flags.StringVar(&f.profile, "profile", "entra", "what to play: "+strings.Join(profileNames(), ", "))
	flags.StringVar(&f.traceFile, "trace", "", "play the requests of this file instead of a profile")
	flags.StringVar(&f.recordFile, "record", "", "write the requests to this file, as a trace")
	flags.IntVar(&f.people, "people", 1000, "how many people")
	flags.IntVar(&f.pace.Connections, "connections", 16, "requests in flight at a time")
	flags.Float64Var(&f.pace.Rate, "rate", 0, "open loop: requests per second, whatever the server does (0: closed loop)")
	flags.DurationVar(&f.pace.WarmUp, "warm-up", 0, "do not count the first so long")
	flags.DurationVar(&f.pace.Duration, "duration", 0, "end so long after the warm-up, done or not (0: play it all)")
	flags.IntVar(&f.pace.Count, "count", 0, "end after so many requests, done or not (0: play it all)")
	flags.DurationVar(&f.pace.Think, "think", 0, "closed loop: rest of a connection after each answer")
	flags.DurationVar(&f.pace.Ramp, "ramp", 0, "let connections, or the rate, grow linearly over so long")
	flags.Uint64Var(&f.seed, "seed", 1, "names the people; another seed is other people")
	flags.Float64Var(&f.shares.Long, "long-profiles", 0, "share of people with a profile of about 4 KB, 0 to 1")
	flags.Float64Var(&f.shares.Short, "short-profiles", 0, "share of people with a profile of few attributes, 0 to 1")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	for _, required := range []string{"url", "token"} {
		cobra.CheckErr(cmd.MarkFlagRequired(required))
	}
	return cmd
}

// check returns what is wrong with the flags.
func (f *loadFlags) check() error {
	base, err := url.Parse(f.url)
	_, mix := mixes[f.profile]
	switch {
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return usageError(fmt.Sprintf("--url is %q, an address such as http://127.0.0.1:8080/scim/v2 is needed", f.url))
	case base.RawQuery != "" || base.Fragment != "" || base.User != nil:
		return usageError("--url has a query, a fragment or a user; leave that out")
	case f.traceFile == "" && cycles[f.profile] == nil && !mix:
		return usageError(fmt.Sprintf("unknown profile %q; there are: %s", f.profile, strings.Join(profileNames(), ", ")))
	case f.pace.Rate < 0:
		return usageError(fmt.Sprintf("--rate is %v, at least 0 is needed", f.pace.Rate))
	case f.pace.Rate > 0 && f.pace.Think > 0:
		return usageError("--think is about a closed loop: leave out --rate or --think")
	case f.shares.Long < 0 || f.shares.Short < 0 || f.shares.Long+f.shares.Short > 1:
		return usageError("--long-profiles and --short-profiles are shares from 0 to 1, and together at most 1")
	case f.recordFile != "" && f.profile == "bulk":
		return usageError("--record does not see the ids inside of bulks: choose another --profile")
	}
	return cmp.Or(
		atLeast("people", f.people, 1), atLeast("connections", f.pace.Connections, 1), atLeast("count", f.pace.Count, 0),
		notNegative("warm-up", f.pace.WarmUp), notNegative("duration", f.pace.Duration),
		notNegative("think", f.pace.Think), notNegative("ramp", f.pace.Ramp),
	)
}

func notNegative(flag string, d time.Duration) error {
	if d < 0 {
		return usageError(fmt.Sprintf("--%s is %v, at least 0 is needed", flag, d))
	}
	return nil
}

func (f *loadFlags) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	trace, err := f.readTrace()
	if err != nil {
		return err
	}
	client := play.NewClient(f.url, f.token, f.pace.Connections)
	defer client.Close()
	if f.recordFile != "" {
		file, err := os.Create(f.recordFile)
		if err != nil {
			return usageError("--record: " + err.Error())
		}
		end := client.Record(file)
		defer func() { err = cmp.Or(err, end(), file.Close()) }()
	}
	l := &load{loadFlags: f, client: client, stderr: stderr, plan: play.Roster(f.seed, f.people, loadTeams, 0)}
	l.plan.Shares = f.shares
	l.report = loadReport{Profile: f.profile, URL: f.url, Connections: f.pace.Connections, Rate: f.pace.Rate, Seed: f.seed, People: f.people}
	switch weights, mix := mixes[f.profile]; {
	case trace != nil:
		l.report.Profile = f.traceFile
		err = l.replay(ctx, trace)
	case mix:
		err = l.mix(ctx, weights)
	default:
		err = l.cycle(ctx, cycles[f.profile])
	}
	if err != nil {
		return err
	}
	l.report.conclude()
	if err := print(stdout, &l.report, f.json); err != nil {
		return err
	}
	return l.report.verdict()
}

// readTrace returns the trace, or nil if none is to be played.
func (f *loadFlags) readTrace() (*play.Trace, error) {
	if f.traceFile == "" {
		return nil, nil
	}
	file, err := os.Open(f.traceFile)
	if err != nil {
		return nil, usageError("--trace: " + err.Error())
	}
	defer file.Close()
	trace, err := play.ReadTrace(file)
	if err != nil {
		return nil, usageError("--trace " + f.traceFile + ": " + err.Error())
	}
	if f.pace.Rate > 0 {
		trace.IgnoreOffsets()
	}
	return trace, nil
}
