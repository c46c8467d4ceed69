package accuracy

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// presetSeed keeps a change's tests apart from another seed's finds. A hunt for those sets
// SIM_SEED to something new and SIM_RANDOM to thousands.
const presetSeed = 20_000

// TestHistories computes every named history and some hundred random ones by the exporter,
// over both transports, on the current Prometheus and on Debian's.
func TestHistories(t *testing.T) {
	seed := setting(t, "SIM_SEED", presetSeed)
	count := setting(t, "SIM_RANDOM", 200)
	all := append(histories.All(), histories.ByMarkers()...)
	named := len(all)
	for i := range count {
		all = append(all, histories.Random(seed+i))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	say(t, "%d named histories and %d random ones, SIM_SEED=%d", named, count, seed)

	var tallies []*Tally
	t.Run("Prometheus "+prom.Version, func(t *testing.T) {
		tallies = append(tallies, judgeAll(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, both())...)
	})
	t.Run("Prometheus 2 of Debian", func(t *testing.T) {
		version := promtest.Debian(t).Version
		tallies = append(tallies, judgeAll(t, placed, promtest.StartDebian(t, dir), version, both())...)
	})
	say(t, "%s", Summary(tallies))
}

// both are the transports.
func both() []fetch.Transport { return []fetch.Transport{fetch.RemoteRead, fetch.PromQL} }

// judgeAll makes a test of each history, and returns a tally of each way.
func judgeAll(t *testing.T, placed []Placed, server *url.URL, version string, transports []fetch.Transport) []*Tally {
	var ways []Way
	var tallies []*Tally
	for _, transport := range transports {
		way, err := NewExporter(server, transport)
		if err != nil {
			t.Fatal(err)
		}
		ways = append(ways, way)
		tallies = append(tallies, &Tally{Way: way.Name(), Version: version})
	}
	t.Run("history", func(t *testing.T) {
		for _, p := range placed {
			t.Run(p.Name, func(t *testing.T) {
				t.Parallel()
				var results []Result
				for i, way := range ways {
					got, verdict, err := Try(t.Context(), p, way)
					if err != nil {
						tallies[i].Fail(p.Name)
						t.Fatal(err)
					}
					tallies[i].Add(p.Name, verdict)
					complain(t, p, way.Name(), verdict)
					results = append(results, got)
				}
				if len(results) > 1 {
					complain(t, p, "one transport beside the other", Agree(p, results[0], results[1]))
				}
			})
		}
	})
	return tallies
}

// mostComplaints of one history and way are printed.
const mostComplaints = 12

func complain(t *testing.T, p Placed, way string, v Verdict) {
	t.Helper()
	for i, d := range v.Deviations {
		if i == mostComplaints {
			t.Errorf("%s, %s: and %d more", p.Name, way, len(v.Deviations)-i)
			break
		}
		t.Errorf("%s, %s: %s", p.Name, way, d)
	}
}

// say tells something that is worth a line at the end of all tests.
func say(t *testing.T, format string, args ...any) {
	t.Helper()
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		line = strings.TrimRight(line, "\n")
		t.Log(line)
		t.Attr("summary", line)
	}
}

func setting(t *testing.T, name string, preset uint64) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(cmp.Or(os.Getenv(name), strconv.FormatUint(preset, 10)), 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}
