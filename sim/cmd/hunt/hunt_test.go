package main

import (
	"context"
	"fmt"
	"go/parser"
	"reflect"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// TestShrinkKeepsWhatMatters shrinks histories that are wrong by a rule of the test's own:
// what the rule asks for stays, and little else.
func TestShrinkKeepsWhatMatters(t *testing.T) {
	wrong := outcome{deviations: []accuracy.Deviation{{Metric: "m", Got: cluster.Value{V: 1, OK: true}, Want: cluster.Value{V: 2, OK: true}}}}
	for name, c := range map[string]struct {
		features []string
		rule     func(h *cluster.History) bool
		pods     int
		ksms     int
	}{
		"a pod that is relabelled": {[]string{"relabelled", "ksm-sharded", "node-joins"}, func(h *cluster.History) bool {
			return slices.ContainsFunc(h.Pods, func(p cluster.Pod) bool { return len(p.Labels) > 1 })
		}, 1, 0},
		"two kube-state-metrics and a dead row": {[]string{"two-ksm-replicas", "rows-linger", "restarts"}, func(h *cluster.History) bool {
			return len(h.KSMs) == 2 && slices.ContainsFunc(h.Nodes, func(n cluster.Node) bool { return n.Linger > 0 })
		}, 0, 2},
	} {
		f, err := composed(c.features, 7)
		if err != nil {
			t.Fatal(err)
		}
		small, _, err := shrink(t.Context(), f.named, wrong, func(_ context.Context, all []histories.Named) ([]outcome, error) {
			out := make([]outcome, len(all))
			for i := range all {
				if c.rule(&all[i].History) {
					out[i] = wrong
				}
			}
			return out, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if h := small.History; !c.rule(&h) || len(h.Pods) != c.pods || len(h.KSMs) != c.ksms || len(h.Kubelets) > 0 {
			t.Errorf("%s: %s", name, story(small))
		}
	}
}

// TestNamed has a history again by the seed with which it was hunted, and by the name by which it
// was printed.
func TestNamed(t *testing.T) {
	for seed := range uint64(20) {
		want := random(seed).named
		for _, name := range []string{fmt.Sprint(seed), want.Name} {
			got, err := named(name)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.named, want) {
				t.Errorf("%s is %s, want %s", name, got.named.Name, want.Name)
			}
		}
	}
}

func TestStoriesAreGo(t *testing.T) {
	for seed := range uint64(300) {
		text := "[]story" + "{" + story(random(seed).named) + "}"
		if _, err := parser.ParseExpr(text); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
	}
}

func TestStateGoesOn(t *testing.T) {
	dir := t.TempDir()
	for _, want := range [][]uint64{{5, 6, 7}, {8, 9, 10}} {
		s, err := loadState(dir)
		if err != nil {
			t.Fatal(err)
		}
		seeds := s.undone(5, 3)
		if !reflect.DeepEqual(seeds, want) {
			t.Errorf("undone are %v, want %v", seeds, want)
		}
		var batch []finding
		for _, seed := range seeds {
			batch = append(batch, finding{seed: seed, named: histories.Named{Name: fmt.Sprint(seed)}})
		}
		if err := s.add(batch, batch[:1]); err != nil {
			t.Fatal(err)
		}
		if len(s.Done) != 1 {
			t.Errorf("seeds that follow each other are %v", s.Done)
		}
	}
	s, err := loadState(dir)
	if err != nil || len(s.Failed) != 2 || s.Failed[1].Seed != 8 {
		t.Errorf("failed are %v, %v", s.Failed, err)
	}
}
