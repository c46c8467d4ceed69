package exposition

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func hour() window.Window { return window.Window{Start: noon.Add(-time.Hour), End: noon} }

func some(v float64) metric.Value { return metric.Value{V: v, OK: true} }

// index returns a metric's place in the table.
func index(name string) int { return metric.Default().Index(name) }

// only returns values of which one is known.
func only(name string, v float64) []metric.Value {
	values := make([]metric.Value, len(metric.Default().Metrics))
	values[index(name)] = some(v)
	return values
}

func coverage() []ledger.Coverage {
	return []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.5}}
}

// averages are two models, of which one has no limits.
func averages() *ledger.Averages {
	return &ledger.Averages{
		Window:   hour(),
		Metrics:  metric.Default().Metrics,
		Coverage: coverage(),
		Models: []ledger.Model{
			{Model: workload.Model{Namespace: "other", Type: "SeldonDeployment", Name: `a"b\c` + "\n"}, Values: only("model_containers_average", 0)},
			{Model: workload.Model{Namespace: "seldon", Type: "InferenceService", Name: "income.v2"}, Values: []metric.Value{
				some(1.21), some(0.0198), some(123456789), some(1.1), some(2), some(1073741824), some(1.0 / 3),
			}},
		},
	}
}

func text(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestPageReadsBackAsTheAverages(t *testing.T) {
	a := averages()
	p, err := Encode(a, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(strings.NewReader(text(t, slices.Collect(p.Families()))))
	if err != nil {
		t.Fatal(err)
	}
	got := map[workload.Model][]metric.Value{}
	for i, info := range metric.Default().Metrics {
		f := parsed[info.Name]
		if f == nil {
			t.Fatalf("%s is missing", info.Name)
		}
		if f.GetType() != dto.MetricType_GAUGE || f.GetHelp() != info.Help {
			t.Errorf("%s is a %s with help %q", info.Name, f.GetType(), f.GetHelp())
		}
		for _, m := range f.Metric {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if names := slices.Sorted(maps.Keys(labels)); !slices.Equal(names, []string{"name", "namespace", "type"}) {
				t.Errorf("%s has labels %v", info.Name, names)
			}
			id := workload.Model{Namespace: labels["namespace"], Type: labels["type"], Name: labels["name"]}
			if got[id] == nil {
				got[id] = make([]metric.Value, len(a.Metrics))
			}
			got[id][i] = some(m.GetGauge().GetValue())
		}
		delete(parsed, info.Name)
	}
	want := map[workload.Model][]metric.Value{}
	for _, m := range a.Models {
		want[m.Model] = m.Values
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(parsed) != 4 {
		t.Errorf("besides the seven metrics there are %v", slices.Sorted(maps.Keys(parsed)))
	}
}

func TestPageDescribesItsWindow(t *testing.T) {
	p, err := Encode(&ledger.Averages{Window: hour(), Metrics: metric.Default().Metrics, Coverage: coverage()}, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	// A window without models has none of the seven metrics, and seldon_exporter_models 0.
	want := `# HELP seldon_exporter_models Models in the served window.
# TYPE seldon_exporter_models gauge
seldon_exporter_models 0
# HELP seldon_exporter_window_coverage_ratio Share of the served window in which targets of this source were scraped.
# TYPE seldon_exporter_window_coverage_ratio gauge
seldon_exporter_window_coverage_ratio{source="cadvisor"} 0.5
seldon_exporter_window_coverage_ratio{source="kube-state-metrics"} 1
# HELP seldon_exporter_window_end_timestamp_seconds End of the served window.
# TYPE seldon_exporter_window_end_timestamp_seconds gauge
seldon_exporter_window_end_timestamp_seconds 1.7723664e+09
# HELP seldon_exporter_window_start_timestamp_seconds Start of the served window.
# TYPE seldon_exporter_window_start_timestamp_seconds gauge
seldon_exporter_window_start_timestamp_seconds 1.7723628e+09
`
	if diff := cmp.Diff(want, text(t, slices.Collect(p.Families()))); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeShownIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*ledger.Averages){
		"NaN":          func(a *ledger.Averages) { a.Models[1].Values[index("model_cpu_usage_seconds_total")].V = math.NaN() },
		"infinity":     func(a *ledger.Averages) { a.Models[1].Values[index("model_memory_limits_bytes")].V = math.Inf(1) },
		"coverage":     func(a *ledger.Averages) { a.Coverage[1].Ratio = math.NaN() },
		"twice":        func(a *ledger.Averages) { a.Models[1].Model = a.Models[0].Model },
		"out of order": func(a *ledger.Averages) { slices.Reverse(a.Models) },
		"not UTF-8":    func(a *ledger.Averages) { a.Models[0].Name = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			a := averages()
			spoil(a)
			if _, err := Encode(a, noon.Add(time.Hour)); err == nil {
				t.Error("was accepted")
			}
		})
	}
	absent := averages()
	absent.Models[1].Values[index("model_cpu_usage_seconds_total")] = metric.Value{V: math.NaN()}
	if _, err := Encode(absent, noon.Add(time.Hour)); err != nil {
		t.Errorf("what has no value cannot be wrong: %v", err)
	}
}

func TestBoard(t *testing.T) {
	now := noon.Add(time.Minute)
	board := NewBoard(func() time.Time { return now })
	shown := func() string {
		p := board.Slot("").Page()
		head, err := board.Head(Form{expfmt.FmtText, Identity})
		if err != nil || (p == nil) != (head.Len() == 0) {
			t.Fatalf("page %v, %d bytes, error %v", p, head.Len(), err)
		}
		if p == nil {
			return "nothing"
		}
		return p.Window.End.Format("15:04")
	}
	publish := func(w window.Window) {
		p, err := Encode(&ledger.Averages{Window: w, Coverage: averages().Coverage}, w.Next().End.Add(7*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		board.Slot("").Publish(p)
	}
	expect := func(want, why string) {
		t.Helper()
		if got := shown(); got != want {
			t.Errorf("%s: %s is shown, want %s", why, got, want)
		}
	}

	expect("nothing", "an empty board")
	publish(hour())
	expect("12:00", "the first page")
	publish(hour().Previous())
	expect("12:00", "an older window never replaces a newer one")
	now = noon.Add(67*time.Minute - 1)
	expect("12:00", "until the page expires")
	now = noon.Add(67 * time.Minute)
	expect("nothing", "an expired page")
	publish(hour().Next())
	expect("13:00", "the next page")
	now = noon.Add(30 * time.Minute)
	expect("13:00", "the clock is put back by half a period")
	now = noon.Add(-3 * time.Hour)
	expect("nothing", "the clock is put back so far that the window lies ahead")
	publish(hour().Previous().Previous().Previous().Previous())
	expect("08:00", "a page of a wrong clock gives way")

	now = noon.Add(time.Minute)
	publish(hour())
	board.Arrange([]*Slot{board.Slot("")})
	expect("12:00", "a released page is still served")
	publish(hour().Previous().Previous())
	expect("12:00", "it does not give way to what has expired")
	now = noon.Add(3 * time.Minute)
	publish(hour().Previous())
	expect("11:00", "it gives way to an older window")
	publish(hour())
	publish(hour().Previous())
	expect("12:00", "but once only")
}

func TestStampedBoard(t *testing.T) {
	now := noon.Add(time.Minute)
	for name, test := range map[string]struct{ expires, want time.Time }{
		"withdrawn 45 minutes after the window's end": {noon.Add(67 * time.Minute), noon.Add(45 * time.Minute)},
		"or when the page expires, if that is sooner": {noon.Add(8 * time.Minute), noon.Add(8 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			board := NewStampedBoard(func() time.Time { return now })
			p, err := Encode(averages(), test.expires)
			if err != nil {
				t.Fatal(err)
			}
			board.Slot("").Publish(p)
			if got := board.Slot("").Page().Expires; !got.Equal(test.want) {
				t.Errorf("expires %s, want %s", got, test.want)
			}
			rows := 0
			for f := range board.Slot("").Page().Families() {
				for _, m := range f.Metric {
					stamped := strings.HasPrefix(f.GetName(), "model_")
					if (m.TimestampMs != nil) != stamped || stamped && m.GetTimestampMs() != noon.UnixMilli() {
						t.Errorf("%s has the timestamp %v", f.GetName(), m.TimestampMs)
					}
					rows++
				}
			}
			if want := 8 + 5; rows != want {
				t.Errorf("%d rows, want %d", rows, want)
			}
		})
	}
}

// A form is encoded once, and a page larger than a chunk is complete.
func TestHeadIsMadeOnce(t *testing.T) {
	a := &ledger.Averages{Window: hour(), Metrics: metric.Default().Metrics, Coverage: coverage()}
	for i := range 3000 {
		m := ledger.Model{Model: workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: fmt.Sprintf("m%05d", i)}}
		for range a.Metrics {
			m.Values = append(m.Values, some(float64(i)/7))
		}
		a.Models = append(a.Models, m)
	}
	p, err := Encode(a, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	board := NewBoard(func() time.Time { return noon })
	board.Slot("").Publish(p)
	form := Form{expfmt.FmtText, Identity}
	first, err := board.Head(form)
	if err != nil {
		t.Fatal(err)
	}
	second, err := board.Head(form)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.bytes) < 2 || &first.bytes[0][0] != &second.bytes[0][0] {
		t.Errorf("%d chunks, which are the same: %t", len(first.bytes), &first.bytes[0][0] == &second.bytes[0][0])
	}
	var out bytes.Buffer
	if n, err := first.WriteTo(&out); err != nil || int(n) != first.Len() {
		t.Errorf("wrote %d of %d bytes: %v", n, first.Len(), err)
	}
	if diff := cmp.Diff(text(t, slices.Collect(p.Families())), out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestOnly: the parts of a head are its families, also across the edges of chunks.
func TestOnly(t *testing.T) {
	a := averages()
	for i := range 3000 {
		m := ledger.Model{Model: workload.Model{Namespace: "team", Type: "SeldonDeployment", Name: fmt.Sprintf("m%05d", i)}}
		for n := range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: float64(i) / 7, OK: n != 3})
		}
		a.Models = append(a.Models, m)
	}
	p, err := Encode(a, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	head, err := p.heads[Form{expfmt.FmtText, Identity}]()
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{
		nil, {"nothing"}, {"model_containers_average"}, {"seldon_exporter_models", "model_memory_limits_bytes"}, {"model_cpu_limits", "model_cpu_limits"},
		{"model_cpu_requests", "model_cpu_usage_seconds_total", "model_memory_usage_bytes"},
	} {
		var got bytes.Buffer
		only := head.Only(names)
		if n, err := only.WriteTo(&got); err != nil || int(n) != only.Len() {
			t.Errorf("wrote %d of %d bytes: %v", n, only.Len(), err)
		}
		var want []*dto.MetricFamily
		for f := range p.Families() {
			if slices.Contains(names, f.GetName()) {
				want = append(want, f)
			}
		}
		if diff := cmp.Diff(text(t, want), got.String()); diff != "" {
			t.Errorf("%q: %s", names, diff)
		}
	}
}
