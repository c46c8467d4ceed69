package inventory

import (
	"cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// PodName is what a pod is called. Another pod, with another uid, may get the name after it.
type PodName struct{ Cluster, Namespace, Name string }

// Compare orders pods.
func (p PodName) Compare(o PodName) int {
	return cmp.Or(cmp.Compare(p.Cluster, o.Cluster), cmp.Compare(p.Namespace, o.Namespace), cmp.Compare(p.Name, o.Name))
}

// Naming says what a series is about.
type Naming struct {
	ClusterLabel string // tells several clusters in one Prometheus apart; empty for one
	Cluster      string // what that one is called, empty for nothing
}

const exported = "exported_"

// Label returns a scraped label's value. Without honor_labels, the labels that the target has
// as well arrive as exported_*.
func Label(l promapi.Labels, name string) string {
	if v := l.Get(exported + name); v != "" {
		return v
	}
	return l.Get(name)
}

// Pod returns the pod that a series is about.
func (n Naming) Pod(l promapi.Labels) PodName {
	return PodName{n.cluster(l), Label(l, "namespace"), Label(l, "pod")}
}

// Target returns the target that carries a series of a source.
func (n Naming) Target(l promapi.Labels, source metric.Source) timeline.Target {
	t := timeline.Target{Cluster: n.cluster(l), Job: l.Get("job"), Instance: l.Get("instance")}
	if source.PathLabel != "" {
		t.Path = l.Get(source.PathLabel)
	}
	return t
}

func (n Naming) cluster(l promapi.Labels) string {
	if n.ClusterLabel == "" {
		return n.Cluster
	}
	return l.Get(n.ClusterLabel)
}

// Form is how series name their pod: the labels with its namespace and its name.
type Form struct{ Namespace, Pod string }

// formOf returns the form of one series.
func formOf(l promapi.Labels) Form {
	f := Form{"namespace", "pod"}
	if l.Get(exported+f.Namespace) != "" {
		f.Namespace = exported + f.Namespace
	}
	if l.Get(exported+f.Pod) != "" {
		f.Pod = exported + f.Pod
	}
	return f
}

// forms are all there are: a target may have labels of either name, or of both.
func forms() []Form {
	return []Form{
		{"namespace", "pod"},
		{exported + "namespace", exported + "pod"},
		{"namespace", exported + "pod"},
		{exported + "namespace", "pod"},
	}
}

// Select restricts to pods. It may let in others: a name in another's namespace.
func (f Form) Select(pods []*Pod) promapi.Selector {
	namespaces, names := make([]string, len(pods)), make([]string, len(pods))
	for i, p := range pods {
		namespaces[i], names[i] = p.Name.Namespace, p.Name.Name
	}
	return promapi.Selector{oneOf(f.Namespace, namespaces), oneOf(f.Pod, names)}
}

// series selects those of a metric table's row.
func series(s metric.Series) promapi.Selector {
	return append(promapi.Selector{{Type: promapi.MatchEqual, Name: "__name__", Value: s.Name}}, matchers(s.Match)...)
}

func matchers(all []metric.Match) promapi.Selector {
	var out promapi.Selector
	for _, m := range all {
		matcher := oneOf(m.Label, m.Values)
		if m.Not {
			matcher = noneOf(m.Label, m.Values)
		}
		out = append(out, matcher)
	}
	return out
}
