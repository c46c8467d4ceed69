package monitoring

import (
	"fmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// hours is a window's length in hours.
const hours = `scalar(max(last_over_time(seldon_exporter_window_end_timestamp_seconds{job=~"$job"}[$__range])` +
	` - last_over_time(seldon_exporter_window_start_timestamp_seconds{job=~"$job"}[$__range]))) / 3600`

// read is a metric of the chosen models as it is to be read back: equal models of several
// instances are one.
func read(m cluster.Metric) string {
	return fmt.Sprintf(`max by (%s) (last_over_time(%s{cluster=~"$cluster",namespace=~"$namespace",type=~"$type",name=~"$name"}[$range]))`,
		perModel, m)
}

// shown is expr at the full hour that is newest. Grafana asks at any moment, and aligns its
// steps to the viewer's time zone: in between, instances show different windows.
func shown(expr string) string { return "last_over_time((" + expr + ")[$period:$period])" }

func instant(expr string) []Target {
	return []Target{{RefID: "A", Expr: expr, LegendFormat: "__auto", Instant: true}}
}

func source() *Datasource { return &Datasource{Type: "prometheus", UID: "${datasource}"} }

// from has the panel ask the chosen data source.
func (p Panel) from() Panel {
	p.Datasource = source()
	return p
}

func row(title string) Panel { return Panel{Type: "row", Title: title, GridPos: GridPos{W: 24, H: 1}} }

// lines is a time series that has a point for each window, or for each of every few.
func lines(title, unit, description string, width int, targets []Target) Panel {
	for i := range targets {
		targets[i].RefID, targets[i].Range = string(rune('A'+i)), true
	}
	config := unitOf(unit)
	config.Defaults.Min = new(float64)
	config.Defaults.Custom = map[string]any{"lineInterpolation": "stepBefore", "showPoints": "auto"}
	return Panel{
		Type: "timeseries", Title: title, Description: description, GridPos: GridPos{W: width, H: 8},
		Interval: "$period", Targets: targets, FieldConfig: config,
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}.from()
}

func unitOf(unit string) *FieldConfig {
	return &FieldConfig{Defaults: Field{Unit: unit}, Overrides: []Override{}}
}

func lastOnly() map[string]any {
	return map[string]any{
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"colorMode":     "none",
	}
}

func bars() map[string]any {
	return map[string]any{
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"orientation":   "horizontal", "displayMode": "basic",
	}
}
