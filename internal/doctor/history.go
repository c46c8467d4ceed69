package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// The longest scrape interval, as a share of the period, with which values are good, and with
// which there are values at all.
const (
	goodInterval   = 1.0 / 20
	usableInterval = 1.0 / 3
)

func historyChecks() []Check {
	needs := []string{"reachable", "credentials", "kube-state-metrics"}
	return []Check{
		{
			Name:     "scrape-intervals",
			Question: "Are the sources scraped often enough for the period?",
			Judged:   "by the intervals that the window showed: each start or stop of a container is known to within one.",
			Needs:    append(needs, "window"),
			Faults: []Fault{
				{Name: "long", Status: Warn, Means: "An interval is longer than a twentieth of the period: a container's start or stop can move a value by as much.",
					Remedy: "Lower the job's `scrape_interval`, or choose a longer `--time-period`."},
				{Name: "too-long", Status: Fail, Means: "An interval is longer than a third of the period: there are not enough samples in a window.",
					Remedy: "Lower the job's `scrape_interval`, or choose a longer `--time-period`."},
			},
			run: scrapeIntervals,
		},
		{
			Name:     "clusters",
			Question: "Does the Prometheus hold several clusters?",
			Judged:   "by the labels of `kube_node_info` with \"cluster\" in their name, or by the targets that the window showed if a cluster label is set.",
			Needs:    needs,
			Faults: []Fault{
				{Name: "several", Status: Fail, Means: "It does, and no cluster label is set: models and pods of equal names are taken for one.",
					Remedy: "Set `--cluster-label` to that label."},
				{Name: "no-label", Status: Fail, Means: "The cluster label is set, and some series do not have it.",
					Remedy: "Set `--cluster-label` to a label that is on all series, or let each cluster's Prometheus add it to its targets."},
			},
			run: clusters,
		},
		{
			Name:     "replicas",
			Question: "Do two Prometheus replicas store everything twice?",
			Judged:   "by the labels of `kube_node_info` with \"replica\" in their name.",
			Needs:    needs,
			Faults: []Fault{{Name: "twice", Status: Warn, Means: "The same targets are there once for each replica: a window reads, and costs, as many times as much.",
				Remedy: "Let the server deduplicate: `--query.replica-label` of Thanos Query, the HA tracker of Mimir and Cortex, `-dedup.minScrapeInterval` of VictoriaMetrics."}},
			run: replicas,
		},
		{
			Name:     "history",
			Question: "Since when are there samples, and was kube-state-metrics scraped all the time?",
			Judged:   "by its `up`, at one moment of each half hour of the last 30 days. The calendar shows it day by day.",
			Needs:    needs,
			Faults: []Fault{{Name: "gaps", Status: Warn, Means: "There are days since the first sample on which it was not scraped for more than an hour. Windows without its samples stay unknown.",
				Remedy: "Check on those days what happened to the Prometheus or to kube-state-metrics. `seldon-prometheus-exporter backfill` computes windows whose samples came late."}},
			run: history,
		},
		{
			Name:     "retention",
			Question: "Do samples stay long enough to catch up?",
			Judged:   "by the first sample of the last 30 days and `--catch-up.max-age`. It matters with remote write only.",
			Needs:    append(needs, "history"),
			Faults: []Fault{{Name: "short", Status: Warn, Means: "The first sample is newer than that: missed windows before it cannot be caught up.",
				Remedy: "Nothing, if the Prometheus is new. Otherwise raise its `--storage.tsdb.retention.time`, or lower `--catch-up.max-age`."}},
			run: retention,
		},
	}
}

func scrapeIntervals(_ context.Context, e *exam) (Finding, error) {
	var all []string
	var longest time.Duration
	for i, s := range e.Table.Sources {
		if len(e.found.Targets[i].Scrapes) > 0 {
			every := seconds(e.found.Targets[i].Interval)
			longest = max(longest, every)
			all = append(all, fmt.Sprintf("%s every %s", s.Name, every))
		}
	}
	text := fmt.Sprintf("%s, in windows of %s", strings.Join(all, ", "), model.Duration(e.Period))
	switch {
	case longest.Seconds() > usableInterval*e.Period.Seconds():
		return fault("too-long", "%s", text)
	case longest.Seconds() > goodInterval*e.Period.Seconds():
		return fault("long", "%s", text)
	}
	return pass("%s", text)
}

// valuesOf returns the values of the labels whose name contains a word, by name.
func valuesOf(rows []promapi.Series, word string) map[string][]string {
	all := map[string][]string{}
	for _, row := range rows {
		for _, l := range row.Labels {
			if strings.Contains(l.Name, word) && !slices.Contains(all[l.Name], l.Value) {
				all[l.Name] = append(all[l.Name], l.Value)
			}
		}
	}
	return all
}

func clusters(ctx context.Context, e *exam) (Finding, error) {
	if e.ClusterLabel != "" {
		return labeledClusters(ctx, e)
	}
	rows, err := e.nodeRows(ctx)
	if err != nil {
		return Finding{}, err
	}
	for name, values := range valuesOf(rows, "cluster") {
		if len(values) > 1 {
			return fault("several", "the label %q is %s", name, some(values))
		}
	}
	return pass("one, as far as labels say")
}

// labeledClusters looks at the targets that the window showed: an external label of a
// Prometheus is on its answers to remote read only.
func labeledClusters(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil {
		return skip("it needs a window")
	}
	names := map[string]bool{}
	for i, targets := range e.found.Targets {
		for t := range targets.Scrapes {
			names[t.Cluster] = true
			if t.Cluster == "" {
				return fault("no-label", "a target of %s has no label %q: %s", e.Table.Sources[i].Name, e.ClusterLabel, t)
			}
		}
	}
	return pass("%s, by the label %q", count(len(names), "cluster"), e.ClusterLabel)
}

func replicas(ctx context.Context, e *exam) (Finding, error) {
	rows, err := e.nodeRows(ctx)
	if err != nil {
		return Finding{}, err
	}
	for name, values := range valuesOf(rows, "replica") {
		if len(values) < 2 {
			continue
		}
		// Only what is the same without that label is there twice.
		seen := map[string]bool{}
		for _, row := range rows {
			var rest strings.Builder
			for _, l := range row.Labels {
				if l.Name != name {
					fmt.Fprintf(&rest, "%q=%q,", l.Name, l.Value)
				}
			}
			if seen[rest.String()] {
				return fault("twice", "the label %q is %s", name, some(values))
			}
			seen[rest.String()] = true
		}
	}
	return pass("no, as far as labels say")
}

func history(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil {
		return skip("it needs a window")
	}
	if err := e.readCalendar(ctx); err != nil {
		switch promapi.KindOf(err) {
		case promapi.NotPrometheus, promapi.Unauthorized, promapi.Rejected:
			return skip("range queries are not allowed: %v", err) // the exporter itself needs none
		}
		return Finding{}, err
	}
	c := e.calendar
	if c.First.IsZero() {
		return skip("there is no up of kube-state-metrics")
	}
	text := "there are samples since " + c.First.Format(time.DateOnly+" 15:04") + " UTC"
	if c.First.Before(c.Days[0].Date.Add(calendarStep)) {
		text = "there are samples of all the time"
	}
	var gaps []string
	for _, d := range c.Days {
		if d.Missing > time.Hour {
			gaps = append(gaps, d.Date.Format(time.DateOnly))
		}
	}
	if len(gaps) > 0 {
		return fault("gaps", "%s; gaps on %s", text, some(gaps))
	}
	return pass("%s", text)
}

func retention(_ context.Context, e *exam) (Finding, error) {
	if e.Receiver == nil {
		return skip("without remote write, nothing is caught up")
	}
	oldest := e.now().Add(-e.CatchUp)
	if begin := e.calendar.Days[0].Date; e.calendar.First.After(oldest.Add(calendarStep)) && e.calendar.First.After(begin) {
		return fault("short", "there are samples since %s UTC, and windows are caught up for %s", e.calendar.First.Format(time.DateOnly+" 15:04"), model.Duration(e.CatchUp))
	}
	return pass("there are, for %s", model.Duration(e.CatchUp))
}
