package explain

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var update = flag.Bool("update", false, "write testdata anew")

// income is a model whose one pod ran for an hour, and another for a quarter of it.
func income() *downsample.Explanation {
	old := downsample.PodID{Namespace: "seldon", Name: "income-default-0-classifier-5c7d8", UID: "d01ef11c-987c-432e-837f-72bb1a9fc931"}
	young := downsample.PodID{Namespace: "seldon", Name: "income-default-0-classifier-9fkx2", UID: "34970698-821c-4ce2-854f-2182c7496d87"}
	x := &downsample.Explanation{
		Window:           window.Containing(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), time.Hour),
		Model:            workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: "income"},
		KubeStateMetrics: downsample.SourceTime{Observed: 3600, Interval: 30},
		CAdvisor:         downsample.SourceTime{Observed: 2700, Interval: 15},
		Pods: []downsample.ExplainedPod{
			{PodID: old, ToldBy: []string{"kube-state-metrics 10.1.0.1:8080"}, Shortcut: 3600},
			{PodID: young, ToldBy: []string{"kube-state-metrics 10.1.0.1:8080", "kube-state-metrics 10.1.0.2:8080"}, CloseLook: 3600},
		},
		LeftOut: []downsample.LeftOut{
			{Pod: old, Container: "POD", ID: "/kubepods/x", Target: "kubelet 10.0.0.1:10250 /metrics/cadvisor", Why: "the pause container", Samples: 120},
			{Pod: old, Container: "", Target: "kubelet 10.0.0.1:10250 /metrics/cadvisor", Why: "the pod's own cgroup, which is the sum of its containers", Samples: 120},
			{Pod: young, Container: "server", Why: "of a dead container, from after its successor began", Samples: 7},
		},
	}
	x.Values[usage.Containers] = downsample.ExplainedValue{
		Value: metric.Value{V: 1.25, OK: true}, Uncertain: 1.0 / 120,
		Terms: []downsample.Term{
			{Pod: old, Container: "server", Lived: 3600, Seen: 3600, Mean: 1, Share: 1},
			{Pod: young, Container: "server", Lived: 900, Seen: 900, Mean: 1, Share: 0.25, Changes: 1},
			{Pod: young, Container: "never-runs"},
		},
	}
	x.Values[usage.CPUUsage] = downsample.ExplainedValue{
		Value: metric.Value{V: 1.0000000000000002, OK: true},
		Terms: []downsample.Term{
			{Pod: old, Container: "server", Lived: 2700, Seen: 2685.5, Mean: 0.5, Share: 0.5},
			{Pod: young, Container: "a-name-that-is-too-long-for-its-column", Lived: 675, Seen: 660, Mean: 2, Share: 0.5},
			{Pod: young, Container: "silent", Lived: 675},
		},
	}
	x.Values[usage.MemoryLimits] = downsample.ExplainedValue{
		Value: metric.Value{V: 1073741824.5, OK: true},
		Terms: []downsample.Term{{Pod: old, Lived: 3600, Seen: 3600, Mean: 1073741824.5, Share: 1073741824.5}},
	}
	return x
}

func everything() []usage.Metric {
	var all []usage.Metric
	for metric := range usage.NumMetrics {
		all = append(all, metric)
	}
	return all
}

func TestForms(t *testing.T) {
	var text, document bytes.Buffer
	if err := Text(&text, income(), everything()); err != nil {
		t.Fatal(err)
	}
	if err := JSON(&document, income(), []usage.Metric{usage.Containers, usage.CPULimits}); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"income.txt": text.String(), "income.json": document.String()} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s is not what is printed: go test ./internal/explain -update\n%s", file, diff)
		}
	}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if width := utf8.RuneCountInString(line); width > 80 || strings.HasSuffix(line, " ") {
			t.Errorf("%d columns: %q", width, line)
		}
	}
}

func TestNumber(t *testing.T) {
	for want, given := range map[string]struct {
		v      float64
		digits int
	}{
		"0":                       {0, 8},
		"0.25":                    {0.25, 8},
		"224395264":               {224395264, 10},
		"1.234568":                {1.2345678, 7},
		"1e-05":                   {0.00001, 3},
		"494823014.4":             {494823014.4, -1},
		"0.1":                     {0.1, -1},
		"1.7976931348623157e+308": {1.7976931348623157e308, -1},
	} {
		if got := number(given.v, given.digits); got != want {
			t.Errorf("%v in %d digits is %s, want %s", given.v, given.digits, got, want)
		}
	}
}
