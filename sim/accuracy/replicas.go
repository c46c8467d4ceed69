package accuracy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// Twin returns histories as the other Prometheus of a pair sees them: it scrapes everything a
// while later, and is up when the first one is down. What is an outage is judged by both.
func Twin(placed []Placed) []Placed {
	const later = 4 * time.Second
	out := slices.Clone(placed)
	for i := range out {
		h := &out[i].History
		h.Beside, h.Outages = &placed[i].History, nil
		h.KSMs, h.Kubelets = slices.Clone(h.KSMs), slices.Clone(h.Kubelets)
		for n := range h.KSMs {
			h.KSMs[n].Offset = (h.KSMs[n].Offset + later) % h.KSMs[n].Every
		}
		for n := range h.Kubelets {
			h.Kubelets[n].Offset = (h.Kubelets[n].Offset + later) % h.Kubelets[n].Every
		}
	}
	return out
}

// StoreBoth writes what each Prometheus of a pair would have stored of histories into one TSDB
// directory, side by side: as a Thanos Query shows them that does not merge them.
func StoreBoth(ctx context.Context, dir string, placed []Placed) error {
	twins := Twin(placed)
	for i, p := range placed {
		if err := prom.WriteBlock(ctx, dir, append(samplesOf(p, "0"), samplesOf(twins[i], "1")...)); err != nil {
			return fmt.Errorf("history %s: %w", p.Name, err)
		}
	}
	return nil
}

// samplesOf returns what a Prometheus has stored of a history, with one more label where it is
// one of several replicas.
func samplesOf(p Placed, replica string) []cluster.Series {
	feed := p.Feed()
	series := cluster.Samples(&p.History, p.Origin, feed.From, feed.To)
	for i := range series {
		series[i].Labels = append(slices.Clone(series[i].Labels), cluster.Label{Name: "replica", Value: replica})
	}
	return series
}
