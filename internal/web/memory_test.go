package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestPeakMemory compares the peak memory of a process with 70,000 series, over refreshes and
// scrapes, with an exporter of seven vectors of gauges: it must be at most half.
func TestPeakMemory(t *testing.T) {
	if whose := os.Getenv("PEAK_MEMORY_OF"); whose != "" {
		live(t, whose, os.Getenv("PEAK_MEMORY_ENCODING"))
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("a process' peak memory is read from /proc/self/status, which this system does not have")
	}
	theirs := peak(t, "promhttp", "identity") // compressed it needs no less
	for _, encoding := range []string{"identity", "gzip"} {
		t.Run(encoding, func(t *testing.T) {
			ours := peak(t, "ours", encoding)
			t.Logf("ours %d MiB, promhttp %d MiB", ours>>10, theirs>>10)
			if 2*ours > theirs {
				t.Errorf("ours needed %d KiB, promhttp %d KiB: want half at most", ours, theirs)
			}
		})
	}
}

// peak runs this test in a process of its own, and returns its largest resident set in KiB.
// One processor makes it steady: with several, garbage waits for a turn of unknown length.
func peak(t *testing.T, whose, encoding string) (kib int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPeakMemory$", "-test.v")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "PEAK_MEMORY_OF="+whose, "PEAK_MEMORY_ENCODING="+encoding)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", whose, err, out)
	}
	_, line, _ := strings.Cut(string(out), "VmHWM:")
	if _, err := fmt.Sscanf(line, "%d kB", &kib); err != nil {
		t.Fatalf("%s prints no peak: %v\n%s", whose, err, out)
	}
	return kib
}

// live serves two windows and prints the peak.
func live(t *testing.T, whose, encoding string) {
	e := exporters()[whose]()
	for range 2 {
		if err := e.refresh(many(manyModels)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept-Encoding", encoding)
			e.ServeHTTP(&nowhere{header: http.Header{}}, r)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(status))
}

// TestWhateverIsAskedForIsThere: beyond the first scrape in a format, no scrape takes memory for
// the models, in which format and encoding and for which families ever it is.
func TestWhateverIsAskedForIsThere(t *testing.T) {
	const most = 4 << 20 // an encoder that was collected is made again; promhttp allocates 17 MiB for 10,000
	e := ourExporter()
	if err := e.refresh(many(10_000)); err != nil {
		t.Fatal(err)
	}
	for asked, accept := range accepts {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			for _, url := range []string{"/metrics", "/metrics?name[]=model_cpu_limits", "/metrics?name[]=x"} {
				t.Run(asked+" "+encoding+url, func(t *testing.T) {
					r := httptest.NewRequest(http.MethodGet, url, nil)
					r.Header = http.Header{"Accept": {accept}, "Accept-Encoding": {encoding}}
					e.ServeHTTP(&nowhere{header: http.Header{}}, r)
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					e.ServeHTTP(&nowhere{header: http.Header{}}, r)
					runtime.ReadMemStats(&after)
					if used := after.TotalAlloc - before.TotalAlloc; used > most {
						t.Errorf("%d KiB were allocated, want %d at most", used>>10, most>>10)
					}
				})
			}
		}
	}
}

// stuck is a client that reads nothing until it is told to.
type stuck struct {
	nowhere
	begun, read chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.read
	return len(p), nil
}

// TestScrapesAtOnce: so many are answered at once, and others are told to come again.
func TestScrapesAtOnce(t *testing.T) {
	e := ourExporter()
	begun, read := make(chan struct{}), make(chan struct{})
	var scrapes sync.WaitGroup
	for range mostScrapes {
		scrapes.Go(func() {
			e.ServeHTTP(&stuck{nowhere{header: http.Header{}}, begun, read}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		})
		<-begun
	}
	if got := scrape(e, http.MethodGet, "/metrics", nil); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more is answered %s", got.Status)
	}
	close(read)
	go func() {
		for range begun { // they go on writing
		}
	}()
	scrapes.Wait()
	close(begun)
	if got := scrape(e, http.MethodGet, "/metrics", nil); got.StatusCode != http.StatusOK {
		t.Errorf("after them one is answered %s", got.Status)
	}
}
