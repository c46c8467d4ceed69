package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
)

func TestHistoriesOnMimir(t *testing.T) {
	chosen(t, "mimir")
	overEach(t, "mimir", startMimir(t, built(t, mimir), t.TempDir()))
}

func TestLimitsOfMimir(t *testing.T) {
	chosen(t, "mimir")
	path := built(t, mimir)
	within(t, func(t *testing.T, flag string) server { return startMimir(t, path, t.TempDir(), flag) }, []limit{
		{"-querier.max-fetched-series-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunks-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.PromQL},
		{"-querier.max-estimated-memory-consumption-per-query=100000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunks-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.RemoteRead},
	})
}
