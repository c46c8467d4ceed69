package histories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Random returns the random history of a seed: the same one each time.
//
// What happens, happens on whole seconds, so that a slow integration in steps of a second
// is exact; scrapes happen in between. Silences are clearly shorter or clearly longer
// than what makes an outage.
func Random(seed uint64) Named {
	r := &dice{Rand: rand.New(rand.NewPCG(seed, 0x5e1d0)), builder: &builder{}}
	r.observers()
	r.people()
	return Named{
		Name:    fmt.Sprintf("random-%d", seed),
		About:   "whatever comes",
		History: r.History,
		Window:  span(0, r.window),
	}
}

// dice tells a random history.
type dice struct {
	*rand.Rand
	*builder
	models     []podPart // each makes a pod a model's
	namespaces []string
	sidecars   bool // kube-state-metrics can tell of native ones
	uids       bool // and of pods that share a name
}

// oneIn is true once in n times.
func (r *dice) oneIn(n int) bool { return r.IntN(n) == 0 }

// second returns a whole second of a span.
func (r *dice) second(in cluster.Span) time.Duration {
	return in.From + time.Duration(r.Int64N(max(1, int64(in.Length()/s))))*s
}

// within returns a random part of a span, of some length at least if there is room.
func (r *dice) within(in cluster.Span, atLeast time.Duration) cluster.Span {
	room := in
	room.To = max(in.From+s, in.To-atLeast)
	from := r.second(room)
	return span(from, min(in.To, from+atLeast+r.second(span(0, in.Length()/4))))
}

func pick[T any](r *dice, of ...T) T { return of[r.IntN(len(of))] }

// observers decides on the window, and on who watches.
func (r *dice) observers() {
	r.window = pick(r, 10*m, 10*m, 20*m, 30*m)
	if r.oneIn(8) {
		r.NoUp = true
	}
	ksmEvery, kubeletEvery := pick(r, 10*s, 30*s, 30*s, 60*s), pick(r, 10*s, 30*s, 30*s, 60*s)
	longest := max(ksmEvery, kubeletEvery)
	if r.oneIn(5) {
		r.Outages = cluster.Spans{r.within(span(-4*m, r.window+2*m), 5*longest)}
	}
	r.someNodes(kubeletEvery)
	r.someKubelets(kubeletEvery)
	r.someKSMs(ksmEvery)
}

// schedule returns scrapes at a random offset, off the seconds on which things happen.
func (r *dice) schedule(every time.Duration) cluster.Schedule {
	return cluster.Schedule{Every: every, Offset: r.second(span(0, every)) + time.Duration(1+r.IntN(998))*time.Millisecond}
}

// misses returns single failed scrapes, far from each other and from outages.
func (r *dice) misses(every time.Duration) cluster.Spans {
	var out cluster.Spans
	for at := r.second(span(0, r.window)); at < r.window; at += 8*every + r.second(span(0, r.window)) {
		miss := span(at, at+every)
		near := span(at-4*every, at+5*every)
		if len(r.Outages.And(cluster.Spans{near})) == 0 {
			out = append(out, miss)
		}
	}
	return out
}

// absence returns a long time out of reach, well within the window.
func (r *dice) absence(every time.Duration) cluster.Spans {
	return cluster.Spans{r.within(span(3*every, r.window-3*every), 5*every)}
}

func (r *dice) someNodes(every time.Duration) {
	driver, runtime := pick(r, cluster.Systemd, cluster.Cgroupfs), pick(r, cluster.Containerd, cluster.Docker)
	linger := pick(r, 0, 0, r.second(span(1*m, 6*m)))
	for i := range 1 + r.IntN(4) {
		n := r.node(fmt.Sprintf("node-%d", i+1))
		n.Driver, n.Runtime, n.Linger = driver, runtime, linger
		switch r.IntN(10) {
		case 0, 1:
			n.Holes = r.misses(every)
		case 2:
			if !r.NoUp { // without up, who was out of reach is not to be told from who left
				n.Holes = r.absence(every)
			}
		case 3:
			if i > 0 { // somebody stays
				n.Life.To = r.second(span(1*m, r.window))
			}
		case 4:
			if i > 0 {
				n.Life.From = r.second(span(0, r.window-1*m))
			}
		}
	}
}

func (r *dice) someKubelets(every time.Duration) {
	job := func(name string, every time.Duration) *cluster.Kubelet {
		k := r.kubelets(name)
		k.Schedule, k.Spread = r.schedule(every), time.Duration(r.IntN(9000))*time.Millisecond
		return k
	}
	stamps := r.oneIn(5)
	first := job("kubelet", every)
	switch r.IntN(8) {
	case 0:
		job("cadvisor", every)
	case 1:
		job("cadvisor", pick(r, 10*s, 30*s, 60*s))
	case 2:
		job("kubelet", every).Endpoint = cluster.ResourceAPI
	case 3:
		job("kubelet-resource", every).Endpoint = cluster.ResourceAPI
	case 4:
		first.DropID = true
		r.linger(0) // without an id, nothing tells the dead rows of a pod from its successor's
	case 5:
		first.HonorLabels = false
		first.Target = []cluster.Label{{Name: "namespace", Value: "kube-system"}, {Name: "pod", Value: "cadvisor"}, {Name: "container", Value: "cadvisor"}}
	case 6:
		if r.oneIn(3) {
			first.Endpoint = cluster.ResourceAPI
		}
	}
	for i := range r.Kubelets {
		r.Kubelets[i].Timestamps = stamps
	}
}

func (r *dice) someKSMs(every time.Duration) {
	version, noUID := pick(r, cluster.KSM2, cluster.KSM2, cluster.KSM2, cluster.KSM1, cluster.KSM19), r.oneIn(6)
	add := func(life cluster.Span) *cluster.KSM {
		k := r.ksm(fmt.Sprintf("ksm-%d", len(r.KSMs)+1))
		k.Schedule, k.Life, k.Version, k.NoUID = r.schedule(every), life, version, noUID
		return k
	}
	// While kube-state-metrics is out, only the uid in a cgroup's id tells whether a row is
	// of the pod that was, or of the one that then has its name.
	tellApart := func() {
		version, noUID = cluster.KSM2, false
		r.Kubelets[0].DropID, r.Kubelets[0].Endpoint = false, cluster.CAdvisor
	}
	handover := r.second(span(1*m, r.window-1*m))
	pause := pick(r, -every, time.Duration(0), every/2, 5*every)
	switch r.IntN(8) {
	case 0:
		if pause > every {
			tellApart()
		}
		add(span(cluster.Beginning, handover))
		add(span(handover+pause, end))
	case 1:
		add(cluster.Always())
		add(cluster.Always()).Holes = r.misses(every)
	case 2:
		tellApart()
		add(cluster.Always())
		add(cluster.Always())
		r.shards(0, 2)
		if r.oneIn(2) && !r.NoUp {
			r.KSMs[0].Holes = r.absence(every)
		}
	case 3:
		add(span(cluster.Beginning, handover))
		add(span(cluster.Beginning, handover))
		add(span(handover, end))
		r.shards(0, 2)
	case 4:
		tellApart()
		add(cluster.Always()).Holes = r.absence(every)
	case 5:
		add(cluster.Always()).Holes = r.misses(every)
	default:
		add(cluster.Always())
	}
	if r.oneIn(4) {
		r.dishonor()
	}
	r.sidecars, r.uids = version == cluster.KSM2, version == cluster.KSM2 && !noUID
}
