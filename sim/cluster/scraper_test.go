package cluster_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

const (
	second = time.Second
	minute = time.Minute
)

var origin = time.Unix(1_700_000_000, 0)

// small is one pod with one container on one node, scraped every 30 s: the container by
// the kubelet at 10 s and 40 s of each minute, the pod by kube-state-metrics on the hour.
func small() cluster.History {
	life := cluster.Span{From: 0, To: 5 * minute}
	return cluster.History{
		Nodes: []cluster.Node{{Name: "n", Address: "n:10250", Life: cluster.Always()}},
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: 30 * second}, Job: "ksm", Instance: "k", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: 30 * second, Offset: 10 * second}, Job: "kubelet", Life: cluster.Always(), HonorLabels: true,
		}},
		Pods: []cluster.Pod{{
			Namespace: "ns", Name: "p", UID: "u-1", Node: "n", Life: life,
			Labels: []cluster.Labels{{Set: map[string]string{cluster.SeldonLabel: "m"}}},
			Phases: []cluster.Phase{{Name: cluster.Running}},
			Containers: []cluster.Container{{
				Name: "c", CPU: cluster.Flat(2), Memory: cluster.Flat(7), CPURequest: cluster.Flat(1),
				Runs: []cluster.Run{{Span: life}},
			}},
		}},
	}
}

// find returns the samples of the one series that has all the labels, as offsets.
func find(t *testing.T, all []cluster.Series, labels ...string) map[time.Duration]float64 {
	t.Helper()
	var found *cluster.Series
	for i := range all {
		has := make(map[string]bool)
		for _, l := range all[i].Labels {
			has[l.Name+"="+l.Value] = true
		}
		missing := false
		for _, l := range labels {
			missing = missing || !has[l]
		}
		if missing {
			continue
		}
		if found != nil {
			t.Fatalf("%v: two series: %v and %v", labels, found.Labels, all[i].Labels)
		}
		found = &all[i]
	}
	if found == nil {
		return nil
	}
	out := make(map[time.Duration]float64)
	for _, s := range found.Samples {
		out[time.UnixMilli(s.T).Sub(origin)] = s.V
	}
	return out
}

func isStale(v float64) bool { return math.Float64bits(v) == math.Float64bits(cluster.StaleNaN()) }

// TestMarkers says when a series is marked as ended: as Prometheus does it.
func TestMarkers(t *testing.T) {
	cpu := []string{"__name__=container_cpu_usage_seconds_total", "container=c"}
	up := []string{"__name__=up", "job=kubelet"}
	for _, c := range []struct {
		name   string
		change func(*cluster.History)
		series []string
		values map[time.Duration]float64 // some of the samples
		stale  []time.Duration           // all of the markers
		none   []time.Duration           // no sample there
	}{{
		name:   "a series that vanishes is marked in the next scrape",
		series: cpu,
		values: map[time.Duration]float64{10 * second: 20, 4*minute + 40*second: 560},
		stale:  []time.Duration{5*minute + 10*second},
		none:   []time.Duration{5*minute + 40*second},
	}, {
		name:   "a failed scrape marks every series of the target",
		change: func(h *cluster.History) { h.Nodes[0].Holes = cluster.Spans{{From: 2 * minute, To: 3 * minute}} },
		series: cpu,
		values: map[time.Duration]float64{minute + 40*second: 200, 3*minute + 10*second: 380},
		stale:  []time.Duration{2*minute + 10*second, 5*minute + 10*second},
		none:   []time.Duration{2*minute + 40*second},
	}, {
		name:   "up is 0 then",
		change: func(h *cluster.History) { h.Nodes[0].Holes = cluster.Spans{{From: 2 * minute, To: 3 * minute}} },
		series: up,
		values: map[time.Duration]float64{minute + 40*second: 1, 2*minute + 10*second: 0, 2*minute + 40*second: 0, 3*minute + 10*second: 1},
	}, {
		name: "a target that leaves takes its series along, and up",
		change: func(h *cluster.History) {
			h.Nodes[0].Life.To = 2 * minute
			h.Pods[0].Containers[0].Runs[0].To = 2 * minute
		},
		series: up,
		values: map[time.Duration]float64{minute + 40*second: 1},
		stale:  []time.Duration{2*minute + 10*second},
		none:   []time.Duration{2*minute + 40*second},
	}, {
		name:   "an outage of Prometheus marks nothing",
		change: func(h *cluster.History) { h.Outages = cluster.Spans{{From: 2 * minute, To: 3 * minute}} },
		series: cpu,
		stale:  []time.Duration{5*minute + 10*second},
		none:   []time.Duration{2*minute + 10*second, 2*minute + 40*second},
	}, {
		name:   "nor is marked what vanished during one",
		change: func(h *cluster.History) { h.Outages = cluster.Spans{{From: 4*minute + 50*second, To: 6 * minute}} },
		series: cpu,
		none:   []time.Duration{5*minute + 10*second, 6*minute + 10*second},
	}, {
		name:   "a lingering row stays as it was",
		change: func(h *cluster.History) { h.Nodes[0].Linger = minute },
		series: cpu,
		values: map[time.Duration]float64{4*minute + 40*second: 560, 5*minute + 10*second: 600, 5*minute + 40*second: 600},
		stale:  []time.Duration{6*minute + 10*second},
	}, {
		name:   "kube-state-metrics' series end with the pod",
		series: []string{"__name__=kube_pod_container_resource_requests", "resource=cpu", "unit=core", "uid=u-1", "node=n"},
		values: map[time.Duration]float64{0: 1, 4*minute + 30*second: 1},
		stale:  []time.Duration{5 * minute},
	}} {
		t.Run(c.name, func(t *testing.T) {
			h := small()
			if c.change != nil {
				c.change(&h)
			}
			if err := h.Check(); err != nil {
				t.Fatal(err)
			}
			got := find(t, cluster.Samples(&h, origin, 0, 10*minute), c.series...)
			for at, want := range c.values {
				if v, ok := got[at]; !ok || math.Abs(v-want) > 1e-6 {
					t.Errorf("at %v: got %v %v, want %v", at, v, ok, want)
				}
			}
			stale := make(map[time.Duration]bool)
			for _, at := range c.stale {
				stale[at] = true
			}
			for at, v := range got {
				if isStale(v) != stale[at] {
					t.Errorf("at %v: %v, marker wanted: %v", at, v, stale[at])
				}
				delete(stale, at)
			}
			for at := range stale {
				t.Errorf("at %v: no marker", at)
			}
			for _, at := range c.none {
				if v, ok := got[at]; ok {
					t.Errorf("at %v: %v, want no sample", at, v)
				}
			}
		})
	}
}

func TestExplicitTimestampsAreNeverMarkedNorRepeated(t *testing.T) {
	h := small()
	h.Kubelets[0].Timestamps = true
	h.Nodes[0].Linger = 3 * minute
	h.Nodes[0].Holes = cluster.Spans{{From: 2 * minute, To: 3 * minute}}
	got := find(t, cluster.Samples(&h, origin, 0, 10*minute), "__name__=container_cpu_usage_seconds_total", "container=c")
	if len(got) < 5 {
		t.Fatalf("only %d samples", len(got))
	}
	for at, v := range got {
		if math.Abs(v-2*at.Seconds()) > 1e-6 || at >= 5*minute {
			t.Errorf("at %v: %v, want what was used until then, and nothing after its end", at, v)
		}
	}
}

// TestRowsOfAPod lists the cAdvisor rows that a pod has in each setting.
func TestRowsOfAPod(t *testing.T) {
	rows := func(change func(*cluster.History)) (out []string) {
		h := small()
		change(&h)
		for _, s := range cluster.Samples(&h, origin, 0, minute) {
			labels := make(map[string]string)
			for _, l := range s.Labels {
				labels[l.Name] = l.Value
			}
			if labels["__name__"] == "container_cpu_usage_seconds_total" && labels["pod"] != "" {
				id := strings.Split(labels["id"], "/")
				out = append(out, labels["container"]+"|"+labels["image"]+"|"+strings.Join(id[:max(0, len(id)-1)], "/"))
			}
		}
		return out
	}
	systemd := "/kubepods.slice/kubepods-burstable.slice"
	for _, c := range []struct {
		name   string
		change func(*cluster.History)
		want   []string
	}{
		{"containerd", func(*cluster.History) {}, []string{
			"c|c:1.0|" + systemd + "/kubepods-burstable-podu_1.slice",
			"||" + systemd,
			"|pause:3.9|" + systemd + "/kubepods-burstable-podu_1.slice",
		}},
		{"docker, cgroupfs", func(h *cluster.History) {
			h.Nodes[0].Runtime, h.Nodes[0].Driver = cluster.Docker, cluster.Cgroupfs
		}, []string{"c|c:1.0|/kubepods/burstable/podu-1", "||/kubepods/burstable", "POD|pause:3.9|/kubepods/burstable/podu-1"}},
		{"resource", func(h *cluster.History) { h.Kubelets[0].Endpoint = cluster.ResourceAPI }, []string{"c||"}},
	} {
		if got := rows(c.change); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestScrapingInStepsIsScrapingAtOnce feeds each history in steps of awkward length.
func TestScrapingInStepsIsScrapingAtOnce(t *testing.T) {
	all := histories.All()
	for seed := range uint64(40) {
		all = append(all, histories.Random(seed))
	}
	for _, n := range all {
		feed := n.Feed()
		whole := gather(nil, cluster.Samples(&n.History, origin, feed.From, feed.To))
		steps := make(map[string][]cluster.Sample)
		scraper := cluster.NewScraper(&n.History, origin, feed.From)
		for at := feed.From; at < feed.To; at += 47*second + 123*time.Millisecond {
			steps = gather(steps, scraper.Scrape(min(at, feed.To)))
		}
		steps = gather(steps, scraper.Scrape(feed.To))
		if len(whole) != len(steps) {
			t.Errorf("%s: %d series at once, %d in steps", n.Name, len(whole), len(steps))
		}
		for labels, want := range whole {
			if !same(steps[labels], want) {
				t.Errorf("%s: %s: other samples in steps", n.Name, labels)
			}
		}
	}
}

func gather(into map[string][]cluster.Sample, all []cluster.Series) map[string][]cluster.Sample {
	if into == nil {
		into = make(map[string][]cluster.Sample)
	}
	for _, s := range all {
		var key strings.Builder
		for _, l := range s.Labels {
			key.WriteString(l.Name + "=" + l.Value + ",")
		}
		into[key.String()] = append(into[key.String()], s.Samples...)
	}
	return into
}

// same compares bits, for a marker is a NaN.
func same(a, b []cluster.Sample) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].T != b[i].T || math.Float64bits(a[i].V) != math.Float64bits(b[i].V) || i > 0 && a[i].T <= a[i-1].T {
			return false
		}
	}
	return true
}
