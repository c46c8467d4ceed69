package cli

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
)

// landing says what the page for people shows.
func landing(cfg *config.Config, page *exposition.Page, status schedule.Status) web.Landing {
	var shard string
	if !cfg.Shard.Whole() {
		shard = cfg.Shard.String()
	}
	l := web.Landing{
		Version:   version.Version,
		Upstream:  cfg.Prometheus.Redacted(),
		Period:    model.Duration(cfg.Period).String(),
		Kinds:     cfg.KindNames(),
		Shard:     shard,
		Next:      status.Next,
		Error:     status.Error,
		ErrorTime: status.ErrorTime,
	}
	if r := cfg.RemoteWrite.Receiver; r.URL != nil {
		l.Receiver = r.Redacted()
		l.Missing, l.OldestMissing = status.Missing, status.OldestMissing
		l.DeliveryError, l.DeliveryErrorTime = status.DeliveryError, status.DeliveryErrorTime
	}
	if page != nil {
		l.HasWindow, l.Start, l.End = true, page.Window.Start, page.Window.End
		l.Models, l.Expires = page.Models, page.Expires
	}
	return l
}
