// Package exposition holds the current averages for scrapes: encoded and compressed once per
// window, replaced as a whole, and withdrawn when they are stale.
package exposition

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// StampedLife is how long after its window's end a page with timestamps is served. A
// Prometheus drops samples that are an hour older than its newest ones.
const StampedLife = 45 * time.Minute

// Page is one window as it is served. It is immutable.
type Page struct {
	Window  window.Window
	Models  int
	Expires time.Time // when the values become too old to be served

	averages  *ledger.Averages
	timestamp *int64 // of the models' rows, in ms; nil for none
	leftOut   int    // models that another upstream has
	heads     heads
}

// Encode makes a page of averages. The metrics that describe the window are part of the page,
// so that no scrape returns one window's values with another's times. A form costs nothing
// until it is requested.
func Encode(a *ledger.Averages, expires time.Time) (*Page, error) {
	if err := check(a); err != nil {
		return nil, fmt.Errorf("window %s: %w", a.Window, err)
	}
	return newPage(a, expires, nil), nil
}

// Averages returns what the page is made of.
func (p *Page) Averages() *ledger.Averages { return p.averages }

func newPage(a *ledger.Averages, expires time.Time, timestamp *int64) *Page {
	p := &Page{
		Window:    a.Window,
		Models:    len(a.Models),
		Expires:   expires,
		averages:  a,
		timestamp: timestamp,
	}
	p.heads = newHeads(p.Families())
	return p
}

// valid says whether the page may be served at a time. A window that has not begun yet was
// computed before the clock was set back.
func (p *Page) valid(now time.Time) bool {
	return !now.Before(p.Window.Start) && now.Before(p.Expires)
}

// stamped returns the page with the window's end as the timestamp of its models' rows.
func (p *Page) stamped() *Page {
	expires, end := p.Window.End.Add(StampedLife), p.Window.End.UnixMilli()
	if p.Expires.Before(expires) {
		expires = p.Expires
	}
	return newPage(p.averages, expires, &end)
}

// check validates averages before they are served, so that no scrape fails because of them.
func check(a *ledger.Averages) error {
	for i, m := range a.Models {
		if i > 0 && a.Models[i-1].Compare(m.Model) >= 0 {
			return fmt.Errorf("model %v is listed twice or out of order", m.Model)
		}
		for _, label := range []string{m.Cluster, m.Namespace, m.Type, m.Name} {
			if !utf8.ValidString(label) {
				return fmt.Errorf("model %v: %q is not UTF-8", m.Model, label)
			}
		}
		for i, info := range a.Metrics {
			if v := m.Values[i]; v.OK && !finite(v.V) {
				return fmt.Errorf("model %v: %s is %v", m.Model, info.Name, v.V)
			}
		}
	}
	for _, c := range a.Coverage {
		if !finite(c.Ratio) {
			return fmt.Errorf("coverage of %s is %v", c.Source, c.Ratio)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Families yields the metric families of the page one by one.
func (p *Page) Families() iter.Seq[*dto.MetricFamily] { return families([]*Page{p}) }

// modelFamilies yields the models' metrics, including those without rows.
func modelFamilies(pages []*Page) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		most := 0
		labelled := make([][][]*dto.LabelPair, len(pages))
		for i, p := range pages {
			labelled[i] = make([][]*dto.LabelPair, len(p.averages.Models))
			for j := range p.averages.Models {
				labelled[i][j] = labels(&p.averages.Models[j].Model)
			}
			most += len(p.averages.Models)
		}
		for n, info := range pages[0].averages.Metrics {
			rows := make([]*dto.Metric, 0, most)
			for i, p := range pages {
				for j, m := range p.averages.Models {
					if v := m.Values[n]; v.OK {
						row := gauge(v.V, labelled[i][j]...)
						row.TimestampMs = p.timestamp
						rows = append(rows, row)
					}
				}
			}
			if !yield(family(info.Name, info.Help, rows...)) {
				return
			}
		}
	}
}

// windowFamilies describe each page's window. Pages of upstreams with names have them as label.
func windowFamilies(pages []*Page) []*dto.MetricFamily {
	of := func(name, help string, value func(*Page) (float64, bool)) *dto.MetricFamily {
		f := family(name, help)
		for _, p := range pages {
			if v, ok := value(p); ok {
				f.Metric = append(f.Metric, gauge(v, upstream(p.averages)...))
			}
		}
		return f
	}
	return []*dto.MetricFamily{
		of(DuplicateModels, "Models in the served window that are left out because another upstream has them.",
			func(p *Page) (float64, bool) { return float64(p.leftOut), p.averages.Upstream != "" }),
		of("seldon_exporter_models", "Models in the served window.",
			func(p *Page) (float64, bool) { return float64(p.Models), true }),
		coverageFamily(pages),
		of("seldon_exporter_window_end_timestamp_seconds", "End of the served window.",
			func(p *Page) (float64, bool) { return seconds(p.Window.End), true }),
		of("seldon_exporter_window_start_timestamp_seconds", "Start of the served window.",
			func(p *Page) (float64, bool) { return seconds(p.Window.Start), true }),
	}
}

func coverageFamily(pages []*Page) *dto.MetricFamily {
	var all []*dto.Metric
	for _, p := range pages {
		a := p.averages
		rows := make([]*dto.Metric, len(a.Coverage))
		for i := range a.Coverage {
			rows[i] = gauge(a.Coverage[i].Ratio, append([]*dto.LabelPair{label("source", &a.Coverage[i].Source)}, upstream(a)...)...)
		}
		slices.SortFunc(rows, func(a, b *dto.Metric) int { return cmp.Compare(a.Label[0].GetValue(), b.Label[0].GetValue()) })
		all = append(all, rows...)
	}
	return family("seldon_exporter_window_coverage_ratio", "Share of the served window in which targets of this source were scraped.", all...)
}

// upstream returns the label that distinguishes upstreams with names.
func upstream(a *ledger.Averages) []*dto.LabelPair {
	if a.Upstream == "" {
		return nil
	}
	return []*dto.LabelPair{label("upstream", &a.Upstream)}
}

// labels returns a model's labels, sorted by name as clients expect. They share its strings.
func labels(m *workload.Model) []*dto.LabelPair {
	all := []*dto.LabelPair{label("name", &m.Name), label("namespace", &m.Namespace), label("type", &m.Type)}
	if m.Cluster != "" {
		all = append([]*dto.LabelPair{label("cluster", &m.Cluster)}, all...)
	}
	return all
}

func label(name string, value *string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: value}
}

func gauge(v float64, labels ...*dto.LabelPair) *dto.Metric {
	return &dto.Metric{Label: labels, Gauge: &dto.Gauge{Value: &v}}
}

func family(name, help string, rows ...*dto.Metric) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: &help, Type: dto.MetricType_GAUGE.Enum(), Metric: rows}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
