package inventory

import (
	"log/slog"
	"strings"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// clusters notices that one Prometheus holds several clusters: targets of one job and
// instance that are scraped at the same time, with another value of some label.
type clusters struct {
	log *slog.Logger

	mu     sync.Mutex
	up     map[[3]string]promapi.Series // the first seen of an address
	warned bool
}

// look compares an up series with the one before it of the same address.
func (c *clusters) look(n Naming, row promapi.Series) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned || n.ClusterLabel != "" || len(row.Samples) < 2 {
		return
	}
	address := [3]string{row.Labels.Get("job"), row.Labels.Get("instance"), row.Labels.Get("metrics_path")}
	before, ok := c.up[address]
	if !ok || !overlap(before.Samples, row.Samples) {
		if c.up == nil {
			c.up = map[[3]string]promapi.Series{}
		}
		c.up[address] = promapi.Series{Labels: row.Labels, Samples: []promapi.Sample{row.Samples[0], row.Samples[len(row.Samples)-1]}}
		return
	}
	for _, l := range append(append(promapi.Labels{}, row.Labels...), before.Labels...) {
		if strings.Contains(l.Name, "cluster") && row.Labels.Get(l.Name) != before.Labels.Get(l.Name) {
			c.warned = true
			c.log.Warn("This Prometheus seems to hold several clusters, whose models and pods of equal names are taken for one: set the cluster label", "label", l.Name)
			return
		}
	}
}

func overlap(a, b []promapi.Sample) bool {
	return a[0].T < b[len(b)-1].T && b[0].T < a[len(a)-1].T
}
