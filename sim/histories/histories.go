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

// Truth returns the exact averages over the window.
func (n Named) Truth() map[cluster.Model]cluster.Values { return cluster.Truth(&n.History, n.Window) }

// Bound returns the errors allowed over the window.
func (n Named) Bound() map[cluster.Model]cluster.Tolerances {
	return cluster.Bound(&n.History, n.Window)
}

// All returns every named history.
func All() []Named {
	var out []Named
	for _, st := range slices.Concat(
		lifeStories(), ownerStories(), settingStories(), ksmStories(), kubeletStories(), outageStories(), mixedStories(), foundStories(), foundKSMStories(), foundRowStories(), forgedStories(), kindStories(), nodeStories(),
	) {
		b := newBuilder()
		st.tell(b)
		out = append(out, Named{Name: st.name, About: st.about, History: b.History, Window: span(0, b.window)})
	}
	return out
}

// story tells one named history to a builder.
type story struct {
	name, about string
	tell        func(*builder)
}
