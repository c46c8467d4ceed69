package downsample

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func anHour() window.Window {
	return window.Containing(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), time.Hour)
}

const uid = "0a1b2c3d-1111-2222-3333-0123456789ab"

// cluster is a Prometheus over one quiet pod of each of some models, which an instance of
// kube-state-metrics and a kubelet show every 30 s.
type cluster struct {
	promapitest.Server
	from, to int64
	more     []string // labels of every series
}

// scrapes are the times of a target's scrapes in the window and for five minutes before it.
func (c *cluster) scrapes(offset int64) []int64 {
	return promapitest.Every(30_000, c.from-300_000+offset, c.to-1)
}

func (c *cluster) ksm(name string, v float64, labels ...string) {
	all := slices.Concat([]string{"job", "ksm", "instance", "ksm:8080"}, c.more, labels)
	c.Add(name, promapitest.At(v, c.scrapes(7_000)...), all...)
}

func (c *cluster) kubelet(name string, samples []promapi.Sample, labels ...string) {
	all := slices.Concat([]string{"job", "kubelet", "instance", "n1:10250", "metrics_path", "/metrics/cadvisor"}, c.more, labels)
	c.Add(name, samples, all...)
}

func newCluster(w window.Window, models ...string) *cluster {
	c := &cluster{from: w.Start.UnixMilli(), to: w.End.UnixMilli()}
	c.addTo(models...)
	return c
}

func (c *cluster) addTo(models ...string) {
	c.ksm("kube_node_info", 1, "node", "n1")
	c.ksm("up", 1)
	c.kubelet("machine_cpu_cores", promapitest.At(8, c.scrapes(11_000)...))
	c.kubelet("up", promapitest.At(1, c.scrapes(11_000)...))
	for _, m := range models {
		c.pod(m, "label_seldon_deployment_id", m)
	}
}

// pod adds one with a container, which uses a quarter of a core and 1000 bytes, and requests
// half a core.
func (c *cluster) pod(name string, owner ...string) {
	pod := []string{"namespace", "models", "pod", name + "-0"}
	of := append(slices.Clone(pod), "container", "server")
	c.ksm("kube_pod_labels", 1, slices.Concat(pod, []string{"uid", uid}, owner)...)
	c.ksm("kube_pod_container_status_running", 1, append(slices.Clone(of), "uid", uid)...)
	c.ksm("kube_pod_container_resource_requests", 0.5, append(slices.Clone(of), "uid", uid, "resource", "cpu", "unit", "core")...)
	id := []string{"id", "/kubepods/pod" + uid + "/" + name}
	c.kubelet("container_cpu_usage_seconds_total", promapitest.Counter(c.from-1_000_000, 0.25/1000, c.scrapes(11_000)...), append(slices.Clone(of), id...)...)
	c.kubelet("container_memory_usage_bytes", promapitest.At(1000, c.scrapes(11_000)...), append(slices.Clone(of), id...)...)
}

// quiet are the values of a model of that cluster.
func quiet() map[string]float64 {
	return map[string]float64{
		"model_containers_average": 1, "model_cpu_usage_seconds_total": 0.25, "model_memory_usage_bytes": 1000, "model_cpu_requests": 0.5,
	}
}

// newDownsampler returns one that logs warnings to the buffer, and asks for one thing after the other.
func newDownsampler(api fetch.API, over fetch.Transport, change ...func(*Config)) (*Downsampler, *bytes.Buffer) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := Config{
		Fetcher: fetch.New(fetch.Config{API: api, Transport: over, Concurrency: 1, Now: time.Now, Log: log}),
		Table:   metric.Default(), Kinds: workload.Kinds(), Log: log,
	}
	for _, f := range change {
		f(&cfg)
	}
	return New(cfg), &text
}

// everyWay runs a test over both transports.
func everyWay(t *testing.T, test func(t *testing.T, over fetch.Transport)) {
	for _, over := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		t.Run(string(over), func(t *testing.T) { test(t, over) })
	}
}

// known returns what is known of each model, by its name and the metric's.
func known(a *ledger.Averages) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for _, m := range a.Models {
		values := map[string]float64{}
		for i, v := range m.Values {
			if v.OK {
				values[a.Metrics[i].Name] = v.V
			}
		}
		out[m.Name] = values
	}
	return out
}
