package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
)

func TestHistoriesOnCortex(t *testing.T) {
	chosen(t, "cortex")
	overEach(t, "cortex", startCortex(t, built(t, cortex), t.TempDir()))
}

func TestLimitsOfCortex(t *testing.T) {
	chosen(t, "cortex")
	path := built(t, cortex)
	within(t, func(t *testing.T, flag string) server { return startCortex(t, path, t.TempDir(), flag) }, []limit{
		{"-querier.max-samples=2000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunks-per-query=40", fetch.PromQL},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.PromQL},
		{"-querier.max-fetched-data-bytes-per-query=20000", fetch.PromQL},
		{"-querier.max-fetched-series-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunks-per-query=40", fetch.RemoteRead},
		{"-querier.max-fetched-chunk-bytes-per-query=4000", fetch.RemoteRead},
		{"-querier.max-fetched-data-bytes-per-query=20000", fetch.RemoteRead},
	})
}
