// Package histories is a collection of cluster histories: named ones, each for one thing
// that happens in clusters, and random ones, each made again from its seed.
package histories

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Named is a history and the window in which what it is about happens.
type Named struct {
	Name    string // as a test's name: lower case and dashes
	About   string // one line
	History cluster.History
	Window  cluster.Span // begins at 0, so an origin on a multiple of its length aligns it
}

// Feed returns the time whose samples a store needs: the window, some time before it,
// and late scrapes after it.
func (n Named) Feed() cluster.Span {
	return cluster.Span{From: n.Window.From - 10*time.Minute, To: n.Window.To + 2*time.Minute}
}

// Watched is the history in a window of another length, with everything scraped at another
// interval. Where there is no up, a single failed scrape remains one: without up, a target that
// is out of reach looks like one that left.
func (n Named) Watched(window, every time.Duration) Named {
	n.Name += "@" + window.String() + "/" + every.String()
	n.Window = cluster.Span{From: n.Window.From, To: n.Window.From + window}
	h := &n.History
	h.Nodes, h.KSMs, h.Kubelets = slices.Clone(h.Nodes), slices.Clone(h.KSMs), slices.Clone(h.Kubelets)
	single := func(holes cluster.Spans, was time.Duration) cluster.Spans {
		holes = slices.Clone(holes)
		for i, x := range holes {
			if h.NoUp && x.Length() <= was {
				holes[i].To = x.From + min(x.Length(), every)
			}
		}
		return holes
	}
	longest := time.Duration(0)
	for i := range h.KSMs {
		k := &h.KSMs[i]
		k.Every, k.Holes = every, single(k.Holes, k.Every)
	}
	for i := range h.Kubelets {
		k := &h.Kubelets[i]
		longest = max(longest, k.Every)
		k.Every, k.Holes = every, single(k.Holes, k.Every)
	}
	for i := range h.Nodes {
		h.Nodes[i].Holes = single(h.Nodes[i].Holes, longest)
	}
	return n
}

// Truth returns the exact averages over the window.
func (n Named) Truth() map[cluster.Model]cluster.Values { return cluster.Truth(&n.History, n.Window) }

// Bound returns the errors allowed over the window.
func (n Named) Bound() map[cluster.Model]cluster.Tolerances {
	return cluster.Bound(&n.History, n.Window)
}

// All returns every named history. The kubelets' rows have the times of the kubelets' looks, as
// those of every real cluster, except in histories that random compositions were shrunk to, or in
// which dead rows stay.
func All() []Named {
	out := told(stories(), true, "")
	return append(out, told(slices.Concat(foundStories(), foundKSMStories(), foundRowStories(), namelessStories(), forgedStories()), false, "")...)
}

// ByMarkers returns the named histories as they are where Prometheus is told to set the time of
// the scrape (honor_timestamps: false): staleness markers then end the rows.
func ByMarkers() []Named { return told(stories(), false, "-by-markers") }

func stories() []story {
	return slices.Concat(
		lifeStories(), ownerStories(), settingStories(), ksmStories(), kubeletStories(), outageStories(), mixedStories(), kindStories(), nodeStories(),
	)
}

func told(all []story, stamped bool, suffix string) []Named {
	out := make([]Named, len(all))
	for i, st := range all {
		b := newBuilder(stamped)
		st.tell(b)
		out[i] = Named{Name: st.name + suffix, About: st.about, History: b.History, Window: span(0, b.window)}
	}
	return out
}

// story tells one named history to a builder.
type story struct {
	name, about string
	tell        func(*builder)
}
