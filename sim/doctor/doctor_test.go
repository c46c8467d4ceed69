package doctor

import (
	"bytes"
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

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

// faulty are clusters with one fault each, and what doctor finds.
var faulty = []struct {
	name  string
	cause func(t *testing.T, l *lab)
	want  []string // check/fault; the first one is what the cluster is there for
	found string   // part of what the first one has found
	do    string   // part of its remedy
}{
	{"no server", func(_ *testing.T, l *lab) { l.args = append(l.args, "--prometheus.url=http://127.0.0.1:1") },
		[]string{"reachable/unreachable"}, "does not answer", "check --prometheus.url"},
	{"not a Prometheus", func(_ *testing.T, l *lab) {
		l.before1(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			fmt.Fprint(w, "<html>Please log in</html>")
		}, "/api/v1/query")
	}, []string{"reachable/unreachable"}, "the answer is not the query API's", "must be the base URL"},
	{"credentials", func(_ *testing.T, l *lab) {
		l.before1(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "no", http.StatusUnauthorized)
		}, "/api/v1/")
		l.writes = false
	}, []string{"credentials/refused"}, "401", "--prometheus.token-file"},
	{"certificate", func(_ *testing.T, l *lab) {
		l.tls, l.writes = true, false
		l.args = append(l.args, "--prometheus.insecure-skip-verify")
	}, []string{"credentials/unverified"}, "not verified", "tls_config"},
	{"old server", func(_ *testing.T, l *lab) {
		l.before1(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			fmt.Fprint(w, `{"status":"success","data":{"version":"2.30.4","revision":"x"}}`)
		}, "/api/v1/status/buildinfo")
	}, []string{"server/old"}, "2.30.4", "Upgrade"},
	{"clock", func(_ *testing.T, l *lab) {
		l.proxy = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Date", time.Now().Add(-20*time.Second).UTC().Format(http.TimeFormat))
			next.ServeHTTP(w, r)
		}
	}, []string{"clock/skew"}, "s ahead", "NTP"},
	{"budget", func(_ *testing.T, l *lab) { l.args = append(l.args, "--query.max-samples-per-window=1") },
		[]string{"window/failed"}, "over_budget", "raise --query.max-samples-per-window"},
	{"no remote read", noRemoteRead, []string{"transport/promql"}, "not offered", "POST /api/v1/read"},
	{"remote read only", func(t *testing.T, l *lab) {
		noRemoteRead(t, l)
		l.args = append(l.args, "--query.transport=remote-read")
	}, []string{"transport/not-offered", "window/failed"}, "not_offered", "auto"},

	{"no kube-state-metrics", func(_ *testing.T, l *lab) { l.KSMs = nil },
		[]string{"kube-state-metrics/none", "window/failed"}, "no kube_node_info", "Install kube-state-metrics"},
	{"kube-state-metrics down", func(_ *testing.T, l *lab) {
		l.KSMs[0].Holes = cluster.Spans{{From: past - 50*time.Second, To: cluster.Forever}}
	}, []string{"kube-state-metrics/down"}, "kube-state-metrics 10.0.9.1:8080", "/targets"},
	{"forged series", func(_ *testing.T, l *lab) {
		l.forge(cluster.Forged{Name: "kube_pod_labels", Labels: []string{"namespace", "seldon", "pod", "iris-0", "uid", "x", "label_seldon_deployment_id", "thief"}, Value: 1})
	}, []string{"kube-state-metrics/ignored"}, "tenant 10.2.0.7:8080", "--source.kube-state-metrics"},
	{"no kube_pod_labels", func(_ *testing.T, l *lab) {
		l.drop(func(name string, _ func(string) string) bool { return name == "kube_pod_labels" })
	}, []string{"model-labels/no-series", "unlabeled-pods/unlabeled"}, "no kube_pod_labels",
		"    --metric-labels-allowlist=pods=[seldon-deployment-id,serving.kserve.io/inferenceservice,serving.kubeflow.org/inferenceservice]\n"},
	{"no labels", func(_ *testing.T, l *lab) {
		for i := range l.Pods {
			l.Pods[i].Labels[0].Set = nil
		}
	}, []string{"model-labels/no-labels", "unlabeled-pods/unlabeled"}, "none with a label", "kube-state-metrics:\n      metricLabelsAllowlist:\n        - pods=[seldon-"},
	{"other labels", func(_ *testing.T, l *lab) {
		for i := range l.Pods {
			l.Pods[i].Labels[0].Set = labels("app", "x")
		}
	}, []string{"model-labels/other-labels", "unlabeled-pods/unlabeled"}, "there are label_app", "    metricLabelsAllowlist:\n      - pods=[seldon-"},
	{"no requests", func(_ *testing.T, l *lab) {
		l.drop(func(name string, _ func(string) string) bool { return strings.Contains(name, "_container_resource_") })
	}, []string{"requests-and-limits/dropped"}, "of any pod", "--metric-denylist"},

	{"new models", func(_ *testing.T, l *lab) {
		for i := range l.Pods {
			p := &l.Pods[i]
			p.Life.From = past - 40*time.Second
			p.Labels[0].At, p.Phases[0].At = p.Life.From, p.Life.From
			for j := range p.Containers {
				p.Containers[j].Runs[0].From = p.Life.From
			}
		}
	}, []string{"models/none"}, "none between", "next window"},
	{"a model without a label", func(_ *testing.T, l *lab) {
		l.pod("vision", "ocr-0", labels("app", "ocr"), "kserve-container")
		l.pod("vision", "evil\x1b[31m", labels("app", "ocr"), "mlserver")
	}, []string{"unlabeled-pods/unlabeled"}, "2 pods: vision/evil\ufffd[31m (mlserver), vision/ocr-0 (kserve-container)", "--kinds"},

	{"no kubelets", func(_ *testing.T, l *lab) { l.Kubelets = nil },
		[]string{"cadvisor/none", "cadvisor-rows/no-cpu"}, "no kubelet", "/metrics/cadvisor"},
	{"forged usage", func(_ *testing.T, l *lab) {
		l.forge(cluster.Forged{Name: "container_memory_usage_bytes", Labels: []string{"namespace", "seldon", "pod", "iris-0", "container", "classifier", "id", "/x"}, Value: 1})
	}, []string{"cadvisor/ignored"}, "tenant 10.2.0.7:8080", "--source.cadvisor"},
	{"no CPU", func(_ *testing.T, l *lab) {
		l.drop(func(name string, _ func(string) string) bool { return name == "container_cpu_usage_seconds_total" })
	}, []string{"cadvisor-rows/no-cpu"}, "none of 2 models", "container_cpu_usage_seconds_total"},
	{"no memory", func(_ *testing.T, l *lab) { l.Kubelets[0].DropMemory = true },
		[]string{"cadvisor-rows/no-memory"}, "none of 2 models", "container_memory_usage_bytes"},
	{"rows dropped", func(_ *testing.T, l *lab) {
		l.drop(func(name string, label func(string) string) bool {
			return strings.HasPrefix(name, "container_") && label("namespace") == "vision"
		})
	}, []string{"cadvisor-rows/some"}, "1 of 2 models: vision/resnet", "kubelets"},
	{"no ids", func(_ *testing.T, l *lab) { l.Kubelets[0].DropID = true },
		[]string{"container-ids/dropped"}, "5 of 5 rows", "label id"},
	{"two endpoints", func(_ *testing.T, l *lab) {
		second := l.Kubelets[0]
		second.Endpoint, second.Offset, second.Timestamps = cluster.ResourceAPI, 7*time.Second, false
		l.Kubelets = append(l.Kubelets, second)
	}, []string{"cadvisor-jobs/twice"}, "5 of 5 containers, by kubelet /metrics/cadvisor, kubelet /metrics/resource", "keep the former"},

	{"slow scrapes", func(_ *testing.T, l *lab) { l.Kubelets[0].Every, l.Kubelets[0].Timestamps = time.Minute, false },
		[]string{"scrape-intervals/long"}, "cadvisor every 1m0s, in windows of 10m", "scrape_interval"},
	{"hardly any scrapes", func(_ *testing.T, l *lab) { l.KSMs[0].Every = 4 * time.Minute },
		[]string{"scrape-intervals/too-long"}, "kube-state-metrics every 4m0s", "scrape_interval"},
	{"two clusters", func(_ *testing.T, l *lab) { l.twoClusters() },
		[]string{"clusters/several"}, `the label "cluster" is east, west`, "--cluster-label"},
	{"a cluster label that some lack", func(_ *testing.T, l *lab) {
		l.twoClusters()
		l.edit(func(all []cluster.Series) []cluster.Series { return l.relabel(all, "cluster", "west", "") })
		l.args = append(l.args, "--cluster-label=cluster")
	}, []string{"clusters/no-label"}, `no label "cluster"`, "on all series"},
	{"two replicas", func(_ *testing.T, l *lab) {
		l.edit(func(all []cluster.Series) []cluster.Series {
			twin := func(name string) []cluster.Series {
				var out []cluster.Series
				for _, s := range all {
					s.Labels = append(slices.Clone(s.Labels), cluster.Label{Name: "prometheus_replica", Value: name})
					slices.SortFunc(s.Labels, func(a, b cluster.Label) int { return strings.Compare(a.Name, b.Name) })
					out = append(out, s)
				}
				return out
			}
			return append(twin("a"), twin("b")...)
		})
	}, []string{"replicas/twice"}, `"prometheus_replica" is a, b`, "--query.replica-label"},
	{"gaps", func(_ *testing.T, l *lab) {
		l.edit(func(all []cluster.Series) []cluster.Series {
			for i, s := range all {
				if value(s, "__name__") == "up" && value(s, "job") == "kube-state-metrics" {
					before := l.series(-5*24*time.Hour, -4*24*time.Hour, 4*time.Minute, 1)
					all[i].Samples = append(before.Samples, s.Samples...)
				}
			}
			return all
		})
	}, []string{"history/gaps"}, "gaps on", "backfill"},
	{"short retention", func(_ *testing.T, l *lab) {
		l.args = append(l.args, "--catch-up.max-age=26h")
		l.options.OutOfOrder = 48 * time.Hour
	}, []string{"retention/short"}, "caught up for 1d2h", "retention"},

	{"not scraped", func(_ *testing.T, l *lab) { l.edits, l.writes = nil, false },
		[]string{"scraped-back/none"}, "no seldon_exporter_window_end_timestamp_seconds", "    scrape_configs:"},
	{"scraped seldom", func(_ *testing.T, l *lab) {
		l.edits = nil
		l.edit(l.scrapedBack(period))
		l.writes = false
	}, []string{"scraped-back/rare"}, "1 time in 10m", "a quarter"},
	{"no honor_labels", func(_ *testing.T, l *lab) {
		l.edit(func(all []cluster.Series) []cluster.Series {
			return append(all, l.series(-past, 0, 30*time.Second, 1, "__name__", "model_containers_average", "job", "exporter", "instance", "10.0.9.2:8000",
				"namespace", "monitoring", "exported_namespace", "vision", "type", "InferenceService", "exported_name", "resnet"))
		})
	}, []string{"scraped-back/renamed"}, "1 series of a model with exported_namespace", "honor_labels: true"},
	{"usage rules", func(_ *testing.T, l *lab) {
		l.edit(func(all []cluster.Series) []cluster.Series {
			return append(all, l.series(-past, 0, time.Minute, 1, "__name__", "model_cpu_requests", "namespace", "seldon", "type", "SeldonDeployment", "name", "iris"))
		})
	}, []string{"other-writer/other"}, "as of a recording rule", "Remove the other writer"},
	{"another exporter's series", func(_ *testing.T, l *lab) {
		l.edit(func(all []cluster.Series) []cluster.Series {
			return append(all, l.series(-past, 0, time.Minute, 1, "__name__", "model_cpu_requests", "job", "usage", "instance", "x:1", "name", "iris"))
		})
	}, []string{"other-writer/other"}, `job="usage" instance="x:1"`, "Remove the other writer"},

	{"no receiver", func(_ *testing.T, l *lab) {
		l.writes = false
		l.args = append(l.args, "--remote-write.url=http://127.0.0.1:1/api/v1/write", "--remote-write.timeout=1s")
	}, []string{"receiver/unreachable"}, "does not answer", "--remote-write.url"},
	{"receiver not enabled", func(t *testing.T, l *lab) {
		closed := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(closed.Close)
		l.writes = false
		l.args = append(l.args, "--remote-write.url="+closed.URL+"/api/v1/write")
	}, []string{"receiver/refused"}, "404", "--web.enable-remote-write-receiver"},
	{"receiver of version 1", func(t *testing.T, l *lab) {
		l.args = append(l.args, "--remote-write.protobuf-message=io.prometheus.write.v2.Request")
		l.before1(func(w http.ResponseWriter, r *http.Request, _ http.Handler) { _, _ = io.Copy(io.Discard, r.Body) }, "/api/v1/write")
	}, []string{"receiver/version"}, "does not know io.prometheus.write.v2.Request", "--remote-write.protobuf-message"},
	{"nothing out of order", func(_ *testing.T, l *lab) {
		l.options.OutOfOrder = 0
		l.args = append(l.args, "--catch-up.max-age=26h")
	}, []string{"old-samples/too-old", "retention/short"}, "out of", "out_of_order_time_window: 26h"},
	{"no query URL", func(_ *testing.T, l *lab) {
		l.args = append(l.args, "--remote-write.query-url=http://127.0.0.1:1")
	}, []string{"read-back/unreadable", "scraped-back/", "other-writer/"}, "does not answer", "--remote-write.query-url"},
}

// elsewhere are faults whose tests are those of the package: they need time.
var elsewhere = []string{"window/slow", "read-back/not-found"}

func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range elsewhere {
		seen[name] = true
	}
	for _, c := range faulty {
		seen[c.want[0]] = true
		t.Run(c.name, func(t *testing.T) {
			l := healthy()
			c.cause(t, l)
			args := l.start(t)
			if at := slices.IndexFunc(l.args, func(a string) bool { return strings.HasPrefix(a, "--prometheus.url=") }); at >= 0 {
				args = slices.Delete(args, 1, 2) // its own instead
			}
			r, err := examine(t, lastOfEach(args))
			var got []string
			failed := false
			for _, x := range r.Checks {
				name := x.Name + "/" + x.Fault
				if x.Status == "warn" || x.Status == "fail" {
					got = append(got, name)
				}
				failed = failed || x.Status == "fail"
				if name != c.want[0] {
					continue
				}
				if !strings.Contains(x.Found, c.found) || !strings.Contains(x.Remedy, c.do) {
					t.Errorf("%s: found %q, want %q\n%s\nwant %q", name, x.Found, c.found, x.Remedy, c.do)
				}
				if x.Link != "docs/troubleshooting.md#"+x.Name {
					t.Errorf("link %s", x.Link)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != failed || cli.Exit(err, io.Discard) != map[bool]int{true: 1, false: 0}[failed] {
				t.Errorf("a check has failed: %v, and the result is %v", failed, err)
			}
			if t.Failed() {
				text, _ := json.MarshalIndent(r, "", " ")
				t.Logf("%s", text)
			}
		})
	}
	for _, check := range doctor.Checks() {
		for _, f := range check.Faults {
			if !seen[check.Name+"/"+f.Name] {
				t.Errorf("no cluster has the fault %s/%s", check.Name, f.Name)
			}
		}
	}
}

// lastOfEach keeps the last of flags that are given twice.
func lastOfEach(args []string) []string {
	var out []string
	for i, a := range args {
		name, _, _ := strings.Cut(a, "=")
		if !slices.ContainsFunc(args[i+1:], func(later string) bool { return strings.HasPrefix(later, name+"=") }) {
			out = append(out, a)
		}
	}
	return out
}

func noRemoteRead(_ *testing.T, l *lab) {
	l.before1(func(w http.ResponseWriter, r *http.Request, _ http.Handler) { http.NotFound(w, r) }, "/api/v1/read")
}

// before1 has a proxy answer the paths with a prefix.
func (l *lab) before1(answer func(http.ResponseWriter, *http.Request, http.Handler), prefix string) {
	l.proxy = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			answer(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// forge adds a pod that is scraped and exposes another's series.
func (l *lab) forge(series cluster.Forged) {
	l.Forgers = []cluster.Forger{{
		Schedule: cluster.Schedule{Every: every, Offset: 4 * time.Second}, Job: "tenant", Instance: "10.2.0.7:8080",
		Target:      []cluster.Label{{Name: "namespace", Value: "tenant"}, {Name: "pod", Value: "tenant-0"}},
		HonorLabels: true, Series: []cluster.Forged{series},
	}}
}

// twoClusters stores all once more, with a label that says where.
func (l *lab) twoClusters() {
	l.edit(func(all []cluster.Series) []cluster.Series {
		var out []cluster.Series
		for _, s := range all {
			for _, name := range []string{"east", "west"} {
				labels := append(slices.Clone(s.Labels), cluster.Label{Name: "cluster", Value: name})
				slices.SortFunc(labels, func(a, b cluster.Label) int { return strings.Compare(a.Name, b.Name) })
				out = append(out, cluster.Series{Labels: labels, Samples: s.Samples})
			}
		}
		return out
	})
}

// relabel changes the value of a label, and removes it if the new value is empty.
func (l *lab) relabel(all []cluster.Series, name, from, to string) []cluster.Series {
	for i, s := range all {
		all[i].Labels = slices.DeleteFunc(slices.Clone(s.Labels), func(l cluster.Label) bool { return l.Name == name && l.Value == from && to == "" })
	}
	return all
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
		if c.Status != stdcmp.Or(want, "pass") {
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
				before := append(l.series(day(5), day(4)+12*time.Hour, 4*time.Minute, 1).Samples, l.series(day(3), day(1), 4*time.Minute, 1).Samples...)
				all[i].Samples = append(before, s.Samples...)
			case value(s, "__name__") == "seldon_exporter_window_coverage_ratio":
				all[i].Samples = append(l.series(day(3), day(2), 4*time.Minute, 0.5).Samples, s.Samples...)
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
