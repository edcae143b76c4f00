package main

import (
	"fmt"

	"rosterd/bench/play"
)

// A scaleReport is the result of scale.
type scaleReport struct {
	People         int            `json:"people"`
	ImportSeconds  float64        `json:"importSeconds"`
	PerSecond      float64        `json:"peoplePerSecond"`
	AfterKill      []float64      `json:"startAfterKillSeconds"`
	AfterStop      []float64      `json:"startAfterStopSeconds"`
	Filter         filterReport   `json:"filter"`
	Pages          pairReport     `json:"pages"`   // a: startIndex 1, b: at nine tenths
	Members        pairReport     `json:"members"` // a: the small group, b: the large one
	Memory         []memoryReport `json:"memory"`  // after the import, after the restarts
	ResidentMostMB float64        `json:"residentMostMb"`
	Goals          goals          `json:"goals"`
}

// A filterReport is what the daemon's own histogram says of filter requests,
// and what the client saw of them.
type filterReport struct {
	Requests   uint64       `json:"requests"`
	P99Seconds float64      `json:"p99Seconds"` // upper bound of the bucket
	Client     play.Latency `json:"client"`
}

// A pairReport compares two requests sent in turn: the medians the client saw.
type pairReport struct {
	Rounds int     `json:"rounds"`
	A      float64 `json:"aMs"`
	B      float64 `json:"bMs"`
	Ratio  float64 `json:"ratio"` // b / a
}

// A memoryReport is the memory of the daemon's process, in 10^6 bytes.
type memoryReport struct {
	When     string  `json:"when"`
	Resident float64 `json:"residentMb"` // RssAnon + RssShmem: what the goal is about
	Mapped   float64 `json:"mappedMb"`   // RssFile: the mapped tables, which the kernel can drop
}

// conclude holds the figures against the goals. Of several starts and readings
// the worst counts.
func (r *scaleReport) conclude() {
	for _, m := range r.Memory {
		r.ResidentMostMB = max(r.ResidentMostMB, m.Resident)
	}
	r.Goals = goals{
		below("start after kill -9", worst(r.AfterKill), "s", mostStartSeconds),
		below("start after a clean stop", worst(r.AfterStop), "s", mostStartSeconds),
		atMost("userName filter p99, daemon's histogram", r.Filter.P99Seconds*1000, "ms", mostFilterSeconds*1000),
		atMost("page at nine tenths / first page", r.Pages.Ratio, "ratio", mostPageRatio),
		atMost("add to the large group / to the small", r.Members.Ratio, "ratio", mostMemberRatio),
		atMost("resident memory", r.ResidentMostMB, "MB", mostResidentMB),
	}
}

// worst returns the largest value.
func worst(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

func (r *scaleReport) tables() []table {
	figures := table{head: []string{fmt.Sprintf("scale, %d people", r.People), "", "unit"}}
	figures.add("import", r.PerSecond, "people/s")
	for i := range r.AfterKill {
		figures.add(fmt.Sprintf("start after kill -9, %d", i+1), r.AfterKill[i], "s")
		figures.add(fmt.Sprintf("start after a clean stop, %d", i+1), r.AfterStop[i], "s")
	}
	figures.add("filter requests", r.Filter.Requests, "")
	figures.add("filter p99, seen by the client", r.Filter.Client.P99, "ms")
	figures.add("first page", r.Pages.A, "ms")
	figures.add("page at nine tenths", r.Pages.B, "ms")
	figures.add("add a member to the small group", r.Members.A, "ms")
	figures.add("add a member to the large group", r.Members.B, "ms")
	for _, m := range r.Memory {
		figures.add("resident "+m.When, m.Resident, "MB")
		figures.add("mapped "+m.When, m.Mapped, "MB")
	}
	return []table{figures, r.Goals.table()}
}
