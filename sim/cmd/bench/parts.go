package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// parts measures what each of a refresh's questions costs the Prometheus.
func (b *bench) parts(ctx context.Context, srv server, s size, at place, t *table) error {
	api, err := newClient(srv.url)
	if err != nil {
		return err
	}
	m := &metered{API: api, server: srv}
	d := downsample.New(downsample.Config{
		Fetcher: fetch.New(fetch.Config{API: m, Transport: fetch.RemoteRead, Concurrency: 1, Now: time.Now, Log: promslog.NewNopLogger()}),
		Table:   metric.Default(), Kinds: workload.Kinds(), Log: promslog.NewNopLogger(),
	})
	for range b.rounds + 1 { // the first one learns how much to ask for
		m.asked = map[string]asked{}
		if _, err := d.Compute(ctx, s.Window); err != nil {
			return err
		}
		m.rounds = append(m.rounds, m.asked)
	}
	var nothing asked // of all selectors of which there are no series here
	add := func(question string, a asked) {
		t.rows = append(t.rows, []string{question, string(at), thousands(a.requests), thousands(a.series), thousands(a.samples), seconds(a.cpu)})
	}
	for _, question := range slices.Sorted(maps.Keys(m.asked)) {
		a := m.asked[question]
		a.cpu = median(m.rounds[1:], func(r map[string]asked) time.Duration { return r[question].cpu })
		if a.series == 0 {
			nothing.requests += a.requests
			nothing.cpu += a.cpu
			continue
		}
		add(question, a)
	}
	add("what this cluster has none of", nothing)
	return nil
}

func newClient(base *url.URL) (*promapi.Client, error) {
	return promapi.New(promapi.Config{
		URL: base, Timeout: time.Minute, MaxAnswerBytes: 64 << 20, UserAgent: "bench", Log: promslog.NewNopLogger(),
	}, prometheus.NewRegistry())
}

// metered asks for one selector at a time, one after another, and notes what each costs.
type metered struct {
	fetch.API
	server server
	asked  map[string]asked // by what
	rounds []map[string]asked
}

// asked is what was asked about the same series.
type asked struct {
	requests        int
	series, samples int
	cpu             time.Duration
}

// Read implements fetch.API.
func (m *metered) Read(ctx context.Context, queries []promapi.Selector, from, to int64, each func(int, promapi.Series) error) error {
	for i, q := range queries {
		question := nameOf(q)
		a := m.asked[question]
		before, err := process.CPU(m.server.ID())
		if err != nil {
			return err
		}
		err = m.API.Read(ctx, []promapi.Selector{q}, from, to, func(_ int, s promapi.Series) error {
			a.series++
			a.samples += len(s.Samples)
			return each(i, s)
		})
		if err != nil {
			return err
		}
		after, err := process.CPU(m.server.ID())
		if err != nil {
			return err
		}
		a.requests++
		a.cpu += after - before
		m.asked[question] = a
	}
	return nil
}

// nameOf says what a selector is about: the names of its series, of which there may be many,
// and the labels that it looks at.
func nameOf(s promapi.Selector) string {
	var question, labels string
	for _, x := range s {
		if x.Name != "__name__" {
			labels += ", " + x.Name
			continue
		}
		names := strings.Split(x.Value, "|")
		question = "`" + names[0] + "`"
		if len(names) > 1 {
			question += fmt.Sprintf(" and %d more", len(names)-1)
		}
	}
	if labels != "" {
		question += " by " + labels[2:]
	}
	return question
}
