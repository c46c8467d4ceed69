package downsample

import (
	"fmt"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// BenchmarkAttribution gives the evidence on two containers of two pods of each of 1,000
// models to these.
func BenchmarkAttribution(b *testing.B) {
	const models = 1000
	z := &quiet{querier: &querier{slice: span{0, int64(hour)}}}
	seen := evidence{life: hour, seen: hour, integral: hour}
	var pods []*quietPod
	for n := range 2 * models {
		p := &quietPod{pod: &pod{podName: podName{"", "models", fmt.Sprintf("model-%d-%d", n/2, n%2)}}}
		p.owner = claimant{fmt.Sprint("uid-", n), workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: fmt.Sprint("model-", n/2)}}
		for _, name := range []string{"server", "agent"} {
			p.containers = append(p.containers, quietContainer{name: name, ran: true, cpu: seen, memory: seen})
		}
		for metric := usage.CPURequests; metric < usage.NumMetrics; metric++ {
			p.requests = append(p.requests, quietRequest{metric, 1})
		}
		pods = append(pods, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		l := newLedger()
		l.observed.kubeStateMetrics, l.observed.cAdvisor = int64(hour), int64(hour)
		for _, p := range pods {
			l.enter(z.evidence(p))
		}
		if got := len(l.averages(anHour()).Models); got != models {
			b.Fatalf("%d models", got)
		}
	}
}

// BenchmarkCloseLook integrates the raw samples of an hour of 100 pods of two containers.
func BenchmarkCloseLook(b *testing.B) {
	const uid = "0a1b2c3d-1111-2222-3333-0123456789ab"
	ksm, kubelet := target{job: "ksm", instance: "ksm:8080"}, target{job: "kubelet", instance: "n1:10250"}
	slice := span{0, int64(hour)}
	before := scrapedAt(30_000, every(30_000, -300_000+11_000, slice.to))
	before.ok = every(30_000, 11_000, slice.to-1)
	c := &closeLook{
		querier: &querier{slice: slice}, labels: ownerLabels(workload.Kinds()),
		ksm:     newSource(slice, map[target]*scrapes{ksm: before}),
		kubelet: &kubelets{source: newSource(slice, map[target]*scrapes{kubelet: before})},
	}
	comeAndGo(c.ksm, c.kubelet.source)

	raw := &raws{}
	for _, m := range []*map[podName][]promapi.Series{&raw.labels, &raw.running, &raw.phases, &raw.requests, &raw.cpu, &raw.memory} {
		*m = map[podName][]promapi.Series{}
	}
	var pods []*pod
	for n := range 100 {
		p := &pod{podName: podName{"", "models", fmt.Sprint("iris-", n)}, knowing: []target{ksm}}
		from := int64(n) * 30_000 // each begins at another scrape
		times := every(30_000, from+11_000, slice.to-1)
		row := func(into map[podName][]promapi.Series, who target, samples []promapi.Sample, more ...string) {
			l := labels("namespace", p.namespace, "pod", p.pod, "job", who.job, "instance", who.instance)
			into[p.podName] = append(into[p.podName], promapi.Series{Labels: append(l, labels(more...)...), Samples: samples})
		}
		row(raw.labels, ksm, at(1, times...), "uid", uid, "label_seldon_deployment_id", "iris")
		row(raw.phases, ksm, at(1, times...), "uid", uid, "phase", "Running")
		for _, name := range []string{"server", "agent"} {
			row(raw.running, ksm, at(1, times...), "uid", uid, "container", name)
			for _, what := range []string{"requests", "limits"} {
				for _, resource := range []string{"cpu", "memory"} {
					row(raw.requests, ksm, at(1, times...), "uid", uid, "container", name, "__name__", "kube_pod_container_resource_"+what, "resource", resource)
				}
			}
			id := "/kubepods/pod" + uid + "/" + name
			row(raw.cpu, kubelet, counter(from, 0.25/1000, times...), "container", name, "id", id)
			row(raw.memory, kubelet, at(1000, times...), "container", name, "id", id)
		}
		pods = append(pods, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		out := &entries{}
		for _, p := range pods {
			c.integrate(p, raw, out)
		}
		if len(out.accounts) != 2*len(pods) || out.accounts[0].cpu.seen == 0 {
			b.Fatalf("evidence on %d containers, the first: %+v", len(out.accounts), out.accounts[0])
		}
	}
}
