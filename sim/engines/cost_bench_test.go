package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

const (
	costStarts = 3 // of an engine for each way: what the first refresh takes is cold
	costRounds = 3 // after that, of all ways: warm

	costBefore = 3 * time.Hour // that are stored before the window: some engines read more than they are asked for
)

// BenchmarkRefresh has the CPU time that an engine takes for one refresh of the exporter, and
// for textbook rules that are evaluated on the same engine, in turn. Of a Thanos Query it is
// that of the sidecar and the Prometheus too.
func BenchmarkRefresh(b *testing.B) {
	p := town(250, 2000)
	stored := p
	stored.Window.From -= costBefore
	both := []fetch.Transport{fetch.RemoteRead, fetch.PromQL}
	for _, e := range []struct {
		name       string
		transports []fetch.Transport
		head       bool                                  // it reads the head of a Prometheus
		start      func(t testing.TB, dir string) server // over what is stored there
	}{
		{"prometheus", both, true, servedHead},
		{"thanos", both[1:], true, func(t testing.TB, dir string) server {
			path := built(t, thanos)
			s := servedHead(t, dir)
			return server{read: startQuery(t, path, []storeAPI{startSidecar(t, path, s.read, freeAddress(t))})}
		}},
		{"victoriametrics", []fetch.Transport{fetch.Export, fetch.PromQL}, false, func(t testing.TB, dir string) server {
			s := startVictoriaMetrics(t, built(t, victoriaMetrics), dir)
			return server{s, s.JoinPath("api/v1/write")}
		}},
		{"mimir", both, false, func(t testing.TB, dir string) server { return startMimir(t, built(t, mimir), dir) }},
		{"cortex", both, false, func(t testing.TB, dir string) server {
			return startCortex(t, built(t, cortex), dir, "-blocks-storage.tsdb.retention-period=1000000h") // the history is of another day
		}},
	} {
		b.Run(e.name, func(b *testing.B) {
			if only := os.Getenv("ENGINE"); only != "" && !slices.Contains(strings.Split(only, ","), e.name) {
				b.Skipf("ENGINE=%s", only)
			}
			dir := b.TempDir()
			start := func() (server, *counted) {
				w := &counted{TB: b}
				return e.start(w, dir), w
			}
			if e.head {
				inHead(b, dir, stored)
			} else {
				engine, processes := start()
				fill(b, engine.write, []accuracy.Placed{stored})
				processes.end()
			}
			ways := []string{"textbook rules"}
			for _, t := range e.transports {
				ways = append(ways, "exporter, "+string(t))
			}
			last := make([]asked, len(ways))
			cold, warm := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways))
			for n := range costStarts * len(ways) {
				engine, processes := start()
				refresh := []func() asked{func() asked { return textbook(b, engine.read, p) }}
				for _, t := range e.transports {
					way := exporter(b, engine.read, over(t), func(c *fetch.Config) { c.MaxSamples = 200_000 })
					refresh = append(refresh, func() asked {
						a, err := way.(accuracy.Exporter).Averages(b.Context(), p)
						if err != nil {
							b.Fatal(err)
						}
						return asked{a.Cost.Queries, a.Cost.SamplesRead}
					})
				}
				first := n % len(ways)
				cold[first] = append(cold[first], processes.cpu(func() { refresh[first]() }))
				for round := range costRounds + 1 {
					for i := range ways {
						way := (first + i) % len(ways)
						took := processes.cpu(func() { last[way] = refresh[way]() })
						if round > 0 { // before that, not every way has warmed what it needs
							warm[way] = append(warm[way], took)
						}
					}
				}
				right(b, exporter(b, engine.read), p)
				processes.end()
			}
			for i, way := range ways {
				b.Logf("%s, %s: cold %s, warm %s; %d requests, %d samples", e.name, way, spread(cold[i], cold[0]), spread(warm[i], warm[0]), last[i].requests, last[i].samples)
			}
			b.ReportMetric(0, "ns/op")
			for i, way := range ways[1:] {
				b.ReportMetric(ratio(cold[i+1], cold[0]), "cold-of-textbook:"+strings.ReplaceAll(way, ", ", "/"))
				b.ReportMetric(ratio(warm[i+1], warm[0]), "warm-of-textbook:"+strings.ReplaceAll(way, ", ", "/"))
			}
		})
	}
}

// right fails if a value is wrong: cheap errors would not count.
func right(t testing.TB, way accuracy.Way, p accuracy.Placed) {
	t.Helper()
	_, verdict, err := accuracy.Try(t.Context(), p, way)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range verdict.Deviations[:min(3, len(verdict.Deviations))] {
		t.Error(d)
	}
}

// cpu returns what the programs use while f runs.
func (w *counted) cpu(f func()) time.Duration {
	w.Helper()
	used := func() (sum time.Duration) {
		for _, p := range w.processes {
			one, err := process.CPU(p.ID())
			if err != nil {
				w.Fatal(err)
			}
			sum += one
		}
		return sum
	}
	before := used()
	f()
	return used() - before
}

// end ends the programs.
func (w *counted) end() {
	for _, p := range slices.Backward(w.processes) {
		stop(w, p)
	}
}

// inHead stores a history in the head of a TSDB, where a Prometheus has its newest hours.
func inHead(t testing.TB, dir string, p accuracy.Placed) {
	t.Helper()
	if err := prom.WriteHead(context.WithoutCancel(t.Context()), dir, scraped(p)); err != nil {
		t.Fatal(err)
	}
}

// servedHead starts a Prometheus over what is stored.
func servedHead(t testing.TB, dir string) server {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if err := prom.Link(data, dir); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	run(t, own, at(address, "/-/ready").String(), servePrometheus, data, address)
	return server{read: at(address, "")}
}

// asked is what a refresh sends and receives.
type asked struct {
	requests int
	samples  int64
}

// textbook evaluates the rules at the window's end. A sample of the answer is a model's value.
func textbook(t testing.TB, server *url.URL, p accuracy.Placed) (a asked) {
	t.Helper()
	for _, q := range accuracy.NewTextbook(nil).Queries(p.Span().Period()) {
		if q.Kind != "SeldonDeployment" {
			continue // the town has no others
		}
		body := post(t, server.JoinPath("api/v1/query"), url.Values{"query": {q.Expr}, "time": {p.Span().End.Format(time.RFC3339)}})
		var answer struct {
			Data struct{ Result []json.RawMessage }
		}
		if err := json.NewDecoder(body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		body.Close()
		if len(answer.Data.Result) == 0 {
			t.Fatalf("nothing for %s", q.Expr)
		}
		a.requests++
		a.samples += int64(len(answer.Data.Result))
	}
	return a
}

// post asks a server, as the tenant.
func post(t testing.TB, endpoint *url.URL, form url.Values) io.ReadCloser {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Scope-OrgID", tenant)
	req.Header.Set("Accept-Encoding", "identity") // as an exporter beside the engine asks
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		t.Fatalf("%s: %s", resp.Status, text)
	}
	return resp.Body
}

// spread is a median, what it is of another's, and between which the single ones are.
func spread(of, reference []time.Duration) string {
	slices.Sort(of)
	return fmt.Sprintf("%.2f s (%.2f to %.2f), %.2fx", middle(of), of[0].Seconds(), of[len(of)-1].Seconds(), ratio(of, reference))
}

func ratio(of, reference []time.Duration) float64 { return middle(of) / middle(reference) }

// middle returns the median in seconds.
func middle(of []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2].Seconds()
}
