module github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim

go 1.26.7
