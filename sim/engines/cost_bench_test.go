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
)

// BenchmarkRefresh has the CPU time that an engine takes for one refresh of the exporter, and
// for textbook rules that are evaluated on the same engine, in turn. Of a Thanos Query it is
// that of the sidecar and the Prometheus too.
func BenchmarkRefresh(b *testing.B) {
	p := town(250, 2000)
	for _, e := range []struct {
		name       string
		transports []fetch.Transport
		start      func(testing.TB) func(testing.TB) measured // over what is stored once
	}{
		{"prometheus", []fetch.Transport{fetch.RemoteRead, fetch.PromQL}, func(t testing.TB) func(testing.TB) measured {
			dir := inHead(t, p)
			return func(t testing.TB) measured { return measuredPrometheus(t, dir) }
		}},
		{"thanos", []fetch.Transport{fetch.PromQL}, func(t testing.TB) func(testing.TB) measured {
			dir, path := inHead(t, p), built(t, thanos)
			return func(t testing.TB) measured {
				m := measuredPrometheus(t, dir)
				sidecar := startSidecar(t, path, m.server)
				query, server := runQuery(t, path, []storeAPI{sidecar})
				return measured{server, append(m.processes, sidecar.Process, query)}
			}
		}},
		{"victoriametrics", []fetch.Transport{fetch.PromQL}, func(t testing.TB) func(testing.TB) measured {
			dir, path := t.TempDir(), built(t, victoriaMetrics)
			node, server := runVictoriaMetrics(t, path, dir)
			fill(t, server.JoinPath("api/v1/write"), []accuracy.Placed{p})
			flush(t, server)
			stop(t, node)
			return func(t testing.TB) measured {
				node, server := runVictoriaMetrics(t, path, dir)
				return measured{server, []*process.Process{node}}
			}
		}},
		{"mimir", []fetch.Transport{fetch.RemoteRead, fetch.PromQL}, func(t testing.TB) func(testing.TB) measured {
			dir, path := t.TempDir(), built(t, mimir)
			server := startMimir(t, path, dir)
			fill(t, server.write, []accuracy.Placed{p})
			stop(t, server.Process)
			return func(t testing.TB) measured {
				server := startMimir(t, path, dir)
				return measured{server.read, []*process.Process{server.Process}}
			}
		}},
	} {
		b.Run(e.name, func(b *testing.B) {
			chosen(b, e.name)
			start := e.start(b)
			ways := []string{"textbook rules"}
			for _, t := range e.transports {
				ways = append(ways, "exporter, "+string(t))
			}
			last := make([]asked, len(ways))
			cold, warm := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways))
			for n := range costStarts * len(ways) {
				m := start(b)
				refresh := []func() asked{func() asked { return textbook(b, m.server, p) }}
				for _, t := range e.transports {
					way := exporter(b, m.server, over(t), func(c *fetch.Config) { c.MaxSamples = 200_000 })
					refresh = append(refresh, func() asked {
						a, err := way.(accuracy.Exporter).Averages(b.Context(), p)
						if err != nil {
							b.Fatal(err)
						}
						return asked{a.Cost.Queries, a.Cost.SamplesRead}
					})
				}
				first := n % len(ways)
				cold[first] = append(cold[first], m.cpu(b, func() { refresh[first]() }))
				for round := range costRounds + 1 {
					for i := range ways {
						way := (first + i) % len(ways)
						took := m.cpu(b, func() { last[way] = refresh[way]() })
						if round > 0 { // before that, not every way has warmed what it needs
							warm[way] = append(warm[way], took)
						}
					}
				}
				for _, p := range slices.Backward(m.processes) {
					stop(b, p)
				}
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

// measured is an engine that runs, and the processes that are it.
type measured struct {
	server    *url.URL
	processes []*process.Process
}

// cpu returns what the engine's processes use while f runs.
func (m measured) cpu(t testing.TB, f func()) time.Duration {
	t.Helper()
	used := func() (sum time.Duration) {
		for _, p := range m.processes {
			one, err := process.CPU(p.ID())
			if err != nil {
				t.Fatal(err)
			}
			sum += one
		}
		return sum
	}
	before := used()
	f()
	return used() - before
}

// inHead stores a history in the head of a TSDB, where a Prometheus has its newest hours.
func inHead(t testing.TB, p accuracy.Placed) string {
	t.Helper()
	dir := t.TempDir()
	if err := prom.WriteHead(context.WithoutCancel(t.Context()), dir, scraped(p)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func measuredPrometheus(t testing.TB, dir string) measured {
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
	p := run(t, own, at(address, "/-/ready").String(), servePrometheus, data, address)
	return measured{at(address, ""), []*process.Process{p}}
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
