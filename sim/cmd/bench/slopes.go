package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// noise is by what part the CPU time of equal work differs from run to run.
const noise = 0.03

// othersMemory is what writing a cluster with eight times as many other pods takes.
const othersMemory = 12e9

// otherRefreshes make a measurement of other pods: a difference of 5 % is to be seen.
const otherRefreshes = 8

// others measures what pods that are no model's add to a refresh.
func (b *bench) others(ctx context.Context) error {
	free, err := procField("/proc/meminfo", "MemAvailable")
	if err != nil {
		return err
	}
	if free <<= 10; free < othersMemory {
		return fmt.Errorf("writing the samples of %s other pods takes %s of memory, %s are free",
			thousands(8*usual.Others), megabytes(othersMemory), megabytes(free))
	}
	w, _ := settledHour(time.Now())
	var subjects []subject
	for _, others := range []int{usual.Others, 8 * usual.Others} {
		s := usual
		s.Others, s.Window = others, w
		srv, err := b.stored(ctx, s)
		if err != nil {
			return err
		}
		remoteRead, _, err := exporters(srv)
		if err != nil {
			return err
		}
		subjects = append(subjects, subject{srv, remoteRead, slices.Repeat([]window.Window{w}, otherRefreshes)})
	}
	measured, err := sideBySide(ctx, b.rounds, subjects...)
	if err != nil {
		return err
	}
	few, many := measured[0], measured[1]
	against := thousands(usual.Others) + " other pods: "
	work := fmt.Sprintf("refresh, 8x as many other pods (%s): ", thousands(8*usual.Others))
	b.report.add(
		goal{work: work + "samples", measured: thousands(many.samples / otherRefreshes), against: against + thousands(few.samples/otherRefreshes),
			ratio: float64(many.samples) / float64(few.samples), most: 1.05},
		goal{work: work + "Prometheus CPU", measured: seconds(many.cpu / otherRefreshes), against: against + seconds(few.cpu/otherRefreshes),
			ratio: float64(many.cpu) / float64(few.cpu), most: 1.05},
	)
	return nil
}

// models measures how a refresh grows with the models.
func (b *bench) models(ctx context.Context) error {
	w, settle := settledHour(time.Now())
	counts := []int{250, 1000, 4000}
	var subjects []subject
	for _, n := range counts {
		s := usual
		s.Models, s.Window = n, w
		srv, err := b.stored(ctx, s)
		if err != nil {
			return err
		}
		// All do the same work: few models are refreshed as often as makes up for it.
		remoteRead, _, err := exporters(srv)
		if err != nil {
			return err
		}
		subjects = append(subjects, subject{srv, remoteRead, slices.Repeat([]window.Window{w}, slices.Max(counts)/n)})
	}
	costs, err := sideBySide(ctx, b.rounds, subjects...)
	if err != nil {
		return err
	}
	slope := table{
		title: fmt.Sprintf("One refresh by the number of models, %d pods x 2 containers each, among %s other pods", usual.Pods, thousands(usual.Others)),
		rows:  [][]string{footprintHeader()},
	}
	var prints []footprint
	for i, c := range costs {
		r, err := b.runs(ctx, subjects[i].server, settle)
		if err != nil {
			return err
		}
		prints = append(prints, footprintOf(counts[i], c, len(subjects[i].windows), r))
		slope.rows = append(slope.rows, prints[i].row())
		if i == 0 {
			continue
		}
		work := fmt.Sprintf("refresh, %s models: ", thousands(counts[i]))
		against := fmt.Sprintf("%d refreshes of %s models: ", counts[i]/counts[i-1], thousands(counts[i-1]))
		before, times := costs[i-1], int64(len(subjects[i].windows))
		b.report.add(
			goal{work: work + "samples", measured: thousands(c.samples / times), against: against + thousands(before.samples/times),
				ratio: float64(c.samples) / float64(before.samples), most: 1},
			goal{work: work + "Prometheus CPU", measured: seconds(c.cpu / time.Duration(times)), against: against + seconds(before.cpu/time.Duration(times)),
				ratio: float64(c.cpu) / float64(before.cpu), most: 1 + noise},
		)
	}
	b.report.tables = append(b.report.tables, slope, extrapolated(prints[len(prints)-2], prints[len(prints)-1]))
	return b.shards(ctx, subjects[len(subjects)-1].server, counts[len(counts)-1], settle)
}

// shards measures how the work is shared between several exporters.
func (b *bench) shards(ctx context.Context, srv server, models int, settle time.Duration) error {
	t := table{
		title: thousands(models) + " models in 20 namespaces by one exporter, and shared by several",
		rows:  [][]string{{"shard", "Prometheus CPU", "exporter CPU", "exporter peak memory", "answers, uncompressed"}},
	}
	for _, n := range []int{1, 2, 4} {
		for i := range n {
			shard := fmt.Sprintf("%d/%d", i, n)
			r, err := b.startExporter(ctx, srv, settle, "--shard="+shard)
			if err != nil {
				return err
			}
			if err := r.process.Close(); err != nil {
				return err
			}
			t.rows = append(t.rows, []string{shard, seconds(r.server), seconds(r.cpu), megabytes(r.peak), megabytes(r.answers)})
		}
	}
	b.report.tables = append(b.report.tables, t)
	return nil
}

// small is the cluster that long windows are measured on: a week of the usual one would be
// some billions of samples.
var small = size{Models: 50, Pods: 2, Others: 200}

// windows measures long windows beside the hours that they consist of.
func (b *bench) windows(ctx context.Context) error {
	const week = 7 * 24 * time.Hour
	s := small
	s.Window = window.Containing(time.Now(), week).Previous()
	srv, err := b.stored(ctx, s)
	if err != nil {
		return err
	}
	remoteRead, _, err := exporters(srv)
	if err != nil {
		return err
	}
	for _, long := range []struct {
		window.Window
		most float64 // CPU, of that of its hours
	}{
		{window.Window{Start: s.Window.End.Add(-24 * time.Hour), End: s.Window.End}, 0.4},
		{s.Window, 1},
	} {
		var hours []window.Window
		for start := long.Start; start.Before(long.End); start = start.Add(time.Hour) {
			hours = append(hours, window.Window{Start: start, End: start.Add(time.Hour)})
		}
		measured, err := sideBySide(ctx, min(b.rounds, 3), subject{srv, remoteRead, []window.Window{long.Window}}, subject{srv, remoteRead, hours})
		if err != nil {
			return err
		}
		one, sum := measured[0], measured[1]
		work := fmt.Sprintf("a window of %.0f h: ", long.Period().Hours())
		against := fmt.Sprintf("%d windows of 1 h: ", len(hours))
		b.report.add(
			goal{work: work + "samples", measured: thousands(one.samples), against: against + thousands(sum.samples),
				ratio: float64(one.samples) / float64(sum.samples), most: 1},
			goal{work: work + "Prometheus CPU", measured: seconds(one.cpu), against: against + seconds(sum.cpu),
				ratio: float64(one.cpu) / float64(sum.cpu), most: long.most},
		)
	}
	return nil
}
