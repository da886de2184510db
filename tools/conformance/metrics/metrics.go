// Package metrics is a Prometheus in miniature: it takes in what targets answer, and evaluates queries with Prometheus' own parser
// and engine.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
)

// Store holds series in memory.
type Store struct {
	series map[uint64]*series
	engine *promql.Engine
}

type series struct {
	labels  labels.Labels
	samples []tsdbutil.Sample
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{series: map[uint64]*series{}, engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: 10 * time.Second})}
}

// Add takes in a target's answer, in Prometheus' text format, with the target's labels. It keeps the metrics whose names match
// as a whole, and returns their values by series.
func (s *Store) Add(at time.Time, target map[string]string, answer string, keep *regexp.Regexp) (map[string]float64, error) {
	whole := regexp.MustCompile("^(?:" + keep.String() + ")$")
	kept := map[string]float64{}
	parser, err := textparse.New([]byte(answer), "text/plain")
	if err != nil {
		return nil, err
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return kept, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var own labels.Labels
		parser.Metric(&own)
		if !whole.MatchString(own.Get(labels.MetricName)) {
			continue
		}
		_, _, value := parser.Series()
		kept[own.String()] = value
		s.add(at, own, target, value)
	}
}

// Up says whether a target has answered, as Prometheus does by the metric up.
func (s *Store) Up(at time.Time, target map[string]string, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	s.add(at, labels.FromStrings(labels.MetricName, "up"), target, value)
}

func (s *Store) add(at time.Time, own labels.Labels, target map[string]string, value float64) {
	b := labels.NewBuilder(own)
	for name, text := range target {
		b.Set(name, text)
	}
	all := b.Labels()
	one := s.series[all.Hash()]
	if one == nil {
		one = &series{labels: all}
		s.series[all.Hash()] = one
	}
	one.samples = append(one.samples, sample{at.UnixMilli(), value})
}

// Query evaluates a query at a moment. It returns the labels of the series that it gives, with their values.
func (s *Store) Query(at time.Time, text string) (map[string]float64, error) {
	query, err := s.engine.NewInstantQuery(queryable{s}, &promql.QueryOpts{}, text, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(context.Background())
	if result.Err != nil {
		return nil, result.Err
	}
	vector, err := result.Vector()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	found := map[string]float64{}
	for _, one := range vector {
		found[one.Metric.String()] = one.V
	}
	return found, nil
}

// sample is one value.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64   { return s.at }
func (s sample) V() float64 { return s.value }

type queryable struct{ store *Store }

func (q queryable) Querier(context.Context, int64, int64) (storage.Querier, error) { return q, nil }

func (q queryable) LabelValues(string, ...*labels.Matcher) ([]string, storage.Warnings, error) {
	return nil, nil, errors.ErrUnsupported
}

func (q queryable) LabelNames(...*labels.Matcher) ([]string, storage.Warnings, error) {
	return nil, nil, errors.ErrUnsupported
}

func (q queryable) Close() error { return nil }

func (q queryable) Select(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &set{at: -1}
	for _, one := range q.store.series {
		fits := true
		for _, m := range matchers {
			fits = fits && m.Matches(one.labels.Get(m.Name))
		}
		if fits {
			found.all = append(found.all, storage.NewListSeries(one.labels, one.samples))
		}
	}
	return found
}

type set struct {
	all []storage.Series
	at  int
}

func (s *set) Next() bool                 { s.at++; return s.at < len(s.all) }
func (s *set) At() storage.Series         { return s.all[s.at] }
func (s *set) Err() error                 { return nil }
func (s *set) Warnings() storage.Warnings { return nil }
