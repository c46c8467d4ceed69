package endtoend

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// soakPeriod makes twelve windows of the history's hour.
const soakPeriod = 5 * time.Minute

// TestSoak kills the exporter by SIGKILL at random moments, while it asks, delivers and
// catches up, each time on a receiver that has nothing yet. After it is back, every window
// is there, once, and right. SOAK_KILLS says how often, SOAK_SEED when.
func TestSoak(t *testing.T) {
	kills, seed := setting(t, "SOAK_KILLS", 10), setting(t, "SOAK_SEED", 1)
	t.Logf("SOAK_KILLS=%d SOAK_SEED=%d", kills, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	s := newSoak(t, func(*cluster.History) {})

	began := time.Now()
	whole := s.receiver(t)
	s.finish(t, whole)
	took := time.Since(began) // from the start of the process to the last mark
	s.judge(t, whole)

	for i := range kills {
		receiver := s.receiver(t)
		for moment := range 1 + random.IntN(2) {
			after := time.Duration(random.Int64N(int64(took)))
			t.Logf("kill %d.%d after %s of about %s", i+1, moment+1, after.Round(time.Millisecond), took.Round(time.Millisecond))
			s.kill(t, receiver, after)
		}
		s.finish(t, receiver)
		s.judge(t, receiver)
	}
}

// soak is a history that a Prometheus holds, and the windows of it.
type soak struct {
	binary  string
	source  *url.URL
	windows []accuracy.Placed
	cluster string // that the exporter gives its models, "" for none
}

func newSoak(t *testing.T, change func(*cluster.History)) *soak {
	placed, _ := settled(t, "several-at-once")
	change(&placed.History)
	// The hour's end is the newest end of a window.
	placed.Origin = window.Containing(time.Now(), soakPeriod).Start.Add(-placed.Window.To)
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, []accuracy.Placed{placed}); err != nil {
		t.Fatal(err)
	}
	s := &soak{binary: build(t), source: promtest.Start(t, prom.Options{Dir: dir}).URL()}
	for from := placed.Window.From; from < placed.Window.To; from += soakPeriod {
		one := placed
		one.Window = cluster.Span{From: from, To: from + soakPeriod}
		s.windows = append(s.windows, one)
	}
	return s
}

func (s *soak) receiver(t *testing.T) *url.URL {
	return promtest.Start(t, prom.Options{Dir: t.TempDir(), OutOfOrder: 2 * time.Hour}).URL()
}

func (s *soak) args(receiver *url.URL) []string {
	return []string{
		"--prometheus.url=" + s.source.String(),
		"--remote-write.url=" + receiver.JoinPath("api/v1/write").String(),
		"--remote-write.query-url=" + receiver.String(),
		"--time-period=" + model.Duration(soakPeriod).String(),
		"--settle-delay=0s",
		"--catch-up.max-age=90m", // a test that takes long still has its first window in it
		"--web.listen-address=127.0.0.1:0",
	}
}

// kill lets the exporter run for a while.
func (s *soak) kill(t *testing.T, receiver *url.URL, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	if out, err := exec.CommandContext(ctx, s.binary, s.args(receiver)...).CombinedOutput(); ctx.Err() == nil {
		t.Fatalf("it ended by itself: %v\n%s", err, out)
	}
}

// finish lets the exporter run until all windows are marked.
func (s *soak) finish(t *testing.T, receiver *url.URL) {
	t.Helper()
	p := s.start(t, receiver)
	defer p.Close()
	s.await(t, p, receiver)
}

func (s *soak) start(t *testing.T, receiver *url.URL) *process.Process {
	t.Helper()
	p, err := process.Start(process.Command{Path: s.binary, Args: s.args(receiver)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// await waits until each window of which something can be known is marked.
func (s *soak) await(t *testing.T, p *process.Process, receiver *url.URL) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		marked := map[int64]bool{}
		for _, series := range s.stored(t, receiver, "seldon_exporter_window_delivered_timestamp_seconds") {
			for _, sample := range series.Values {
				marked[sample.at(t)] = true
			}
		}
		missing := 0
		for _, w := range s.windows {
			if len(w.Truth()) > 0 && !marked[w.Span().End.UnixMilli()] {
				missing++
			}
		}
		if missing == 0 {
			return
		}
		select {
		case <-p.Done():
			t.Fatal(p.Err())
		case <-deadline:
			t.Fatalf("%d windows are still missing", missing)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// judge holds all that was delivered against the truth.
func (s *soak) judge(t *testing.T, receiver *url.URL) {
	t.Helper()
	results := map[int64]accuracy.Result{}
	for _, w := range s.windows {
		results[w.Span().End.UnixMilli()] = accuracy.Result{Values: map[cluster.Model]cluster.Values{}}
	}
	for metric := range cluster.NumMetrics {
		for _, series := range s.stored(t, receiver, metric.String()) {
			id := cluster.Model{Namespace: series.Metric["namespace"], Type: series.Metric["type"], Name: series.Metric["name"]}
			for _, sample := range series.Values {
				at := sample.at(t)
				if at%soakPeriod.Milliseconds() != 0 {
					t.Errorf("%s of %v has a sample at %d, which is no window's end", metric, id, at)
				}
				result, known := results[at]
				if !known {
					continue // of a window before the history's hour, or after it
				}
				values := result.Values[id]
				if values[metric].OK {
					t.Errorf("%s of %v is there twice at %d", metric, id, at)
				}
				values[metric] = cluster.Value{V: sample.value(t), OK: true}
				result.Values[id] = values
			}
		}
	}
	values := 0
	for _, w := range s.windows {
		verdict := accuracy.Judge(w, results[w.Span().End.UnixMilli()])
		for _, d := range verdict.Deviations {
			t.Errorf("window %s: %s", w.Span(), d)
		}
		values += verdict.Values
	}
	if values == 0 {
		t.Error("there is nothing to judge")
	}
}

// series is what a receiver has of one, sample by sample.
type series struct {
	Metric map[string]string
	Values []sample
}

type sample [2]any

func (s sample) at(t *testing.T) int64 {
	t.Helper()
	seconds, ok := s[0].(float64)
	if !ok {
		t.Fatalf("time %v", s[0])
	}
	return int64(seconds*1000 + 0.5)
}

func (s sample) value(t *testing.T) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(fmt.Sprint(s[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// stored returns every sample of a metric that is of the cluster, as it was written.
func (s *soak) stored(t *testing.T, receiver *url.URL, metric string) []series {
	t.Helper()
	of := fmt.Sprintf("{cluster=%q}", s.cluster)
	if s.cluster != "" && !strings.HasPrefix(metric, "model_") {
		of = fmt.Sprintf("{upstream=%q}", s.cluster)
	}
	u := receiver.JoinPath("api/v1/query")
	u.RawQuery = url.Values{"query": {metric + of + "[3h]"}}.Encode()
	var answer struct{ Data struct{ Result []series } }
	if err := json.Unmarshal(get(t, u.String()), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Result
}

// setting reads a number from the environment.
func setting(t *testing.T, name string, fallback int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of 1 or more", name, text)
	}
	return n
}
