package histories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Tmp is the known case at various moments.
func Tmp(seed uint64) Named {
	r := rand.New(rand.NewPCG(seed, 1))
	mom := func(lo, hi time.Duration) time.Duration { return lo + time.Duration(r.Int64N(int64((hi-lo)/s)))*s }
	pk := func(d ...time.Duration) time.Duration { return d[r.IntN(len(d))] }
	pk2 := func(d ...string) string { return d[r.IntN(len(d))] }
	b := newBuilder()
	b.window = pk(5*m, 10*m, 20*m, 60*m)
	b.linger(3 * m)
	at := mom(1*m, b.window-1*m)
	b.server("serving-0", "wine", lives(begin, at), on("node-1"))
	b.pod("serving-0", seldon("beer"), lives(at+40*s, pk(end, end, at+2*m, at+3*m, at+5*m)), on(pk2("node-1", "node-2")),
		plain("classifier", uses(1.1, 600*Mi)))
	b.cast()
	for i := range 6 {
		if r.IntN(2) == 0 {
			cr := mom(1*m, b.window-1*m)
			b.server(fmt.Sprintf("tea-%d", i), "tea", plain("agent", runs(span(begin+boot, cr), span(cr+10*s, end))))
		}
	}
	k := mom(1*m, b.window-1*m)
	b.ksm("ksm-2").Life.To = k
	b.ksm("ksm-3").Life.From = k + pk(-60*s, -20*s, 0, 20*s, 60*s, 180*s)
	if r.IntN(2) == 5 {
		w := r.IntN(2)
		b.KSMs[0].Shard, b.KSMs[0].Shards = w, 2
		b.KSMs[1].Shard, b.KSMs[1].Shards = 1-w, 2
		b.KSMs[2].Shard, b.KSMs[2].Shards = 1-w, 2
	}
	if r.IntN(4) == 0 {
		b.NoUp = true
	}
	b.every(pk(10*s, 15*s, 30*s, 60*s), pk(10*s, 15*s, 30*s, 60*s))
	switch r.IntN(6) {
	case 0:
		for i := range b.KSMs {
			b.KSMs[i].NoUID = true
		}
	case 1:
		for i := range b.KSMs {
			b.KSMs[i].Version = cluster.KSM1
		}
	}
	switch r.IntN(6) {
	case 0:
		b.Kubelets[0].Timestamps = true
	case 1:
		b.kubelets("cadvisor")
	case 2:
		b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
	case 3:
		b.Kubelets[0].DropID = true
	}
	return Named{Name: fmt.Sprintf("known-%d-drop=%v-v%v-nouid=%v-ts=%v-jobs%d-noup=%v", seed, b.Kubelets[0].DropID, b.KSMs[0].Version, b.KSMs[0].NoUID, b.Kubelets[0].Timestamps, len(b.Kubelets), b.NoUp), About: "x", History: b.History, Window: span(0, b.window)}
}
