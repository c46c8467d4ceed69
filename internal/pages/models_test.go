package pages

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
)

// names returns the names of the rows, in their order.
func names(t *testing.T, h http.Handler, path string) []string {
	t.Helper()
	w := get(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d", path, w.Code)
	}
	var all []string
	for _, m := range regexp.MustCompile(`class="name"><a href="[^"]*">([^<]*)<`).FindAllStringSubmatch(w.Body.String(), -1) {
		all = append(all, m[1])
	}
	return all
}

func TestModels(t *testing.T) {
	h := newSite(t, some())
	for path, want := range map[string]string{
		"/":                        "embedder scorer ocr resnet",
		"/?sort=name":              "embedder ocr resnet scorer",
		"/?sort=-name":             "scorer resnet ocr embedder",
		"/?sort=-cpu":              "resnet embedder ocr scorer",
		"/?sort=cpu":               "scorer ocr embedder resnet",
		"/?sort=-memory":           "embedder ocr scorer resnet", // what is unknown is last
		"/?sort=memory":            "scorer ocr embedder resnet",
		"/?sort=-cpu-of-request":   "ocr embedder scorer resnet",
		"/?namespace=vision":       "ocr resnet",
		"/?type=SeldonDeployment":  "embedder scorer",
		"/?q=R":                    "embedder scorer ocr resnet",
		"/?q=RESN":                 "resnet",
		"/?q=fraud&sort=-name":     "scorer embedder",
		"/?by=namespace":           "fraud vision",
		"/?by=namespace&sort=-cpu": "vision fraud",
		"/?by=namespace&q=ocr":     "vision",
		"/?by=namespace&type=none": "",
		"/?namespace=none":         "",
	} {
		if got := strings.Join(names(t, h, path), " "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	has(t, get(t, h, "/"), "1 Mar 2026, 11:00</time>", "12:00 UTC", `kube-state-metrics <b>100 %</b>, cadvisor <b class="warn">98.7 %</b>`, "13:01 UTC", "http://prometheus:9090</span> by remote-read",
		`<data class="value" value="0.35">350m</data>`, `<span class="share">70 % of request</span>`, "no limit", `<data class="value" value="5261334937.6">4.9 GiB</data>`, "Version 1.2.3")
	has(t, get(t, h, "/?namespace=none"), "None of the 4 models matches")
}

// TestTotals: sums are of what is shown, and what is unknown of one model is left out.
func TestTotals(t *testing.T) {
	w := get(t, newSite(t, some()), "/?by=namespace&format=csv")
	want := "namespace,models,model_containers_average,model_cpu_usage_seconds_total,model_memory_usage_bytes,model_cpu_requests,model_cpu_limits,model_memory_requests_bytes,model_memory_limits_bytes\n" +
		"fraud,2,1.98,1.75,6012954214.400001,2.5,4,9663676416,17179869184\n" +
		"vision,2,2.5,3.6,966367641.6,0.5,1,1073741824,2147483648\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNoModels(t *testing.T) {
	w := get(t, newSite(t, nil), "/")
	has(t, w, "No averages yet", "none yet", "as soon as it has settled")
	w = get(t, newSite(t, nil, func(c *Config) {
		c.Upstreams[0].State = func() State { return State{Error: "unreachable: no", ErrorTime: noon, Shard: "1/3"} }
	}), "/")
	has(t, w, "No averages yet", "unreachable: no", "It tries again by itself", "1/3", "under way")
	has(t, get(t, newSite(t, averages()), "/"), "No models in this window", "--metric-labels-allowlist")
}

func TestDelivery(t *testing.T) {
	h := newSite(t, some(), func(c *Config) {
		c.Upstreams[0].State = func() State {
			return State{Receiver: "http://receiver/write?...", Missing: 3, OldestMissing: noon, DeliveryError: "transient: boom", DeliveryErrorTime: noon}
		}
	})
	has(t, get(t, h, "/"), "http://receiver/write?...", "3 windows missing", "<strong>The last delivery failed</strong>", "transient: boom")
}

func many(n int) *ledger.Averages {
	var models []ledger.Model
	for i := range n {
		models = append(models, modelOf(fmt.Sprintf("team-%03d", i/20), "SeldonDeployment", fmt.Sprintf("model-%05d", i), 1, float64(i%97)/50, float64(i%31), 1, 2, 8, 16))
	}
	return averages(models...)
}

func TestPaging(t *testing.T) {
	h := newSite(t, many(120))
	first, last := names(t, h, "/"), names(t, h, "/?page=3")
	if len(first) != 50 || first[0] != "model-00000" || len(last) != 20 || last[19] != "model-00119" {
		t.Errorf("pages of %d and %d rows: %v, %v", len(first), len(last), first, last)
	}
	has(t, get(t, h, "/?q=model&sort=-cpu"), "1–50 of 120", `rel="next" href="?page=2&amp;q=model&amp;sort=-cpu"`)
	w := get(t, h, "/?page=3")
	has(t, w, "101–120 of 120", `rel="prev" href="?page=2"`, "page 3 of 3")
	if strings.Contains(w.Body.String(), `rel="next"`) {
		t.Error("the last page has a next one")
	}
}

// TestFormats: CSV and JSON have all rows of what the filter selects, in its order.
func TestFormats(t *testing.T) {
	h := newSite(t, many(120))
	rows, err := csv.NewReader(get(t, h, "/?q=model&sort=-name&format=csv").Body).ReadAll()
	if err != nil || len(rows) != 121 || rows[1][2] != "model-00119" || rows[0][3] != "model_containers_average" {
		t.Errorf("%d rows, %v: %v", len(rows), err, rows[:2])
	}
	var got struct {
		State struct {
			Window   struct{ Start, End string }
			Coverage map[string]float64
		}
		Models []map[string]any
	}
	w := get(t, newSite(t, some()), "/?format=json&namespace=fraud")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"namespace": "fraud", "type": "SeldonDeployment", "name": "scorer", "model_containers_average": 0.98, "model_cpu_usage_seconds_total": 0.35,
		"model_memory_usage_bytes": 0.7 * gibi, "model_cpu_requests": 0.5, "model_cpu_limits": nil, "model_memory_requests_bytes": 1.0 * gibi, "model_memory_limits_bytes": nil,
	}
	if len(got.Models) != 2 || got.State.Window.End != "2026-03-01T12:00:00Z" || got.State.Coverage["cadvisor"] != 0.9873 {
		t.Errorf("%+v", got)
	} else if diff := cmp.Diff(want, got.Models[1]); diff != "" {
		t.Error(diff)
	}
	if w := get(t, newSite(t, nil), "/?format=json"); !strings.Contains(w.Body.String(), `"window": null`) {
		t.Errorf("without a window: %s", w.Body)
	}
}

// TestInert: no spreadsheet takes a text for a formula.
func TestInert(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "m": "m", "-1.5": "-1.5", "+2e3": "+2e3", "=1+1": "'=1+1", "@x": "'@x", "-1+cmd": "'-1+cmd", "+x": "'+x", "\tx": "'\tx", "a=b": "a=b", "-": "'-",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q is written %q, want %q", cell, got, want)
		}
	}
}

func BenchmarkModels(b *testing.B) {
	h := newSite(b, many(10_000))
	for _, path := range []string{"/", "/?sort=-cpu-of-request&page=200", "/?q=model-0", "/?by=namespace&sort=-memory"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if w := get(b, h, path); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
