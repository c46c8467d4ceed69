package cli

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
)

// landing returns the content of the status page.
func (s *session) landing(page *exposition.Page, status schedule.Status) web.Landing {
	var shard string
	if !s.Shard.Whole() {
		shard = s.Shard.String()
	}
	l := web.Landing{
		Version:   version.Version,
		Upstream:  s.Prometheus.Redacted(),
		Period:    model.Duration(s.Period).String(),
		Kinds:     s.KindNames(),
		Shard:     shard,
		Next:      status.Next,
		Error:     status.Error,
		ErrorTime: status.ErrorTime,
	}
	if r := s.RemoteWrite.Receiver; r.URL != nil {
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
