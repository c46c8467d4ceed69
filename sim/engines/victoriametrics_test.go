package engines

import (
	"net/url"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// singleNode is a version of VictoriaMetrics.
type singleNode struct {
	name, path string
	transports []fetch.Transport // over which its samples can be read
}

// singleNodes are those that are tried. The native format of the older one is another.
func singleNodes(t *testing.T) []singleNode {
	return []singleNode{
		{"1.151", built(t, victoriaMetrics), []fetch.Transport{fetch.Export, fetch.PromQL}},
		{"1.79 of Debian", fromDebian(t, "victoria-metrics"), []fetch.Transport{fetch.PromQL}},
	}
}

// holding starts a server that has some histories.
func (n singleNode) holding(t *testing.T, placed []accuracy.Placed, flags ...string) *url.URL {
	t.Helper()
	server := startVictoriaMetrics(t, n.path, t.TempDir(), flags...)
	fill(t, server.JoinPath("api/v1/write"), placed)
	flush(t, server)
	return server
}

func TestHistoriesOnVictoriaMetrics(t *testing.T) {
	chosen(t, "victoriametrics")
	placed := told(t)
	for _, node := range singleNodes(t) {
		t.Run(node.name, func(t *testing.T) {
			server := node.holding(t, placed)
			for _, transport := range append(node.transports, fetch.Auto) {
				t.Run(string(transport), func(t *testing.T) {
					judge(t, placed, node.name+", "+string(transport), exporter(t, server, over(transport)))
				})
			}
		})
	}
}

func TestLimitsOfVictoriaMetrics(t *testing.T) {
	chosen(t, "victoriametrics")
	p := crowd()
	limits := map[fetch.Transport][]string{
		fetch.Export: {"-search.maxExportSeries=40"},
		fetch.PromQL: {"-search.maxSamplesPerQuery=3000", "-search.maxExportSeries=40", "-search.maxQueryLen=700", "-search.maxSamplesPerSeries=60"},
	}
	for _, node := range singleNodes(t) {
		for _, transport := range node.transports {
			for _, flag := range limits[transport] {
				t.Run(node.name+"/"+string(transport)+"/"+flag, func(t *testing.T) {
					withinLimit(t, node.holding(t, []accuracy.Placed{p}, flag), flag, p, over(transport))
				})
			}
		}
	}
}

// TestNativeExport: it is used once queries have said the same, and not where its format is another.
func TestNativeExport(t *testing.T) {
	chosen(t, "victoriametrics")
	p := crowd()
	for _, node := range singleNodes(t) {
		t.Run(node.name, func(t *testing.T) {
			var seen *watchedAPI
			way := exporter(t, node.holding(t, []accuracy.Placed{p}), func(c *fetch.Config) {
				seen = &watchedAPI{API: c.API}
				c.API = seen
			}).(accuracy.Exporter)
			window := func() (exports, queries int64) {
				if _, err := way.Averages(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				return seen.exports.Swap(0), seen.queries.Swap(0)
			}
			if exports, queries := window(); exports == 0 || queries == 0 {
				t.Errorf("the first window took %d exports and %d queries", exports, queries)
			}
			exports, queries := window()
			if used := slices.Contains(node.transports, fetch.Export); used != (exports > 0) || used && queries > exports || !used && queries == 0 {
				t.Errorf("the second window took %d exports and %d queries", exports, queries)
			}
		})
	}
}
