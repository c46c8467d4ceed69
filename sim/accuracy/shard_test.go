package accuracy

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestShardsTogetherAreTheWhole computes every named history and some hundred random ones
// by one exporter, by two and by three that share the models: each model is one's, with
// the values it has otherwise, and all have seen as much of the window.
func TestShardsTogetherAreTheWhole(t *testing.T) {
	seed := setting(t, "SIM_SEED", presetSeed)
	all := histories.All()
	for i := range setting(t, "SIM_RANDOM", 200) {
		all = append(all, histories.Random(seed+i))
	}
	for i := range all {
		scatter(&all[i].History)
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	server := promtest.Start(t, prom.Options{Dir: dir}).URL()
	whole := shards(t, server, 1)[0]
	for _, n := range []int{2, 3} {
		several := shards(t, server, n)
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			for _, p := range placed {
				t.Run(p.Name, func(t *testing.T) {
					t.Parallel()
					compareShards(t, p, whole, several)
				})
			}
		})
	}
}

// scatter gives each pod's name a namespace of its own, so that nearly every shard has
// some of the pods, and no shard most.
func scatter(h *cluster.History) {
	for i := range h.Pods {
		p := &h.Pods[i]
		p.Namespace += "-" + p.Name
	}
}

func shards(t *testing.T, server *url.URL, n int) []Exporter {
	t.Helper()
	out := make([]Exporter, n)
	for i := range out {
		shard, err := workload.ParseShard(fmt.Sprintf("%d/%d", i, n))
		if err != nil {
			t.Fatal(err)
		}
		if out[i], err = NewShard(server, shard); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func compareShards(t *testing.T, p Placed, whole Exporter, several []Exporter) {
	want, err := whole.Compute(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	together := map[cluster.Model]cluster.Values{}
	for _, shard := range several {
		got, err := shard.Compute(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Coverage, got.Coverage); diff != "" {
			t.Errorf("%s saw another part of the window than %s: %s", shard.Name(), whole.Name(), diff)
		}
		for m, values := range got.Values {
			if _, twice := together[m]; twice {
				t.Errorf("%v is in two shards", m)
			}
			together[m] = values
		}
	}
	models := maps.Clone(together)
	maps.Copy(models, want.Values)
	for _, m := range slices.SortedFunc(maps.Keys(models), compareModels) {
		for metric := range cluster.NumMetrics {
			g, w := together[m][metric], want.Values[m][metric]
			if g.OK != w.OK || !(math.Abs(g.V-w.V) <= rounding*math.Abs(w.V)) {
				t.Errorf("%s of %v is %s in its shard, %s in the whole", metric, m, show(g), show(w))
			}
		}
	}
}
