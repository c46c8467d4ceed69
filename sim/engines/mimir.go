package engines

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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

// startMimir starts a Mimir over a directory.
func startMimir(t testing.TB, path, dir string, flags ...string) server {
	t.Helper()
	address, gossip := freeAddress(t), freeAddress(t)
	_, port, _ := net.SplitHostPort(gossip)
	config := configFile(t, mimirConfig, address, dir)
	run(t, path, at(address, "/ready").String(), slices.Concat([]string{"-config.file=" + config}, alone(port), flags)...)
	return server{read: at(address, "/prometheus"), write: at(address, "/api/v1/push")}
}

// configFile fills in a configuration's addresses and its directory.
func configFile(t testing.TB, text, address, dir string) string {
	t.Helper()
	_, http, _ := net.SplitHostPort(address)
	_, grpc, _ := net.SplitHostPort(freeAddress(t))
	path := filepath.Join(t.TempDir(), "config.yaml")
	text = strings.NewReplacer("HTTP", http, "GRPC", grpc, "DIR", dir).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
