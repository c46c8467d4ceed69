// Package promapitest is a Prometheus in memory, for the tests of those who read one.
package promapitest

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// Server has series. It answers as a promapi.Client does.
type Server struct {
	Series []promapi.Series // with their names
	Refuse func(Request) error
	Behind promapi.Engine
	Lacks  error                 // why its answers are not whole
	Garble func(*promapi.Series) // what it exports, where it is not nil

	mu    sync.Mutex
	asked []Request
}

// Request is what was asked at once.
type Request struct {
	Remote    bool // by remote read
	Export    bool // by the native export
	Selectors []promapi.Selector
	From, To  int64
}

// Names says whether a selector asks for a name of which that holds.
func (r Request) Names(is func(name string) bool) bool {
	return slices.ContainsFunc(r.Selectors, func(s promapi.Selector) bool {
		return slices.ContainsFunc(s, func(m promapi.Matcher) bool {
			return m.Name == "__name__" && slices.ContainsFunc(strings.Split(m.Value, "|"), is)
		})
	})
}

// Add adds a series of labels, which are names and values in turn.
func (s *Server) Add(name string, samples []promapi.Sample, labels ...string) {
	s.Series = append(s.Series, promapi.Series{Labels: Labels(append([]string{"__name__", name}, labels...)...), Samples: samples})
}

// Asked returns the requests that have come so far.
func (s *Server) Asked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Engine says that it is Behind, or a Prometheus.
func (s *Server) Engine(context.Context) promapi.Engine {
	if s.Behind.Name != "" {
		return s.Behind
	}
	return promapi.EngineNamed("")
}

// Whole says what it Lacks.
func (s *Server) Whole(context.Context) error { return s.Lacks }

// RawRange answers what PromQL shows of a range: no staleness markers.
func (s *Server) RawRange(_ context.Context, selector promapi.Selector, from, to int64) (*promapi.Answer, error) {
	if err := s.enter(Request{Selectors: []promapi.Selector{selector}, From: from, To: to}); err != nil {
		return nil, err
	}
	a := &promapi.Answer{}
	for _, series := range s.selected(selector, from, to) {
		series.Ends = nil
		if len(series.Samples) > 0 {
			a.Series = append(a.Series, series)
		}
	}
	return a, nil
}

// Read answers what remote read shows.
func (s *Server) Read(_ context.Context, queries []promapi.Selector, from, to int64, each func(query int, s promapi.Series) error) error {
	if err := s.enter(Request{Remote: true, Selectors: queries, From: from, To: to}); err != nil {
		return err
	}
	for i, q := range queries {
		for _, series := range s.selected(q, from, to) {
			if err := each(i, series); err != nil {
				return err
			}
		}
	}
	return nil
}

// Export answers what the native export shows: each series once, with its staleness markers.
func (s *Server) Export(_ context.Context, selectors []promapi.Selector, from, to int64, each func(promapi.Series) error) error {
	if err := s.enter(Request{Export: true, Selectors: selectors, From: from, To: to}); err != nil {
		return err
	}
	for _, series := range s.selected(nil, from, to) {
		if !slices.ContainsFunc(selectors, func(of promapi.Selector) bool { return Selects(of, series.Labels) }) {
			continue
		}
		if s.Garble != nil {
			s.Garble(&series)
		}
		if err := each(series); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) enter(r Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	if s.Refuse == nil {
		return nil
	}
	return s.Refuse(r)
}

// selected returns copies of series, cut to a time.
func (s *Server) selected(selector promapi.Selector, from, to int64) []promapi.Series {
	var out []promapi.Series
	for _, series := range s.Series {
		if !Selects(selector, series.Labels) {
			continue
		}
		cut := promapi.Series{Labels: slices.Clone(series.Labels)}
		for _, x := range series.Samples {
			if from <= x.T && x.T < to {
				cut.Samples = append(cut.Samples, x)
			}
		}
		for _, end := range series.Ends {
			if from <= end && end < to {
				cut.Ends = append(cut.Ends, end)
			}
		}
		if len(cut.Samples)+len(cut.Ends) > 0 {
			out = append(out, cut)
		}
	}
	return out
}

// Selects says whether a selector selects a series of these labels, as Prometheus does.
func Selects(s promapi.Selector, l promapi.Labels) bool {
	return !slices.ContainsFunc(s, func(m promapi.Matcher) bool {
		v := l.Get(m.Name)
		switch m.Type {
		case promapi.MatchEqual:
			return v != m.Value
		case promapi.MatchNotEqual:
			return v == m.Value
		case promapi.MatchRegexp:
			return !matches(m.Value, v)
		case promapi.MatchNotRegexp:
			return matches(m.Value, v)
		}
		panic(fmt.Sprintf("no such matcher: %v", m))
	})
}

func matches(pattern, value string) bool {
	return regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(value)
}

// Labels returns labels of names and values in turn, sorted. An empty value is none.
func Labels(pairs ...string) promapi.Labels {
	var l promapi.Labels
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			l = append(l, promapi.Label{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	slices.SortFunc(l, func(a, b promapi.Label) int { return cmp.Compare(a.Name, b.Name) })
	return l
}

// At returns samples of one value.
func At(v float64, times ...int64) []promapi.Sample {
	samples := make([]promapi.Sample, len(times))
	for i, t := range times {
		samples[i] = promapi.Sample{T: t, V: v}
	}
	return samples
}

// Counter returns samples of a counter that was zero at a moment and rises by so much a
// millisecond.
func Counter(zero int64, rate float64, times ...int64) []promapi.Sample {
	samples := At(0, times...)
	for i := range samples {
		samples[i].V = rate * float64(samples[i].T-zero)
	}
	return samples
}

// Every returns the times from one to another, both included, a step apart.
func Every(step, from, to int64) []int64 {
	var times []int64
	for t := from; t <= to; t += step {
		times = append(times, t)
	}
	return times
}
