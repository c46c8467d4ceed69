package engines

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// presetEngines are those that are tried unless ENGINE says otherwise.
const presetEngines = "victoriametrics,thanos,mimir"

// chosen skips a test of an engine that ENGINE leaves out. The others run beside each other:
// many of them wait most of the time.
func chosen(t *testing.T, engine string) {
	t.Helper()
	if only := cmp.Or(os.Getenv("ENGINE"), presetEngines); !slices.Contains(strings.Split(only, ","), engine) {
		t.Skipf("ENGINE=%s", only)
	}
	t.Parallel()
}

const (
	seed      = 20_000 // of the random histories
	random    = 100
	variation = 1 // of features
)

// told returns the named histories, the pairs of features and random ones: as they are told,
// in windows of an hour with a scrape every 30 s, and in windows of ten minutes with one every
// 15 s. HISTORIES is a pattern of the names of those that are wanted. Without one it is every
// tenth, which have every feature among them.
func told(t *testing.T) []accuracy.Placed {
	t.Helper()
	all := histories.All()
	for _, names := range histories.Pairs() {
		n, err := histories.Compose(names, variation)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	for i := range uint64(random) {
		all = append(all, histories.Random(seed+i))
	}
	named := len(histories.All())
	for _, n := range slices.Clone(all[:named]) {
		all = append(all, n.Watched(time.Hour, 30*time.Second), n.Watched(10*time.Minute, 15*time.Second))
	}
	pattern, position := os.Getenv("HISTORIES"), -1
	which := regexp.MustCompile(pattern)
	all = slices.DeleteFunc(all, func(n histories.Named) bool {
		position++
		return !which.MatchString(n.Name) || pattern == "" && position%10 != 0
	})
	return accuracy.Lay(all)
}

// judge computes every history by ways, and compares each result with the truth.
func judge(t *testing.T, placed []accuracy.Placed, version string, ways ...accuracy.Way) {
	t.Helper()
	for _, way := range ways {
		tally := &accuracy.Tally{Way: way.Name(), Version: version}
		for _, p := range placed {
			_, verdict, err := accuracy.Try(t.Context(), p, way)
			if err != nil {
				tally.Fail(p.Name)
				t.Error(err)
				continue
			}
			tally.Add(p.Name, verdict)
			for _, d := range verdict.Deviations[:min(3, len(verdict.Deviations))] {
				t.Errorf("%s, %s: %s", p.Name, way.Name(), d)
			}
		}
		t.Logf("%s", accuracy.Summary([]*accuracy.Tally{tally}))
	}
}

func exporter(t testing.TB, server *url.URL, change ...func(*fetch.Config)) accuracy.Way {
	t.Helper()
	way, err := accuracy.NewEngineExporter(server, tenant, change...)
	if err != nil {
		t.Fatal(err)
	}
	return way
}

// fill writes histories to a receiver.
func fill(t testing.TB, receiver *url.URL, placed []accuracy.Placed) {
	t.Helper()
	began := time.Now()
	if err := store(context.WithoutCancel(t.Context()), receiver, placed); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d histories stored in %s", len(placed), time.Since(began).Round(time.Millisecond))
}
