package remotewrite

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// complete returns the windows that have their completion marker, given rows of headers and
// markers. A marker counts only as this exporter writes it: its value is its own timestamp, and
// there is a header to which the server has added the same labels.
func (id identity) complete(headers, markers []promapi.Series) window.Ends {
	type sample struct {
		t      int64
		beyond string
	}
	begun := map[sample]bool{}
	for _, row := range headers {
		rest := beyond(row.Labels, id.added, id.coverageLabels(""))
		for _, s := range row.Samples {
			begun[sample{s.T, rest}] = true
		}
	}
	ends := window.Ends{}
	for _, row := range markers {
		rest := beyond(row.Labels, id.added, id.own)
		for _, s := range row.Samples {
			if end := time.UnixMilli(s.T); s.V == id.marker(end).value && begun[sample{s.T, rest}] {
				ends.Add(end)
			}
		}
	}
	return ends
}
