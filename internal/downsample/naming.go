package downsample

import (
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// naming says whose a series is. Where one Prometheus holds several clusters, the same
// names stand for different things in each.
type naming struct {
	clusterLabels []string // that tell the clusters apart; none where there is one
	oneCluster    bool     // no label does: the same pods are in what seemed to be several
}

// podName is what a pod is called; it may be given again to another pod, with another uid.
type podName struct{ cluster, namespace, pod string }

func (p podName) compare(o podName) int {
	return compareAll(p.cluster, o.cluster, p.namespace, o.namespace, p.pod, o.pod)
}

// target is what Prometheus scrapes; path tells apart a kubelet's several targets.
type target struct{ cluster, job, instance, path string }

func (t target) compare(o target) int {
	return compareAll(t.cluster, o.cluster, t.job, o.job, t.instance, o.instance, t.path, o.path)
}

// matchers selects the target's series, and those of its namesakes in other clusters.
func (t target) matchers() string {
	return matcher("job", []string{t.job}) + "," + matcher("instance", []string{t.instance})
}

// compareAll compares pairs of strings until one differs.
func compareAll(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

// form is how a series names its pod: scraped without honor_labels, the labels that the
// target has as well arrive as exported_*.
type form struct{ namespace, pod string }

const exported = "exported_"

// label returns a label's value, whether honor_labels was set or not.
func label(l promapi.Labels, name string) string {
	if v := l.Get(exported + name); v != "" {
		return v
	}
	return l.Get(name)
}

func formOf(l promapi.Labels) form {
	f := form{"namespace", "pod"}
	if l.Get(exported+f.namespace) != "" {
		f.namespace = exported + f.namespace
	}
	if l.Get(exported+f.pod) != "" {
		f.pod = exported + f.pod
	}
	return f
}

func (n naming) podOf(l promapi.Labels) podName {
	return podName{n.clusterOf(l), label(l, "namespace"), label(l, "pod")}
}

// byPod sorts rows by the pods that they are about.
func (n naming) byPod(rows []promapi.Series) map[podName][]promapi.Series {
	of := map[podName][]promapi.Series{}
	for _, row := range rows {
		name := n.podOf(row.Labels)
		of[name] = append(of[name], row)
	}
	return of
}

// targetOf returns the target that carries a series of kube-state-metrics.
func (n naming) targetOf(l promapi.Labels) target {
	return target{cluster: n.clusterOf(l), job: l.Get("job"), instance: l.Get("instance")}
}

// kubeletOf returns the target that carries a series of a kubelet.
func (n naming) kubeletOf(l promapi.Labels) target {
	return target{n.clusterOf(l), l.Get("job"), l.Get("instance"), l.Get("metrics_path")}
}

func (n naming) clusterOf(l promapi.Labels) string {
	values := make([]string, len(n.clusterLabels))
	for i, name := range n.clusterLabels {
		values[i] = l.Get(name)
	}
	return strings.Join(values, "\xff")
}

// by lists the labels that say whose a series is, and some more.
func (n naming) by(more ...string) string {
	return strings.Join(slices.Concat([]string{"job", "instance"}, n.clusterLabels, more), ",")
}

// ofPods are the labels that say which pod a series of kube-state-metrics is about.
func ofPods(more ...string) []string {
	return append([]string{"namespace", "pod", "exported_namespace", "exported_pod", "uid"}, more...)
}

// sharePods says whether what the labels tell apart are no clusters, but ways of seeing the
// same pods. Where no uid can tell, a label must call itself a cluster's to be believed.
func (n naming) sharePods(pods []*pod) bool {
	named := slices.ContainsFunc(n.clusterLabels, func(l string) bool { return strings.Contains(l, "cluster") })
	home := map[string]string{}
	for _, p := range pods {
		for _, uid := range p.uids() {
			if other, ok := home[uid]; uid != "" && ok && other != p.cluster || uid == "" && !named {
				return true
			}
			home[uid] = p.cluster
		}
	}
	return false
}

// severalClusters finds the labels by which targets of one job and instance differ, given
// their up series: one target has one such series at a time. A pair of Prometheus servers
// that scrape the same are no clusters; their label calls itself a replica.
func severalClusters(up []promapi.Series) []string {
	type address struct{ job, instance, path string }
	byAddress := map[address][]promapi.Series{}
	for _, s := range up {
		a := address{s.Labels.Get("job"), s.Labels.Get("instance"), s.Labels.Get("metrics_path")}
		byAddress[a] = append(byAddress[a], s)
	}
	var differ []string
	for _, series := range byAddress {
		for i, a := range series {
			for _, b := range series[i+1:] {
				if overlap(a.Samples, b.Samples) {
					differ = append(differ, differing(a.Labels, b.Labels)...)
				}
			}
		}
	}
	slices.Sort(differ)
	differ = slices.Compact(differ)
	if named := slices.DeleteFunc(slices.Clone(differ), func(l string) bool { return !strings.Contains(l, "cluster") }); len(named) > 0 {
		return named
	}
	return differ
}

func overlap(a, b []promapi.Sample) bool {
	return len(a) > 1 && len(b) > 1 && a[0].T < b[len(b)-1].T && b[0].T < a[len(a)-1].T
}

// differing returns the names of labels that two targets have different values of, but not
// those which the series that they carry use for something else.
func differing(a, b promapi.Labels) []string {
	var out []string
	for _, l := range slices.Concat(a, b) {
		switch l.Name {
		case "namespace", "pod", "container", "node", "uid", "id", "name", "image", "service", "endpoint":
			continue
		}
		if a.Get(l.Name) != b.Get(l.Name) && !strings.Contains(l.Name, "replica") {
			out = append(out, l.Name)
		}
	}
	return out
}
