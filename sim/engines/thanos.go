package engines

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// storeAPI is a program with Thanos' store API.
type storeAPI struct {
	*process.Process
	grpc   string
	write  *url.URL // of remote write, nil where there is none
	strict bool     // a Thanos Query never forgets it
}

// startSidecar starts a sidecar of a Prometheus, which has external labels.
func startSidecar(t testing.TB, path string, prometheus *url.URL, grpc string) storeAPI {
	t.Helper()
	web := freeAddress(t)
	p := run(t, path, at(web, "/-/ready").String(),
		"sidecar", "--prometheus.url="+prometheus.String(), "--tsdb.path="+t.TempDir(),
		"--grpc-address="+grpc, "--http-address="+web,
		"--grpc-grace-period=1s", "--http-grace-period=1s",
	)
	return storeAPI{Process: p, grpc: grpc}
}

// startReceive starts a Receive that stores what it is sent.
func startReceive(t testing.TB, path, dir string, flags ...string) storeAPI {
	t.Helper()
	grpc, web, write := freeAddress(t), freeAddress(t), freeAddress(t)
	p := run(t, path, at(web, "/-/ready").String(), append([]string{
		"receive", "--tsdb.path=" + dir, "--tsdb.retention=100y", `--label=receive="a"`,
		"--grpc-address=" + grpc, "--http-address=" + web, "--remote-write.address=" + write,
		"--receive.capnproto-address=" + freeAddress(t),
		"--grpc-grace-period=1s", "--http-grace-period=1s",
	}, flags...)...)
	return storeAPI{Process: p, grpc: grpc, write: at(write, "/api/v1/receive")}
}

// startQuery starts a Thanos Query over stores, and waits until it knows all of them.
func startQuery(t testing.TB, path string, stores []storeAPI, flags ...string) *url.URL {
	t.Helper()
	web := freeAddress(t)
	var endpoints strings.Builder
	for _, s := range stores {
		fmt.Fprintf(&endpoints, "- {address: %q, strict: %t}\n", s.grpc, s.strict)
	}
	run(t, path, at(web, "/-/ready").String(), append([]string{
		"query", "--http-address=" + web, "--grpc-address=" + freeAddress(t),
		"--grpc-grace-period=1s", "--http-grace-period=1s",
		"--endpoint.sd-config=endpoints:\n" + endpoints.String(),
	}, flags...)...)
	server := at(web, "")
	for deadline := time.Now().Add(startTimeout); knownStores(t, server) < len(stores); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Thanos Query knows %d of %d stores", knownStores(t, server), len(stores))
		}
	}
	return server
}

// knownStores returns how many stores answer.
func knownStores(t testing.TB, server *url.URL) int {
	t.Helper()
	_, answering := storesOf(t, server)
	return answering
}

// listedStores returns how many stores a Thanos Query knows, also those that do not answer.
func listedStores(t testing.TB, server *url.URL) int {
	t.Helper()
	listed, _ := storesOf(t, server)
	return listed
}

func storesOf(t testing.TB, server *url.URL) (listed, answering int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.JoinPath("api/v1/stores").String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data map[string][]struct {
			LastError any `json:"lastError"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, stores := range answer.Data {
		for _, s := range stores {
			listed++
			if s.LastError == nil {
				answering++
			}
		}
	}
	return listed, answering
}
