package measure

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

var every, at, counter = promapitest.Every, promapitest.At, promapitest.Counter

// In the tables of this package a scrape interval is 10.

func timesOf(samples []promapi.Sample) []int64 {
	var times []int64
	for _, s := range samples {
		times = append(times, s.T)
	}
	return times
}

func sameSpans(t *testing.T, got, want timeline.Spans) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// id is a row's: of a cgroup, or, with a question mark, of an instance.
func id(text string) rowID {
	if instance, none := strings.CutPrefix(text, "?"); none {
		return rowID{instance: instance}
	}
	return rowID{cgroup: text}
}

func TestNested(t *testing.T) {
	cgroups := map[string]bool{"": true, "/pod/a": true, "/pod/b": true, "/pod/a/init.scope": true}
	for of, want := range map[string]bool{
		"/pod/a": false, "/pod/b": false, "/pod/ab": false, "?10.0.0.1": false,
		"/pod/a/init.scope": true, "/pod/a/system.slice/x": true,
	} {
		if got := id(of).nestedIn(cgroups); got != want {
			t.Errorf("%s: got %v", of, got)
		}
	}
}

func TestUID(t *testing.T) {
	const uid = "0a1b2c3d-1111-2222-3333-0123456789ab"
	for _, c := range []struct{ name, id, want string }{
		{"cgroupfs", "/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"cgroupfs, guaranteed", "/kubepods/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"systemd", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/cri-containerd-4f5e.scope", uid},
		{"systemd, guaranteed", "/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/crio-4f5e.scope", uid},
		{"below a cgroup of ours", "/docker/77aa/kubelet/kubepods/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"a static pod's hash is no uid", "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/4f5e", ""},
		{"docker alone", "/docker/4f5e", ""},
		{"none", "?10.0.0.1:10250", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := id(c.id).uid(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestIDOf(t *testing.T) {
	ids := named([]promapi.Series{{Labels: promapitest.Labels("id", "/pod/b", "name", "k8s_b")}, {Labels: promapitest.Labels("id", "/pod", "name", "")}}, "id")
	for _, c := range []struct {
		name, label string
		labels      []string
		want        rowID
	}{
		{"its cgroup", "id", []string{"id", "/pod/a", "instance", "n1", "name", "k8s_a"}, rowID{cgroup: "/pod/a"}},
		{"no id, and the runtime's name", "id", []string{"instance", "n1", "name", "k8s_a"}, rowID{cgroup: "k8s_a"}},
		{"no id, which another row of that name has", "id", []string{"instance", "n1", "name", "k8s_b"}, rowID{cgroup: "/pod/b"}},
		{"/metrics/resource", "id", []string{"instance", "n1"}, rowID{instance: "n1"}},
		{"a source whose series have none", "", []string{"id", "/pod/a", "instance", "n1"}, rowID{instance: "n1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := idOf(promapitest.Labels(c.labels...), c.label, ids); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestMerged(t *testing.T) {
	a, b, c := timeline.Target{Job: "a"}, timeline.Target{Job: "b"}, timeline.Target{Job: "c"}
	ofA := func(times ...[]int64) row {
		return row{id: id("/x"), target: a, samples: at(1, slices.Concat(times...)...)}
	}
	ofB := func(times ...[]int64) row {
		return row{id: id("/x"), target: b, samples: at(2, slices.Concat(times...)...)}
	}
	for _, k := range []struct {
		name     string
		rows     []row
		want     []int64
		repeated int // samples
	}{
		{"nothing", nil, nil, 0},
		{"one target", []row{ofA(every(10, 5, 95))}, every(10, 5, 95), 0},
		{"two jobs: the one that saw more", []row{ofB(every(10, 8, 88)), ofA(every(10, 5, 95))}, every(10, 5, 95), 9},
		{"two jobs that saw as much: always the same", []row{ofB(every(10, 8, 98)), ofA(every(10, 5, 95))}, every(10, 5, 95), 10},
		{"one failed scrape is no hole", []row{ofA(every(10, 5, 35), every(10, 55, 95)), ofB(every(10, 8, 78))}, slices.Concat(every(10, 5, 35), every(10, 55, 95)), 8},
		{"a hole that another fills", []row{ofA(every(10, 5, 25), every(10, 65, 115)), ofB(every(10, 8, 78))}, []int64{5, 15, 25, 28, 38, 48, 58, 65, 75, 85, 95, 105, 115}, 4},
		{"what came before", []row{ofA(every(10, 45, 95)), ofB(every(10, 8, 48))}, slices.Concat([]int64{8, 18, 28}, every(10, 45, 95)), 2},
		{"what came after", []row{ofA(every(10, 5, 55)), ofB(every(10, 48, 88))}, slices.Concat(every(10, 5, 55), []int64{68, 78, 88}), 2},
		{
			"a third fills what the second left", []row{ofA(every(10, 5, 25), every(10, 105, 155)), ofB(every(10, 8, 48)), {id: id("/x"), target: c, samples: at(3, 71, 81)}},
			slices.Concat([]int64{5, 15, 25, 28, 38, 48, 71, 81}, every(10, 105, 155)), 2,
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			got, repeated := merged(k.rows, 10)
			if diff := cmp.Diff(k.want, timesOf(got)); diff != "" {
				t.Error(diff)
			}
			n := 0
			for _, r := range repeated {
				n += len(r.samples)
			}
			if n != k.repeated {
				t.Errorf("%d samples are repeated, want %d", n, k.repeated)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	all := at(1, 5, 10, 15, 20)
	for _, c := range []struct {
		name string
		span timeline.Span
		want []int64
	}{
		{"all", timeline.Span{From: 0, To: 30}, []int64{5, 10, 15, 20}},
		{"from is in, to is not", timeline.Span{From: 10, To: 20}, []int64{10, 15}},
		{"none before", timeline.Span{From: 0, To: 5}, nil},
		{"none after", timeline.Span{From: 21, To: 30}, nil},
		{"none between", timeline.Span{From: 11, To: 15}, nil},
		{"backwards", timeline.Span{From: 20, To: 10}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, timesOf(Within(all, c.span))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
