package pages

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func TestPreview(t *testing.T) {
	if os.Getenv("PREVIEW") == "" {
		t.Skip()
	}
	names := []string{"income-classifier", "iris", "sentiment-xl", "wine", "fraud-scorer-v2-with-a-rather-long-name-of-a-deployment", "embedder", "resnet50", "ocr", "churn", "whisper", "ranker", "translate-de-en"}
	var ms []ledger.Model
	for i := range 120 {
		ns := []string{"fraud", "seldon", "vision", "vx-team-recommendations-production"}[i/30]
		cpu := float64((i*37)%23) / 9
		req := float64((i*13)%7)/4 + 0.25
		lim := 2 * req
		if i%5 == 0 {
			lim = -1
		}
		if i%11 == 0 {
			req = -1
		}
		if i%2 == 1 {
			cpu /= 20
		}
		mem := float64((i*29)%31)/4 + .1
		m := modelOf(ns, []string{"SeldonDeployment", "InferenceService"}[i%2], fmt.Sprintf("%03d-%s", i, names[i%len(names)]), float64(i%4)+float64(i%3)/7, cpu, mem, req, lim, 4, 8)
		m.Bounds = []float64{0.01, 0.003, 2e7, 0, 0, 0, 0}
		ms = append(ms, m)
	}
	a := averages(ms...)
	h := newSite(t, a, func(c *Config) {
		c.Recorded.API = recorded(func(expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error) {
			fmt.Println(expr, from, to, step)
			ans := &promapi.Answer{}
			for n, name := range metric.Default().Names() {
				s := promapi.Series{Labels: promapi.Labels{{Name: "__name__", Value: name}}}
				i := 0
				for x := from; !x.After(to); x = x.Add(step) {
					i++
					if i%17 == 5 || i%17 == 6 {
						continue
					}
					v := []float64{2, 1.2, 3 * gibi, 1, 2, 4 * gibi, 8 * gibi}[n]
					if n < 3 {
						v *= 1 + .4*math.Sin(float64(i)/3) + .1*math.Sin(float64(i)*7)
					}
					s.Samples = append(s.Samples, promapi.Sample{T: x.UnixMilli(), V: v})
				}
				ans.Series = append(ans.Series, s)
			}
			return ans, nil
		})
		c.Explain = func(_ context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
			x := &ledger.Explanation{Window: w, Model: m, Sources: []ledger.Source{{Name: "kube-state-metrics", Observed: 3600, Interval: 15}, {Name: "cadvisor", Observed: 3552, Interval: 30}}}
			pod := func(n string) inventory.PodName { return inventory.PodName{Namespace: m.Namespace, Name: n} }
			for _, me := range metric.Default().Metrics {
				v := ledger.Value{Metric: me, Value: metric.Value{V: 1.234, OK: true}, Bound: 0.01}
				for _, p := range []string{"income-default-0-classifier-7d9f5c-0", "income-default-0-classifier-7d9f5c-1"} {
					for _, k := range []string{"classifier", "seldon-container-engine"} {
						v.Terms = append(v.Terms, ledger.Term{Container: measure.Container{Pod: pod(p), Name: k}, Lived: 3600, Seen: 3552, Mean: 0.3, Share: .31, Changes: 1})
					}
				}
				x.Values = append(x.Values, v)
			}
			x.Pods = []ledger.Pod{{PodName: pod("income-default-0-classifier-7d9f5c-0"), UID: "0d3f-11"}, {PodName: pod("income-default-0-classifier-7d9f5c-1"), UID: "0d3f-12"}}
			x.LeftOut = []measure.LeftOut{{Container: measure.Container{Pod: pod("income-default-0-classifier-7d9f5c-0"), Name: "init"}, Why: "no container of the pod's that kube-state-metrics shows running, such as an init container", Samples: 3}}
			return x, nil
		}
		c.Settings = []Setting{{"Prometheus", "--prometheus.url", "PROMETHEUS_URL", "http://<secret>@prom:9090", "environment", "URL of the Prometheus to read, with or without /api/v1 at the end."}, {"Prometheus", "", "PROMETHEUS_SELDON_TOKEN", "<secret>", "environment", "Bearer token for the Prometheus, if it needs one."}, {"Windows", "--time-period", "TIME_PERIOD", "1h", "default", "Length of the windows, and so how often there are new averages: 1m to 31d."}}
	})
	http.ListenAndServe("127.0.0.1:18124", h)
}
