package downsample

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// generator makes a cluster's series of any bytes. Where these end, it goes on with zeros:
// a series of few bytes is an ordinary one.
type generator struct {
	rest []byte
	span timeline.Span
}

func (g *generator) byte() byte {
	if len(g.rest) == 0 {
		return 0
	}
	b := g.rest[0]
	g.rest = g.rest[1:]
	return b
}

func pick[T any](g *generator, from []T) T { return from[int(g.byte())%len(from)] }

// usualTemplates is how many of the templates make a cluster.
const usualTemplates = 10

// templates are series as a cluster has them: first a pod of a model with a container and what
// shows it, then further ones.
func templates() []string {
	return []string{
		`kube_pod_labels uid=u1 label_seldon_deployment_id=income`,
		`kube_pod_container_status_running uid=u1 container=c`,
		`kube_pod_container_resource_requests uid=u1 container=c resource=cpu unit=core`,
		`kube_pod_container_resource_limits uid=u1 container=c resource=memory unit=byte`,
		`container_cpu_usage_seconds_total container=c id=/pod/c cpu=total`,
		`container_memory_usage_bytes container=c id=/pod/c`,
		`kube_node_info node=n1`,
		`machine_cpu_cores`,
		`up`,
		`up job=kubelet instance=n1`,
		`kube_pod_labels uid=u1 label_serving_kserve_io_inferenceservice=iris`,
		`kube_pod_status_phase uid=u1 phase=Running`,
		`kube_pod_init_container_info uid=u1 container=c restart_policy=Always`,
		`kube_pod_init_container_status_running uid=u1 container=c`,
		`kube_pod_init_container_resource_requests uid=u1 container=c resource=memory unit=byte`,
		`kube_pod_container_resource_requests_cpu_cores container=c`,
		`container_cpu_usage_seconds_total container=c`,
		`container_memory_usage_bytes id=/`,
		`node_cpu_usage_seconds_total`,
	}
}

// mutations are labels that one series has and another has not.
func mutations() []string {
	const id = "/kubepods/pod00000000-0000-0000-0000-00000000000"
	return []string{
		"uid=", "uid=u2", "uid=u3", "pod=", "pod=q", "namespace=", "namespace=other", "container=", "container=d", "container=POD",
		"instance=", "instance=n1", "instance=n2", "job=", "job=kubelet", "job=ksm2", "metrics_path=/metrics/cadvisor", "metrics_path=/metrics/resource",
		"exported_pod=p", "exported_namespace=ns", "exported_container=c", "exported_pod=q",
		"id=", "id=/pod/d", "id=/pod/c/nested", "id=" + id + "1", "id=" + id + "2", "name=x", "name=y", "image=i", "cpu=", "cpu=cpu00",
		"resource=memory", "resource=", "unit=", "phase=Pending", "phase=Failed", "restart_policy=Always",
		"label_seldon_deployment_id=", "label_seldon_deployment_id=fraud", "label_seldon_deployment_id=\xff\"\n\\",
		"label_serving_kserve_io_inferenceservice=iris", "cluster=east", "cluster=west", "__name__=", "=nameless", "label_seldon_deployment_id=" + strings.Repeat("long", 999),
	}
}

func (g *generator) series() promapi.Series {
	s := promapi.Series{Labels: g.labels()}
	s.Samples = g.samples(slices.ContainsFunc(s.Labels, func(l promapi.Label) bool { return strings.HasSuffix(l.Value, "_total") }))
	return s
}

func (g *generator) labels() (l promapi.Labels) {
	set := func(pair string) {
		name, v, _ := strings.Cut(pair, "=")
		l = slices.DeleteFunc(l, func(x promapi.Label) bool { return x.Name == name })
		if v != "" {
			l = append(l, promapi.Label{Name: name, Value: v})
		}
	}
	words := strings.Fields(pick(g, templates()))
	for _, pair := range []string{"__name__=" + words[0], "namespace=ns", "pod=p", "job=ksm", "instance=ksm"} {
		set(pair)
	}
	if strings.HasPrefix(words[0], "container_") || strings.HasPrefix(words[0], "machine_") || strings.HasPrefix(words[0], "node_") {
		set("job=kubelet")
		set("instance=n1")
	}
	for _, pair := range words[1:] {
		set(pair)
	}
	for range g.byte() % 4 {
		set(pick(g, mutations()))
	}
	return l
}

// samples begin at the span's start and go on to its end, one every 30 s, unless bytes say
// otherwise. A counter's values rise by what others' are.
func (g *generator) samples(counter bool) []promapi.Sample {
	t := g.span.From + int64(int8(g.byte()))*17_000
	interval := pick(g, []int64{30_000, 15_000, 60_000, 300_000, 10_000, 1_000_000, 1, 0, -30_000, 30_007})
	count := min(2000, max(1, g.span.Length()/30_000))
	if n := g.byte(); n > 0 {
		count = int64(n)
	}
	v := g.value()
	var samples []promapi.Sample
	for i := range count {
		x := promapi.Sample{T: t + i*interval, V: v}
		if counter {
			x.V *= float64(i)
		}
		samples = append(samples, x)
	}
	for range g.byte() % 4 { // some are not like the others
		if len(samples) == 0 {
			break
		}
		at := int(g.byte()) % len(samples)
		switch g.byte() % 8 {
		case 0:
			samples[at].V = g.value()
		case 1:
			samples[at].V = math.Float64frombits(value.StaleNaN)
		case 2:
			samples[at].T += int64(int8(g.byte())) * 1001
		case 3:
			samples[at].T = pick(g, []int64{math.MinInt64, math.MaxInt64, 0, g.span.From, g.span.To, g.span.To - 1, 1e15, -1})
		case 4: // another value from here on
			for v := g.value(); at < len(samples); at++ {
				samples[at].V = v
			}
		case 5: // a gap
			samples = slices.Delete(samples, at, min(len(samples), at+int(g.byte())))
		case 6: // a counter's reset
			for at0 := at; at < len(samples); at++ {
				samples[at].V -= samples[at0].V
			}
		case 7: // the rest is late
			for by := int64(g.byte()) * 1009; at < len(samples); at++ {
				samples[at].T += by
			}
		}
	}
	return samples
}

func (g *generator) value() float64 {
	switch n := g.byte() % 16; n {
	case 15:
		var b [8]byte
		for i := range b {
			b[i] = g.byte()
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b[:]))
	default:
		return []float64{1, 0, 0.5, 1 << 30, -1, 1e308, -1e308, math.MaxFloat64, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), 2, 100, 1e-9}[n]
	}
}

// periods of windows that are tried.
func periods() []time.Duration {
	return []time.Duration{time.Hour, 10 * time.Minute, time.Minute, 7 * time.Hour, 50 * time.Hour, time.Millisecond}
}
