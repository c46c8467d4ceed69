package downsample

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// pod is all that goes by one name in one slice.
type pod struct {
	podName
	forms    []form   // by which kube-state-metrics names it
	knowing  []target // the kube-state-metrics instances that know it
	owners   []ownership
	sidecars []string // init containers that run like any other
	shownBy  []target // the kubelets' targets that have rows of it
	means    []meanRow
}

// ownership is how often an instance saw the pod as a model's.
type ownership struct {
	claimant
	rank  int // of the label among those that name models; the first wins
	who   target
	count int
}

// claimant is a model and the pod, by its uid where that is known, that it had.
type claimant struct {
	uid   string
	model workload.Model
}

func (p *pod) uids() []string {
	var uids []string
	for _, s := range p.owners {
		if !slices.Contains(uids, s.uid) {
			uids = append(uids, s.uid)
		}
	}
	return uids
}

// ownerLabel is a label that names a model, at its rank.
type ownerLabel struct{ kind, label string }

func ownerLabels(kinds []workload.Kind) []ownerLabel {
	var labels []ownerLabel
	for _, k := range kinds {
		for _, l := range k.Labels {
			labels = append(labels, ownerLabel{k.Name, l.Prometheus})
		}
	}
	return labels
}

// discover finds every pod that was a model's at any time of the slice.
func (q *querier) discover(ctx context.Context, labels []ownerLabel) ([]*pod, error) {
	found := map[podName]*pod{}
	for rank, l := range labels {
		rows, err := q.labelled(ctx, l.label)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			name := q.podOf(row.Labels)
			p := found[name]
			if p == nil {
				p = &pod{podName: name}
				found[name] = p
			}
			if f := formOf(row.Labels); !slices.Contains(p.forms, f) {
				p.forms = append(p.forms, f)
			}
			who := q.targetOf(row.Labels)
			if !slices.Contains(p.knowing, who) {
				p.knowing = append(p.knowing, who)
			}
			p.owners = append(p.owners, ownership{
				claimant: claimant{row.Labels.Get("uid"), workload.Model{Namespace: name.namespace, Type: l.kind, Name: row.Labels.Get(l.label)}},
				rank:     rank, who: who, count: int(total(row.Samples)),
			})
		}
	}
	pods := make([]*pod, 0, len(found))
	for _, p := range found {
		slices.SortFunc(p.knowing, target.compare)
		pods = append(pods, p)
	}
	slices.SortFunc(pods, func(a, b *pod) int { return a.compare(b.podName) })
	if len(q.clusterLabels) > 0 && q.sharePods(pods) {
		return nil, errOneCluster
	}
	return pods, nil
}

// labelled counts how often each pod was seen with a label. How many there are nobody knows
// before; a question that is too large is asked about some cells of the pods' uids at a time.
func (q *querier) labelled(ctx context.Context, name string) ([]promapi.Series, error) {
	var mu sync.Mutex
	var all []promapi.Series
	cells := uidCells()
	of := question{name: "cells of pods with " + name, most: len(cells), interval: shortInterval}
	err := inBatches(ctx, q, of, cells, func(ctx context.Context, q *querier, batch []string) error {
		rows, err := q.over(ctx, q.slice, func(length string) string {
			return fmt.Sprintf(`max by (%s) (count_over_time(kube_pod_labels{%s!=""%s}[%s]))`, q.by(ofPods(name)...), name, cellMatcher(cells, batch), length)
		})
		mu.Lock()
		defer mu.Unlock()
		all = append(all, rows...)
		return err
	})
	return all, err
}

// uidCells are the ends that a uid may have, and "" for whatever has another.
func uidCells() []string {
	cells := []string{""}
	for i := range 256 {
		cells = append(cells, fmt.Sprintf("%02x", i))
	}
	return cells
}

// cellMatcher restricts to some of the cells, where these are not all.
func cellMatcher(all, some []string) string {
	operator := "=~"
	if slices.Contains(some, "") {
		operator, some = "!~", slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(some, c) })
	}
	if len(some) == 0 {
		return ""
	}
	return fmt.Sprintf(`,uid%s".*(?:%s)"`, operator, strings.Join(some, "|"))
}

// shortInterval is between scrapes, where nothing is known yet of how often they are.
const shortInterval = 10_000

// kubeStateMetrics finds every kube-state-metrics instance, those included that know no
// model's pod, and when it was scraped.
func (q *querier) kubeStateMetrics(ctx context.Context, pods []*pod) (*source, error) {
	rows, err := q.coarse(ctx, "nodes", "group by ("+q.by()+") (kube_node_info)")
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, row := range rows {
		targets = append(targets, q.targetOf(row.Labels))
	}
	for _, p := range pods {
		targets = append(targets, p.knowing...)
	}
	return q.scrapes(ctx, targets, func(t target) []string {
		longest := slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return !slices.Contains(p.knowing, t) })
		slices.SortStableFunc(longest, func(a, b *pod) int { return b.seenBy(t) - a.seenBy(t) })
		standIns := []string{"kube_node_info{" + t.matchers() + "}"}
		for _, sel := range selectors(longest[:min(len(longest), maxStandIns)]) {
			standIns = append(standIns, "kube_pod_labels{"+t.matchers()+","+sel+"}")
		}
		return standIns
	})
}

// maxStandIns is how many pods stand in for a target without up, the longest-lived ones.
const maxStandIns = 50

func (p *pod) seenBy(who target) int {
	var most int
	for _, s := range p.owners {
		if s.who == who {
			most = max(most, s.count)
		}
	}
	return most
}

// usualNodes is how many nodes a cluster is thought to have before it is known.
const usualNodes = 250

// coarse evaluates at coarse steps what is asked about targets, of which there are few and
// which live long.
func (q *querier) coarse(ctx context.Context, name, expr string) (rows []promapi.Series, err error) {
	step := max(time.Minute, time.Duration(q.slice.length()/60)*time.Millisecond)
	of := question{name: name, most: 1, series: usualNodes, interval: step.Milliseconds(), raw: true}
	err = inParts(ctx, q, of, func(ctx context.Context, q *querier) error {
		rows, err = q.points(ctx, expr, q.slice.from, step)
		return err
	})
	return rows, err
}

// scrapes asks when targets were scraped. Where up is missing, any series that they carry
// tells: standIns names selectors of some, the best first.
func (q *querier) scrapes(ctx context.Context, targets []target, standIns func(target) []string) (*source, error) {
	targets = slices.Clone(targets)
	slices.SortFunc(targets, target.compare)
	targets = slices.Compact(targets)
	times := make(map[target]*scrapes, len(targets))
	if err := q.up(ctx, targets, times); err != nil {
		return nil, err
	}
	for _, t := range targets {
		if len(times[t].tried) > 0 {
			continue
		}
		for _, sel := range standIns(t) {
			rows, err := q.standIn(ctx, sel)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if q.clusterOf(row.Labels) == t.cluster {
					gap, _ := medianGap(row.Samples, 1, 1)
					times[t].interval = max(times[t].interval, gap)
					times[t].add(row.Samples, q.slice, func(float64) bool { return true })
				}
			}
			if len(times[t].tried) > 0 {
				break
			}
		}
		times[t].standIn = true
	}
	for t, sc := range times {
		if len(sc.tried) == 0 {
			delete(times, t) // nothing tells of it
		}
	}
	return newSource(q.slice, times), nil
}

// add enters what a series tells of scrapes, in the slice and somewhat before.
func (s *scrapes) add(samples []promapi.Sample, slice span, ok func(float64) bool) {
	for _, x := range samples {
		if x.T >= slice.to || x.T < slice.from-lead {
			continue
		}
		s.tried = append(s.tried, x.T)
		switch {
		case !ok(x.V):
		case x.T < slice.from:
			s.before = append(s.before, x.T)
		default:
			s.ok = append(s.ok, x.T)
		}
	}
}

// lead is how far before the slice scrapes are read as well: a short slice would not show
// their interval, nor who was there when it began.
const lead = 5 * 60_000

// clustersFound says that a slice has to be asked about anew, clusters told apart.
type clustersFound struct{ labels []string }

func (c *clustersFound) Error() string {
	return "several clusters are told apart by " + strings.Join(c.labels, ", ")
}

// errOneCluster says that a slice has to be asked about anew, as one cluster after all.
var errOneCluster = errors.New("what seemed to be several clusters has the same pods")

// leading is the slice and some time before it.
func (q *querier) leading() span { return span{q.slice.from - lead, q.slice.to} }

// standIn reads series that a target carries.
func (q *querier) standIn(ctx context.Context, selector string) (rows []promapi.Series, err error) {
	of := question{name: "series of a target without up", most: 1, series: maxStandIns * seriesPerPod, interval: shortInterval, lead: lead, raw: true}
	err = inParts(ctx, q, of, func(ctx context.Context, q *querier) error {
		rows, err = q.over(ctx, q.leading(), func(length string) string { return selector + "[" + length + "]" })
		return err
	})
	return rows, err
}

// up reads the targets' own series.
func (q *querier) up(ctx context.Context, targets []target, times map[target]*scrapes) error {
	for _, t := range targets {
		times[t] = &scrapes{}
	}
	var mu sync.Mutex
	of := question{name: "targets", most: maxSet, series: 1, interval: shortInterval, lead: lead, raw: true}
	return inBatches(ctx, q, of, targets, func(ctx context.Context, q *querier, batch []target) error {
		var jobs, instances []string
		for _, t := range batch {
			jobs, instances = append(jobs, t.job), append(instances, t.instance)
		}
		rows, err := q.over(ctx, q.leading(), func(length string) string {
			return fmt.Sprintf("up{%s,%s}[%s]", matcher("job", jobs), matcher("instance", instances), length)
		})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		return q.enterUp(rows, batch, times)
	})
}

// enterUp enters what the targets' own series tell.
func (q *querier) enterUp(rows []promapi.Series, targets []target, times map[target]*scrapes) error {
	if found := severalClusters(rows); len(found) > 0 && len(q.clusterLabels) == 0 && !q.oneCluster {
		return &clustersFound{found}
	}
	for _, t := range targets {
		for _, row := range rows {
			r := q.kubeletOf(row.Labels)
			samePath := t.path == "" || r.path == "" || r.path == t.path
			if r.cluster != t.cluster || r.job != t.job || r.instance != t.instance || !samePath {
				continue
			}
			times[t].interval = max(times[t].interval, intervalOf(row.Samples))
			times[t].add(row.Samples, q.slice, isOne)
		}
	}
	return nil
}

func namesOf(pods []*pod) []podName {
	names := make([]podName, len(pods))
	for i, p := range pods {
		names[i] = p.podName
	}
	return names
}

// selectors returns what restricts a query to the pods, one for each form that names some.
func selectors(pods []*pod) []string {
	byForm := map[form][]podName{}
	for _, p := range pods {
		for _, f := range p.forms {
			byForm[f] = append(byForm[f], p.podName)
		}
	}
	var out []string
	for f, names := range byForm {
		out = append(out, f.selector(names))
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
