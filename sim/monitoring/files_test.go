package monitoring

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The dashboard is made by this package, and the chart has copies of what monitoring/ holds:
//
//	go test ./monitoring -run TestFiles -update
var update = flag.Bool("update", false, "write the dashboard, and the chart's copies, anew")

const (
	canonical = "../../monitoring"
	chart     = "../../helm/seldon-prometheus-exporter/files"
)

// TestFiles holds every file that is made from another against it.
func TestFiles(t *testing.T) {
	alerts := content(t, filepath.Join(canonical, "alerts.yaml"))
	dashboard, err := New().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{
		filepath.Join(canonical, "dashboard.json"): dashboard,
		filepath.Join(chart, "dashboard.json"):     dashboard,
		filepath.Join(chart, "alerts.yaml"):        alerts,
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(want), string(content(t, path))); diff != "" {
			t.Errorf("%s is not what it is made from: go test ./monitoring -run TestFiles -update (-want +got):\n%s", path, diff)
		}
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
