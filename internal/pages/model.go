package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// modelPage is the content of a model's page.
type modelPage struct {
	Status    status
	Model     workload.Model
	Now       bool // it is in the window that is served
	Ranges    []link
	Span      string // that is shown
	Charts    []chartView
	Every     int    // every how many windows is shown
	Problem   string // why the past is not known, "" if it is
	Past      bool   // there are windows before the one that is served
	Delivered bool   // windows are recorded as they are delivered
	Scrape    string // how often the exporter must be scraped, at least
	Why       why
	Root      string
}

// chartView is one plot with the values below it.
type chartView struct {
	chart
	Plot   plot
	Values []valueView
	Names  []string // of what Past has of each window
	Past   []pastView
}

// pastView is what a plot shows of one window, as numbers.
type pastView struct {
	End    time.Time
	Values []quantity
}

// valueView is one metric's newest value.
type valueView struct {
	metric.Metric
	Name     string // of its role
	Class    string
	Value    quantity
	Bound    quantity
	Source   string
	Coverage float64
}

func modelParams() []string { return []string{"cluster", "range", "explain"} }

// model answers for a model's page.
func (s *site) model(r *http.Request) (view, error) {
	m := workload.Model{Cluster: r.URL.Query().Get("cluster"), Namespace: r.PathValue("namespace"), Type: r.PathValue("type"), Name: r.PathValue("name")}
	if m.Cluster != "" && !s.Clusters {
		return view{}, badParameter("cluster", m.Cluster, "is not used: no cluster label is set")
	}
	of, err := s.spanOf(r.URL.Query().Get("range"))
	if err != nil {
		return view{}, err
	}
	explained := r.URL.Query().Get("explain")
	if explained != "" && explained != "1" {
		return view{}, badParameter("explain", explained, "is unknown: choose 1, or leave it out")
	}
	u, err := s.upstreamOf(m)
	if err != nil {
		return view{}, err
	}
	averages := u.Averages()
	served := find(averages, m)
	p := modelPage{Status: status{u.status(averages)}, Model: m, Now: served != nil, Span: of.title, Delivered: u.Recorded.Delivered, Root: root(r)}
	p.Scrape = shortDuration(s.Period * 5 / 6)
	h, err := s.history(r.Context(), u, m, of)
	if err != nil {
		p.Problem = err.Error()
		from, to, step := stride(s.Now(), s.Period, of)
		h = &history{from: from, to: to, step: step}
	}
	p.Past = len(h.points) > 0
	if served == nil && !p.Past && p.Problem == "" {
		return view{}, s.unknown(m, of)
	}
	h = h.with(averages, served)
	p.Every = int(h.step / s.Period)
	for _, bounds := range []bool{true, false} { // what was asked for first
		for _, c := range s.charts {
			if c.Bounds == bounds {
				p.Charts = append(p.Charts, s.chartView(c, h, averages, served))
			}
		}
	}
	for _, o := range spans() {
		p.Ranges = append(p.Ranges, link{with(r.URL.Query(), "range", o.key), o.title, o.key == of.key})
	}
	p.Why = s.why(r, u, averages, served, explained != "")
	return view{title: m.Name, body: p, csv: s.historyCSV(h), json: s.modelDocument(p, h, averages, served)}, nil
}

// spanOf returns the span of a name. The preset one is the shortest that has some windows.
func (s *site) spanOf(key string) (span, error) {
	all := spans()
	if key == "" {
		for _, o := range all {
			if o.length/s.Period >= 8 {
				return o, nil
			}
		}
		return all[len(all)-1], nil
	}
	var keys []string
	for _, o := range all {
		if o.key == key {
			return o, nil
		}
		keys = append(keys, o.key)
	}
	return span{}, badParameter("range", key, "is unknown: choose "+strings.Join(keys, ", "))
}

// find returns a model's averages, or nil.
func find(a *ledger.Averages, m workload.Model) *ledger.Model {
	if a == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(a.Models, m, func(o ledger.Model, m workload.Model) int { return o.Compare(m) })
	if !ok {
		return nil
	}
	return &a.Models[i]
}

func (s *site) unknown(m workload.Model, of span) error {
	return &failure{
		http.StatusNotFound, "There is no such model",
		fmt.Sprintf("%s %s/%s has no values in the window that is served, and none are recorded in the %s before.", m.Type, m.Namespace, m.Name, of.title),
		"Check its namespace, type and name in the list of models, or choose a longer range.",
	}
}

func (s *site) chartView(c chart, h *history, a *ledger.Averages, m *ledger.Model) chartView {
	v := chartView{chart: c, Plot: c.plot(h)}
	v.Names, v.Past = c.past(h)
	if m == nil {
		return v
	}
	for r, name := range roleNames() {
		i := c.roles[r]
		if i < 0 {
			continue
		}
		of := s.Table.Metrics[i]
		value := valueView{Metric: of, Name: name, Class: strings.ToLower(name), Value: c.of(m.Values, metric.Role(r)), Source: of.Source, Coverage: a.CoverageOf(of.Source)}
		if i < len(m.Bounds) && value.Value.OK {
			value.Bound = quantity{m.Bounds[i], true, of.Unit}
		}
		v.Values = append(v.Values, value)
	}
	return v
}

// past returns what is plotted as a table, the newest window first.
func (c chart) past(h *history) (names []string, all []pastView) {
	for r, name := range roleNames() {
		if c.roles[r] >= 0 {
			names = append(names, name)
		}
	}
	for _, p := range slices.Backward(h.points) {
		row := pastView{End: p.end}
		for r := range metric.Roles {
			if c.roles[r] >= 0 {
				row.Values = append(row.Values, c.of(p.values, r))
			}
		}
		all = append(all, row)
	}
	return names, all
}

func roleNames() [metric.Roles]string { return [metric.Roles]string{"Used", "Request", "Limit"} }
