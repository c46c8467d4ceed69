package inventory

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// clusters notices that one Prometheus holds several clusters: targets of one job and
// instance that are scraped at the same time, with another value of some label.
type clusters struct {
	log *slog.Logger

	mu     sync.Mutex
	warned bool
}

// look compares each up series with the one before it of the same address. All of an
// address are in one answer.
func (c *clusters) look(n Naming, rows []promapi.Series) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned || n.ClusterLabel != "" {
		return
	}
	up := map[[3]string]promapi.Series{}
	for _, row := range rows {
		if len(row.Samples) < 2 {
			continue
		}
		address := [3]string{row.Labels.Get("job"), row.Labels.Get("instance"), row.Labels.Get("metrics_path")}
		if before, ok := up[address]; ok && overlap(before.Samples, row.Samples) {
			if label := differ(row.Labels, before.Labels); label != "" {
				c.warned = true
				c.log.Warn("This Prometheus seems to hold several clusters, whose models and pods of equal names are taken for one: set the cluster label", "label", label)
				return
			}
		}
		up[address] = row
	}
}

// differ returns the label by which series are of two clusters, if there is one.
func differ(a, b promapi.Labels) string {
	for _, l := range slices.Concat(a, b) {
		if strings.Contains(l.Name, "cluster") && a.Get(l.Name) != b.Get(l.Name) {
			return l.Name
		}
	}
	return ""
}

func overlap(a, b []promapi.Sample) bool {
	return a[0].T < b[len(b)-1].T && b[0].T < a[len(a)-1].T
}
