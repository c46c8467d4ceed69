package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
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
