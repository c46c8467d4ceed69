package accuracy

import (
	"math"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

func TestCompare(t *testing.T) {
	iris := cluster.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: "iris"}
	cpu := func(v float64) map[cluster.Model]cluster.Values {
		var values cluster.Values
		values[cluster.CPUUsage] = cluster.Value{V: v, OK: true}
		return map[cluster.Model]cluster.Values{iris: values}
	}
	none := map[cluster.Model]cluster.Values{}

	for name, c := range map[string]struct {
		got, want map[cluster.Model]cluster.Values
		allowed   cluster.Tolerance
		wrong     int
		share     float64
	}{
		"equal":                                    {got: cpu(2), want: cpu(2)},
		"within the bound":                         {got: cpu(2.05), want: cpu(2), allowed: cluster.Tolerance{Max: 0.1}, share: 0.5},
		"outside the bound":                        {got: cpu(2.2), want: cpu(2), allowed: cluster.Tolerance{Max: 0.1}, wrong: 1, share: 2},
		"the last bits of a sum":                   {got: cpu(2 + 1e-12), want: cpu(2), share: 0.0005},
		"a millionth off where nothing may be":     {got: cpu(2 + 2e-6), want: cpu(2), wrong: 1, share: 1000},
		"not a number":                             {got: cpu(math.NaN()), want: cpu(2), allowed: cluster.Tolerance{Max: 0.1}, wrong: 1},
		"missing":                                  {got: none, want: cpu(2), allowed: cluster.Tolerance{Max: 0.1}, wrong: 1},
		"missing, and may be":                      {got: none, want: cpu(2), allowed: cluster.Tolerance{Max: 0.1, Optional: true}},
		"there, and should not be":                 {got: cpu(0.05), want: none, allowed: cluster.Tolerance{Max: 0.1}, wrong: 1},
		"there, and may be":                        {got: cpu(0.05), want: none, allowed: cluster.Tolerance{Max: 0.1, Optional: true}},
		"there, and may be, but not so much":       {got: cpu(0.5), want: none, allowed: cluster.Tolerance{Max: 0.1, Optional: true}, wrong: 1},
		"an optional value must be right if there": {got: cpu(3), want: cpu(2), allowed: cluster.Tolerance{Max: 0.1, Optional: true}, wrong: 1, share: 10},
	} {
		t.Run(name, func(t *testing.T) {
			v := compare(c.got, c.want, [cluster.NumMetrics]bool{}, func(cluster.Model, cluster.Metric) cluster.Tolerance { return c.allowed })
			if len(v.Deviations) != c.wrong {
				t.Errorf("deviations %v, want %d", v.Deviations, c.wrong)
			}
			if share := v.Worst[cluster.CPUUsage]; math.Abs(share-c.share) > 0.01*c.share {
				t.Errorf("worst is %g of the bound, want %g", share, c.share)
			}
		})
	}
}
