package engines

import "testing"

// cortexConfig is all of Cortex in one process, with its data in one directory.
const cortexConfig = `
target: all
auth_enabled: true
server: {http_listen_address: 127.0.0.1, http_listen_port: HTTP, grpc_listen_address: 127.0.0.1, grpc_listen_port: GRPC, log_level: warn}
distributor: {shard_by_all_labels: true, ring: {instance_interface_names: [lo], kvstore: {store: inmemory}}}
ingester:
  lifecycler: {address: 127.0.0.1, min_ready_duration: 0s, final_sleep: 0s, ring: {kvstore: {store: inmemory}, replication_factor: 1}}
memberlist: {bind_addr: [127.0.0.1], bind_port: 0}
blocks_storage:
  backend: filesystem
  filesystem: {dir: DIR/blocks}
  tsdb: {dir: DIR/tsdb, retention_period: 876000h} # these histories are months, which come within minutes
  bucket_store: {sync_dir: DIR/sync}
store_gateway: {sharding_ring: {instance_interface_names: [lo], kvstore: {store: inmemory}}}
compactor: {data_dir: DIR/compactor, sharding_ring: {instance_interface_names: [lo], kvstore: {store: inmemory}}}
frontend: {instance_interface_names: [lo]}
ruler: {rule_path: DIR/rules, ring: {instance_interface_names: [lo], kvstore: {store: inmemory}}}
ruler_storage: {backend: local, local: {directory: DIR/rules}}
alertmanager: {external_url: "http://127.0.0.1/alertmanager", data_dir: DIR/alertmanager, cluster: {listen_address: ""}}
alertmanager_storage: {backend: local, local: {path: DIR}}
limits: {ingestion_rate: 1e9, ingestion_burst_size: 1000000000, max_series_per_user: 0, max_series_per_metric: 0}
`

// startCortex starts a Cortex over a directory.
func startCortex(t testing.TB, path, dir string, flags ...string) server {
	t.Helper()
	address := freeAddress(t)
	config := configFile(t, cortexConfig, address, dir)
	run(t, path, at(address, "/ready").String(), append([]string{"-config.file=" + config, "-api.build-info-enabled"}, flags...)...)
	return server{read: at(address, "/prometheus"), write: at(address, "/api/v1/push")}
}
