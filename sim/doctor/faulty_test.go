package doctor

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

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
