package exposition

import (
	"fmt"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
)

// History returns what is stored of a window, with the window's end as timestamp: the models'
// averages, and the coverage. The families are the same for every window, in the same order; a
// family without values has no rows.
func History(a *ledger.Averages) ([]*dto.MetricFamily, error) {
	if err := check(a); err != nil {
		return nil, fmt.Errorf("window %s: %w", a.Window, err)
	}
	end := a.Window.End.UnixMilli()
	page := []*Page{{averages: a, timestamp: &end}}
	coverage := coverageFamily(page)
	for _, row := range coverage.Metric {
		row.TimestampMs = &end
	}
	return append(slices.Collect(modelFamilies(page)), coverage), nil
}
