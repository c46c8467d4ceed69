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

const scrapeJob = `In the configuration of the Prometheus:

    scrape_configs:
      - job_name: seldon-prometheus-exporter
        honor_labels: true
        scrape_interval: 15m
        static_configs:
          - targets: ["seldon-prometheus-exporter:8000"]`

func storeChecks() []Check {
	needs := []string{"reachable", "credentials"}
	return []Check{
		{
			Name:     "scraped-back",
			Question: "Is the exporter scraped, how often, by how many jobs, and with `honor_labels`?",
			Judged:   "by `seldon_exporter_window_end_timestamp_seconds` and the models' metrics in the Prometheus that is read, or in that of `--remote-write.query-url`. Another one may scrape the exporter.",
			Needs:    needs,
			Faults: []Fault{
				{Name: "none", Status: Warn, Means: "It is not scraped by this Prometheus, and there is no remote write: nobody keeps the averages.",
					Remedy:   "Give a Prometheus a job for the exporter, or set `--remote-write.url`.",
					Settings: scrapeJob},
				{Name: "rare", Status: Warn, Means: "It is scraped only once in a period, or less: a failed scrape loses a window.",
					Remedy: "Lower the job's `scrape_interval` to a quarter of the period or less."},
				{Name: "renamed", Status: Warn, Means: "The models' labels `namespace` and `name` arrive as `exported_namespace` and `exported_name`.",
					Remedy: "Set `honor_labels: true` in the job that scrapes the exporter (`honorLabels: true` of a ServiceMonitor)."},
			},
			run: scrapedBack,
		},
		{
			Name:     "other-writer",
			Question: "Does anything else write metrics of these names?",
			Judged:   "by the `job` and `instance` of the series of the last period: those of an exporter also have its own metrics, and delivered ones have completion markers and one sample in a period.",
			Needs:    needs,
			Faults: []Fault{{Name: "other", Status: Warn, Means: "Something else writes them, such as Seldon's own usage recording rules: queries add the two up, or find two values.",
				Remedy: "Remove the other writer, or select this exporter's series in all queries, such as by their `job`."}},
			run: otherWriter,
		},
	}
}

// within is the time in which an exporter shows each window, or is asked about at least.
func (e *exam) within() time.Duration { return min(max(e.Period, 10*time.Minute), day) }

// exporters returns how often each exporter was scraped within a period.
func (e *exam) exporters(ctx context.Context) ([]promapi.Series, error) {
	return e.stored(ctx, fmt.Sprintf("max by (job, instance) (count_over_time(seldon_exporter_window_end_timestamp_seconds[%dms]))", e.within().Milliseconds()))
}

func scrapedBack(ctx context.Context, e *exam) (Finding, error) {
	rows, err := e.exporters(ctx)
	if err != nil {
		return Finding{}, err
	}
	switch {
	case len(rows) == 0 && e.Receiver != nil:
		return pass("no; the averages are delivered by remote write")
	case len(rows) == 0:
		return fault("none", "no seldon_exporter_window_end_timestamp_seconds in the last %s", model.Duration(e.within()))
	}
	var jobs []string
	most := 0.0
	for _, row := range rows {
		jobs = append(jobs, row.Labels.Get("job"))
		most = max(most, valueOf(row))
	}
	text := fmt.Sprintf("%s of the job %s, %s in %s", count(len(rows), "target"), some(jobs), count(most, "time"), model.Duration(e.within()))
	renamed, err := e.stored(ctx, fmt.Sprintf(`count(last_over_time(model_containers_average{exported_namespace!=""}[%dms]))`, e.within().Milliseconds()))
	if err != nil {
		return Finding{}, err
	}
	switch {
	case number(renamed) > 0:
		return fault("renamed", "%s; %s with exported_namespace", text, count(number(renamed), "series of a model"))
	case most < 2 && e.Receiver == nil:
		return fault("rare", "%s", text)
	}
	return pass("%s; queries need last_over_time(...[%s])", text, model.Duration(e.Period))
}

func otherWriter(ctx context.Context, e *exam) (Finding, error) {
	var names []string
	for _, m := range e.Table.Metrics {
		names = append(names, m.Name)
	}
	own, err := e.exporters(ctx)
	if err != nil {
		return Finding{}, err
	}
	ms := e.within().Milliseconds()
	rows, err := e.stored(ctx, fmt.Sprintf(`count by (job, instance) (last_over_time({__name__=~%q}[%dms]))`, strings.Join(names, "|"), ms))
	if err != nil {
		return Finding{}, err
	}
	var others []string
	for _, row := range rows {
		job, instance := row.Labels.Get("job"), row.Labels.Get("instance")
		if slices.ContainsFunc(own, func(o promapi.Series) bool {
			return o.Labels.Get("job") == job && o.Labels.Get("instance") == instance
		}) {
			continue
		}
		if job == "" && instance == "" {
			delivered, err := e.onlyDelivered(ctx)
			if err != nil {
				return Finding{}, err
			}
			if !delivered {
				others = append(others, "without job and instance, as of a recording rule")
			}
			continue
		}
		others = append(others, fmt.Sprintf("job=%q instance=%q", job, instance))
	}
	if len(others) > 0 {
		return fault("other", "series %s", some(others))
	}
	return pass("no")
}

// onlyDelivered says whether series without job and instance are those that remote write
// delivers: one sample for a window, which has its completion marker.
func (e *exam) onlyDelivered(ctx context.Context) (bool, error) {
	ms := e.within().Milliseconds()
	markers, err := e.stored(ctx, fmt.Sprintf("max(count_over_time(seldon_exporter_window_delivered_timestamp_seconds[%dms]))", ms))
	if err != nil {
		return false, err
	}
	samples, err := e.stored(ctx, fmt.Sprintf(`max(count_over_time(model_containers_average{job="",instance=""}[%dms]))`, ms))
	return number(markers) > 0 && number(samples) <= number(markers), err
}
