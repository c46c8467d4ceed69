package cluster_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TestStampsAreAsOldAsRealOnes holds the age of rows with timestamps against what was measured
// on real kubelets: 7 s in the median, 16 s at the 95th percentile, 20 s at most, and the last
// row of a container 8 to 17 s before its end.
func TestStampsAreAsOldAsRealOnes(t *testing.T) {
	var ages []time.Duration
	for run := range 200 {
		h := small()
		h.Kubelets[0].Timestamps, h.Kubelets[0].Every = true, time.Second // no look is missed
		h.Pods[0].UID = cluster.UID("age", string(rune('a'+run)))
		rows := find(t, cluster.Samples(&h, origin, -time.Minute, 10*time.Minute), "__name__=container_memory_usage_bytes", "container=c")
		looks := slices.Sorted(maps.Keys(rows))
		for at := time.Minute; at < 4*time.Minute; at += 30 * time.Second {
			n, found := slices.BinarySearch(looks, at)
			if !found {
				n--
			}
			ages = append(ages, at-looks[n])
		}
		if before := 5*time.Minute - looks[len(looks)-1]; before < 8*time.Second || before > 17*time.Second {
			t.Errorf("the last row is of %s before the end", before)
		}
	}
	slices.Sort(ages)
	n := len(ages)
	for _, c := range []struct {
		name     string
		got      time.Duration
		min, max time.Duration
	}{
		{"median", ages[n/2], 6 * time.Second, 9 * time.Second},
		{"95th percentile", ages[n*95/100], 14 * time.Second, 18 * time.Second},
		{"oldest", ages[n-1], 15 * time.Second, 20 * time.Second},
	} {
		if c.got < c.min || c.got > c.max {
			t.Errorf("%s: %s", c.name, c.got)
		}
	}
}

// TestRuntimesRows has the runtime's rows: containers alone, ids without uids, whole seconds.
func TestRuntimesRows(t *testing.T) {
	h := small()
	h.Kubelets[0].CRI = true
	h.Pods[0].Containers[0].CPU = cluster.Flat(0.37)
	var rows int
	for _, s := range cluster.Samples(&h, origin, 0, 4*time.Minute) {
		label := map[string]string{}
		for _, l := range s.Labels {
			label[l.Name] = l.Value
		}
		if label["__name__"] != "container_cpu_usage_seconds_total" || label["pod"] == "" {
			continue
		}
		rows++
		if label["container"] != "c" || len(label["id"]) != 64 || label["image"]+label["name"]+label["cpu"] != "" {
			t.Errorf("a row of %v", s.Labels)
		}
		for _, x := range s.Samples {
			if x.V != math.Trunc(x.V) {
				t.Errorf("%g seconds of CPU are not whole", x.V)
			}
		}
	}
	if rows != 1 {
		t.Errorf("%d rows of the pod's CPU, want its one container's", rows)
	}
}
