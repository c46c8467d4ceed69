package pages

import (
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Upstream is a Prometheus that is read, and what is asked of it.
type Upstream struct {
	Name        string                  // "" if it is the only one and has none
	Labeled     bool                    // a label says of which cluster a model is; else it is that of its upstream's name
	State       func() State            // called for each request
	Averages    func() *ledger.Averages // that are served, nil for none; called for each request
	Recorded    Recorded                // the averages of past windows
	Explain     Explainer
	Doctor      Doctor // nil for no such page
	SettleDelay time.Duration
}

// upstream is an Upstream with its answers that are kept. What waits for one delays no page
// about another.
type upstream struct {
	Upstream
	histories    *cache[historyKey, *history]
	explanations *cache[explanationKey, *ledger.Explanation]
}

func newUpstream(u Upstream) *upstream {
	turns := make(turns, 1)
	return &upstream{u, newCache[historyKey, *history](turns, mostHistories), newCache[explanationKey, *ledger.Explanation](turns, mostExplanations)}
}

// names lists the upstreams.
func (s *site) names() string {
	var all []string
	for _, u := range s.upstreams {
		all = append(all, u.Name)
	}
	return strings.Join(all, ", ")
}

// upstreamOf returns the upstream of a model: the one that serves it, or that its cluster
// belongs to. A model that none serves may be of any with a label for clusters.
func (s *site) upstreamOf(m workload.Model) (*upstream, error) {
	if len(s.upstreams) == 1 && s.upstreams[0].Name == "" {
		return s.upstreams[0], nil
	}
	for _, is := range []func(*upstream) bool{
		func(u *upstream) bool { return find(u.Averages(), m) != nil },
		func(u *upstream) bool { return !u.Labeled && u.Name == m.Cluster },
		func(u *upstream) bool { return u.Labeled && hasCluster(u.Averages(), m.Cluster) },
		func(u *upstream) bool { return u.Labeled },
	} {
		if i := slices.IndexFunc(s.upstreams, is); i >= 0 {
			return s.upstreams[i], nil
		}
	}
	return nil, badParameter("cluster", m.Cluster, "is unknown: choose "+s.names())
}

// hasCluster says whether any model is of a cluster.
func hasCluster(a *ledger.Averages, cluster string) bool {
	return a != nil && slices.ContainsFunc(a.Models, func(m ledger.Model) bool { return m.Cluster == cluster })
}
