package live

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TownPast is how much of Town there is to know when it starts.
const TownPast = 24*time.Hour + 10*time.Minute

// future is how long things still happen in Town; afterwards it is quiet.
const future = 48 * time.Hour

// Town is a cluster in which a few models live: some are quiet, one is rolled out every
// half hour, one crashes now and then, one comes and goes with its load.
func Town() *cluster.History {
	b := newBuilder(3)
	for i := range 2 {
		b.pod("seldon", fmt.Sprintf("iris-default-0-classifier-7d9f5c-%d", i), seldon("iris"), cluster.Always(),
			b.container("classifier", 0.02, 180*mebi, 0.1, 256*mebi), b.container("engine", 0.01, 300*mebi, 1, 512*mebi))
	}
	b.rollout("seldon", "income", seldon("income"), 30*time.Minute)
	b.pod("seldon", "sentiment-predictor-00001-deployment-6c4b8", kserve("sentiment"), cluster.Always(),
		b.container("kserve-container", 0.6, 2*gibi, 1, 3*gibi), b.container("queue-proxy", 0.03, 60*mebi, 0.025, 128*mebi))
	b.pod("seldon", "wine-main-0-classifier-5f7d4", seldon("wine"), cluster.Always(), b.container("classifier", 0.08, 220*mebi, 0.25, 512*mebi))
	b.pod("seldon", "wine-canary-0-classifier-59b6d", seldon("wine"), cluster.Always(), b.container("classifier", 0.02, 210*mebi, 0.25, 512*mebi))

	b.crashing("fraud", "scorer-default-0-xgb-6bdfd", seldon("scorer"), 11*time.Minute, 25*time.Second)
	b.pod("fraud", "embedder-default-0-bert-74c9f", seldon("embedder"), cluster.Always(), b.container("bert", 1.4, 5*gibi, 2, 8*gibi))

	b.pod("vision", "resnet-predictor-0", kserve("resnet"), cluster.Always(), b.container("kserve-container", 2.2, 6*gibi, 2, 8*gibi))
	for at := time.Duration(0); at < TownPast+future; at += 40 * time.Minute {
		b.pod("vision", "resnet-predictor-burst-"+fmt.Sprint(int(at/time.Minute)), kserve("resnet"),
			cluster.Span{From: at + 7*time.Minute, To: at + 26*time.Minute}, b.container("kserve-container", 1.9, 6*gibi, 2, 8*gibi))
	}
	b.pod("vision", "ocr-predictor-0", kserve("ocr"), cluster.Always(), b.container("kserve-container", 0.3, 900*mebi, 0.5, gibi))

	// What else runs in a cluster, and is no model's.
	for i, name := range []string{"postgres", "redis", "gateway", "prometheus"} {
		b.pod("infra", name+"-0", nil, cluster.Always(), b.container(name, 0.2+0.3*float64(i), float64(1+i)*gibi, 0.5, 4*gibi))
	}
	return b.History
}

func seldon(name string) map[string]string { return map[string]string{cluster.SeldonLabel: name} }

func kserve(name string) map[string]string { return map[string]string{cluster.KServeLabel: name} }

// rollout replaces a model's two pods every so often, the new ones first.
func (b builder) rollout(namespace, model string, labels map[string]string, every time.Duration) {
	for at := time.Duration(0); at < TownPast+future; at += every {
		life := cluster.Span{From: at, To: at + every + 20*time.Second}
		if at == 0 {
			life.From = cluster.Beginning
		}
		if at+every >= TownPast+future {
			life.To = cluster.Forever
		}
		for i := range 2 {
			name := fmt.Sprintf("%s-default-0-%08x-%d", model, uint32(at/time.Second)*2654435761, i)
			b.pod(namespace, name, labels, life, b.container("classifier", 0.45, 400*mebi, 0.6, 512*mebi), b.container("engine", 0.05, 80*mebi, 0.1, 128*mebi))
		}
	}
}

// crashing adds a pod whose container ends every so often and is restarted after a pause.
func (b builder) crashing(namespace, name string, labels map[string]string, every, pause time.Duration) {
	c := b.container("xgb", 0.35, 700*mebi, 0.5, gibi)
	from := cluster.Beginning
	for at := every; at < TownPast+future; at += every {
		c.Runs = append(c.Runs, cluster.Run{Span: cluster.Span{From: from, To: at}})
		from = at + pause
	}
	c.Runs = append(c.Runs, cluster.Run{Span: cluster.Span{From: from, To: cluster.Forever}})
	b.pod(namespace, name, labels, cluster.Span{From: cluster.Beginning, To: cluster.Forever}, c)
}
