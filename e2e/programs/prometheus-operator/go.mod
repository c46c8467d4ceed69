module github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs/prometheus-operator

go 1.26.7

require github.com/prometheus-operator/prometheus-operator v0.88.0
