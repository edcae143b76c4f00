package main

import (
	"fmt"
	"time"
)

// suiteParts returns all parts, in the order in which they run: what wants the
// machine as it is found first, what starts and stops much last.
func suiteParts(z sizes) []part {
	return append(throughputParts(z), append(populationParts(z), peersPart(), allocsPart())...)
}

// throughput is a target of requests a second, of which more are better.
func throughput(id, title string, goal float64) target {
	return target{id, title, "/s", atLeastGoal, goal}
}

// rounds estimates a part that drives so many contenders in turn.
func rounds(contenders int) func(sizes) float64 {
	return func(z sizes) float64 {
		return 1 + float64(z.Alternations*contenders)*z.lasting(z.round)
	}
}

// lasting estimates a round with its warm-up and with what it waits before.
func (z sizes) lasting(round time.Duration) float64 {
	return (min(z.patience, 2*calmTime) + z.warmUp + round).Seconds()
}

func throughputParts(z sizes) []part {
	return []part{
		{"get", "GET by id", rounds(2), []target{
			throughput("get", "GET user by id / echo of the same size", 0.70),
		}, measureGet},
		{"filter", "filter by userName", rounds(2), []target{
			throughput("filter", "filter userName eq / the same echo", 0.55),
		}, measureFilter},
		{"post", "POST", rounds(6), []target{
			throughput("post-16", "POST, 16 connections / bare server", 0.60),
			throughput("post-64", "POST, 64 connections / bare server", 0.60),
			throughput("post-256", "POST, 256 connections / bare server", 0.60),
		}, measurePost},
		{"spread", "POST into many workspaces", rounds(2), []target{
			throughput("spread", "POST over 64 workspaces / into one", 0.95),
		}, measureSpread},
		{"patch", "PATCH", rounds(3), []target{
			throughput("patch-active", "PATCH active / POST", 1),
			throughput("patch-member", fmt.Sprintf("PATCH member of a group of %d / POST", z.Members), 1),
		}, measurePatch},
		{"bulk", "Bulk", rounds(2), []target{
			throughput("bulk", "people by Bulk of 100, 16 connections / bare server with such bodies, x 100", 0.50),
		}, measureBulk},
		{"open", "POST in an open loop", func(z sizes) float64 {
			return 3*z.lasting(z.round) + float64(2*z.Alternations)*z.lasting(z.long)
		}, []target{
			{"open", "p99 of POST at 70 % of the peak / bare server at that rate", "ms", atMostGoal, 2},
		}, measureOpen},
		{"sweep", "throughput by connections", func(z sizes) float64 {
			return 1 + float64(4*len(z.sweep))*z.lasting(z.round)
		}, nil, measureSweep},
	}
}

func populationParts(z sizes) []part {
	return []part{
		{"full", "a full workspace", func(z sizes) float64 { return perMillion(z, 220) + rounds(3)(z) }, []target{
			throughput("full", fmt.Sprintf("POST with %d people in the workspace / an empty one", z.People), 0.80),
			{"pages", fmt.Sprintf("last page of 100 of %d people / first page", z.People), "ms", atMostGoal, 1.3},
		}, measureFull},
		{"pause", "POST while a snapshot and a backup run", func(z sizes) float64 {
			return perMillion(z, 70) + float64(z.Alternations)*(z.pauseIdle()+z.long).Seconds()
		}, []target{
			{"pause", "p99 of POST at half the peak with a snapshot and a backup / without", "ms", atMostGoal, 2},
		}, measurePause},
		{"start", "starts and memory", func(z sizes) float64 { return perMillion(z, 20+float64(z.Alternations)*50) }, []target{
			{"memory", fmt.Sprintf("resident memory with %d people", z.People), "MB", atMostGoal, 1600},
			{"start-stop", fmt.Sprintf("start with %d people after a clean stop", z.People), "s", atMostGoal, 12},
			{"start-kill", fmt.Sprintf("start with %d people after kill -9", z.People), "s", atMostGoal, 12},
			{"start-stop-growth", fmt.Sprintf("start after a clean stop, %d people / %d", z.People, z.FewPeople), "s", atMostGoal, 12},
			{"start-kill-growth", fmt.Sprintf("start after kill -9, %d people / %d", z.People, z.FewPeople), "s", atMostGoal, 12},
		}, measureStarts},
		{"idle", "idle workspaces", func(z sizes) float64 { return 3*z.idle.Seconds() + float64(z.Workspaces)*0.01 }, []target{
			{"idle", fmt.Sprintf("resident memory, %d workspaces, all but %d idle / those %d alone", z.Workspaces, z.Busy, z.Busy), "MB", atMostGoal, 3},
		}, measureIdle},
	}
}

// perMillion returns seconds for a million people, and their share for fewer.
func perMillion(z sizes, seconds float64) float64 { return seconds * float64(z.People) / 1e6 }

// partIDs returns the names of all parts.
func partIDs() []string {
	var ids []string
	for _, p := range suiteParts(fullSizes) {
		ids = append(ids, p.id)
	}
	return ids
}
