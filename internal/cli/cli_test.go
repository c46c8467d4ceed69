package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// patience is how long a test waits for something that should happen immediately.
const patience = 30 * time.Second

// exporter is the running program.
type exporter struct {
	out    recorder // all it writes
	url    string
	cancel context.CancelFunc
	code   chan int
}

// recorder collects the output of several goroutines.
type recorder struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *recorder) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *recorder) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// program runs what main runs, and returns its exit code.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return Exit(Run(ctx, args, nil, stdout, stderr), stderr)
}

var listening = regexp.MustCompile(`"?msg"?[=:]"Listening on",? ?"?address"?[=:]"?([0-9.:]+)`)

// launch starts the exporter on a free port and waits until it listens.
func launch(t *testing.T, prometheus string, args ...string) *exporter {
	t.Helper()
	return launchAs(t, append([]string{"--prometheus.url=" + prometheus}, args...)...)
}

// launchAs is launch without a Prometheus.
func launchAs(t *testing.T, args ...string) *exporter {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := &exporter{cancel: cancel, code: make(chan int, 1)}
	args = append([]string{"--web.listen-address=127.0.0.1:0", "--log.level=debug", "--time-period=1m", "--settle-delay=0s"}, args...)
	go func() { e.code <- program(ctx, args, &e.out, &e.out) }()
	t.Cleanup(cancel)
	e.wait(t, "it listens", func() bool { return listening.MatchString(e.out.String()) })
	e.url = "http://" + listening.FindStringSubmatch(e.out.String())[1]
	return e
}

func (e *exporter) wait(t *testing.T, until string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s:\n%s", until, &e.out)
		}
	}
}

func (e *exporter) get(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answered(t, req)
}

// answered returns what a request is answered with.
func answered(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// end waits for the program to end and returns its exit code.
func (e *exporter) end(t *testing.T) int {
	t.Helper()
	select {
	case code := <-e.code:
		return code
	case <-time.After(5 * time.Second):
		t.Fatalf("did not stop within 5 s:\n%s", &e.out)
		return 0
	}
}

// nothing is a Prometheus with pods' labels but without models. It does not offer remote read.
func nothing(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/query") {
		http.NotFound(w, r)
		return
	}
	result := ""
	if strings.HasPrefix(r.FormValue("query"), `{__name__="kube_pod_labels"}[`) {
		result = fmt.Sprintf(`{"metric":{},"values":[[%s,"1"]]}`, r.FormValue("time"))
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s],"stats":{"samples":{"totalQueryableSamples":1}}}}`, result)
}

func TestExitCodes(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	inUse := taken.Addr().String()
	newest := window.Settled(time.Now(), time.Hour, time.Minute).End.Format(time.RFC3339)

	for name, test := range map[string]struct {
		args []string
		code int
		want string // all that is written to stderr
	}{
		"bad value":         {[]string{"--time-period=0"}, 1, `--time-period="0" is zero: choose from 1m to 31d`},
		"two bad values":    {[]string{"--time-period=0", "--kinds=,"}, 1, "--time-period=\"0\" is zero: choose from 1m to 31d\n--kinds=\",\" cannot be used: no kind is given: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server"},
		"good settings":     {[]string{"--config.check", "--config.file=" + file(t, "time-period: 2h\n"), "--web.listen-address=" + inUse}, 0, ""},
		"bad file":          {[]string{"--config.check", "--config.file=/no/such", "--kinds=,"}, 1, "--config.file=\"/no/such\" cannot be read: no such file or directory: name a YAML file\n--kinds=\",\" cannot be used: no kind is given: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server\nFAILED: wrong settings: 2"},
		"bad certificate":   {[]string{"--config.check", "--prometheus.config-file=" + file(t, "tls_config: {ca_file: /no/such}")}, 1, "--prometheus.config-file cannot be used: unable to read CA cert: unable to read file /no/such: open /no/such: no such file or directory"},
		"usage":             {[]string{"--bogus"}, 2, "unknown long flag '--bogus' (see --help)"},
		"help":              {[]string{"--help"}, 0, ""},
		"version":           {[]string{"--version"}, 0, ""},
		"not settled":       {[]string{"once", "--end=2100-01-01T00:00:00Z"}, 1, "the window [2099-12-31T23:00:00Z, 2100-01-01T00:00:00Z) is not settled yet: choose " + newest + " or an earlier end"},
		"address in use":    {[]string{"--prometheus.url=" + prometheus.URL, "--web.listen-address=" + inUse, "--log.level=error"}, 1, "--web.listen-address: listen tcp " + inUse + ": bind: address already in use: choose another address"},
		"no socket":         {[]string{"--prometheus.url=" + prometheus.URL, "--web.systemd-socket", "--log.level=error"}, 1, "--web.systemd-socket: no socket activation file descriptors found: start the exporter by a .socket unit"},
		"unreadable token":  {[]string{"--prometheus.token-file=/no/such"}, 1, `--prometheus.token-file="/no/such" cannot be read: no such file or directory: name a file that holds the token`},
		"unreadable CA":     {[]string{"--prometheus.config-file=" + file(t, "tls_config: {ca_file: /no/such}")}, 1, "--prometheus.config-file cannot be used: unable to read CA cert: unable to read file /no/such: open /no/such: no such file or directory"},
		"not a URL at all":  {[]string{"--prometheus.url=localhost:8080"}, 1, `--prometheus.url="localhost:8080" does not begin with http:// or https://: write it like http://prometheus:9090`},
		"secrets in no URL": {[]string{"--prometheus.url=joe:s3cret@localhost"}, 1, `--prometheus.url=(hidden) does not begin with http:// or https://: write it like http://prometheus:9090`},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := program(t.Context(), test.args, &stdout, &stderr)
			var want strings.Builder
			for line := range strings.SplitSeq(test.want, "\n") {
				if line != "" {
					fmt.Fprintf(&want, "%s: %s\n", config.Name, line)
				}
			}
			if code != test.code || stderr.String() != want.String() {
				t.Errorf("exit code %d, want %d; wrote\n%swant\n%s", code, test.code, &stderr, &want)
			}
			if (stdout.Len() > 0) != (code == 0) {
				t.Errorf("wrote to stdout: %s", &stdout)
			}
		})
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServesFromStartToStop(t *testing.T) {
	release := make(chan struct{})
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		nothing(w, r)
	}))
	defer prometheus.Close()
	e := launch(t, prometheus.URL+"/api/v1/")

	if code, _ := e.get(t, "/-/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("ready before the first window: %d", code)
	}
	if code, _ := e.get(t, "/-/healthy"); code != http.StatusOK {
		t.Errorf("not healthy before the first window: %d", code)
	}
	if code, body := e.get(t, "/metrics"); code != http.StatusOK || strings.Contains(body, "seldon_exporter_models") {
		t.Errorf("metrics before the first window: %d\n%s", code, body)
	}
	close(release)
	e.wait(t, "it is ready", func() bool { code, _ := e.get(t, "/-/ready"); return code == http.StatusOK })
	_, body := e.get(t, "/metrics")
	for _, want := range []string{"seldon_exporter_models 0\n", `seldon_exporter_refreshes_total{result="success"} 1`, "seldon_exporter_build_info{", "go_goroutines ", "process_start_time_seconds ",
		"seldon_exporter_window_end_timestamp_seconds ", `seldon_exporter_upstream_requests_total{code="200"}`} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if n := strings.Count(e.out.String(), `msg="Window computed"`); n != 1 {
		t.Errorf("%d lines for one window:\n%s", n, &e.out)
	}
	e.cancel()
	if code := e.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestStopsInTheMiddleOfAQuery(t *testing.T) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // so that an early signal does not end the test
	defer signal.Stop(signals)
	for name, stop := range map[string]func(*exporter){
		"context": func(e *exporter) { e.cancel() },
		"SIGTERM": func(*exporter) { syscall.Kill(os.Getpid(), syscall.SIGTERM) },
		"SIGINT":  func(*exporter) { syscall.Kill(os.Getpid(), syscall.SIGINT) },
		"a client that dawdles": func(e *exporter) {
			fmt.Fprint(dial(t, e), "GET /metrics HTTP/1.1\r\n")
			e.cancel()
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{}, 100)
			prometheus := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // only then does the server notice that the client hangs up
				asked <- struct{}{}
				<-r.Context().Done()
			}))
			defer prometheus.Close()
			e := launch(t, prometheus.URL)
			<-asked
			stop(e)
			if code := e.end(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(e.out.String(), "Window failed") {
				t.Errorf("being stopped is logged as a failure:\n%s", &e.out)
			}
		})
	}
}

func dial(t *testing.T, e *exporter) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
