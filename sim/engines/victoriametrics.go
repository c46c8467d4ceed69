package engines

import (
	"net/http"
	"net/url"
	"testing"
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

// flush makes what was written visible to queries.
func flush(t testing.TB, server *url.URL) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.JoinPath("internal/force_flush").String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}
