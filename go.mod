module github.com/seldon-prometheus-exporter/seldon-prometheus-exporter

go 1.26.0
