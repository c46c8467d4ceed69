package pages

import (
	"cmp"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// chart is the metrics that are shown together: what is used, and what was requested and
// allowed of it.
type chart struct {
	Key    string // in parameters
	Name   string
	Unit   string
	roles  [metric.Roles]int // the places of its metrics in the table, -1 for none
	Bounds bool              // there is more than what is used
}

// chartsOf returns the charts of a table, in the order of its metrics.
func chartsOf(t metric.Table) []chart {
	var charts []chart
	at := map[string]int{}
	for i, m := range t.Metrics {
		name := cmp.Or(m.Chart, m.Name)
		n, ok := at[name]
		if !ok {
			n = len(charts)
			at[name] = n
			charts = append(charts, chart{Key: strings.ToLower(name), Name: name, Unit: m.Unit, roles: [metric.Roles]int{-1, -1, -1}})
		}
		charts[n].roles[m.Role] = i
		charts[n].Bounds = charts[n].Bounds || m.Role != metric.Used
	}
	return charts
}

// Heading is the chart's name, with the unit where values do not show it.
func (c chart) Heading() string {
	if c.Unit == "cores" {
		return c.Name + ", cores"
	}
	return c.Name
}

// of returns one of the chart's values.
func (c chart) of(values []metric.Value, r metric.Role) quantity {
	if c.roles[r] < 0 {
		return quantity{Unit: c.Unit}
	}
	v := values[c.roles[r]]
	return quantity{v.V, v.OK, c.Unit}
}

// usage is what is shown of a chart in one cell.
type usage struct {
	chart
	Used, Requested, Limit quantity
}

func (c chart) usage(values []metric.Value) usage {
	return usage{c, c.of(values, metric.Used), c.of(values, metric.Requested), c.of(values, metric.Limit)}
}

// OfRequest is which share of the request is used.
func (u usage) OfRequest() quantity { return share(u.Used, u.Requested) }

func share(used, requested quantity) quantity {
	if !used.OK || !requested.OK || requested.V <= 0 {
		return quantity{}
	}
	return quantity{V: used.V / requested.V, OK: true}
}

// Bar is a usage drawn: widths are percentages of what the bar stands for, the largest of the
// values.
func (u usage) Bar() bar {
	full := max(u.Used.V, u.Requested.V, u.Limit.V)
	if full <= 0 {
		return bar{}
	}
	b := bar{Used: 100 * u.Used.V / full, HasRequest: u.Requested.OK, HasLimit: u.Limit.OK}
	b.Request, b.Limit = 100*u.Requested.V/full, 100*u.Limit.V/full
	b.Within = b.Used
	if u.Requested.OK && u.Used.V > u.Requested.V {
		b.Within = b.Request
		b.Above = b.Used - b.Request
	}
	return b
}

// bar is a bar's parts, in percent of its width.
type bar struct {
	Used, Within, Above  float64
	Request, Limit       float64
	HasRequest, HasLimit bool
}
