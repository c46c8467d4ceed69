//go:build !race

package downsample

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	maxAnswer     = 8 << 20 // the setting whose bound is measured
	endlessWindow = 2 * time.Minute
)

// endless are answers that go on for a hundred times what is allowed, or that come to that.
func endless() []endlessAnswer {
	const rows = `{"status":"success","data":{"resultType":"matrix","result":[`
	start := noon.Add(-endlessWindow).UnixMilli()
	at := func(n int) float64 { return float64(start+int64(n)) / 1000 }
	series := func(n int, samples ...promapi.Sample) []byte {
		s := line(fmt.Sprintf("kube_pod_labels namespace=ns pod=p uid=u%d label_seldon_deployment_id=m job=ksm instance=ksm", n), 0, 0, time.Second, 0)
		s.Samples = samples
		return chunked(0, s)
	}
	frame := func(m []byte) []byte { return frames(appendMessage(nil, m)) }
	dense := make([]promapi.Sample, 4800) // of two bits each
	return []endlessAnswer{
		{name: "spaces", form: inJSON, next: constant(strings.Repeat(" ", 1000))},
		{name: "spaces before a row", form: inJSON, begin: rows, next: constant(strings.Repeat(" ", 1000))},
		{name: "a string", form: inJSON, begin: rows + `{"metric":{"pod":"`, next: constant(strings.Repeat("x", 1000))},
		{name: "a string of escapes", form: inJSON, begin: rows + `{"metric":{"pod":"`, next: constant(strings.Repeat(`\u00e4`, 200))},
		{name: "a string that is skipped", form: inJSON, begin: `{"more":"`, next: constant(strings.Repeat("x", 1000))},
		{name: "empty rows", form: inJSON, begin: rows, next: constant(`{},`)},
		{name: "depth", form: inJSON, next: constant(`{"data":`)},
		{name: "short rows", form: inJSON, begin: rows, next: func(n int) []byte {
			return fmt.Appendf(nil, `{"metric":{"__name__":"kube_pod_labels","namespace":"ns","pod":"p","uid":"%d"},"values":[[%.3f,"1"]]},`, n, at(0))
		}},
		{name: "shortest rows", form: inJSON, begin: rows, next: constant(fmt.Sprintf(`{"values":[[%.3f,"1"]]},`, at(0)))},
		{name: "a row of labels", form: inJSON, begin: rows + `{"metric":{`, next: func(n int) []byte { return fmt.Appendf(nil, `"%d":"",`, n) }},
		{name: "a row of samples", form: inJSON, begin: rows + `{"values":[`, next: func(n int) []byte { return fmt.Appendf(nil, `[%.3f,"1"],`, at(n)) }},
		{name: "rows in gzip", form: inJSON, gzip: true, begin: rows, next: constant(strings.Repeat(fmt.Sprintf(`{"values":[[%.3f,"1"]]},`, at(0)), 1000))},
		{name: "a string in gzip", form: inJSON, gzip: true, begin: rows + `{"metric":{"pod":"`, next: constant(strings.Repeat("x", 1<<20))},
		{name: "empty frames", form: inChunks, next: constant(string(frame(nil)))},
		{name: "large frames", form: inChunks, next: constant(string(frame(appendBytes(nil, 15, make([]byte, 1<<20)))))},
		{name: "one frame", form: inChunks, begin: "\xff\xff\xff\x03", next: constant(strings.Repeat("x", 1000))},
		{name: "tiny series", form: inChunks, next: func(n int) []byte { return frame(series(n, promapi.Sample{T: start})) }},
		{name: "series without samples", form: inChunks, next: func(n int) []byte { return frame(series(n)) }},
		{name: "a series of dense chunks", form: inChunks, next: func(n int) []byte {
			for i := range dense {
				dense[i] = promapi.Sample{T: int64(n*len(dense) + i)}
			}
			return frame(series(0, dense...))
		}},
		{name: "series of dense chunks", form: inChunks, next: func(n int) []byte {
			for i := range dense {
				dense[i] = promapi.Sample{T: start + int64(i)}
			}
			return frame(series(n, dense...))
		}},
		{name: "labels without names", form: inChunks, next: constant(string(frame(appendBytes(nil, 1, []byte(strings.Repeat("\x0a\x00", 500_000))))))},
		{name: "whole", form: inSamples, next: constant(strings.Repeat("x", 1000))},
		{name: "whole, announced as large", form: inSamples, begin: "\xff\xff\xff\xff\x07", next: constant(strings.Repeat("x", 1000))},
		{name: "whole, zeros", form: inSamples, begin: string(s2.EncodeSnappy(nil, make([]byte, 100*maxAnswer))), next: constant("x")},
	}
}

type endlessAnswer struct {
	name  string
	form  form
	gzip  bool
	begin string
	next  func(n int) []byte
}

func constant(s string) func(int) []byte { return func(int) []byte { return []byte(s) } }

func (e endlessAnswer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", contentTypes()[e.form])
	var out io.Writer = w
	if e.gzip {
		w.Header().Set("Content-Encoding", "gzip")
		out = gzip.NewWriter(w)
	}
	if _, err := io.WriteString(out, e.begin); err != nil {
		return
	}
	for n, sent := 0, 0; sent < 100*maxAnswer; n++ {
		written, err := out.Write(e.next(n))
		if err != nil {
			return
		}
		sent += written
	}
}

// TestMemory holds what a process needs while it reads answers without an end against its
// bound: twice the setting, over what it needs anyway.
func TestMemory(t *testing.T) {
	if url := os.Getenv("MEMORY_OF"); url != "" {
		read(t, url)
		return
	}
	if testing.Short() {
		t.Skip("takes a process for each answer")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("a process' peak memory is read from /proc/self/status, which this system does not have")
	}
	for _, e := range endless() {
		for _, from := range []int{0, 1} { // the question about pods, and the one after it
			t.Run(fmt.Sprintf("%s/%d", e.name, from), func(t *testing.T) {
				asked := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if asked++; asked > from {
						e.ServeHTTP(w, r)
						return
					}
					u := upstream{form: e.form, framed: true, series: []promapi.Series{line("kube_pod_labels namespace=ns pod=p uid=u label_seldon_deployment_id=m job=ksm instance=ksm", 59, 60, time.Second, 1)}}
					u.ServeHTTP(w, r)
				}))
				defer server.Close()
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemory$", "-test.v")
				cmd.Env = append(os.Environ(), "MEMORY_OF="+server.URL, "MEMORY_FORM="+fmt.Sprint(int(e.form)), "GOGC=100",
					"GOMAXPROCS=1") // the garbage is collected at the same moments, however busy the machine is
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				var idle, peak int
				_, figures, _ := strings.Cut(string(out), "idle, peak: ")
				if _, err := fmt.Sscanf(figures, "%d kB, %d kB", &idle, &peak); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				used := peak - idle
				t.Logf("%.1f of %d MiB, %d requests\n%s", float64(used)/1024, 2*maxAnswer>>20, asked, figures)
				if used > 2*maxAnswer>>10 {
					t.Errorf("%d KiB, want %d at most", used, 2*maxAnswer>>10)
				}
			})
		}
	}
}

// read computes a window of a server, and prints what the process needed before and at most.
func read(t *testing.T, server string) {
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	client, err := promapi.New(promapi.Config{
		URL: u, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, MaxAnswerBytes: maxAnswer, Compress: true, Log: slog.New(slog.DiscardHandler),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	transport := fetch.RemoteRead
	if os.Getenv("MEMORY_FORM") == fmt.Sprint(int(inJSON)) {
		transport = fetch.PromQL
	}
	d := New(Config{
		Fetcher: fetch.New(fetch.Config{API: client, Transport: transport, Concurrency: 1, MaxAnswerBytes: maxAnswer, Now: time.Now, Log: slog.New(slog.DiscardHandler)}),
		Table:   metric.Default(), Kinds: workload.Kinds()[:2], Log: slog.New(slog.DiscardHandler),
	})
	debug.FreeOSMemory()
	idle := status(t, "VmRSS")
	_, err = d.Compute(t.Context(), window.Window{Start: noon.Add(-endlessWindow), End: noon})
	fmt.Printf("idle, peak: %d kB, %d kB\n%v\n", idle, status(t, "VmHWM"), err)
	if promapi.KindOf(err) == "" {
		t.Errorf("there is no error of a kind: %v", err)
	}
}

func status(t *testing.T, name string) (kib int) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(content), name+":")
	if _, err := fmt.Sscanf(line, "%d kB", &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
