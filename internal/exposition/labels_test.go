package exposition

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// nasty returns a text of what encoders and parsers stumble over.
func nasty(r *rand.Rand) string {
	parts := []string{
		"\n", "\r\n", "\t", "\x00", "\x01", "\x1b[31m", "\x7f", `"`, `\`, `\n`, `\"`, "'", "{", "}", ",", "=", "#", "# EOF\n", " ", "  1 2\n",
		"a", "income", "\u0085", "\u2028", "\ufeff", "\uFFFD", "é", "😀", "\U0010ffff", "..", "%s", "<b>",
	}
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	if r.IntN(50) == 0 {
		b.WriteString(strings.Repeat(parts[r.IntN(len(parts))], 64<<10))
	}
	return b.String()
}

// TestLabelsReadBack: whatever a model is called, each format has it, and nothing else.
func TestLabelsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 15 {
		want := map[workload.Model]float64{}
		for range 20 {
			m := workload.Model{Cluster: nasty(r), Namespace: nasty(r), Type: nasty(r), Name: nasty(r)}
			want[m] = float64(len(want))
		}
		a := averages()
		a.Models = nil
		for _, m := range slices.SortedFunc(maps.Keys(want), workload.Model.Compare) {
			a.Models = append(a.Models, ledger.Model{Model: m, Values: only("model_cpu_limits", want[m])})
		}
		p, err := Encode(a, noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats() {
			head, err := p.heads[FormOf(format, Identity)]()
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			if _, err := head.WriteTo(&body); err != nil {
				t.Fatal(err)
			}
			got := map[workload.Model]float64{}
			for _, row := range read(t, format, &body)["model_cpu_limits"].GetMetric() {
				var m workload.Model
				fields := map[string]*string{"cluster": &m.Cluster, "namespace": &m.Namespace, "type": &m.Type, "name": &m.Name}
				for _, l := range row.Label {
					*fields[l.GetName()] = l.GetValue()
				}
				got[m] = row.GetGauge().GetValue()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: %s", format, diff)
			}
		}
	}
}

// read parses a page. OpenMetrics' gauges are as in the text format.
func read(t *testing.T, format expfmt.Format, body *bytes.Buffer) map[string]*dto.MetricFamily {
	t.Helper()
	if format.FormatType() != expfmt.TypeProtoDelim {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(body)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		return families
	}
	families := map[string]*dto.MetricFamily{}
	d := expfmt.NewDecoder(body, format)
	for {
		f := &dto.MetricFamily{}
		err := d.Decode(f)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		families[f.GetName()] = f
	}
}
