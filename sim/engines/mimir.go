package engines

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// tenant is whose data Mimir and Cortex hold here.
const tenant = "models"

// mimirConfig is all of Mimir in one process, with its data in one directory.
const mimirConfig = `
target: all
multitenancy_enabled: true
activity_tracker: {filepath: ""}
usage_stats: {enabled: false}
server: {http_listen_address: 127.0.0.1, http_listen_port: HTTP, grpc_listen_address: 127.0.0.1, grpc_listen_port: GRPC, log_level: warn}
common: {storage: {backend: filesystem, filesystem: {dir: DIR/common}}}
blocks_storage: {storage_prefix: blocks, tsdb: {dir: DIR/tsdb}, bucket_store: {sync_dir: DIR/sync}}
compactor: {data_dir: DIR/compactor}
ruler_storage: {backend: filesystem, filesystem: {dir: DIR/rules}}
limits: {ingestion_rate: 1e9, ingestion_burst_size: 1000000000, max_global_series_per_user: 0, query_ingesters_within: 0}
`

// alone returns what keeps a Mimir to itself, on the loopback interface.
func alone(gossip string) []string {
	flags := []string{
		"-query-frontend.instance-addr=127.0.0.1", "-memberlist.bind-addr=127.0.0.1", "-memberlist.bind-port=" + gossip,
		"-ingester.ring.replication-factor=1", "-store-gateway.sharding-ring.replication-factor=1",
	}
	for _, ring := range []string{"compactor.ring", "distributor.ring", "ingester.ring", "overrides-exporter.ring", "querier.ring", "query-scheduler.ring", "ruler.ring", "store-gateway.sharding-ring"} {
		flags = append(flags, "-"+ring+".instance-addr=127.0.0.1", "-"+ring+".store=inmemory")
	}
	return flags
}

// mimirServer is a Mimir that runs.
type mimirServer struct {
	*process.Process
	read, write *url.URL
}

// startMimir starts a Mimir over a directory.
func startMimir(t testing.TB, path, dir string, flags ...string) mimirServer {
	t.Helper()
	address := freeAddress(t)
	_, http, _ := net.SplitHostPort(address)
	_, grpc, _ := net.SplitHostPort(freeAddress(t))
	_, gossip, _ := net.SplitHostPort(freeAddress(t))
	config := filepath.Join(t.TempDir(), "mimir.yaml")
	text := strings.NewReplacer("HTTP", http, "GRPC", grpc, "DIR", dir).Replace(mimirConfig)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, path, at(address, "/ready").String(), slices.Concat([]string{"-config.file=" + config}, alone(gossip), flags)...)
	return mimirServer{Process: p, read: at(address, "/prometheus"), write: at(address, "/api/v1/push")}
}
