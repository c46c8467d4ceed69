// Package monitoring makes the Grafana dashboard, and holds it and the alerts against a
// real Prometheus.
package monitoring

import (
	"fmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const (
	cores      = "short"
	containers = "short"
	memory     = "bytes"
	share      = "percentunit"
	seconds    = "s"
	count      = "short"

	perModel = "cluster, namespace, type, name"
	// once says what every value of a window is.
	once = "The window that is shown at a full hour is the one that ended an hour before (with a period of 1h)."
)

// New returns the dashboard.
func New() Dashboard {
	return Dashboard{
		UID:   "seldon-prometheus-exporter",
		Title: "Seldon models",
		Description: "What models use and request, as averages of windows of one period. " + once +
			" So every panel is one to two periods behind, and has each window once.",
		Tags:          []string{"seldon", "kserve"},
		Editable:      true,
		SchemaVersion: 39,
		Timezone:      "utc",
		Refresh:       "5m",
		Time:          TimeRange{From: "now-7d", To: "now"},
		Templating:    Templating{List: variables()},
		Panels: arrange(concat(
			overview(), byModel(), overTime(), health(),
		)),
	}
}

func concat(rows ...[]Panel) []Panel {
	var all []Panel
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}

func variables() []Variable {
	of := func(name, label, query string) Variable {
		return Variable{
			Name: name, Label: label, Type: "query", Datasource: source(), Query: query,
			Current: &Option{Text: []string{"All"}, Value: []string{"$__all"}},
			Multi:   true, IncludeAll: true, AllValue: ".*", Refresh: 2, Sort: 1,
		}
	}
	text := func(name, label, value, description string) Variable {
		return Variable{
			Name: name, Label: label, Type: "textbox", Query: value, Description: description,
			Current: &Option{Text: value, Value: value},
		}
	}
	by := []Option{
		{Text: "namespace", Value: "namespace", Selected: true}, {Text: "type", Value: "type"}, {Text: "cluster", Value: "cluster"}, {Text: "model", Value: perModel},
	}
	return []Variable{
		{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus"},
		of("cluster", "Cluster", `label_values(model_containers_average, cluster)`),
		of("namespace", "Namespace", `label_values(model_containers_average{cluster=~"$cluster"}, namespace)`),
		of("type", "Type", `label_values(model_containers_average{cluster=~"$cluster",namespace=~"$namespace"}, type)`),
		of("name", "Model", `label_values(model_containers_average{cluster=~"$cluster",namespace=~"$namespace",type=~"$type"}, name)`),
		{
			Name: "by", Label: "By", Type: "custom", Description: "By what lines are told apart.",
			Query: `namespace : namespace,type : type,cluster : cluster,model : cluster\, namespace\, type\, name`, Current: &by[0], Options: by,
		},
		text("period", "Period", "1h", "The exporter's TIME_PERIOD."),
		text("range", "Range", "50m", "For how long a sample counts. Shorter than the period by the time in which the window before is "+
			"still served, so that no model's last window counts twice, and a window that is missing is a gap. Scrape at least this often; "+
			"if you cannot, write the period here."),
		of("job", "Job", `label_values(seldon_exporter_build_info, job)`),
	}
}

func overview() []Panel {
	stat := func(title, unit, expr string) Panel {
		return Panel{
			Type: "stat", Title: title, GridPos: GridPos{W: 4, H: 4},
			Targets: instant(shown(expr)), FieldConfig: unitOf(unit), Options: lastOnly(),
		}.from()
	}
	return []Panel{
		row("Overview"),
		stat("Models", count, "count("+read(cluster.Containers)+")"),
		stat("Containers running", containers, "sum("+read(cluster.Containers)+")"),
		stat("CPU used, cores", cores, "sum("+read(cluster.CPUUsage)+")"),
		stat("CPU requested, cores", cores, "sum("+read(cluster.CPURequests)+")"),
		stat("Memory used", memory, "sum("+read(cluster.MemoryUsage)+")"),
		stat("Memory requested", memory, "sum("+read(cluster.MemoryRequests)+")"),
	}
}

func byModel() []Panel {
	top := func(title, unit, description, expr string) Panel {
		return Panel{
			Type: "bargauge", Title: title, Description: description, GridPos: GridPos{W: 8, H: 9},
			Targets: instant(expr), FieldConfig: unitOf(unit), Options: bars(),
		}.from()
	}
	return []Panel{
		row("By model"),
		table(),
		top("Most CPU, in core-hours", count, "Over the time range: the sum of all windows, each counted once.",
			fmt.Sprintf("topk(10, sum_over_time((%s)[$__range:$period]) * %s)", read(cluster.CPUUsage), hours)),
		top("Most memory", memory, once,
			fmt.Sprintf("topk(10, %s)", shown(read(cluster.MemoryUsage)))),
		top("Least of its CPU requests used", share, "Over the time range: where requests can be lowered.",
			fmt.Sprintf("bottomk(10, sum_over_time((%s)[$__range:$period]) / sum_over_time((%s)[$__range:$period]))",
				read(cluster.CPUUsage), read(cluster.CPURequests))),
	}
}

// column is one of the table's.
type column struct{ name, unit, expr string }

func table() Panel {
	ratio := func(a, b cluster.Metric) string { return read(a) + " / " + read(b) }
	columns := []column{
		{"Containers", containers, read(cluster.Containers)},
		{"CPU used", cores, read(cluster.CPUUsage)},
		{"CPU requested", cores, read(cluster.CPURequests)},
		{"CPU limit", cores, read(cluster.CPULimits)},
		{"CPU used of requested", share, ratio(cluster.CPUUsage, cluster.CPURequests)},
		{"Memory used", memory, read(cluster.MemoryUsage)},
		{"Memory requested", memory, read(cluster.MemoryRequests)},
		{"Memory limit", memory, read(cluster.MemoryLimits)},
		{"Memory used of requested", share, ratio(cluster.MemoryUsage, cluster.MemoryRequests)},
	}
	p := Panel{
		Type: "table", Title: "Usage, requests and limits", Description: once + " What is empty is not known: no limit is set, for one.",
		GridPos: GridPos{W: 24, H: 10}, FieldConfig: &FieldConfig{Overrides: []Override{}},
	}.from()
	names := map[string]any{"cluster": "Cluster", "namespace": "Namespace", "type": "Type", "name": "Model"}
	for i, c := range columns {
		id := string(rune('A' + i))
		p.Targets = append(p.Targets, Target{RefID: id, Expr: shown(c.expr), Instant: true, Format: "table"})
		names["Value #"+id] = c.name
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{
			Matcher: Property{ID: "byName", Options: c.name}, Properties: []Property{{ID: "unit", Value: c.unit}},
		})
	}
	p.Transformations = []Transformation{
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{"excludeByName": map[string]any{"Time": true}, "renameByName": names}},
	}
	return p
}

func overTime() []Panel {
	against := func(title, unit string, used, requested, limit cluster.Metric) Panel {
		return lines(title, unit, once, 12, []Target{
			{Expr: shown("sum(" + read(used) + ")"), LegendFormat: "used"},
			{Expr: shown("sum(" + read(requested) + ")"), LegendFormat: "requested"},
			{Expr: shown("sum(" + read(limit) + ")"), LegendFormat: "limit"},
		})
	}
	by := func(title, unit string, m cluster.Metric) Panel {
		return lines(title, unit, once, 8, []Target{{Expr: shown("sum by (${by:raw}) (" + read(m) + ")"), LegendFormat: "__auto"}})
	}
	utilisation := func(title string, used, requested cluster.Metric) Panel {
		// Of models that have both.
		expr := fmt.Sprintf("sum by (${by:raw}) (%s and %s) / sum by (${by:raw}) (%s and %s)",
			read(used), read(requested), read(requested), read(used))
		return lines(title, share, "Of the models that request any. "+once, 12, []Target{{Expr: shown(expr), LegendFormat: "__auto"}})
	}
	return []Panel{
		row("Over time"),
		against("CPU, cores", cores, cluster.CPUUsage, cluster.CPURequests, cluster.CPULimits),
		against("Memory", memory, cluster.MemoryUsage, cluster.MemoryRequests, cluster.MemoryLimits),
		by("Containers, by $by", containers, cluster.Containers),
		by("CPU used in cores, by $by", cores, cluster.CPUUsage),
		by("Memory used, by $by", memory, cluster.MemoryUsage),
		utilisation("CPU used of requested, by $by", cluster.CPUUsage, cluster.CPURequests),
		utilisation("Memory used of requested, by $by", cluster.MemoryUsage, cluster.MemoryRequests),
	}
}

func health() []Panel {
	const newest = `last_over_time(%s{job=~"$job"}[$period])`
	last := func(metric string) string { return fmt.Sprintf(newest, metric) }
	// Of a job that scrapes other programs as well, only the exporters.
	scrape := func(metric string) string {
		return fmt.Sprintf("max by (job, instance) (%s and on (job, instance) %s)", last(metric), last("seldon_exporter_build_info"))
	}
	line := func(title, unit, description, legend, expr string) Panel {
		return lines(title, unit, description, 8, []Target{{Expr: expr, LegendFormat: legend}})
	}
	counted := func(title, label, metric string) Panel {
		return Panel{
			Type: "bargauge", Title: title, Description: "Over the time range, of all instances.", GridPos: GridPos{W: 8, H: 8},
			Targets:     instant(fmt.Sprintf(`sum by (%s) (increase(%s{job=~"$job"}[$__range])) > 0`, label, metric)),
			FieldConfig: unitOf(count), Options: bars(),
		}.from()
	}
	return []Panel{
		row("Exporter"),
		line("Coverage", share, "Part of the window in which targets of the source were scraped. "+once, "{{source}} {{upstream}}",
			shown(`min by (source, upstream) (last_over_time(seldon_exporter_window_coverage_ratio{job=~"$job"}[$range]))`)),
		line("Age of the window that is served", seconds, "From its end. It grows to one period and a little, and falls to the settle delay.", "{{job}} {{upstream}}",
			"time() - max by (job, upstream) ("+last("seldon_exporter_window_end_timestamp_seconds")+")"),
		line("Windows missing", count, "Due and not computed or, with remote write, not delivered.", "{{job}} {{instance}} {{upstream}}",
			"max by (job, instance, upstream) ("+last("seldon_exporter_windows_missing")+")"),
		counted("Refreshes, by result", "result", "seldon_exporter_refreshes_total"),
		counted("Windows given up, by reason", "reason", "seldon_exporter_windows_missed_total"),
		counted("Requests to the Prometheus, by code", "code", "seldon_exporter_upstream_requests_total"),
		line("Time to compute a window", seconds, "Mean since the start of each instance.", "{{job}} {{instance}} {{upstream}}",
			"max by (job, instance, upstream) ("+last("seldon_exporter_refresh_duration_seconds_sum")+" / "+last("seldon_exporter_refresh_duration_seconds_count")+")"),
		counted("Samples read by the Prometheus", "job", "seldon_exporter_upstream_samples_read_total"),
		line("Scrapes succeed", count, "1 or 0.", "{{job}} {{instance}}", scrape("up")),
		line("Time of a scrape", seconds, "", "{{job}} {{instance}}", scrape("scrape_duration_seconds")),
		line("Memory of the exporter", memory, "", "{{job}} {{instance}}", scrape("process_resident_memory_bytes")),
	}
}
