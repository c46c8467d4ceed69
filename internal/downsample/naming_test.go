package downsample

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// labels makes labels of names and values in turn.
func labels(pairs ...string) promapi.Labels {
	var l promapi.Labels
	for i := 0; i < len(pairs); i += 2 {
		l = append(l, promapi.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return l
}

// TestWhoseSeries: what honor_labels made of the labels that say whose a series is. Where
// the target has such a label itself, the pod's arrives as exported_*.
func TestWhoseSeries(t *testing.T) {
	for _, c := range []struct {
		name      string
		labels    promapi.Labels
		pod       podName
		container string
		form      form
	}{
		{
			"honored",
			labels("namespace", "models", "pod", "iris-0", "container", "server"),
			podName{"", "models", "iris-0"}, "server", form{"namespace", "pod"},
		}, {
			"all three exported",
			labels("namespace", "monitoring", "pod", "ksm-0", "container", "ksm", "exported_namespace", "models", "exported_pod", "iris-0", "exported_container", "server"),
			podName{"", "models", "iris-0"}, "server", form{"exported_namespace", "exported_pod"},
		}, {
			"the target has a namespace only",
			labels("namespace", "monitoring", "exported_namespace", "models", "pod", "iris-0", "container", "server"),
			podName{"", "models", "iris-0"}, "server", form{"exported_namespace", "pod"},
		}, {
			"the target has a pod only",
			labels("namespace", "models", "pod", "ksm-0", "exported_pod", "iris-0", "container", "server"),
			podName{"", "models", "iris-0"}, "server", form{"namespace", "exported_pod"},
		}, {
			"the target has a container only",
			labels("namespace", "models", "pod", "iris-0", "container", "ksm", "exported_container", "server"),
			podName{"", "models", "iris-0"}, "server", form{"namespace", "pod"},
		}, {
			"a series of no container",
			labels("namespace", "models", "pod", "iris-0"),
			podName{"", "models", "iris-0"}, "", form{"namespace", "pod"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (naming{}).podOf(c.labels); got != c.pod {
				t.Errorf("pod %+v", got)
			}
			if got := label(c.labels, "container"); got != c.container {
				t.Errorf("container %q", got)
			}
			if got := formOf(c.labels); got != c.form {
				t.Errorf("form %+v", got)
			}
		})
	}
}

func TestClusters(t *testing.T) {
	n := naming{clusterLabels: []string{"cluster", "region"}}
	a := labels("cluster", "a", "region", "eu", "namespace", "models", "pod", "iris-0", "job", "kubelet", "instance", "n1", "metrics_path", "/metrics/cadvisor")
	b := labels("cluster", "a", "region", "us", "namespace", "models", "pod", "iris-0", "job", "kubelet", "instance", "n1", "metrics_path", "/metrics/cadvisor")
	if n.podOf(a) == n.podOf(b) || n.targetOf(a) == n.targetOf(b) || n.kubeletOf(a) == n.kubeletOf(b) {
		t.Error("two clusters' are taken for one")
	}
	var one naming
	if one.podOf(a) != one.podOf(b) {
		t.Error("where there is one cluster, labels that tell none apart do")
	}
	x, y := labels("cluster", "ab", "region", "c"), labels("cluster", "a", "region", "bc")
	if n.clusterOf(x) == n.clusterOf(y) {
		t.Error("values of two labels run into each other")
	}
	if got, want := n.by("uid"), "job,instance,cluster,region,uid"; got != want {
		t.Errorf("by %s, want %s", got, want)
	}
}

func TestTargetMatchers(t *testing.T) {
	got := target{job: "kubelet", instance: "10.0.0.1:10250", path: "/metrics/cadvisor"}.matchers()
	if want := `job=~"kubelet",instance=~"10\\.0\\.0\\.1:10250"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeveralClusters(t *testing.T) {
	up := func(times []int64, pairs ...string) promapi.Series {
		return promapi.Series{Labels: append(labels("job", "ksm", "instance", "ksm:8080"), labels(pairs...)...), Samples: at(1, times...)}
	}
	all, early, late := every(30, 0, 600), every(30, 0, 270), every(30, 300, 600)
	for _, c := range []struct {
		name string
		up   []promapi.Series
		want []string
	}{
		{"none", nil, nil},
		{"one", []promapi.Series{up(all, "cluster", "a")}, nil},
		{"two clusters", []promapi.Series{up(all, "cluster", "a"), up(all, "cluster", "b")}, []string{"cluster"}},
		{"one has the label, the other not", []promapi.Series{up(all, "cluster", "a"), up(all)}, []string{"cluster"}},
		{"told apart by another label", []promapi.Series{up(all, "region", "eu"), up(all, "region", "us")}, []string{"region"}},
		{"of several labels the one that says cluster", []promapi.Series{up(all, "k8s_cluster", "a", "region", "eu"), up(all, "k8s_cluster", "b", "region", "us")}, []string{"k8s_cluster"}},
		{"two Prometheus servers are one", []promapi.Series{up(all, "prometheus_replica", "0"), up(all, "prometheus_replica", "1")}, nil},
		{"two clusters, two servers each", []promapi.Series{
			up(all, "cluster", "a", "replica", "0"), up(all, "cluster", "a", "replica", "1"), up(all, "cluster", "b", "replica", "2"),
		}, []string{"cluster"}},
		{"relabelled at some time", []promapi.Series{up(early, "cluster", "a"), up(late, "cluster", "b")}, nil},
		{"a pod behind a Service that was rescheduled", []promapi.Series{up(all, "pod", "ksm-x"), up(all, "pod", "ksm-y")}, nil},
		{"seen once", []promapi.Series{up(all, "cluster", "a"), up([]int64{90}, "cluster", "b")}, nil},
		{"a kubelet's several targets", []promapi.Series{
			up(all, "metrics_path", "/metrics/cadvisor", "cluster", "a"), up(all, "metrics_path", "/metrics", "cluster", "b"),
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, severalClusters(c.up)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
