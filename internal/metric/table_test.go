package metric

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNames holds the table against the names that readers know: they are kept for ever.
func TestNames(t *testing.T) {
	want := []string{
		"model_containers_average",
		"model_cpu_usage_seconds_total",
		"model_memory_usage_bytes",
		"model_cpu_requests",
		"model_cpu_limits",
		"model_memory_requests_bytes",
		"model_memory_limits_bytes",
	}
	var got []string
	for _, m := range Default().Metrics {
		got = append(got, m.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHelp: HELP names the unit, and says that the value is an average.
func TestHelp(t *testing.T) {
	for _, m := range Default().Metrics {
		t.Run(m.Name, func(t *testing.T) {
			unit := "cores"
			switch {
			case strings.Contains(m.Name, "containers"):
				unit = "containers"
			case strings.Contains(m.Name, "memory"):
				unit = "bytes"
			}
			if m.Unit != unit || !strings.Contains(m.Help, unit) {
				t.Errorf("measured in %s, and the table says %q: %s", unit, m.Unit, m.Help)
			}
			if !strings.Contains(m.Help, "average over the window") {
				t.Errorf("HELP does not say what it is: %s", m.Help)
			}
			if strings.ContainsAny(m.Help, "\n\\") || !strings.HasSuffix(m.Help, ".") {
				t.Errorf("HELP is not plain sentences on one line: %q", m.Help)
			}
			if strings.HasSuffix(m.Name, "_total") && !strings.Contains(m.Help, "gauge") {
				t.Errorf("HELP does not warn that it is a gauge in spite of its name: %s", m.Help)
			}
		})
	}
}

// TestTableIsWhole: every metric can be read, and of a source that is listed.
func TestTableIsWhole(t *testing.T) {
	table := Default()
	for _, m := range table.Metrics {
		if table.SourceIndex(m.Source) < 0 {
			t.Errorf("%s is of the source %q, which is not listed", m.Name, m.Source)
		}
		if (len(m.Series) == 0) != (m.Fold == Count) {
			t.Errorf("%s has %d series, and its fold is %d", m.Name, len(m.Series), m.Fold)
		}
		// What measure reads of the first source are settings, and of the others what is used.
		first := m.Source == table.Sources[0].Name
		if setting := m.Fold == Level || m.Fold == Count; setting != first || (m.Life == Active) != (m.Fold == Level) {
			t.Errorf("%s, of %s, has the fold %d and the life %d, which nothing measures", m.Name, m.Source, m.Fold, m.Life)
		}
		if table.Index(m.Name) < 0 || !slices.Contains(table.Of(m.Source), table.Index(m.Name)) {
			t.Errorf("%s is not found", m.Name)
		}
	}
	for _, s := range table.Sources {
		if len(s.Endpoints) == 0 || slices.ContainsFunc(s.Endpoints, func(e Endpoint) bool { return len(e.Markers) == 0 }) {
			t.Errorf("nothing shows the targets of %s", s.Name)
		}
	}
	if table.Index("model_gpu_usage") >= 0 || table.SourceIndex("node-exporter") >= 0 || table.Of("node-exporter") != nil {
		t.Error("what is not in the table is found")
	}
}

// labelled looks up labels by pairs of names and values.
func labelled(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestShow(t *testing.T) {
	table := Default()
	for _, c := range []struct {
		name   string
		series string
		labels []string
		want   string // the metric, and what is particular to the series
	}{
		{"CPU of a container", "container_cpu_usage_seconds_total", []string{"container", "server", "cpu", "total"}, "model_cpu_usage_seconds_total"},
		{"CPU without a label cpu", "container_cpu_usage_seconds_total", []string{"container", "server"}, "model_cpu_usage_seconds_total"},
		{"CPU of one processor", "container_cpu_usage_seconds_total", []string{"container", "server", "cpu", "cpu00"}, ""},
		{"the pod's cgroup", "container_cpu_usage_seconds_total", []string{"cpu", "total"}, ""},
		{"a pause container", "container_memory_usage_bytes", []string{"container", "POD"}, ""},
		{"memory of a container", "container_memory_usage_bytes", []string{"container", "server"}, "model_memory_usage_bytes"},
		{"a request for CPU", "kube_pod_container_resource_requests", []string{"resource", "cpu"}, "model_cpu_requests"},
		{"a limit of memory", "kube_pod_container_resource_limits", []string{"resource", "memory"}, "model_memory_limits_bytes"},
		{"of another resource", "kube_pod_container_resource_limits", []string{"resource", "nvidia_com_gpu"}, ""},
		{"in the form before 2.0", "kube_pod_container_resource_limits_cpu_cores", nil, "model_cpu_limits old"},
		{"of an init container", "kube_pod_init_container_resource_requests", []string{"resource", "memory"}, "model_memory_requests_bytes init"},
		{"something else", "kube_pod_labels", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, series, ok := table.Show(c.series, labelled(c.labels...))
			got := ""
			if ok {
				got = table.Metrics[at].Name
				if series.Old {
					got += " old"
				}
				if series.Init {
					got += " init"
				}
			}
			if got != c.want {
				t.Errorf("shows %q, want %q", got, c.want)
			}
		})
	}
}

func TestReads(t *testing.T) {
	names := func(all []Series) []string {
		var out []string
		for _, s := range all {
			out = append(out, s.Name)
		}
		return slices.Compact(slices.Sorted(slices.Values(out)))
	}
	for _, c := range []struct {
		source string
		init   bool
		want   []string
	}{
		{KubeStateMetrics, false, []string{
			"kube_pod_container_resource_limits", "kube_pod_container_resource_limits_cpu_cores", "kube_pod_container_resource_limits_memory_bytes",
			"kube_pod_container_resource_requests", "kube_pod_container_resource_requests_cpu_cores", "kube_pod_container_resource_requests_memory_bytes",
			"kube_pod_container_status_running",
		}},
		{KubeStateMetrics, true, []string{"kube_pod_init_container_resource_limits", "kube_pod_init_container_resource_requests", "kube_pod_init_container_status_running"}},
		{CAdvisor, false, []string{"container_cpu_usage_seconds_total", "container_memory_usage_bytes"}},
		{CAdvisor, true, nil},
	} {
		if diff := cmp.Diff(c.want, names(Default().Reads(c.source, c.init))); diff != "" {
			t.Errorf("%s, init %t: %s", c.source, c.init, diff)
		}
	}
}

// TestTogetherSelectsEach: one selector for several series lets each of them through, whatever
// labels it has.
func TestTogetherSelectsEach(t *testing.T) {
	values := map[string][]string{
		"container": {"", "POD", "server"}, "cpu": {"", "total", "cpu00"}, "resource": {"", "cpu", "memory", "nvidia_com_gpu"},
	}
	sets := [][]string{{}}
	for name, some := range values {
		var more [][]string
		for _, s := range sets {
			for _, v := range some {
				more = append(more, append(slices.Clone(s), name, v))
			}
		}
		sets = more
	}
	selected, spared := 0, 0
	for _, source := range Default().Sources {
		for _, init := range []bool{false, true} {
			all := Default().Reads(source.Name, init)
			if len(all) == 0 {
				continue
			}
			names, match := Together(all)
			for _, labels := range sets {
				lets := !slices.ContainsFunc(match, func(m Match) bool { return !m.Holds(labelled(labels...)(m.Label)) })
				for _, s := range all {
					one := !slices.ContainsFunc(s.Match, func(m Match) bool { return !m.Holds(labelled(labels...)(m.Label)) })
					if one && (!lets || !slices.Contains(names, s.Name)) {
						t.Errorf("%s with %v is not selected by %v %v", s.Name, labels, names, match)
					}
					selected++
				}
				if !lets {
					spared++
				}
			}
		}
	}
	if selected == 0 || spared == 0 {
		t.Errorf("%d selected, %d spared: the test shows little", selected, spared)
	}
}
