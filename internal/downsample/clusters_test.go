package downsample

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// TestSharePods: a label that tells targets apart tells clusters apart only if they have
// pods of their own; else every pod would count twice.
func TestSharePods(t *testing.T) {
	seen := func(cluster, name, uid string) *pod {
		return &pod{podName: podName{cluster, "models", name}, owners: []ownership{{claimant: claimant{uid, workload.Model{Name: "iris"}}}}}
	}
	for _, c := range []struct {
		name  string
		label string
		pods  []*pod
		want  bool
	}{
		{"each has its own", "region", []*pod{seen("east", "iris-0", "a"), seen("west", "iris-0", "b")}, false},
		{"both have the same", "monitor", []*pod{seen("x", "iris-0", "a"), seen("y", "iris-0", "a")}, true},
		{"even where the label is called so", "cluster", []*pod{seen("x", "iris-0", "a"), seen("y", "iris-0", "a")}, true},
		{"no uids, a label called so", "cluster", []*pod{seen("east", "iris-0", ""), seen("west", "iris-0", "")}, false},
		{"no uids, any other label", "monitor", []*pod{seen("x", "iris-0", ""), seen("y", "iris-0", "")}, true},
		{"one pod", "monitor", []*pod{seen("x", "iris-0", "a")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (naming{clusterLabels: []string{c.label}}).sharePods(c.pods); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
