package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// singleNodes are the versions of VictoriaMetrics, by name.
func singleNodes(t *testing.T) map[string]string {
	return map[string]string{
		"1.151":          built(t, victoriaMetrics),
		"1.79 of Debian": fromDebian(t, "victoria-metrics"),
	}
}

func TestHistoriesOnVictoriaMetrics(t *testing.T) {
	chosen(t, "victoriametrics")
	placed := told(t)
	for name, path := range singleNodes(t) {
		t.Run(name, func(t *testing.T) {
			server := startVictoriaMetrics(t, path, t.TempDir())
			fill(t, server.JoinPath("api/v1/write"), placed)
			flush(t, server)
			judge(t, placed, name, exporter(t, server))
		})
	}
}

func TestLimitsOfVictoriaMetrics(t *testing.T) {
	chosen(t, "victoriametrics")
	p := crowd()
	for name, path := range singleNodes(t) {
		for _, flag := range []string{
			"-search.maxSamplesPerQuery=3000",
			"-search.maxExportSeries=40",
			"-search.maxQueryLen=700",
			"-search.maxSamplesPerSeries=60",
		} {
			t.Run(name+"/"+flag, func(t *testing.T) {
				server := startVictoriaMetrics(t, path, t.TempDir(), flag)
				fill(t, server.JoinPath("api/v1/write"), []accuracy.Placed{p})
				flush(t, server)
				withinLimit(t, server, flag, p)
			})
		}
	}
}
