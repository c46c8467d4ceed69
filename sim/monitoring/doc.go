// Package monitoring makes the Grafana dashboard, and holds it and the alerts against a
// real Prometheus.
package monitoring
