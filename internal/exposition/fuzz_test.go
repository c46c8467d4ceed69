package exposition

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// FuzzLabelValues: a model's labels, of whatever characters they are, are read back as they
// were, and its value to the last bit. What is no text is refused.
func FuzzLabelValues(f *testing.F) {
	for _, s := range []string{"iris", "income.v2", `a"b\c`, "line\nbreak", "ü", "", "\x00", "# EOF\n", `"} 1 2`, "\r", "\xff", "a,b=\"c\""} {
		f.Add("models", s, 1.5)
		f.Add(s, "iris", 1e-300)
	}
	f.Fuzz(func(t *testing.T, namespace, name string, v float64) {
		a := &ledger.Averages{
			Window: hour(), Metrics: metric.Default().Metrics, Coverage: coverage(),
			Models: []ledger.Model{{Model: workload.Model{Namespace: namespace, Type: "SeldonDeployment", Name: name}, Values: only("model_cpu_limits", v)}},
		}
		page, err := Encode(a, noon.Add(time.Hour))
		if valid := utf8.ValidString(namespace+"|"+name) && finite(v); !valid {
			if err == nil {
				t.Errorf("%q/%q %v is accepted", namespace, name, v)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		head, err := encode(page.Families(), Form{expfmt.FmtText, Identity})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := head.WriteTo(&text); err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
		if err != nil {
			t.Fatalf("%v:\n%s", err, text.String())
		}
		rows := families["model_cpu_limits"].GetMetric()
		if len(rows) != 1 || rows[0].GetGauge().GetValue() != v {
			t.Fatalf("%d rows, want one of %v:\n%s", len(rows), v, text.String())
		}
		for _, l := range rows[0].GetLabel() {
			if want := map[string]string{"namespace": namespace, "name": name, "type": "SeldonDeployment"}[l.GetName()]; l.GetValue() != want {
				t.Errorf("%s is %q, want %q", l.GetName(), l.GetValue(), want)
			}
		}
	})
}
