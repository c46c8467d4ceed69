package main

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

const (
	podsPerPart = 100 * podsPerNode // simulated at once; a whole cluster's samples are many
	blockLength = 24 * time.Hour

	// lead and trail are what is stored before and after the window: enough for its chunks to
	// be those of a Prometheus that has run for long, and has just been asked for the window.
	lead, trail = time.Hour, 2 * time.Minute
)

// place is where in a TSDB a cluster's samples lie.
type place string

const (
	inHead  place = "head" // where a Prometheus has its newest hours
	inBlock place = "block"
)

// write stores what a Prometheus would have of the cluster.
func write(ctx context.Context, dir string, s size, at place) error {
	f, end := newFeed(s), s.Window.Period()+trail
	if at == inHead {
		return prom.WriteHead(ctx, dir, f.until(end))
	}
	for to := blockLength - lead; f.now < end; to += blockLength {
		if err := prom.WriteParts(ctx, dir, f.until(min(to, end))); err != nil {
			return err
		}
	}
	return nil
}

// feed is what is scraped of a cluster, whose parts are scraped one after the other.
type feed struct {
	parts []*cluster.Scraper
	now   time.Duration // since the window's start
}

func newFeed(s size) *feed {
	f := &feed{now: -lead}
	total := s.Models*s.Pods + s.Others
	for n := 0; n < total; n += podsPerPart {
		p := s.part(n, min(n+podsPerPart, total))
		f.parts = append(f.parts, cluster.NewScraper(&p.History, p.Origin, f.now))
	}
	return f
}

// until yields what is stored from now to a moment, as package prom takes it.
func (f *feed) until(end time.Duration) iter.Seq[[]cluster.Series] {
	return func(yield func([]cluster.Series) bool) {
		for f.now < end {
			f.now = min(f.now+prom.Disorder/2, end)
			for i, part := range f.parts {
				series := part.Scrape(f.now)
				if i > 0 { // that kube-state-metrics is up is said once
					series = slices.DeleteFunc(series, upOfKSM)
				}
				if !yield(series) {
					return
				}
			}
		}
	}
}

func upOfKSM(s cluster.Series) bool {
	return slices.Contains(s.Labels, cluster.Label{Name: "__name__", Value: "up"}) &&
		slices.Contains(s.Labels, cluster.Label{Name: "job", Value: ksmJob})
}
