package main

import (
	"slices"
	"time"
)

// median returns the middle of the values, the mean of the two middle ones if
// there is no single one, and 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// ratio returns a / b, and 0 if b is 0: a run that measured nothing then
// misses every goal that asks for a least value.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// milliseconds returns d as a float, for medians and reports.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
