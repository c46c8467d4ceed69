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

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var update = flag.Bool("update", false, "write testdata again")

// income is a model whose one pod ran for an hour, and another for a quarter of it.
func income() *ledger.Explanation {
	old := ledger.Pod{
		PodName: inventory.PodName{Namespace: "seldon", Name: "income-default-0-classifier-5c7d8"}, UID: "d01ef11c-987c-432e-837f-72bb1a9fc931",
		ShownBy: []timeline.Target{{Job: "kube-state-metrics", Instance: "10.1.0.1:8080"}},
	}
	young := ledger.Pod{
		PodName: inventory.PodName{Namespace: "seldon", Name: "income-default-0-classifier-9fkx2"}, UID: "34970698-821c-4ce2-854f-2182c7496d87",
		ShownBy: []timeline.Target{{Job: "kube-state-metrics", Instance: "10.1.0.1:8080"}, {Job: "kube-state-metrics", Instance: "10.1.0.2:8080"}},
	}
	of := func(p ledger.Pod, container string) measure.Container {
		return measure.Container{Pod: p.PodName, UID: p.UID, Name: container}
	}
	kubelet := timeline.Target{Job: "kubelet", Instance: "10.0.0.1:10250", Path: "/metrics/cadvisor"}
	x := &ledger.Explanation{
		Window:  window.Containing(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), time.Hour),
		Model:   workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: "income"},
		Sources: []ledger.Source{{Name: metric.KubeStateMetrics, Observed: 3600, Interval: 30}, {Name: metric.CAdvisor, Observed: 2700, Interval: 15}},
		Pods:    []ledger.Pod{old, young},
		LeftOut: []measure.LeftOut{
			{Container: of(old, "init"), ID: "/kubepods/x", Target: kubelet, Why: "no container of the pod's that runs", Samples: 120},
			{Container: of(old, "server"), ID: "/kubepods/y/z", Target: kubelet, Why: "a cgroup within the container's own", Samples: 120},
			{Container: of(young, "server"), Why: "of a dead container, from after its successor began", Samples: 7},
		},
	}
	values := map[string]ledger.Value{
		"model_containers_average": {
			Value: metric.Value{V: 1.25, OK: true}, Bound: 1.0 / 120,
			Terms: []ledger.Term{
				{Container: of(old, "server"), Lived: 3600, Seen: 3600, Mean: 1, Share: 1},
				{Container: of(young, "server"), Lived: 900, Seen: 900, Mean: 1, Share: 0.25, Changes: 1},
				{Container: of(young, "never-runs")},
			},
		},
		"model_cpu_usage_seconds_total": {
			Value: metric.Value{V: 1.0000000000000002, OK: true},
			Terms: []ledger.Term{
				{Container: of(old, "server"), Lived: 2700, Seen: 2685.5, Mean: 0.5, Share: 0.5},
				{Container: of(young, "a-name-that-is-too-long-for-its-column"), Lived: 675, Seen: 660, Mean: 2, Share: 0.5},
				{Container: of(young, "silent"), Lived: 675},
			},
		},
		"model_memory_limits_bytes": {
			Value: metric.Value{V: 1073741824.5, OK: true},
			Terms: []ledger.Term{{Container: of(old, "server"), Lived: 3600, Seen: 3600, Mean: 1073741824.5, Share: 1073741824.5}},
		},
	}
	for _, m := range metric.Default().Metrics {
		v := values[m.Name]
		v.Metric = m
		x.Values = append(x.Values, v)
	}
	return x
}

func TestForms(t *testing.T) {
	var text, document bytes.Buffer
	if err := Text(&text, income(), ""); err != nil {
		t.Fatal(err)
	}
	if err := JSON(&document, income(), ""); err != nil {
		t.Fatal(err)
	}
	var oneText, oneDocument bytes.Buffer
	if err := Text(&oneText, income(), "model_memory_limits_bytes"); err != nil {
		t.Fatal(err)
	}
	if err := JSON(&oneDocument, income(), "model_cpu_limits"); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"income.txt": text.String(), "income.json": document.String(),
		"one.txt": oneText.String(), "one.json": oneDocument.String(),
	} {
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
	for line := range strings.Lines(text.String() + oneText.String()) {
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

// TestControlCharacters: control characters of label values are not printed.
func TestControlCharacters(t *testing.T) {
	x := income()
	x.Model.Name = "\x1b[2J"
	var text bytes.Buffer
	if err := Text(&text, x, ""); err != nil || strings.Contains(text.String(), "\x1b") || !strings.Contains(text.String(), "seldon/\ufffd[2J") {
		t.Errorf("%v: %q", err, text.String())
	}
}
