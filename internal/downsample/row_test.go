package downsample

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// The rows of this file are all that is added for a metric, its source and a kind.

func gpuSource() metric.Source {
	return metric.Source{Name: "dcgm-exporter"} // nothing shows its targets but what they show of pods
}

func gpuUtilization() metric.Metric {
	return metric.Metric{
		Name: "model_gpu_utilization", Unit: "percent", Source: "dcgm-exporter", Fold: metric.Mean, Life: metric.Running,
		Help:   "Utilization of the GPU that the model's containers have, in percent, as an average over the window.",
		Series: []metric.Series{{Name: "DCGM_FI_DEV_GPU_UTIL", Match: []metric.Match{{Label: "container", Not: true, Values: []string{""}}}}},
	}
}

func rayService() workload.Kind {
	return workload.Kind{Name: "RayService", Labels: []string{"ray.io/serve-app"}, Where: map[string]string{"tier": "models"}}
}

// withGPU is the cluster of the other tests, with a pod of that kind whose container has a GPU.
func withGPU() *cluster {
	c := newCluster(anHour(), "iris")
	c.pod("llm", "label_ray_io_serve_app", "llm", "label_tier", "models")
	c.pod("other", "label_ray_io_serve_app", "other", "label_tier", "web")
	gpu := []string{"job", "dcgm", "instance", "n1:9400", "gpu", "0"}
	half := c.from + (c.to-c.from)/2
	samples := promapitest.At(80, promapitest.Every(30_000, c.from-285_000, half)...)
	samples = append(samples, promapitest.At(20, promapitest.Every(30_000, half+15_000, c.to-1)...)...)
	c.Add("DCGM_FI_DEV_GPU_UTIL", samples, slices.Concat(gpu, []string{"namespace", "models", "pod", "llm-0", "container", "server"})...)
	c.Add("DCGM_FI_DEV_GPU_UTIL", samples, slices.Concat(gpu, []string{"namespace", "", "pod", "", "container", ""})...)
	return c
}

// TestARowIsEnough: a metric, a source and a kind are added by a row each. They are in the
// averages, in what is served and in what is delivered, with the source's coverage.
func TestARowIsEnough(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		table := metric.Default()
		table.Sources = append(table.Sources, gpuSource())
		table.Metrics = append(table.Metrics, gpuUtilization())
		c := withGPU()
		d, log := newDownsampler(c, over, func(cfg *Config) {
			cfg.Table, cfg.Kinds = table, append(workload.Kinds(), rayService())
		})
		a, err := d.Compute(t.Context(), anHour())
		if err != nil || log.Len() > 0 {
			t.Fatalf("error %v, log %s", err, log)
		}
		llm := quiet()
		llm["model_gpu_utilization"] = 50
		if diff := cmp.Diff(map[string]map[string]float64{"iris": quiet(), "llm": llm}, known(a), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("models (-want +got):\n%s", diff)
		}
		if len(a.Models) != 2 || a.Models[0].Model != (workload.Model{Namespace: "models", Type: "RayService", Name: "llm"}) {
			t.Fatalf("models %+v", a.Models)
		}
		if len(a.Coverage) != 3 || a.Coverage[2] != (ledger.Coverage{Source: "dcgm-exporter", Ratio: 1}) {
			t.Errorf("coverage %+v", a.Coverage)
		}
		served(t, a)
		delivered(t, a, table)

		x, err := d.Explain(t.Context(), anHour(), workload.Model{Namespace: "models", Name: "llm"})
		if err != nil {
			t.Fatal(err)
		}
		if v := x.Values[table.Index("model_gpu_utilization")]; v.Value != a.Models[0].Values[table.Index("model_gpu_utilization")] || len(v.Terms) != 1 || v.Terms[0].Container.Name != "server" {
			t.Errorf("explained as %+v", v)
		}
		if len(x.Sources) != 3 || x.Sources[2].Name != "dcgm-exporter" || x.Sources[2].Interval != 30 {
			t.Errorf("sources %+v", x.Sources)
		}
	})
}

// served looks for the rows on the page.
func served(t *testing.T, a *ledger.Averages) {
	t.Helper()
	page, err := exposition.Encode(a, anHour().End.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for f := range page.Families() {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"# HELP model_gpu_utilization " + gpuUtilization().Help + "\n",
		`model_gpu_utilization{name="llm",namespace="models",type="RayService"} `,
		`model_cpu_requests{name="llm",namespace="models",type="RayService"} 0.5` + "\n",
		`seldon_exporter_window_coverage_ratio{source="dcgm-exporter"} 1` + "\n",
	} {
		if strings.Count(text.String(), want) != 1 {
			t.Errorf("the page lacks %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), `model_gpu_utilization{name="iris"`) {
		t.Error("a model without a GPU has a value of it")
	}
}

// nothingStored is a receiver's Prometheus in which nothing is yet.
type nothingStored struct{}

func (nothingStored) Engine(context.Context) promapi.Engine { return promapi.EngineNamed("") }

func (nothingStored) Instant(context.Context, string, time.Time) (*promapi.Answer, error) {
	return &promapi.Answer{}, nil
}

// delivered looks for them among what a receiver gets.
func delivered(t *testing.T, a *ledger.Averages, table metric.Table) {
	t.Helper()
	var got strings.Builder
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			body, err = snappy.Decode(nil, body)
		}
		if err != nil {
			t.Error(err)
		}
		got.Write(body)
	}))
	defer receiver.Close()
	to, err := url.Parse(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	w, err := remotewrite.New(remotewrite.Config{
		URL: to, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, Message: remote.WriteV1MessageType,
		Query: nothingStored{}, Period: time.Hour, Table: table,
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Deliver(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int{"model_gpu_utilization": 1, "RayService": 5, "dcgm-exporter": 1} {
		if n := strings.Count(got.String(), what); n != want {
			t.Errorf("%s is delivered %d times, want %d", what, n, want)
		}
	}
}
