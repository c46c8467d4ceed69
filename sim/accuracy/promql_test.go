package accuracy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

const (
	longestSet  = 256    // names that Prometheus looks up as a set
	mostSamples = 40_000 // held by one query, as the exporter is told here
)

// TestQueries holds every query that the exporter sends against Prometheus' own parser,
// and against what would make it dear.
func TestQueries(t *testing.T) {
	placed := Lay(append(askedDifferently(t), manyPods(t, 300)))
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	rec := record(t, promtest.Start(t, prom.Options{Dir: dir}).URL())
	for _, p := range placed {
		{
			t.Run(p.Name, func(t *testing.T) {
				if _, err := bounded(t, rec.url).Averages(t.Context(), p); err != nil && !errors.Is(err, downsample.ErrNoSources) {
					t.Fatal(err)
				}
				asked := rec.take()
				if len(asked) == 0 {
					t.Fatal("nothing was asked")
				}
				for _, q := range asked {
					if err := q.affordable(); err != nil {
						t.Errorf("%v: %s", err, q.expr)
					}
				}
				t.Logf("%d queries, at most %d samples held", len(asked), slices.MaxFunc(asked, func(a, b query) int { return a.peak - b.peak }).peak)
			})
		}
	}
}

// askedDifferently returns histories for which the exporter asks different things.
func askedDifferently(t *testing.T) []histories.Named {
	names := []string{
		"quiet", "dots-in-names", "native-sidecars", "up-missing", "two-clusters", "old-cluster",
		"metrics-resource-only", "everything-without-honor-labels", "no-kubelets", "ksm-none",
		"node-leaves", "several-at-once", "a-bad-day", "prometheus-down-in-the-middle",
		"up-missing-prometheus-down",
	}
	var found []histories.Named
	for _, h := range histories.All() {
		if slices.Contains(names, h.Name) {
			found = append(found, h)
		}
	}
	if len(found) != len(names) {
		t.Fatalf("of %v there are only %d", names, len(found))
	}
	return found
}

// manyPods returns a history with more pods than one query may name.
func manyPods(t *testing.T, count int) histories.Named {
	all := histories.All()
	i := slices.IndexFunc(all, func(h histories.Named) bool { return h.Name == "quiet" })
	if i < 0 {
		t.Fatal("there is no quiet history")
	}
	h := all[i]
	h.Name = fmt.Sprintf("%d pods", count)
	one := h.History.Pods[0]
	for n := range count {
		p := one
		p.Name = fmt.Sprintf("many.of-%d", n)
		p.UID = cluster.UID(p.Namespace, p.Name)
		h.History.Pods = append(h.History.Pods, p)
	}
	return h
}

// bounded returns the product's way, told that queries are to hold few samples.
func bounded(t *testing.T, base *url.URL) Exporter {
	log := promslog.NewNopLogger()
	client, err := promapi.New(promapi.Config{
		URL: base, Timeout: time.Minute, MaxAnswerBytes: 64 << 20,
		UserAgent: "accuracy", Log: log,
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	cfg := fetching(client, fetch.PromQL)
	cfg.MaxSamples = mostSamples
	return exporterOf("exporter", cfg, downsample.Config{})
}

// query is what was asked, and how many samples that made Prometheus hold.
type query struct {
	expr string
	peak int
}

// affordable says what is wrong with a query, if anything is.
func (q query) affordable() error {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(q.expr)
	if err != nil {
		return err
	}
	if q.peak > mostSamples {
		return fmt.Errorf("it held %d samples, more than %d", q.peak, mostSamples)
	}
	optional := []string{"cpu", "resource", "uid"} // not every version has these labels
	var wrong error
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			for _, m := range n.LabelMatchers {
				if m.Type != labels.MatchRegexp && m.Type != labels.MatchNotRegexp {
					continue
				}
				if m.Name == "uid" {
					continue // by its last digit, where there are too many pods to find at once
				}
				if set := m.SetMatches(); len(set) == 0 || len(set) > longestSet {
					wrong = fmt.Errorf("%s is looked up as a set of %d", m.Name, len(set))
				}
				if m.Matches("") && !slices.Contains(optional, m.Name) {
					wrong = fmt.Errorf("series without %s are asked for, too", m.Name)
				}
			}
		case *parser.AggregateExpr:
			if slices.ContainsFunc(path, func(above parser.Node) bool { _, is := above.(*parser.SubqueryExpr); return is }) {
				wrong = fmt.Errorf("%s is aggregated in a subquery", n.Op)
			}
		}
		return nil
	})
	return wrong
}

// TestAffordable: the checks above find what they are for.
func TestAffordable(t *testing.T) {
	long := `up{job=~"a`
	for n := range longestSet {
		long += fmt.Sprintf("|%d", n)
	}
	for _, c := range []struct {
		name string
		query
		fine bool
	}{
		{"a set", query{expr: `sum(up{job=~"a|b\\.c"})`}, true},
		{"an optional label", query{expr: `up{cpu=~"|total"}`}, true},
		{"does not parse", query{expr: `sum(up`}, false},
		{"no set", query{expr: `up{job=~"a.c"}`}, false},
		{"nothing in particular", query{expr: `up{job=~""}`}, false},
		{"something or nothing", query{expr: `up{job=~"|kubelet"}`}, false},
		{"too large a set", query{expr: long + `"}`}, false},
		{"a plain subquery", query{expr: `avg_over_time(up[1h:30s])`}, true},
		{"an aggregation in a subquery", query{expr: `max_over_time((1 + sum(up))[1h:30s])`}, false},
		{"too many samples", query{expr: `up`, peak: mostSamples + 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.affordable(); (err == nil) != c.fine {
				t.Errorf("got %v", err)
			}
		})
	}
}

// recorder stands before a Prometheus and notes what it is asked.
type recorder struct {
	url *url.URL

	mu      sync.Mutex
	queries []query
}

func record(t *testing.T, upstream *url.URL) *recorder {
	r := &recorder{}
	type exprKey struct{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(upstream)
			p.Out.Header.Del("Accept-Encoding") // the transport's, which it undoes
		},
		ModifyResponse: func(resp *http.Response) error {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			var answer struct {
				Data struct {
					Stats struct{ Samples struct{ PeakSamples int } }
				}
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				return err
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.queries = append(r.queries, query{resp.Request.Context().Value(exprKey{}).(string), answer.Data.Stats.Samples.PeakSamples})
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		form.Set("stats", "all") // of which only this test makes anything
		body = []byte(form.Encode())
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), exprKey{}, form.Get("query"))))
	}))
	t.Cleanup(server.Close)
	var err error
	if r.url, err = url.Parse(server.URL); err != nil {
		t.Fatal(err)
	}
	return r
}

// take returns what was asked since it was last called.
func (r *recorder) take() []query {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.queries
	r.queries = nil
	return taken
}
