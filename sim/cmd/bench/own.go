package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
)

// ownShare measures what the refresh takes of the exporter's own process.
func (b *bench) ownShare(ctx context.Context, srv server, settle time.Duration, at place, t *table) error {
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		r, err := b.runs(ctx, srv, settle, "--query.transport="+string(transport))
		if err != nil {
			return err
		}
		t.rows = append(t.rows, []string{
			string(transport), string(at), seconds(r.cpu), megabytes(r.peak), seconds(r.took), seconds(r.waited), megabytes(r.answers),
		})
		if transport != fetch.RemoteRead {
			continue
		}
		work := fmt.Sprintf("refresh over remote read, %s: ", at)
		b.report.add(
			goal{work: work + "the exporter's own CPU, from its start to its first values", measured: seconds(r.cpu), ratio: r.cpu.Seconds(), most: 0.25, unit: " s"},
			goal{work: work + "the exporter's peak memory", measured: megabytes(r.peak), ratio: float64(r.peak) / 1e6, most: 40, unit: " MB"},
		)
	}
	return nil
}

// runs starts the exporter as often as there are rounds, and returns the medians of what
// its own process took.
func (b *bench) runs(ctx context.Context, srv server, settle time.Duration, args ...string) (run, error) {
	var all []run
	for range b.rounds {
		r, err := b.startExporter(ctx, srv, settle, args...)
		if err != nil {
			return run{}, err
		}
		if err := r.process.Close(); err != nil {
			return run{}, err
		}
		all = append(all, r.run)
	}
	return run{
		cpu:     median(all, func(r run) time.Duration { return r.cpu }),
		peak:    median(all, func(r run) int64 { return r.peak }),
		took:    median(all, func(r run) time.Duration { return r.took }),
		waited:  median(all, func(r run) time.Duration { return r.waited }),
		answers: median(all, func(r run) int64 { return r.answers }),
		server:  median(all, func(r run) time.Duration { return r.server }),
	}, nil
}

// slots counts the queries that Prometheus' query engine evaluates for a refresh over remote
// read, each of which takes a slot of it.
func (b *bench) slots(ctx context.Context, srv server, s size) error {
	const series = `prometheus_engine_query_duration_seconds_count{slice="queue_time"}`
	page := srv.url.JoinPath("metrics")
	before, err := valueAt(ctx, page, series)
	if err != nil {
		return err
	}
	remoteRead, _, err := exporters(srv)
	if err != nil {
		return err
	}
	if _, err := remoteRead.refresh(ctx, srv, s.Window); err != nil {
		return err
	}
	after, err := valueAt(ctx, page, series)
	if err != nil {
		return err
	}
	b.report.add(goal{
		work: "refresh over remote read: slots of the query engine used", measured: number(after - before),
		against: "prometheus_engine_query_duration_seconds_count: " + number(before), ratio: after - before, unit: " slots",
	})
	return nil
}
