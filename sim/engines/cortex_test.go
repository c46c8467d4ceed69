package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

func TestHistoriesOnCortex(t *testing.T) {
	chosen(t, "cortex")
	placed := told(t)
	server := startCortex(t, built(t, cortex), t.TempDir())
	fill(t, server.write, placed)
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		t.Run(string(transport), func(t *testing.T) {
			judge(t, placed, "cortex, "+string(transport), exporter(t, server.read, over(transport)))
		})
	}
}

func TestLimitsOfCortex(t *testing.T) {
	chosen(t, "cortex")
	path, p := built(t, cortex), crowd()
	for _, c := range []struct {
		flag      string
		transport fetch.Transport
	}{
		{"-querier.max-samples=2000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunks-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.PromQL},
		{"-querier.max-fetched-data-bytes-per-query=20000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunks-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.RemoteRead},
		{"-querier.max-fetched-data-bytes-per-query=20000", fetch.RemoteRead},
	} {
		t.Run(string(c.transport)+"/"+c.flag, func(t *testing.T) {
			server := startCortex(t, path, t.TempDir(), c.flag)
			fill(t, server.write, []accuracy.Placed{p})
			withinLimit(t, server.read, c.flag, p, over(c.transport))
		})
	}
}
