package downsample

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// fake is an upstream that answers as it is told.
type fake struct {
	answer     func(ctx context.Context, expr string) ([]promapi.Series, error)
	stats      promapi.Stats
	maxSamples int

	mu    sync.Mutex
	asked []query
}

// query is what was asked, and about which time.
type query struct {
	expr     string
	from, to time.Time // equal, unless at every step between
}

func (f *fake) Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error) {
	return f.reply(ctx, query{expr, at, at})
}

func (f *fake) Range(ctx context.Context, expr string, start, end time.Time, _ time.Duration) (*promapi.Answer, error) {
	return f.reply(ctx, query{expr, start, end})
}

func (f *fake) MaxSamples() int {
	if f.maxSamples == 0 {
		return 1_000_000
	}
	return f.maxSamples
}

func (f *fake) reply(ctx context.Context, q query) (*promapi.Answer, error) {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	series, err := f.answer(ctx, q.expr)
	if err != nil {
		return nil, err
	}
	return &promapi.Answer{Series: series, Stats: f.stats}, nil
}

// cluster answers like a Prometheus over one quiet pod of each of some models, which an
// instance of kube-state-metrics and a kubelet tell of every 30 s.
type cluster struct {
	window window.Window
	models []string
}

func (c cluster) answer(_ context.Context, expr string) ([]promapi.Series, error) {
	from, to := c.window.Start.UnixMilli(), c.window.End.UnixMilli()
	ksm := []string{"job", "ksm", "instance", "ksm:8080"}
	kubelet := []string{"job", "kubelet", "instance", "n1:10250", "metrics_path", "/metrics/cadvisor"}
	scrapes := func(offset int64) []int64 { return every(30_000, from+offset-300_000, to-1) }
	inWindow := func(offset int64) []int64 { return every(30_000, from+offset, to-1) }
	series := func(samples []promapi.Sample, pairs ...[]string) promapi.Series {
		var l promapi.Labels
		for _, p := range pairs {
			l = append(l, labels(p...)...)
		}
		return promapi.Series{Labels: l, Samples: samples}
	}
	has := func(part string) bool { return strings.Contains(expr, part) }
	if has("up{") {
		return []promapi.Series{series(at(1, scrapes(7_000)...), ksm), series(at(1, scrapes(11_000)...), kubelet)}, nil
	}
	if has("count(last_over_time(kube_pod_labels") {
		return []promapi.Series{series(at(1, to-1))}, nil
	}
	if has(`kube_pod_labels{`) && has(`count_over_time`) && !has("label_seldon_deployment_id!=") {
		return nil, nil
	}
	var out []promapi.Series
	for _, m := range c.models {
		pod := []string{"namespace", "models", "pod", m + "-0", "uid", "0a1b2c3d-1111-2222-3333-0123456789ab"}
		owner := []string{"label_seldon_deployment_id", m}
		server := []string{"namespace", "models", "pod", m + "-0", "container", "server"}
		cgroup := []string{"id", "/kubepods/pod0a1b2c3d-1111-2222-3333-0123456789ab/" + m}
		request := []string{"__name__", "kube_pod_container_resource_requests", "resource", "cpu"}
		count := float64(len(inWindow(7_000)))
		switch {
		case has("count_over_time(kube_pod_labels"):
			out = append(out, series(at(count, to-1), pod, owner, ksm))
		case has("kube_pod_labels{"):
			out = append(out, series(at(1, inWindow(7_000)...), pod, owner, ksm))
		case has("sum_over_time(kube_pod_container_status_running"):
			out = append(out, series(at(count, to-1), server, ksm))
		case has("kube_pod_container_status_running"):
			out = append(out, series(at(1, inWindow(7_000)...), []string{"__name__", "kube_pod_container_status_running"}, server, ksm))
		case has("avg_over_time({") && !has(`__name__=~"kube_pod_container_resource_requests"`):
		case has("avg_over_time({"), has("last_over_time({"):
			out = append(out, series(at(0.5, to-1), request, server, ksm))
		case has("kube_pod_container_resource_requests"):
			out = append(out, series(at(0.5, inWindow(7_000)...), request, server, ksm))
		case has("avg_over_time(container_memory_usage_bytes"):
			out = append(out, series(at(1000, to-1), server, cgroup, kubelet))
		case has("container_memory_usage_bytes{container"):
			out = append(out, series(at(1000, inWindow(11_000)...), server, cgroup, kubelet))
		case has("container_cpu_usage_seconds_total{container"):
			out = append(out, series(counter(from-1_000_000, 0.25/1000, scrapes(11_000)...), server, cgroup, kubelet))
		}
	}
	return out, nil
}
