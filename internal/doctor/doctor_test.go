package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// fake answers every query with nothing, and each window takes a time.
type fake struct {
	takes     time.Duration
	elapsed   time.Duration
	err       error
	found     bool
	delivered int
	engine    string // "" is a Prometheus
}

func (f *fake) Instant(context.Context, string, time.Time) (*promapi.Answer, error) {
	return &promapi.Answer{}, f.err
}

func (f *fake) Range(context.Context, string, time.Time, time.Time, time.Duration) (*promapi.Answer, error) {
	return &promapi.Answer{}, f.err
}

func (f *fake) BuildInfo(context.Context) (promapi.BuildInfo, error) {
	return promapi.BuildInfo{Version: "3.0.0"}, f.err
}
func (f *fake) Engine(context.Context) promapi.Engine { return promapi.EngineNamed(f.engine) }
func (f *fake) ServerNow() (time.Time, bool)          { return time.Time{}, false }
func (f *fake) Received() int64                       { return 0 }

func (f *fake) Survey(_ context.Context, w window.Window) (*inventory.Inventory, *ledger.Averages, error) {
	f.elapsed += f.takes
	return &inventory.Inventory{}, &ledger.Averages{Window: w, Cost: fetch.Cost{Queries: 2, SamplesRead: 3000}}, f.err
}

func (f *fake) Try(context.Context, time.Time) error { return nil }
func (f *fake) Tried(context.Context, time.Time) (bool, error) {
	f.delivered++
	return f.found, nil
}

func (f *fake) Delivered(context.Context, time.Time, time.Time) (window.Ends, error) {
	return window.EndsOf(window.Window{End: time.Unix(3600, 0)}), nil
}

func (f *fake) exam(period time.Duration) *exam {
	begin := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return &exam{unmet: map[string]string{}, Config: Config{
		Server: f, Surveyor: f, Stored: f, Receiver: f, MayWrite: true, Period: period, CatchUp: time.Hour,
		ReadBy: func(context.Context) fetch.Transport { return fetch.RemoteRead },
		Remedy: func(error) string { return "" },
		Named:  func(s string) string { return s },
		Now:    func() time.Time { return begin.Add(f.elapsed) },
		Table:  metric.Default(), Kinds: workload.Kinds(),
	}}
}

func row(t *testing.T, name string) Check {
	t.Helper()
	i := slices.IndexFunc(Checks(), func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %q", name)
	}
	return Checks()[i]
}

func TestWindowIsSlow(t *testing.T) {
	for _, c := range []struct {
		period, takes time.Duration
		status        Status
		found         string
	}{
		{time.Hour, 5 * time.Minute, Pass, "one window of 1h: 2 requests, 3000 samples, 0 B, 300 s"},
		{time.Hour, 7 * time.Minute, Warn, "one window of 1h: 2 requests, 3000 samples, 0 B, 420 s"},
		{7 * 24 * time.Hour, time.Minute, Pass, "one window of 1w: about 14 requests, 21000 samples, 0 B, 420 s"},
	} {
		e := (&fake{takes: c.takes}).exam(c.period)
		r := e.make(t.Context(), row(t, "window"))
		if r.Status != c.status || r.Found != c.found || (r.Remedy != "") != (c.status == Warn) {
			t.Errorf("%s in %s: %s %q %q", c.takes, c.period, r.Status, r.Found, r.Remedy)
		}
		if length := e.window.Period(); length > longestSurvey {
			t.Errorf("%s are read", length)
		}
	}
}

// TestNotFound has a receiver that accepts a sample and does not store it.
func TestNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		begin := time.Now()
		r := f.exam(time.Hour).make(t.Context(), row(t, "read-back"))
		if r.Status != Fail || r.Fault != "not-found" || r.Remedy == "" {
			t.Errorf("%+v", r)
		}
		if waited := time.Since(begin); waited != longestLook || f.delivered != 61 {
			t.Errorf("%d queries in %s", f.delivered, waited)
		}
		f.found = true
		if r := f.exam(time.Hour).make(t.Context(), row(t, "read-back")); r.Status != Pass || r.Found != "yes; 1 window of the last 1h delivered" {
			t.Errorf("%+v", r)
		}
	})
}

// TestQuestionFails has queries fail after the first one: nothing is found, and it is said.
func TestQuestionFails(t *testing.T) {
	f := &fake{err: &promapi.Error{Kind: promapi.Unavailable, Err: errors.New("503 \x1b[2J")}}
	e := f.exam(time.Hour)
	e.Remedy = func(err error) string { return "check " + string(promapi.KindOf(err)) }
	r := e.make(t.Context(), row(t, "model-labels"))
	if r.Status != Fail || r.Fault != "" || r.Found != "the question failed: unavailable: 503 \ufffd[2J" || r.Remedy != "check unavailable" {
		t.Errorf("%+v", r)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var made []string
	_, err := Run(ctx, (&fake{}).exam(time.Hour).Config, func(name string) {
		made = append(made, name)
		cancel()
	})
	if !errors.Is(err, context.Canceled) || len(made) != 1 {
		t.Errorf("%v, %v", made, err)
	}
}

// TestTable checks the table itself: names are those of headings, each check comes after those
// that it needs, and every fault says what to do.
func TestTable(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	known := map[string]bool{}
	for _, c := range Checks() {
		if !name.MatchString(c.Name) || known[c.Name] {
			t.Errorf("the name %q", c.Name)
		}
		for _, need := range c.Needs {
			if !known[need] {
				t.Errorf("%s needs %s, which does not come before it", c.Name, need)
			}
		}
		known[c.Name] = true
		if !strings.HasSuffix(c.Question, "?") || c.Judged == "" || c.run == nil {
			t.Errorf("%s is not whole: %+v", c.Name, c)
		}
		faults := map[string]bool{}
		for _, f := range c.Faults {
			if !name.MatchString(f.Name) || faults[f.Name] || f.Means == "" || f.Remedy == "" || f.Status != Warn && f.Status != Fail {
				t.Errorf("%s: %+v", c.Name, f)
			}
			faults[f.Name] = true
			if advice := f.Advice(workload.Kinds()); strings.Contains(advice, "{") {
				t.Errorf("%s/%s: %s", c.Name, f.Name, advice)
			}
		}
	}
}

func TestText(t *testing.T) {
	report := &Report{
		URL: "http://prometheus:9090",
		Results: []Result{
			{Group: "A", Check: Check{Name: "first"}, Status: Pass, Found: "it answers"},
			{Group: "A", Check: Check{Name: "second-one"}, Status: Warn, Found: strings.Repeat("long words ", 12), Remedy: "do this:\n\n    code: [" + strings.Repeat("x", 90) + "]\n\nand that"},
			{Group: "B", Check: Check{Name: "third"}, Status: Fail, Found: "naïve " + strings.Repeat("é", 48), Remedy: "fix it"},
			{Group: "B", Check: Check{Name: "fourth"}, Status: Skipped, Found: "it needs third"},
		},
		Calendar: &Calendar{Days: []Day{{Date: time.Unix(0, 0).UTC(), Scraped: 1, Recorded: 0.5}}, Recorded: true},
	}
	want := `http://prometheus:9090

A
  pass  first       it answers
  warn  second-one  long words long words long words long words long words long
                    words long words long words long words long words long words
                    long words
        -> Do this:

             code: [` + strings.Repeat("x", 90) + `]

           and that
           see docs/troubleshooting.md#second-one

B
  FAIL  third       naïve ` + strings.Repeat("é", 48) + `
        -> Fix it
           see docs/troubleshooting.md#third
  skip  fourth      it needs third

The last 1 days (UTC), 1970-01-01 to 1970-01-01: the covered part of each
  kube-state-metrics scraped   █
  windows that are recorded    ▄

4 checks: 1 passed, 1 warning, 1 failed, 1 skipped
`
	var plain, colored bytes.Buffer
	if err := errors.Join(report.Text(&plain, Style{}), report.Text(&colored, Style{Color: true})); err != nil {
		t.Fatal(err)
	}
	if plain.String() != want {
		t.Errorf("got\n%s\nwant\n%s", plain.String(), want)
	}
	for line := range strings.Lines(plain.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns && !strings.Contains(line, "code") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if got := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(colored.String(), ""); got != want {
		t.Errorf("without colors\n%s", got)
	}
	for _, painted := range []string{"\x1b[32mpass\x1b[0m", "\x1b[33mwarn\x1b[0m", "\x1b[31mFAIL\x1b[0m", "\x1b[2mskip\x1b[0m"} {
		if !strings.Contains(colored.String(), painted) {
			t.Errorf("no %q", painted)
		}
	}
}

func TestJSON(t *testing.T) {
	report := &Report{URL: "http://p", Results: []Result{{Group: "A", Check: Check{Name: "first", Question: "Is it?"}, Status: Warn, Fault: "f", Found: "x\x1b", Remedy: "y"}}}
	var out bytes.Buffer
	if err := report.JSON(&out); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(out.Bytes(), '\x1b') {
		t.Error("a control character")
	}
	var d document
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Status != Warn || d.Summary.Warn != 1 || len(d.Checks) != 1 || d.Checks[0].Link != "docs/troubleshooting.md#first" || d.Cost != nil {
		t.Errorf("%+v", d)
	}
}

func TestBlock(t *testing.T) {
	for share, want := range map[float64]string{0: "·", 0.001: "▁", 0.5: "▄", 0.99: "▇", 1: "█"} {
		if got := Block(share); got != want {
			t.Errorf("%v is %s, want %s", share, got, want)
		}
	}
}

// TestServer: what VictoriaMetrics calls its version is that of a Prometheus.
func TestServer(t *testing.T) {
	for engine, want := range map[string]string{
		"": "prometheus 3.0.0", "thanos": "thanos 3.0.0", "victoriametrics": "victoriametrics, which does not say which version",
	} {
		f := &fake{engine: engine}
		if got, err := server(t.Context(), f.exam(time.Hour)); err != nil || got.Found != want {
			t.Errorf("%q: %q, want %q (%v)", engine, got.Found, want, err)
		}
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"2.41.0", "2.42", true}, {"2.42.0", "2.42", false}, {"v1.8.2", "2.42", true}, {"3.0.0", "2.42", false},
		{"2.42.0+ds", "2.42", false}, {"", "2.42", false}, {"main", "2.42", false}, {"2.x", "2.42", false},
	} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%q, %q) is %v", c.a, c.b, got)
		}
	}
}
