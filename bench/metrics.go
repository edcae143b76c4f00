package main

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"rosterd/bench/play"
)

// A scrape is one reading of the daemon's own metrics.
type scrape map[string]*dto.MetricFamily

// readScrape fetches /metrics of the server at base.
func readScrape(base string) (scrape, error) {
	client := play.NewClient(base, "", 1)
	defer client.Close()
	answer, err := client.Do(http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	if !answer.OK() {
		return nil, fmt.Errorf("read metrics: status %d", answer.Status)
	}
	return parseScrape(answer.Body)
}

// parseScrape reads the Prometheus text format.
func parseScrape(text []byte) (scrape, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parse metrics: %w", err)
	}
	return families, nil
}

// counter returns the sum of a counter over all of its series. An absent one
// is an error, so that a renamed metric is not read as a perfect zero.
func (s scrape) counter(name string) (float64, error) {
	family := s[name]
	if family == nil || family.GetType() != dto.MetricType_COUNTER {
		return 0, fmt.Errorf("the daemon has no counter %s", name)
	}
	sum := 0.0
	for _, m := range family.Metric {
		sum += m.GetCounter().GetValue()
	}
	return sum, nil
}

// gauge returns the one series of a gauge that has the label.
func (s scrape) gauge(name, label, value string) (float64, error) {
	for _, m := range s[name].GetMetric() {
		if m.Gauge != nil && hasLabel(m, label, value) {
			return m.GetGauge().GetValue(), nil
		}
	}
	return 0, fmt.Errorf("the daemon has no gauge %s with %s %s", name, label, value)
}

// A bucket of a histogram counts the observations up to its bound.
type bucket struct {
	bound float64 // seconds; the last one is infinite
	count uint64  // cumulative
}

// histogram sums the buckets of all series of a histogram that have the label.
// The result ascends by bound.
func (s scrape) histogram(name, label, value string) ([]bucket, error) {
	family := s[name]
	if family == nil || family.GetType() != dto.MetricType_HISTOGRAM {
		return nil, fmt.Errorf("the daemon has no histogram %s", name)
	}
	var sum []bucket
	for _, m := range family.Metric {
		if !hasLabel(m, label, value) {
			continue
		}
		for _, b := range m.GetHistogram().GetBucket() {
			sum = addBucket(sum, bucket{b.GetUpperBound(), b.GetCumulativeCount()})
		}
		if len(sum) == 0 || !math.IsInf(sum[len(sum)-1].bound, 1) {
			return nil, fmt.Errorf("histogram %s has no +Inf bucket", name)
		}
	}
	return sum, nil
}

func hasLabel(m *dto.Metric, label, value string) bool {
	return slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == label && l.GetValue() == value })
}

func addBucket(sum []bucket, b bucket) []bucket {
	at, found := slices.BinarySearchFunc(sum, b.bound, func(have bucket, bound float64) int {
		switch {
		case have.bound < bound:
			return -1
		case have.bound > bound:
			return 1
		}
		return 0
	})
	if !found {
		return slices.Insert(sum, at, b)
	}
	sum[at].count += b.count
	return sum
}

// between returns what was observed after before and until after, two readings
// of one histogram. Series that appeared in between count from zero.
func between(before, after []bucket) []bucket {
	grown := slices.Clone(after)
	for i, b := range before {
		if i < len(grown) && grown[i].bound == b.bound {
			grown[i].count -= b.count
		}
	}
	return grown
}

// upperBound returns the bound of the bucket that holds the quantile q, from 0
// to 1, and how many observations there are. It never flatters: the true
// quantile is at most that. Of no observations it is infinite.
func upperBound(buckets []bucket, q float64) (bound float64, count uint64) {
	if len(buckets) == 0 || buckets[len(buckets)-1].count == 0 {
		return math.Inf(1), 0
	}
	count = buckets[len(buckets)-1].count
	rank := uint64(math.Ceil(q * float64(count)))
	for _, b := range buckets {
		if b.count >= rank {
			return b.bound, count
		}
	}
	return math.Inf(1), count
}
