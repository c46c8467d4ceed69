package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	pmodel "github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// transports are the ways in which the exporter reads.
func transports() []string { return []string{"remote-read", "promql"} }

// kinds are those that the test has models of.
const kinds = "SeldonDeployment,InferenceService,LLMInferenceService"

// exporter runs the exporter once, and returns what it prints.
func (n *node) exporter(ctx context.Context, transport, command string, w windows, i int, args ...string) ([]byte, error) {
	all := append([]string{command, "--end=" + w.end(i).UTC().Format(time.RFC3339), "--time-period=" + w.period.String(), "--prometheus.url=" + n.prometheus,
		"--settle-delay=" + settle.String(), "--kinds=" + kinds, "--query.transport=" + transport}, args...)
	cmd := exec.CommandContext(ctx, exporterPath(), all...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(all, " "), err, stderr.String())
	}
	return out, nil
}

// averages returns the values of a window as the exporter computes them.
func (n *node) averages(t *testing.T, transport string, w windows, i int) map[cluster.Model]cluster.Values {
	t.Helper()
	text, err := n.exporter(t.Context(), transport, "once", w, i)
	programs.Must(t, err)
	parser := expfmt.NewTextParser(pmodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	programs.Must(t, err)
	out := map[cluster.Model]cluster.Values{}
	for metric := range cluster.NumMetrics {
		for _, series := range families[metric.String()].GetMetric() {
			labels := map[string]string{}
			for _, l := range series.Label {
				labels[l.GetName()] = l.GetValue()
			}
			m := cluster.Model{Namespace: labels["namespace"], Type: labels["type"], Name: labels["name"]}
			values := out[m]
			values[metric] = cluster.Value{V: series.Gauge.GetValue(), OK: true}
			out[m] = values
		}
	}
	return out
}

// scraped returns when Prometheus scraped a job's target in a window, as a schedule of offsets
// from the window's start. Each scrape has to have worked.
func (n *node) scraped(t *testing.T, job string, w windows, i int) cluster.Schedule {
	t.Helper()
	ask := url.Values{"query": {fmt.Sprintf(`up{job=%q}[%ds]`, job, int(w.period.Seconds()))}, "time": {fmt.Sprint(w.end(i).Unix())}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.prometheus+"/api/v1/query?"+ask.Encode(), nil)
	programs.Must(t, err)
	resp, err := http.DefaultClient.Do(req)
	programs.Must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	programs.Must(t, err)
	var answer struct {
		Data struct {
			Result []struct{ Values []pmodel.SamplePair }
		}
	}
	programs.Must(t, json.Unmarshal(body, &answer))
	if len(answer.Data.Result) != 1 || len(answer.Data.Result[0].Values) < int(w.period/interval) {
		t.Fatalf("%s was not scraped every %s up to %s: %s", job, interval, w.end(i), body)
	}
	for _, sample := range answer.Data.Result[0].Values {
		if sample.Value != 1 {
			t.Fatalf("a scrape of %s failed: %s", job, body)
		}
	}
	return cluster.Schedule{Every: interval, Offset: answer.Data.Result[0].Values[0].Timestamp.Time().Sub(w.start(i)) % interval}
}
