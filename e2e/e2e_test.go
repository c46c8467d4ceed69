package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	pmodel "github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

const (
	nodes          = 20
	models         = 60 // of two pods each
	strangers      = 80 // pods of no model
	period         = time.Minute
	settle         = 5 * time.Second
	scrapeInterval = 2 * time.Second // as in testdata/prometheus.yml
)

func nodeName(i int) string { return fmt.Sprintf("node-%02d", i) }

// TestEndToEnd installs the chart and follows the exporter through windows in which
// models come and go, kube-state-metrics restarts and the exporter itself does.
func TestEndToEnd(t *testing.T) {
	exporter := filepath.Join(t.TempDir(), "seldon-prometheus-exporter")
	must(t, buildExporter(t.Context(), exporter))
	allowList := workload.AllowList(workload.Kinds())
	c := startCluster(t, allowList)
	c.furnish(t)
	server := startPrometheus(t, c)

	flags := fmt.Sprintf("--values=e2e/testdata/values.yaml --set=prometheus.url=%s --set=remoteWrite.url=%s/api/v1/write", server, server)
	notes := makeRun(t, c, "helm-install", flags)
	t.Logf("helm install printed:\n%s", notes)
	if !strings.Contains(notes, server) || !strings.Contains(notes, "exported_namespace") {
		t.Error("the notes do not speak of this release")
	}

	p := &population{cluster: c}
	for i := range models {
		must(t, p.create(t.Context(), nthModel(i), uses{cpuMilli: int64(50 + 10*i), memoryMi: int64(100 + i)}, 2))
	}
	must(t, p.create(t.Context(), model{namespace: "strangers", name: "stranger"}, uses{cpuMilli: 10, memoryMi: 10}, strangers))
	pod := c.place(t, c.deployment(t), nodeName(0))
	// A whole window has to be watched before the first is computed.
	quiet := windowEnd(time.Now().Add(2 * scrapeInterval)).Add(period)
	t.Logf("%d pods run; the first whole window ends at %s", len(p.pods), quiet.Format(time.TimeOnly))
	sleepUntil(t, quiet.Add(settle-time.Second))
	e := &exporterPod{cluster: c, binary: exporter, pod: pod}
	e.start(t)

	e.judge(t, p, "quiet", quiet)

	out, err := testRun(t, c, e.url(""))
	if err != nil || !strings.Contains(out, `name="isvc-00"`) {
		t.Errorf("helm test: %v: %s", err, out)
	}
	if out, err := testRun(t, c, server); err == nil {
		t.Errorf("helm test passes a server without models: %s", out)
	}

	end := quiet
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"scale-up", func() { must(t, p.create(t.Context(), nthModel(3), uses{cpuMilli: 700, memoryMi: 300}, 5)) }},
		{"deletion", func() {
			must(t, p.remove(t.Context(), nthModel(4)))
			must(t, p.remove(t.Context(), nthModel(31)))
		}},
		{"restart of kube-state-metrics", func() {
			_ = c.ksm.Close() // it ends by the signal, not by itself
			c.ksm = c.StartKubeStateMetrics(t, c.ksmAddress, allowList)
		}},
		{"restart of the exporter", func() {
			before := e.scrape(t)
			must(t, e.process.Close())
			e.start(t)
			if after := e.scrape(t); !after.end.Equal(before.end) {
				t.Errorf("before its restart it served the window that ends at %s, then that of %s", before.end, after.end)
			}
		}},
	} {
		end = end.Add(period)
		sleepUntil(t, middle(end))
		step.do()
		e.judge(t, p, step.what, end)
	}
	e.readBack(t, server)
	delivered(t, server, quiet, end)
}

// furnish makes what a cluster has before anything is installed.
func (c *cluster) furnish(t *testing.T) {
	t.Helper()
	for _, name := range []string{"seldon", "kserve", "strangers"} {
		must(t, c.CreateNamespace(t.Context(), name, nil))
	}
	// The strictest rules that Kubernetes has: what they refuse would not start anywhere.
	must(t, c.CreateNamespace(t.Context(), namespace, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}))
	for i := range nodes {
		_, err := c.Client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName(i)}}, metav1.CreateOptions{})
		must(t, err)
	}
}

// nthModel spreads the models over two kinds, each in a namespace of its own.
func nthModel(i int) model {
	if i%3 == 0 {
		return model{"kserve", "InferenceService", fmt.Sprintf("isvc-%02d", i)}
	}
	return model{"seldon", "SeldonDeployment", fmt.Sprintf("sdep-%02d", i)}
}

func startPrometheus(t *testing.T, c *cluster) string {
	t.Helper()
	address := programs.FreeAddress(t)
	text, err := template.ParseFiles("testdata/prometheus.yml")
	must(t, err)
	var config bytes.Buffer
	must(t, text.Execute(&config, map[string]string{"KubeStateMetrics": c.ksmAddress, "KWOK": c.kwok, "Kubeconfig": c.Kubeconfig}))
	file := filepath.Join(c.Dir, "prometheus.yml")
	write(t, file, config.String())
	p := programs.Run(t, programs.Prometheus, "--config.file="+file, "--web.listen-address="+address, "--storage.tsdb.path="+filepath.Join(c.Dir, "tsdb"),
		"--web.enable-remote-write-receiver", "--log.level=warn")
	programs.Await(t, "prometheus", p, func() error { return programs.Answers("http://" + address + "/-/ready") })
	return "http://" + address
}

func windowEnd(t time.Time) time.Time { return t.Truncate(period).Add(period) }

// middle is where in a window things happen: far enough from its ends that no scrape
// takes them for another window's.
func middle(end time.Time) time.Time { return end.Add(-period / 2) }

func sleepUntil(t *testing.T, at time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(at)):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// exporterPod is the exporter, as its pod would run it.
type exporterPod struct {
	cluster *cluster
	binary  string
	pod     *corev1.Pod
	process *process.Process
}

func (e *exporterPod) url(path string) string {
	port := e.pod.Spec.Containers[0].Ports[0]
	return fmt.Sprintf("http://%s:%d%s", e.pod.Status.PodIP, port.ContainerPort, path)
}

// start starts the process, and waits as the pod's readiness probe does.
func (e *exporterPod) start(t *testing.T) {
	t.Helper()
	probe := e.pod.Spec.Containers[0].ReadinessProbe.HTTPGet
	e.process = runPod(t, e.cluster, e.binary, e.pod)
	programs.Await(t, "the exporter", e.process, func() error { return programs.Answers(e.url(probe.Path)) })
}

// page is what a scrape got.
type page struct {
	end      time.Time
	values   map[string]map[model]float64
	coverage map[string]float64
}

func (e *exporterPod) scrape(t *testing.T) page {
	t.Helper()
	resp, err := http.Get(e.url("/metrics"))
	must(t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(pmodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	must(t, err)
	got := page{values: map[string]map[model]float64{}, coverage: map[string]float64{}}
	for _, m := range families["seldon_exporter_window_coverage_ratio"].GetMetric() {
		got.coverage[m.Label[0].GetValue()] = m.Gauge.GetValue()
	}
	for name, family := range families {
		if name == "seldon_exporter_window_end_timestamp_seconds" {
			got.end = time.Unix(int64(family.Metric[0].Gauge.GetValue()), 0)
		}
		if strings.HasPrefix(name, "model_") {
			got.values[name] = map[model]float64{}
			for _, m := range family.Metric {
				got.values[name][modelOf(m.Label)] = m.Gauge.GetValue()
			}
		}
	}
	return got
}

func modelOf(labels []*dto.LabelPair) model {
	var m model
	for _, l := range labels {
		switch l.GetName() {
		case "namespace":
			m.namespace = l.GetValue()
		case "type":
			m.kind = l.GetValue()
		case "name":
			m.name = l.GetValue()
		}
	}
	return m
}

// judge waits for a window, and holds every value of it against what was created.
func (e *exporterPod) judge(t *testing.T, p *population, what string, end time.Time) {
	t.Helper()
	var got page
	programs.Await(t, "the window that ends at "+end.Format(time.TimeOnly), e.process, func() error {
		if got = e.scrape(t); got.end.Before(end) {
			return fmt.Errorf("the newest ends at %s", got.end)
		}
		return nil
	})
	if !got.end.Equal(end) {
		t.Fatalf("%s: the window that ends at %s was never seen: %s", what, end, got.end)
	}
	for source, ratio := range got.coverage {
		if ratio != 1 {
			t.Errorf("%s: coverage of %s is %g", what, source, ratio)
		}
	}
	right := 0
	for metric, wants := range p.expected(end) {
		for m, want := range wants {
			value, found := got.values[metric][m]
			if !found || math.Abs(value-want.value) > want.bound {
				t.Errorf("%s: %s of %v is %g (there: %t), want %g within %g", what, metric, m, value, found, want.value, want.bound)
				continue
			}
			right++
		}
		if len(got.values[metric]) != len(wants) {
			t.Errorf("%s: %s has %d models, want %d", what, metric, len(got.values[metric]), len(wants))
		}
	}
	t.Logf("%s, window to %s: %d values are right", what, end.Format(time.TimeOnly), right)
}

// readBack asks the Prometheus that scraped the exporter, by each way in which it did.
func (e *exporterPod) readBack(t *testing.T, server string) {
	t.Helper()
	// Each job has to have scraped the newest window.
	sleepUntil(t, time.Now().Add(3*scrapeInterval))
	want := e.scrape(t)
	for _, test := range []struct{ job, namespace string }{
		{"annotations", "namespace"},
		{"honor-labels", "namespace"},
		// Why the notes warn: without honor_labels the model's namespace is to be found here.
		{"without-honor-labels", "exported_namespace"},
	} {
		for metric, values := range want.values {
			got := map[model]float64{}
			for _, s := range query(t, server, fmt.Sprintf(`max by (%s, type, name) (%s{job="%s"})`, test.namespace, metric, test.job)) {
				got[model{s.Metric[test.namespace], s.Metric["type"], s.Metric["name"]}] = s.value(t)
			}
			if len(got) != len(values) {
				t.Errorf("%s: %s has %d series, want %d", test.job, metric, len(got), len(values))
			}
			for m, v := range values {
				if got[m] != v {
					t.Errorf("%s: %s of %v is %g, exposed was %g", test.job, metric, m, got[m], v)
				}
			}
		}
		t.Logf("read back as scraped %s: %d series", test.job, 7*len(want.values["model_containers_average"]))
	}
	if n := query(t, server, `count(model_containers_average{exported_namespace!="",job!="without-honor-labels"})`); len(n) > 0 {
		t.Errorf("exported_namespace is where it must not be: %v", n)
	}
	if n := query(t, server, `count(model_containers_average{exported_namespace!=""})`); len(n) == 0 {
		t.Error("the query in the notes does not find the fault")
	}
}

// delivered sees to it that each window was delivered once, with its own time.
func delivered(t *testing.T, server string, first, last time.Time) {
	windows := int(last.Sub(first)/period) + 1
	expr := fmt.Sprintf(`count_over_time(seldon_exporter_window_delivered_timestamp_seconds[%ds:%ds] @ %d)`, int(period.Seconds())*windows, int(period.Seconds()), last.Unix())
	programs.Await(t, "delivery of the last window", nil, func() error {
		series := query(t, server, expr)
		if len(series) != 1 || series[0].value(t) < float64(windows) {
			return fmt.Errorf("marks: %v, want %d", series, windows)
		}
		return nil
	})
}

type series struct {
	Metric map[string]string
	Value  [2]any
}

func (s series) value(t *testing.T) float64 {
	t.Helper()
	var v float64
	_, err := fmt.Sscan(s.Value[1].(string), &v)
	must(t, err)
	return v
}

func query(t *testing.T, server, expr string) []series {
	t.Helper()
	resp, err := http.Get(server + "/api/v1/query?" + url.Values{"query": {expr}}.Encode())
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", expr, body)
	}
	var answer struct{ Data struct{ Result []series } }
	must(t, json.Unmarshal(body, &answer))
	return answer.Data.Result
}
