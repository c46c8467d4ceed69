package promapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func auto(c *Config) { c.Engine = Auto }

// answers is a server with some endpoints, and 404 for all others.
func answers(endpoints map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h := endpoints[strings.TrimPrefix(r.URL.Path, "/prefix/api/v1/")]; h != nil {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	}
}

func success(data string) http.HandlerFunc {
	return answer(200, `{"status":"success","data":`+data+`}`)
}

// queries knows PromQL, and MetricsQL if it is said so.
func queries(metricsQL bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("query") == "1 default 2" && !metricsQL {
			answer(400, `{"status":"error","errorType":"bad_data","error":"unexpected identifier \"default\""}`)(w, r)
			return
		}
		answer(200, vector)(w, r)
	}
}

// TestRecognize has what the real programs answer.
func TestRecognize(t *testing.T) {
	for _, c := range []struct {
		name          string
		endpoints     map[string]http.HandlerFunc
		want, version string
		send          string // of what is sent with a query
	}{
		{"Prometheus 3", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"3.16.0","revision":"abc","branch":"HEAD"}`), "query": queries(false),
		}, "prometheus", "3.16.0", ""},
		{"Prometheus, built without its revision", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"3.16.0","revision":""}`), "query": queries(false),
		}, "prometheus", "3.16.0", ""},
		{"Thanos Query", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"0.42.2","revision":"abc"}`), "stores": success(`{"sidecar":[]}`), "query": queries(false),
		}, "thanos", "0.42.2", "dedup=false max_source_resolution=0s partial_response=false"},
		{"Thanos Query, whose stores are not shown", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"0.42.2","revision":"abc"}`), "query": queries(false),
		}, "unknown", "0.42.2", "dedup=false deny_partial_response=1 max_source_resolution=0s nocache=1 partial_response=false"},
		{"VictoriaMetrics 1.151", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"2.24.0"}`), "query": queries(true), "stores": answer(400, `unsupported path requested: "/api/v1/stores"`),
		}, "victoriametrics", "", "deny_partial_response=1 nocache=1"},
		{"VictoriaMetrics 1.79", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{}`), "query": queries(true),
		}, "victoriametrics", "", "deny_partial_response=1 nocache=1"},
		{"Mimir", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"application":"Grafana Mimir","version":"3.1.0","revision":"abc"}`), "query": queries(false),
		}, "mimir", "3.1.0", ""},
		{"Cortex", map[string]http.HandlerFunc{
			"status/buildinfo": success(`{"version":"1.21.1","revision":"abc"}`), "query": queries(false),
		}, "cortex", "1.21.1", ""},
		{"a proxy that allows queries alone", map[string]http.HandlerFunc{
			"status/buildinfo": answer(403, ""), "stores": answer(403, ""), "query": queries(false),
		}, "unknown", "", "dedup=false deny_partial_response=1 max_source_resolution=0s nocache=1 partial_response=false"},
		{"the same, before a VictoriaMetrics", map[string]http.HandlerFunc{"query": queries(true)}, "victoriametrics", "", "deny_partial_response=1 nocache=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent atomic.Value
			query := c.endpoints["query"]
			c.endpoints["query"] = func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					sent.Store(formOf(r))
				}
				query(w, r)
			}
			up, reg := client(t, answers(c.endpoints), auto)
			if _, err := up.RawRange(t.Context(), Selector{{Name: "__name__", Value: "up"}}, 0, 1000); err != nil {
				t.Fatal(err)
			}
			if got := up.Engine(t.Context()).Name; got != c.want {
				t.Errorf("it is taken for %s, want %s", got, c.want)
			}
			if got := sent.Load(); got != c.send {
				t.Errorf("sent %q, want %q", got, c.send)
			}
			if err := testutil.GatherAndCompare(reg, strings.NewReader(fmt.Sprintf(`
				# HELP seldon_exporter_upstream_info 1, with the engine behind the upstream's URL, and its version where it says one.
				# TYPE seldon_exporter_upstream_info gauge
				seldon_exporter_upstream_info{engine=%q,version=%q} 1
			`, c.want, c.version)), "seldon_exporter_upstream_info"); err != nil {
				t.Error(err)
			}
		})
	}
}

// formOf lists what is sent besides what every query has.
func formOf(r *http.Request) string {
	_ = r.ParseForm()
	var all []string
	for name := range r.PostForm {
		if name != "query" && name != "time" && name != "timeout" {
			all = append(all, name+"="+r.PostForm.Get(name))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestRecognizedAgain: the engine is asked for once, and again after an error.
func TestRecognizedAgain(t *testing.T) {
	var asked atomic.Int64
	var behind, status atomic.Value
	behind.Store(`{"version":"3.0.0","revision":"a"}`)
	status.Store(200)
	up, _ := client(t, answers(map[string]http.HandlerFunc{
		"status/buildinfo": func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			success(behind.Load().(string))(w, r)
		},
		"query": func(w http.ResponseWriter, r *http.Request) { answer(status.Load().(int), vector)(w, r) },
	}), auto)
	for _, c := range []struct {
		name   string
		behind string
		status int
		asked  int64
		want   string
	}{
		{"at first", `{"version":"3.0.0","revision":"a"}`, 200, 1, "prometheus"},
		{"again", `{"version":"3.0.0","revision":"a"}`, 200, 1, "prometheus"},
		{"another engine, which fails", `{"application":"Grafana Mimir","version":"3.0.0"}`, 400, 1, "mimir"},
		{"and answers", `{"application":"Grafana Mimir","version":"3.0.0"}`, 200, 2, "mimir"},
		{"a query that is too large", `{"version":"3.0.0","revision":"a"}`, 413, 2, "mimir"},
		{"the next one", `{"version":"3.0.0","revision":"a"}`, 200, 2, "mimir"},
	} {
		behind.Store(c.behind)
		status.Store(c.status)
		_, _ = up.Instant(t.Context(), "up", time.Now())
		if got := asked.Load(); got != c.asked {
			t.Errorf("%s: asked %d times, want %d", c.name, got, c.asked)
		}
		if c.status == 400 {
			continue // who is asked next finds out
		}
		if got := up.Engine(t.Context()).Name; got != c.want {
			t.Errorf("%s: it is taken for %s, want %s", c.name, got, c.want)
		}
	}
}

// TestNotRecognized: while the server does not answer, it is asked again after a minute, and
// asked as all engines together are.
func TestNotRecognized(t *testing.T) {
	var asked atomic.Int64
	up, reg := client(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, auto)
	for range 3 {
		if got := up.Engine(t.Context()).Name; got != "unknown" {
			t.Errorf("it is taken for %s", got)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if n, err := testutil.GatherAndCount(reg, "seldon_exporter_upstream_info"); n != 0 || err != nil {
		t.Errorf("%d metrics say which engine it is (%v)", n, err)
	}
}

// TestForcedEngine: it is not asked for.
func TestForcedEngine(t *testing.T) {
	up, _ := client(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }, func(c *Config) { c.Engine = "victoriametrics" })
	got := up.Engine(t.Context())
	if got.Name != "victoriametrics" || got.RemoteRead || got.NamesInSet != 100 || got.QueryBytes != 16<<10 {
		t.Errorf("%+v", got)
	}
}

func TestEngines(t *testing.T) {
	var names []string
	for _, e := range Engines() {
		names = append(names, e.Name)
		if e.NamesInSet == 0 || e.shows == nil || len(e.tooMuch) == 0 {
			t.Errorf("%s: the row is not whole", e.Name)
		}
		if EngineNamed(e.Name).Name != e.Name {
			t.Errorf("%s is not found", e.Name)
		}
	}
	if diff := cmp.Diff(EngineNames(), append([]string{Auto}, names...)); diff != "" {
		t.Error(diff)
	}
	if got := unknownEngine(); got.NamesInSet != 100 || got.QueryBytes != 16<<10 || !got.RemoteRead || !cmp.Equal(got.send, url.Values{
		"partial_response": {"false"}, "max_source_resolution": {"0s"}, "nocache": {"1"}, "deny_partial_response": {"1"},
	}) {
		t.Errorf("%+v", got)
	}
}
