package measure

import (
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// TestElsewhere: of the nodes that show rows without a uid while a pod is there, it is on one.
func TestElsewhere(t *testing.T) {
	type shown struct {
		job, node string
		samples   []promapi.Sample
	}
	rises := func(from, to int64) []promapi.Sample { return counter(from, 1, every(10, from, to)...) }
	stands := func(from, to int64) []promapi.Sample { return at(80, every(10, from, to)...) }
	pod := timeline.Span{From: 100, To: 160}
	for _, c := range []struct {
		name string
		uid  string
		rows []shown
		want []string // that it is not on
	}{
		{"one node", uid, []shown{{"a", "n1", stands(5, 195)}}, nil},
		{"a pod without a uid may move", "", []shown{{"a", "n1", rises(5, 75)}, {"a", "n2", rises(95, 195)}}, nil},
		{"two, of which one was there before", uid, []shown{{"a", "n1", rises(5, 75)}, {"a", "n2", rises(95, 195)}}, []string{"n1"}},
		{"two, of which one came after", uid, []shown{{"a", "n1", rises(95, 155)}, {"a", "n2", rises(165, 195)}}, []string{"n2"}},
		{"neither was seen while it was there", uid, []shown{{"a", "n1", rises(5, 75)}, {"a", "n2", rises(175, 195)}}, nil},
		{"the dead one is still shown: the other began later", uid, []shown{{"a", "n1", stands(95, 195)}, {"a", "n2", stands(5, 195)}}, []string{"n2"}},
		{"both there from the start: the other goes on", uid, []shown{{"a", "n1", stands(5, 195)}, {"a", "n2", stands(5, 125)}}, []string{"n2"}},
		{"what happens after the pod's end says nothing", uid, []shown{{"a", "n1", rises(5, 175)}, {"a", "n2", stands(5, 195)}}, []string{"n2"}},
		{"both there from start to end: the other rises", uid, []shown{{"a", "n1", stands(5, 195)}, {"a", "n2", rises(5, 195)}}, []string{"n1"}},
		{
			"back on the first one's node, whose row begins again", uid,
			[]shown{{"a", "n1", slices.Concat(stands(5, 85), at(0, every(10, 95, 195)...))}, {"a", "n2", stands(45, 195)}}, []string{"n2"},
		},
		{"two jobs have other addresses for the nodes", uid, []shown{{"a", "n1", rises(95, 195)}, {"b", "m1", rises(98, 198)}}, nil},
		{
			"and one of them knows the other node, too", uid,
			[]shown{{"a", "n1", rises(95, 195)}, {"a", "n2", stands(5, 195)}, {"b", "m1", rises(98, 198)}}, []string{"n2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, u := until200(), ofCAdvisor()
			set := &rowSet{nameless: make([]byTime, 2)}
			u.targets.Scrapes = map[timeline.Target]*timeline.Scrapes{}
			var asked []string
			for _, r := range c.rows {
				by := timeline.Target{Job: r.job, Instance: r.node}
				u.targets.Scrapes[by] = &timeline.Scrapes{OK: every(10, r.samples[0].T%10, 199), Interval: 10}
				set.nameless[0].rows = append(set.nameless[0].rows, row{id: rowID{instance: r.node}, target: by, all: r.samples})
				asked = append(asked, r.node)
			}
			u.rows = map[string]*rowSet{"c": set}
			is := m.newNodes(u).elsewhere(inventory.Tenure{UID: c.uid, Shown: pod})
			var got []string
			for _, node := range asked {
				if is(node) {
					got = append(got, node)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("elsewhere are %v, want %v", got, c.want)
			}
		})
	}
}
