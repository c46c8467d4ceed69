package remotewrite

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// The series that are delivered with the averages.
const (
	// Coverage is a window's header: it is delivered first.
	Coverage = "seldon_exporter_window_coverage_ratio"
	// CompletionMarker is delivered after everything else of a window was accepted. Its value
	// is its own timestamp, the window's end, in seconds.
	CompletionMarker = "seldon_exporter_window_delivered_timestamp_seconds"
	// Trial is what Try writes. Its value is its own timestamp, in seconds.
	Trial = "seldon_exporter_doctor_timestamp_seconds"
)

// sample is one value of a window. Its timestamp is the window's end.
type sample struct {
	metric string
	labels []label // without those that are added to every series
	value  float64
}

type label struct{ name, value string }

// identity distinguishes this exporter's windows from those of exporters with other settings
// that write to the same receiver.
type identity struct {
	added []label // to every series; one with an empty value must not be there
	own   []label // further labels of coverage and completion markers

	clusters bool    // models carry the label cluster
	cluster  []label // that all models are in, none if that is not known
}

func newIdentity(cfg Config) identity {
	names := slices.Sorted(maps.Keys(cfg.Labels))
	var added []label
	for _, name := range names {
		added = append(added, label{name, cfg.Labels[name]})
	}
	// A scraped target can expose a metric of any name. Scraped series have these labels.
	for _, name := range []string{"instance", "job"} {
		if cfg.Labels[name] == "" {
			added = append(added, label{name, ""})
		}
	}
	var shard string
	if !cfg.Shard.Whole() {
		shard = cfg.Shard.String()
	}
	var cluster []label
	if cfg.Cluster != "" {
		cluster = []label{{"cluster", cfg.Cluster}}
	}
	return identity{added: added, clusters: cfg.Clusters, cluster: cluster, own: []label{
		{"period", model.Duration(cfg.Period).String()},
		{"shard", shard},
		{"kinds", cfg.Kinds},
		// Without it, an exporter that adds no label could not select its own markers only.
		{"labels", strings.Join(names, ",")},
		{"upstream", cfg.Upstream},
	}}
}

// labels returns a sample's labels, sorted by name. A label with an empty value is left out.
func (id identity) labels(s sample) []label {
	all := []label{{"__name__", s.metric}}
	for _, l := range slices.Concat(id.added, s.labels) {
		if l.value != "" {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return all
}

// averages returns a window's samples without its header and its completion marker, one slice
// for each metric that has samples.
func (id identity) averages(a *ledger.Averages) [][]sample {
	labels := make([][]label, len(a.Models))
	for i, m := range a.Models {
		labels[i] = id.model(m.Model)
	}
	var all [][]sample
	for n, info := range a.Metrics {
		var samples []sample
		for i, m := range a.Models {
			if v := m.Values[n]; v.OK {
				samples = append(samples, sample{info.Name, labels[i], v.V})
			}
		}
		if len(samples) > 0 {
			all = append(all, samples)
		}
	}
	return all
}

func (id identity) model(m workload.Model) []label {
	labels := []label{{"namespace", m.Namespace}, {"type", m.Type}, {"name", m.Name}}
	if id.clusters {
		labels = append(labels, label{"cluster", m.Cluster})
	}
	return labels
}

func (id identity) coverage(all []ledger.Coverage) []sample {
	var out []sample
	for _, c := range all {
		out = append(out, sample{Coverage, id.coverageLabels(c.Source), c.Ratio})
	}
	return out
}

func (id identity) coverageLabels(source string) []label {
	return append(slices.Clone(id.own), label{"source", source})
}

func (id identity) marker(end time.Time) sample {
	return sample{CompletionMarker, id.own, float64(end.UnixMilli()) / 1e3}
}

// selector is PromQL for the series with all of these labels; an empty value selects series
// without the label.
func selector(name string, labels ...[]label) string {
	var matchers []string
	for _, l := range slices.Concat(labels...) {
		matchers = append(matchers, l.name+"="+strconv.Quote(l.value))
	}
	return name + "{" + strings.Join(matchers, ",") + "}"
}

// beyond returns the labels of a row that do not have the given names, as one text: those that
// the queried server has added, or another exporter's.
func beyond(row promapi.Labels, names ...[]label) string {
	known := slices.Concat(names...)
	var rest []string
	for _, l := range row {
		if l.Name != "__name__" && !slices.ContainsFunc(known, func(k label) bool { return k.name == l.Name }) {
			rest = append(rest, l.Name+"="+strconv.Quote(l.Value))
		}
	}
	slices.Sort(rest)
	return strings.Join(rest, ",")
}
