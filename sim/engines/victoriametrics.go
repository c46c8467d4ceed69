package engines

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// startVictoriaMetrics starts a single node. Its data is lost with the test.
func startVictoriaMetrics(t testing.TB, path, dir string, flags ...string) *url.URL {
	t.Helper()
	address := freeAddress(t)
	run(t, path, at(address, "/health").String(), append([]string{
		"-storageDataPath=" + dir,
		"-httpListenAddr=" + address,
		"-retentionPeriod=100y",
		"-memory.allowedPercent=20",
	}, flags...)...)
	return at(address, "")
}

// flush makes what was written visible to queries. An old VictoriaMetrics may show a part of it
// after the first time.
func flush(t testing.TB, server *url.URL) {
	t.Helper()
	for before := 0; ; time.Sleep(200 * time.Millisecond) {
		ask(t, server.JoinPath("internal/force_flush"))
		var series struct{ Data []int }
		if err := json.Unmarshal(ask(t, server.JoinPath("api/v1/series/count")), &series); err != nil || len(series.Data) != 1 {
			t.Fatalf("the number of series: %+v, %v", series, err)
		}
		if n := series.Data[0]; n > 0 && n == before {
			return
		}
		before = series.Data[0]
	}
}

func ask(t testing.TB, at *url.URL) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v: %.200s", at.Path, resp.Status, err, body)
	}
	return body
}
