package doctor

import (
	"bytes"
	"cmp"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

func TestHealthy(t *testing.T) {
	r, err := examine(t, healthy().start(t))
	if err != nil {
		t.Error(err)
	}
	for _, c := range r.Checks {
		if c.Status != "pass" || c.Fault != "" || c.Remedy != "" {
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Found)
		}
		t.Log(c.Name, ": ", c.Found)
	}
	if r.Status != "pass" || r.Summary["pass"] != len(doctor.Checks()) {
		t.Errorf("%s, %v", r.Status, r.Summary)
	}
	for check, want := range map[string]string{
		"server":              "prometheus " + prom.Version,
		"transport":           "by remote read",
		"kube-state-metrics":  "1 target of the job kube-state-metrics, scraped every 15s; pods are named by namespace and pod",
		"model-labels":        "of 4 pods: label_seldon_deployment_id (2 pods), label_serving_kserve_io_inferenceservice (1 pod)",
		"models":              "2 models: 1 InferenceService, 1 SeldonDeployment; 1 to 2 pods each",
		"requests-and-limits": "under the names of 2.x",
		"cadvisor":            "2 targets of the job kubelet, scraped every 15s, with timestamps of their own",
		"cadvisor-jobs":       "5 containers, by kubelet /metrics/cadvisor",
		"scraped-back":        "1 target of the job exporter, 20 times in 10m; queries need last_over_time(...[10m])",
		"old-samples":         "it takes them, 30m old",
	} {
		if got := r.found(check); got != want {
			t.Errorf("%s: %q, want %q", check, got, want)
		}
	}
	if len(r.Calendar) != 30 || r.Cost == nil || r.Cost.Samples == 0 || r.Cost.Bytes == 0 || r.Window == nil {
		t.Errorf("%d days, cost %+v", len(r.Calendar), r.Cost)
	}
}

func (r report) found(check string) string {
	for _, c := range r.Checks {
		if c.Name == check {
			return c.Found
		}
	}
	return ""
}

// TestQueriesOnly runs doctor behind a proxy that allows queries at a moment and nothing else.
func TestQueriesOnly(t *testing.T) {
	l := healthy()
	l.writes = false
	l.proxy = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != "/api/v1/query" {
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	}
	r, err := examine(t, l.start(t))
	if err != nil {
		t.Error(err)
	}
	for _, c := range r.Checks {
		want := map[string]string{"transport": "warn", "history": "skipped", "retention": "skipped", "receiver": "skipped", "old-samples": "skipped", "read-back": "skipped"}[c.Name]
		if c.Status != cmp.Or(want, "pass") {
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Found)
		}
	}
	if len(r.Calendar) != 0 {
		t.Errorf("a calendar of %d days", len(r.Calendar))
	}
}

// TestVariants are clusters without a fault, of other kinds.
func TestVariants(t *testing.T) {
	for _, c := range []struct {
		name  string
		cause func(*lab)
		found map[string]string
	}{
		{"exported labels", func(l *lab) {
			l.KSMs[0].HonorLabels = false
			l.KSMs[0].Target = []cluster.Label{{Name: "namespace", Value: "monitoring"}, {Name: "pod", Value: "ksm-0"}}
		}, map[string]string{"kube-state-metrics": "1 target of the job kube-state-metrics, scraped every 15s; pods are named by exported_namespace and exported_pod"}},
		{"version 1", func(l *lab) { l.KSMs[0].Version = cluster.KSM1 }, map[string]string{"requests-and-limits": "under the names of 1.x"}},
		{"version 1.9", func(l *lab) { l.KSMs[0].Version = cluster.KSM19 }, map[string]string{"requests-and-limits": "under the names of 1.x and of 2.x; each counts once"}},
		{"two instances", func(l *lab) {
			second := l.KSMs[0]
			second.Instance, second.Offset = "10.0.9.3:8080", 9*time.Second
			l.KSMs = append(l.KSMs, second)
			l.edit(func(all []cluster.Series) []cluster.Series {
				return append(all, l.series(-past, 0, every, 1, "__name__", "kube_state_metrics_build_info", "job", "ksm", "instance", "10.0.9.1:8081", "version", "v2.13.0"))
			})
		}, map[string]string{"kube-state-metrics": "2 targets of the job kube-state-metrics, scraped every 15s, version v2.13.0; pods are named by namespace and pod"}},
		{"timestamps of scrapes", func(l *lab) { l.Kubelets[0].Timestamps = false },
			map[string]string{"cadvisor": "2 targets of the job kubelet, scraped every 15s, with the timestamps of the scrapes"}},
		{"cluster label", func(l *lab) {
			l.twoClusters()
			l.args = append(l.args, "--cluster-label=cluster")
		}, map[string]string{"clusters": `2 clusters, by the label "cluster"`, "models": "4 models: 2 InferenceService, 2 SeldonDeployment; 1 to 2 pods each"}},
		{"PromQL", func(l *lab) { l.args = append(l.args, "--query.transport=promql") }, map[string]string{"transport": "by PromQL, as it is set"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := healthy()
			c.cause(l)
			r, err := examine(t, l.start(t))
			if err != nil || r.Status != "pass" {
				t.Errorf("%s: %v", r.Status, err)
			}
			for name, want := range c.found {
				if got := r.found(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestCalendar has samples of five days, with a gap, and records of three.
func TestCalendar(t *testing.T) {
	l := healthy()
	midnight := -l.now.Sub(l.now.UTC().Truncate(24 * time.Hour))
	day := func(n int) time.Duration { return midnight - time.Duration(n)*24*time.Hour }
	l.edit(func(all []cluster.Series) []cluster.Series {
		for i, s := range all {
			switch {
			case value(s, "__name__") == "up" && value(s, "job") == "kube-state-metrics":
				all[i].Samples = slices.Concat(l.series(day(5), day(4)+12*time.Hour, 4*time.Minute, 1).Samples,
					l.series(day(3), day(1), 4*time.Minute, 1).Samples, s.Samples)
			case value(s, "__name__") == "seldon_exporter_window_coverage_ratio":
				all[i].Samples = slices.Concat(l.series(day(3), day(2), 4*time.Minute, 0.5).Samples, s.Samples)
			}
		}
		return all
	})
	r, err := examine(t, l.start(t))
	if err != nil {
		t.Error(err)
	}
	if len(r.Calendar) != 30 {
		t.Fatalf("%d days", len(r.Calendar))
	}
	for n, want := range map[int][2]float64{6: {0, 0}, 5: {1, 0}, 4: {0.5, 0}, 3: {1, 0.5}, 2: {1, 0}, 1: {0, 0}} {
		d := r.Calendar[29-n]
		if math.Abs(d.Scraped-want[0]) > 0.05 || math.Abs(d.Recorded-want[1]) > 0.05 {
			t.Errorf("%s: %v, want %v", d.Date, d, want)
		}
	}
	if got := r.found("history"); !strings.Contains(got, l.now.Add(day(5)).UTC().Format(time.DateOnly)+" 00:00 UTC") {
		t.Error(got)
	}
}

// TestText runs the command for people.
func TestText(t *testing.T) {
	l := healthy()
	l.drop(func(name string, _ func(string) string) bool { return name == "kube_pod_labels" })
	var out bytes.Buffer
	err := cli.Run(t.Context(), l.start(t), nil, &out, io.Discard)
	if err == nil || err.Error() != "checks that failed: model-labels" {
		t.Error(err)
	}
	for line := range strings.Lines(out.String()) {
		if utf8.RuneCountInString(line) > 81 && !strings.Contains(line, "pods=[") {
			t.Errorf("more than 80 columns: %s", line)
		}
	}
	for _, want := range []string{
		"\n  FAIL  model-labels         there is no kube_pod_labels now\n",
		"\n             --metric-labels-allowlist=pods=[seldon-deployment-id,",
		"\n           see docs/troubleshooting.md#model-labels\n",
		"\n  skip  models               it needs model-labels\n",
		"  kube-state-metrics scraped   ····························",
		"\n25 checks: 18 passed, 1 warning, 1 failed, 5 skipped\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
