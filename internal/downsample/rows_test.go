package downsample

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

func TestGenuine(t *testing.T) {
	for _, c := range []struct {
		name string
		ids  []string
		want []string
	}{
		{"none", nil, nil},
		{"one", []string{"/pod/a"}, []string{"/pod/a"}},
		{"twice the same, from two jobs", []string{"/pod/a", "/pod/a"}, []string{"/pod/a"}},
		{"a restart is another", []string{"/pod/b", "/pod/a"}, []string{"/pod/a", "/pod/b"}},
		{"a cgroup below another's", []string{"/pod/a", "/pod/a/init.scope", "/pod/a/system.slice/x"}, []string{"/pod/a"}},
		{"one that merely begins alike", []string{"/pod/a", "/pod/ab"}, []string{"/pod/a", "/pod/ab"}},
		{"one without an id where there is one", []string{"?10.0.0.1", "/pod/a"}, []string{"/pod/a"}},
		{"none has an id", []string{"?10.0.0.2", "?10.0.0.1", "?10.0.0.1"}, []string{"?10.0.0.1", "?10.0.0.2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, genuine(slices.Clone(c.ids))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUIDOf(t *testing.T) {
	const uid = "0a1b2c3d-1111-2222-3333-0123456789ab"
	for _, c := range []struct{ name, id, want string }{
		{"cgroupfs", "/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"cgroupfs, guaranteed", "/kubepods/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"systemd", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/cri-containerd-4f5e.scope", uid},
		{"systemd, guaranteed", "/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/crio-4f5e.scope", uid},
		{"below a cgroup of ours", "/docker/77aa/kubelet/kubepods/pod0a1b2c3d-1111-2222-3333-0123456789ab/4f5e", uid},
		{"a static pod's hash is no uid", "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/4f5e", ""},
		{"docker alone", "/docker/4f5e", ""},
		{"none", anonymous + "10.0.0.1:10250", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := uidOf(c.id); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestIDOf(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels promapi.Labels
		want   string
	}{
		{"its cgroup", promapi.Labels{{Name: "id", Value: "/pod/a"}, {Name: "instance", Value: "n1"}, {Name: "name", Value: "k8s_a"}}, "/pod/a"},
		{"no id", promapi.Labels{{Name: "instance", Value: "n1"}, {Name: "name", Value: "k8s_a"}}, "?n1k8s_a"},
		{"/metrics/resource", promapi.Labels{{Name: "instance", Value: "n1"}}, "?n1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := idOf(c.labels); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What follows is told in small numbers: a scrape interval is 10.

func timesOf(samples []promapi.Sample) []int64 {
	var times []int64
	for _, s := range samples {
		times = append(times, s.T)
	}
	return times
}

func TestOnce(t *testing.T) {
	a, b, c := target{job: "a"}, target{job: "b"}, target{job: "c"}
	ofA := func(times ...[]int64) row { return row{"/x", a, at(1, slices.Concat(times...)...)} }
	ofB := func(times ...[]int64) row { return row{"/x", b, at(2, slices.Concat(times...)...)} }
	for _, k := range []struct {
		name string
		rows []row
		want []int64
	}{
		{"nothing", nil, nil},
		{"one target", []row{ofA(every(10, 5, 95))}, every(10, 5, 95)},
		{"another cgroup's", []row{{"/y", a, at(1, 5, 15)}}, nil},
		{"two jobs: the one that saw more", []row{ofB(every(10, 8, 88)), ofA(every(10, 5, 95))}, every(10, 5, 95)},
		{"two jobs that saw as much: always the same", []row{ofB(every(10, 8, 98)), ofA(every(10, 5, 95))}, every(10, 5, 95)},
		{"one failed scrape is no hole", []row{ofA(every(10, 5, 35), every(10, 55, 95)), ofB(every(10, 8, 78))},
			slices.Concat(every(10, 5, 35), every(10, 55, 95))},
		{"a hole that another fills", []row{ofA(every(10, 5, 25), every(10, 65, 115)), ofB(every(10, 8, 78))},
			[]int64{5, 15, 25, 28, 38, 48, 58, 65, 75, 85, 95, 105, 115}},
		{"what came before", []row{ofA(every(10, 45, 95)), ofB(every(10, 8, 48))},
			slices.Concat([]int64{8, 18, 28}, every(10, 45, 95))},
		{"what came after", []row{ofA(every(10, 5, 55)), ofB(every(10, 48, 88))},
			slices.Concat(every(10, 5, 55), []int64{68, 78, 88})},
		{"a third fills what the second left", []row{ofA(every(10, 5, 25), every(10, 105, 155)), ofB(every(10, 8, 48)), {"/x", c, at(3, 71, 81)}},
			slices.Concat([]int64{5, 15, 25, 28, 38, 48, 71, 81}, every(10, 105, 155))},
	} {
		t.Run(k.name, func(t *testing.T) {
			if diff := cmp.Diff(k.want, timesOf(once(k.rows, "/x", 10))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// counter makes samples of a counter that was zero at a moment; rate is per unit of time.
func counter(zero int64, rate float64, times ...int64) []promapi.Sample {
	samples := at(0, times...)
	for i := range samples {
		samples[i].V = rate * float64(samples[i].T-zero)
	}
	return samples
}

func TestInstances(t *testing.T) {
	slice := span{0, 200}
	k1, k2 := target{instance: "k1"}, target{instance: "k2"}
	type life struct {
		ID          string
		First, Last int64
		Fresh       bool
	}
	for _, c := range []struct {
		name string
		cpu  []row
		want []life
	}{
		{"none", nil, nil},
		{"one", []row{{"/a", k1, counter(0, 1, every(10, 5, 195)...)}}, []life{{"/a", 5, 195, true}}},
		{
			"a restart", []row{{"/z", k1, counter(0, 1, every(10, 5, 95)...)}, {"/a", k1, counter(100, 1, every(10, 105, 195)...)}},
			[]life{{"/z", 5, 95, true}, {"/a", 105, 195, false}},
		}, {
			"a lingering row ends at its successor's first sample",
			[]row{{"/z", k1, counter(0, 1, every(10, 5, 145)...)}, {"/a", k1, counter(100, 1, every(10, 105, 195)...)}},
			[]life{{"/z", 5, 95, true}, {"/a", 105, 195, false}},
		}, {
			"both there from the start: the one that goes first is the dead one",
			[]row{{"/z", k1, counter(-90, 1, every(10, 5, 45)...)}, {"/a", k1, counter(-10, 1, every(10, 5, 195)...)}},
			[]life{{"/a", 5, 195, false}},
		}, {
			"both there from the start to the end: the one that stands still is the dead one",
			[]row{{"/a", k1, at(80, every(10, 5, 195)...)}, {"/z", k1, counter(-10, 1, every(10, 5, 195)...)}},
			[]life{{"/z", 5, 195, false}},
		}, {
			"three in a row, the first two linger",
			[]row{{"/a", k1, counter(0, 1, every(10, 5, 155)...)}, {"/b", k1, counter(60, 1, every(10, 65, 195)...)}, {"/c", k1, counter(120, 1, every(10, 125, 195)...)}},
			[]life{{"/a", 5, 55, true}, {"/b", 65, 115, false}, {"/c", 125, 195, false}},
		}, {
			"two jobs show one",
			[]row{{"/a", k1, counter(0, 1, every(10, 5, 195)...)}, {"/a", k2, counter(0, 1, every(10, 8, 198)...)}},
			[]life{{"/a", 5, 195, true}},
		}, {
			"without ids beside one with",
			[]row{{"?k1", k1, counter(0, 1, every(10, 5, 195)...)}, {"/a", k1, counter(0, 1, every(10, 5, 195)...)}},
			[]life{{"/a", 5, 195, true}},
		}, {
			"without ids, moved to another kubelet",
			[]row{{"?k2", k2, counter(0, 1, every(10, 5, 95)...)}, {"?k1", k1, counter(100, 1, every(10, 105, 195)...)}},
			[]life{{"?k2", 5, 95, true}, {"?k1", 105, 195, false}},
		}, {
			"without ids, moved to another kubelet and back",
			[]row{{"?k1", k1, slices.Concat(counter(0, 1, every(10, 5, 65)...), counter(130, 1, every(10, 135, 195)...))}, {"?k2", k2, counter(70, 1, every(10, 75, 125)...)}},
			[]life{{"?k1", 5, 65, true}, {"?k2", 75, 125, false}, {"?k1", 135, 195, false}},
		}, {
			"without ids, the counter begins anew",
			[]row{{"?k1", k1, slices.Concat(counter(0, 1, every(10, 5, 95)...), counter(100, 1, every(10, 105, 195)...))}},
			[]life{{"?k1", 5, 95, true}, {"?k1", 105, 195, false}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []life
			for _, i := range instances(slice, 10, c.cpu, nil) {
				got = append(got, life{i.id, i.first(), i.last(), i.fresh})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("memory and CPU are of one life", func(t *testing.T) {
		got := instances(slice, 10, []row{{"/a", k1, counter(0, 1, every(10, 5, 95)...)}}, []row{{"/a", k1, at(7, every(10, 5, 105)...)}})
		if len(got) != 1 || got[0].last() != 105 || len(got[0].cpu) != 10 || len(got[0].memory) != 11 {
			t.Errorf("got %+v", got)
		}
	})
}
