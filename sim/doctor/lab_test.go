// Package doctor tests the command doctor on simulated clusters, each with one fault, and on
// one that has none.
package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

const (
	past   = 45 * time.Minute // that is stored
	period = 10 * time.Minute
	every  = 15 * time.Second
	mebi   = 1 << 20
)

// lab is a cluster, the Prometheus that watches it, and how doctor is started.
type lab struct {
	cluster.History
	now     time.Time
	edits   []func([]cluster.Series) []cluster.Series
	options prom.Options
	proxy   func(w http.ResponseWriter, r *http.Request, next http.Handler) // before the Prometheus
	tls     bool
	args    []string
	writes  bool // by remote write, to the same Prometheus
}

// healthy is a cluster without a fault. Its averages are delivered, and scraped back.
func healthy() *lab {
	// A Prometheus without an out-of-order window accepts nothing from before its newest block's
	// end, and the Date of its answers has whole seconds only.
	l := &lab{now: time.Now().Add(-2 * time.Second), writes: true}
	l.options.OutOfOrder = 2 * time.Hour
	l.args = []string{"--time-period=10m", "--catch-up.max-age=30m", "--remote-write.timeout=5s"}
	l.KSMs = []cluster.KSM{{
		Schedule: cluster.Schedule{Every: every, Offset: 3 * time.Second},
		Job:      "kube-state-metrics", Instance: "10.0.9.1:8080", Life: cluster.Always(), HonorLabels: true,
	}}
	l.Kubelets = []cluster.Kubelet{{
		Schedule: cluster.Schedule{Every: every, Offset: 5 * time.Second},
		Job:      "kubelet", Life: cluster.Always(), HonorLabels: true, PathLabel: true, Timestamps: true,
	}}
	for i := range 2 {
		l.Nodes = append(l.Nodes, cluster.Node{
			Name: fmt.Sprintf("node-%d", i+1), Address: fmt.Sprintf("10.0.0.%d:10250", i+1), Life: cluster.Always(),
		})
	}
	for i := range 2 {
		l.pod("seldon", fmt.Sprintf("iris-%d", i), labels(cluster.SeldonLabel, "iris"), "classifier", "seldon-container-engine")
	}
	l.pod("vision", "resnet-0", labels(cluster.KServeLabel, "resnet"), "kserve-container")
	l.pod("infra", "postgres-0", labels("app", "postgres"), "postgres")
	l.edits = append(l.edits, l.scrapedBack(30*time.Second))
	return l
}

func labels(name, value string) map[string]string { return map[string]string{name: value} }

// pod adds a pod that has been there for long.
func (l *lab) pod(namespace, name string, set map[string]string, containers ...string) *cluster.Pod {
	life := cluster.Always()
	p := cluster.Pod{
		Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: l.Nodes[len(l.Pods)%len(l.Nodes)].Name,
		Life: life, Labels: []cluster.Labels{{At: life.From, Set: set}}, Phases: []cluster.Phase{{At: life.From, Name: cluster.Running}},
	}
	for _, c := range containers {
		p.Containers = append(p.Containers, cluster.Container{
			Name: c, Runs: []cluster.Run{{Span: life}}, CPU: cluster.Flat(0.2), Memory: cluster.Flat(200 * mebi),
			CPURequest: cluster.Flat(0.5), CPULimit: cluster.Flat(1), MemoryRequest: cluster.Flat(256 * mebi), MemoryLimit: cluster.Flat(512 * mebi),
		})
	}
	l.Pods = append(l.Pods, p)
	return &l.Pods[len(l.Pods)-1]
}

// series makes a series with one value, once in each step.
func (l *lab) series(from, to time.Duration, step time.Duration, value float64, pairs ...string) cluster.Series {
	var s cluster.Series
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, cluster.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	slices.SortFunc(s.Labels, func(a, b cluster.Label) int { return strings.Compare(a.Name, b.Name) })
	for at := from; at <= to; at += step {
		s.Samples = append(s.Samples, cluster.Sample{T: l.now.Add(at).UnixMilli(), V: value})
	}
	return s
}

// scrapedBack adds what a Prometheus has that scrapes the exporter.
func (l *lab) scrapedBack(step time.Duration) func([]cluster.Series) []cluster.Series {
	return func(all []cluster.Series) []cluster.Series {
		own := []string{"job", "exporter", "instance", "10.0.9.2:8000"}
		with := func(more ...string) []string { return append(slices.Clone(own), more...) }
		return append(all,
			l.series(-past, 0, step, float64(l.now.Unix()), with("__name__", "seldon_exporter_window_end_timestamp_seconds")...),
			l.series(-past, 0, step, 1, with("__name__", "seldon_exporter_window_coverage_ratio", "source", "kube-state-metrics")...),
			l.series(-past, 0, step, 4, with("__name__", "model_containers_average", "namespace", "seldon", "type", "SeldonDeployment", "name", "iris")...))
	}
}

// edit changes what is stored.
func (l *lab) edit(change func([]cluster.Series) []cluster.Series) { l.edits = append(l.edits, change) }

// drop drops series as a relabeling does.
func (l *lab) drop(is func(name string, label func(string) string) bool) {
	l.edit(func(all []cluster.Series) []cluster.Series {
		return slices.DeleteFunc(all, func(s cluster.Series) bool {
			label := func(name string) string { return value(s, name) }
			return is(label("__name__"), label)
		})
	})
}

func value(s cluster.Series, name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// report is what doctor prints as JSON.
type report struct {
	Status  string
	Summary map[string]int
	Window  *struct{ Start, End time.Time }
	Checks  []struct{ Group, Name, Question, Status, Fault, Found, Remedy, Link string }
	Cost    *struct {
		Requests       int
		Samples, Bytes int64
		Seconds        float64
	}
	Calendar []struct {
		Date              string
		Scraped, Recorded float64
	}
}

// start starts the Prometheus over the cluster, and returns doctor's arguments.
func (l *lab) start(t *testing.T) []string {
	t.Helper()
	series := cluster.Samples(&l.History, l.now.Add(-past), 0, past)
	for _, edit := range l.edits {
		series = edit(series)
	}
	l.options.Dir = t.TempDir()
	if err := prom.WriteBlock(t.Context(), l.options.Dir, series); err != nil {
		t.Fatal(err)
	}
	u := promtest.Start(t, l.options).URL()
	if l.proxy != nil || l.tls {
		u = l.before(t, u)
	}
	args := append([]string{"doctor", "--prometheus.url=" + u.String()}, l.args...)
	if l.writes {
		args = append(args, "--remote-write.url="+u.String()+"/api/v1/write")
	}
	return args
}

// before starts the proxy before a server.
func (l *lab) before(t *testing.T, u *url.URL) *url.URL {
	next := httputil.NewSingleHostReverseProxy(u)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.proxy == nil {
			next.ServeHTTP(w, r)
			return
		}
		l.proxy(w, r, next)
	})
	start := httptest.NewServer
	if l.tls {
		start = httptest.NewTLSServer
	}
	proxy := start(handler)
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// examine runs doctor, and returns its report.
func examine(t *testing.T, args []string) (report, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	failed := cli.Run(t.Context(), append(args, "--output=json"), nil, &stdout, &stderr)
	var r report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", errors.Join(failed, err), stdout.String(), stderr.String())
	}
	return r, failed
}
