package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

func TestHistoriesOnMimir(t *testing.T) {
	chosen(t, "mimir")
	placed := told(t)
	server := startMimir(t, built(t, mimir), t.TempDir())
	fill(t, server.write, placed)
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		t.Run(string(transport), func(t *testing.T) {
			judge(t, placed, "mimir, "+string(transport), exporter(t, server.read, over(transport)))
		})
	}
}

func over(transport fetch.Transport) func(*fetch.Config) {
	return func(c *fetch.Config) { c.Transport = transport }
}

func TestLimitsOfMimir(t *testing.T) {
	chosen(t, "mimir")
	path, p := built(t, mimir), crowd()
	for _, c := range []struct {
		flag      string
		transport fetch.Transport
	}{
		{"-querier.max-fetched-series-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunks-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.PromQL},
		{"-querier.max-estimated-memory-consumption-per-query=100000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunks-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.RemoteRead},
	} {
		t.Run(string(c.transport)+"/"+c.flag, func(t *testing.T) {
			server := startMimir(t, path, t.TempDir(), c.flag)
			fill(t, server.write, []accuracy.Placed{p})
			withinLimit(t, server.read, c.flag, p, over(c.transport))
		})
	}
}
