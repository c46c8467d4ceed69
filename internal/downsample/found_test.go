package downsample

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// line makes a series of samples of one value: "name label=value ...", from and to so many
// minutes after the window's start, by an interval.
func line(text string, from, to int, interval time.Duration, v float64) promapi.Series {
	start := noon.Add(-time.Hour)
	words := strings.Fields(text)
	s := promapi.Series{Labels: promapi.Labels{{Name: "__name__", Value: words[0]}}}
	for _, pair := range words[1:] {
		name, value, _ := strings.Cut(pair, "=")
		s.Labels = append(s.Labels, promapi.Label{Name: name, Value: value})
	}
	slices.SortFunc(s.Labels, func(a, b promapi.Label) int { return strings.Compare(a.Name, b.Name) })
	for t := start.Add(time.Duration(from) * time.Minute); t.Before(start.Add(time.Duration(to) * time.Minute)); t = t.Add(interval) {
		s.Samples = append(s.Samples, promapi.Sample{T: t.UnixMilli(), V: v})
	}
	return s
}

// TestFound are clusters that random ones led to.
func TestFound(t *testing.T) {
	pod := func(name string, from, to int, interval time.Duration) []promapi.Series {
		ksm := " namespace=ns job=ksm instance=ksm uid=" + name + " pod=" + name
		return []promapi.Series{
			line("kube_pod_labels label_seldon_deployment_id="+name+ksm, from, to, interval, 1),
			line("kube_pod_container_status_running container=c"+ksm, from, to, interval, 1),
		}
	}
	const every30s = 30 * time.Second
	for name, c := range map[string]struct {
		series []promapi.Series
		want   map[string]float64 // containers, by model
	}{
		"pods alone show when kube-state-metrics was scraped": {
			series: slices.Concat(pod("a", 0, 10, every30s), pod("b", 0, 60, every30s)),
			want:   map[string]float64{"a": 1.0 / 6, "b": 1},
		},
		"a target that was gone when the window began": {
			series: slices.Concat(pod("a", -10, 60, 5*time.Minute), []promapi.Series{
				line("kube_node_info job=ksm instance=ksm", -10, 60, 5*time.Minute, 1),
				line("up job=ksm instance=ksm", -10, 60, 5*time.Minute, 1),
				line("machine_cpu_cores job=kubelet instance=n1", -10, 60, 5*time.Minute, 1),
				line("up job=kubelet instance=n1", -10, 60, 5*time.Minute, 1),
				line("container_memory_usage_bytes namespace=ns pod=a container=c job=kubelet instance=n1 id=/1", -10, 60, 5*time.Minute, 1),
				line("container_cpu_usage_seconds_total namespace=ns pod=a container=c job=kubelet instance=n2 id=/2", -10, -7, 5*time.Minute, 1),
			}),
			want: map[string]float64{"a": 1},
		},
		"a row of 200,000 samples, more than an answer may have": {
			series: append(pod("a", 0, 60, every30s),
				line("kube_pod_container_resource_requests namespace=ns job=ksm instance=ksm uid=a pod=a container=c resource=cpu", 0, 60, 18*time.Millisecond, 1)),
			want: map[string]float64{"a": 1},
		},
		"sums that are too large for a number": {
			series: append(slices.Concat(pod("a", 0, 60, every30s), pod("b", 0, 60, every30s)),
				line("kube_pod_container_resource_requests namespace=ns job=ksm instance=ksm uid=a pod=a container=c resource=cpu", 0, 60, every30s, math.MaxFloat64)),
			want: map[string]float64{"a": 1, "b": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for form := range forms {
				a := newLab(t).compute(t, setup{form: form, period: time.Hour}, &upstream{series: c.series, framed: true})
				if a == nil {
					t.Fatal("there are no averages")
				}
				for _, m := range a.Models {
					want, ok := c.want[m.Name]
					if v := m.Values[0]; !ok || math.Abs(v.V-want) > 0.01 {
						t.Errorf("%s: %v containers, want %v", m.Name, v.V, want)
					}
				}
				if len(a.Models) != len(c.want) {
					t.Errorf("models %v, want %v", a.Models, c.want)
				}
			}
		})
	}
}
