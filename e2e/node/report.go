package node

import (
	"fmt"
	"math"
	"strings"
	"text/template"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// reportVariable names the file that the windows are reported in, if there is one to be.
const reportVariable = "NODE_REPORT"

// versions are those of the programs that took part.
type versions struct{ Kubernetes, Containerd, KubeStateMetrics, Prometheus string }

// report writes what was seen for readers, as Markdown.
func (all *verdict) report(w windows, v versions) (string, error) {
	type row struct {
		Name                    string
		Values                  int
		Share, Median, Apart    string
		About                   string
		Containers, CPU, Memory string
	}
	data := struct {
		versions
		Windows, Values  int
		Period, Interval string
		Metrics, Models  []row
		Rows             []spread
	}{versions: v, Windows: w.n, Values: len(all.values), Period: w.period.String(), Interval: interval.String(), Rows: all.rows.table()}
	for metric := range cluster.NumMetrics {
		s := all.summary(metric)
		data.Metrics = append(data.Metrics, row{Name: metric.String(), Values: s.values, Share: fmt.Sprintf("%.2f", s.worst.share()),
			Median: percent(s.median), Apart: fmt.Sprintf("%.1g", s.apart)})
	}
	for _, story := range stories() {
		r := row{Name: story.model, About: story.about}
		r.Containers = all.beside(story.model, cluster.Containers, 1, "%.3f")
		r.CPU = all.beside(story.model, cluster.CPUUsage, 1, "%.4f")
		r.Memory = all.beside(story.model, cluster.MemoryUsage, 1<<20, "%.1f")
		data.Models = append(data.Models, r)
	}
	text, err := template.ParseFiles("testdata/report.md")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = text.Execute(&b, data)
	return b.String(), err
}

// beside returns a model's mean over the windows: the truth's, the exporter's, and the largest
// error of a window.
func (all *verdict) beside(model string, metric cluster.Metric, unit float64, format string) string {
	var want, got, worst float64
	ends := map[time.Time]bool{}
	n := 0.0
	for _, v := range all.values {
		if v.model.Name != model || v.metric != metric {
			continue
		}
		ends[v.end] = true
		n++
		want, got = want+v.want, got+v.got
		if off := v.got/v.want - 1; math.Abs(off) > math.Abs(worst) {
			worst = off
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format+" | "+format+" | %+.1f %%", want/n/unit, got/n/unit, 100*worst)
}
