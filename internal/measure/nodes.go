package measure

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// A pod that has a uid does not change its node. Of rows that do not say whose they are, a pod's
// are those of one node; what other nodes show meanwhile is of dead pods that had its name. The
// pod's own row began after theirs, goes on for longer, and its counters rise.

// nodes are those that show rows without a uid under one pod's name, by their targets' addresses.
type nodes struct {
	stretches []stretch                    // in the order in which they were first seen
	until     []int64                      // when the stretches up to each were last seen
	jobs      map[string][]timeline.Target // that show some of a node: targets without their address
}

// stretch is a row without a uid from where it began, or was first seen, to where it ended or
// began again.
type stretch struct {
	row     row
	counter bool
	seen    timeline.Span // by its first and its last sample
	missed  int64         // when it was last not there yet, beyond all times where that is not known
	gone    int64         // when it was first not there any more, likewise
}

// newNodes returns what there is to choose from, nil where no job shows two nodes.
func (m Measurer) newNodes(u *usage) *nodes {
	out := &nodes{jobs: map[string][]timeline.Target{}}
	of := map[timeline.Target]string{}
	choice := false
	each := func(f func(n int, r row)) {
		for _, container := range slices.Sorted(maps.Keys(u.rows)) {
			for n, b := range u.rows[container].nameless {
				for _, r := range b.rows {
					f(n, r)
				}
			}
		}
	}
	each(func(_ int, r row) {
		job, node := r.target, r.target.Instance
		job.Instance = ""
		if !slices.Contains(out.jobs[node], job) {
			out.jobs[node] = append(out.jobs[node], job)
		}
		other, ok := of[job]
		choice = choice || ok && other != node
		of[job] = node
	})
	if !choice {
		return nil
	}
	each(func(n int, r row) {
		out.stretches = append(out.stretches, m.stretches(u, r, m.fold(u, n) == metric.Rate)...)
	})
	slices.SortStableFunc(out.stretches, func(a, b stretch) int { return cmp.Compare(a.seen.From, b.seen.From) })
	until := last(nil)
	for _, s := range out.stretches {
		until = max(until, s.seen.To)
		out.until = append(out.until, until)
	}
	return out
}

// stretches cuts a row where it was not there for a scrape, and where its counter begins again.
func (m Measurer) stretches(u *usage, r row, counter bool) []stretch {
	var out []stretch
	for n, s := range r.all {
		missed, _, absent := u.absent(r, s.T)
		switch {
		case n > 0 && counter && s.V < r.all[n-1].V:
			missed = max(missed, r.all[n-1].T)
		case absent:
		case n > 0:
			out[len(out)-1].seen.To = s.T
			continue
		default:
			missed = last(nil)
		}
		out = append(out, stretch{row: r, counter: counter, seen: timeline.Span{From: s.T, To: s.T}, missed: missed})
	}
	for n := range out {
		out[n].gone = first(nil)
		if _, missed, ok := u.gone(r, out[n].seen.To); ok {
			out[n].gone = missed
		}
	}
	return out
}

// sight is what a node shows while a pod was there.
type sight struct {
	node    string
	stretch         // that began last
	rise    float64 // of all counters
}

// elsewhere says of which nodes, by their targets' addresses, it is known that a pod is on another.
func (n *nodes) elsewhere(t inventory.Tenure) func(node string) bool {
	if n == nil || t.UID == "" {
		return func(string) bool { return false }
	}
	rivals, on := map[timeline.Target][]sight{}, map[timeline.Target]string{}
	for _, s := range n.sights(t.Shown) {
		for _, job := range n.jobs[s.node] {
			rivals[job] = append(rivals[job], s)
		}
	}
	for job, all := range rivals {
		on[job] = chosen(all, t.Shown.To).node
	}
	return func(node string) bool {
		return slices.ContainsFunc(n.jobs[node], func(job timeline.Target) bool { return on[job] != "" && on[job] != node })
	}
}

// sights returns the nodes that show something in a time, in the order of their names.
func (n *nodes) sights(in timeline.Span) []sight {
	at := map[string]int{}
	var out []sight
	from, _ := slices.BinarySearch(n.until, in.From)
	for _, s := range n.stretches[from:] {
		if s.seen.From > in.To {
			break
		}
		if s.seen.To < in.From {
			continue
		}
		node := s.row.target.Instance
		i, ok := at[node]
		if !ok {
			i = len(out)
			at[node] = i
			out = append(out, sight{node: node, stretch: s})
		}
		if s.missed > out[i].missed {
			out[i].stretch = s
		}
		if samples := Within(s.row.all, timeline.Span{From: max(in.From, s.seen.From), To: min(in.To, s.seen.To) + 1}); s.counter && len(samples) > 0 {
			out[i].rise += samples[len(samples)-1].V - samples[0].V
		}
	}
	slices.SortFunc(out, func(a, b sight) int { return cmp.Compare(a.node, b.node) })
	return out
}

// chosen returns the node that a pod is on which was there until some time.
func chosen(all []sight, until int64) sight {
	// began after another's had been seen, and was seen when another's was gone.
	for _, better := range []func(a, b sight) bool{
		func(a, b sight) bool { return a.missed >= b.seen.From },
		func(a, b sight) bool { return b.gone <= min(a.seen.To, until) },
	} {
		left := slices.DeleteFunc(slices.Clone(all), func(b sight) bool {
			return slices.ContainsFunc(all, func(a sight) bool { return better(a, b) })
		})
		if len(left) > 0 {
			all = left
		}
	}
	most := sight{rise: math.Inf(-1)}
	for _, s := range all {
		if s.rise > most.rise {
			most = s
		}
	}
	return most
}
