package node

import (
	"fmt"
	"path"
	"slices"
	"testing"
	"time"

	pmodel "github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// rows is what the rows of real containers are like, in time.
type rows struct {
	age   []time.Duration // at the scrape that saw them first
	apart []time.Duration // from the one before of their container
	first []time.Duration // of a container, after its start
	last  []time.Duration // of a container, before its end
}

// rowsOf compares the rows of the kubelet's cAdvisor that Prometheus has stored with the lives of
// the containers.
func (n *node) rowsOf(t *testing.T, r recording, w windows) rows {
	t.Helper()
	start, end := w.start(0), w.end(w.n-1)
	reach := end.Sub(start) + before
	kubelet := n.scraped(t, "kubelet", w, 0)
	runs := r.runs(start)
	var out rows
	for _, s := range n.query(t, fmt.Sprintf(`container_memory_usage_bytes{container!="",pod!=""}[%ds]`, int(reach.Seconds())), end) {
		run, known := runs[path.Base(string(s.Metric["id"]))]
		if !known || len(s.Values) == 0 {
			continue
		}
		at := func(p pmodel.SamplePair) time.Duration { return p.Timestamp.Time().Sub(start) }
		for i, p := range s.Values {
			next := (at(p)-kubelet.Offset)/interval*interval + kubelet.Offset
			if next < at(p) {
				next += interval
			}
			out.age = append(out.age, next-at(p))
			if i > 0 {
				out.apart = append(out.apart, at(p)-at(s.Values[i-1]))
			}
		}
		if run.From > -before+interval {
			out.first = append(out.first, at(s.Values[0])-run.From)
		}
		if run.To < end.Sub(start) {
			out.last = append(out.last, run.To-at(s.Values[len(s.Values)-1]))
		}
	}
	return out
}

// runs returns each life of a container by its id, as offsets from an origin.
func (r recording) runs(origin time.Time) map[string]cluster.Span {
	out := map[string]cluster.Span{}
	for _, events := range r.pods() {
		p := podHistory{recording: r, origin: origin, events: events, lags: lags{}}
		spec := events[0].pod.Spec
		for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
			for _, run := range p.runs(c.Name) {
				out[run.id] = run.Span
			}
		}
	}
	return out
}

// spread is how some times are spread, in seconds.
type spread struct {
	What                        string
	Least, Median, Most95, Most float64
}

// table returns how each of the times is spread.
func (r rows) table() []spread {
	var out []spread
	for _, of := range []struct {
		what string
		all  []time.Duration
	}{
		{"age at its first scrape", r.age},
		{"from one to the next", r.apart},
		{"from the start to the first", r.first},
		{"from the last to the end", r.last},
	} {
		if len(of.all) == 0 {
			continue
		}
		sorted := slices.Sorted(slices.Values(of.all))
		at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))].Seconds() }
		out = append(out, spread{of.what, at(0), at(0.5), at(0.95), at(1)})
	}
	return out
}
