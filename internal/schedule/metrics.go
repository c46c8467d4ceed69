package schedule

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/instrument"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// The results of an attempt that are not failures of the upstream.
const (
	success   = "success"
	noSources = "no_data"
	ownFault  = "internal" // the exporter's own fault
	notEnded  = "clock"    // the window has not settled by the upstream's clock
)

// results are all values of the label, so that each series exists from the start.
func results() []string {
	all := []string{success, noSources, ownFault, notEnded}
	for _, kind := range promapi.Kinds() {
		all = append(all, string(kind))
	}
	return all
}

func resultOf(err error) string {
	if errors.Is(err, downsample.ErrNoSources) {
		return noSources
	}
	if errors.Is(err, errNotEnded) {
		return notEnded
	}
	if kind := promapi.KindOf(err); kind != "" {
		return string(kind)
	}
	return ownFault
}

// metrics are the loop's own. Metrics that describe the served window are part of its page.
type metrics struct {
	refreshes   *prometheus.CounterVec
	duration    prometheus.Histogram
	lastSuccess prometheus.Gauge
	skew        prometheus.Gauge
	missing     prometheus.Gauge
	oldest      prometheus.Gauge
	missed      *prometheus.CounterVec
	invalid     prometheus.Counter
}

// newMetrics returns the metrics on a registry. The loops that take each other's place there share
// them.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		refreshes: instrument.MustRegister(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seldon_exporter_refreshes_total",
			Help: "Attempts to compute a window, by result.",
		}, []string{"result"})),
		duration: instrument.MustRegister(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "seldon_exporter_refresh_duration_seconds",
			Help:    "How long it took to compute a window, without failed attempts.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 60, 120, 300, 900, 3600},
		})),
		lastSuccess: instrument.MustRegister(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_last_success_timestamp_seconds",
			Help: "When the newest window was computed, 0 before the first.",
		})),
		skew: instrument.MustRegister(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_clock_skew_seconds",
			Help: "How far this machine's clock is ahead of the upstream's, by the Date of its answers, 0 before the first answer.",
		})),
		missing: instrument.MustRegister(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_windows_missing",
			Help: "Windows that are due and not yet computed, or, with remote write, not yet delivered.",
		})),
		oldest: instrument.MustRegister(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_oldest_missing_window_timestamp_seconds",
			Help: "End of the oldest missing window, 0 if none is missing.",
		})),
		missed: instrument.MustRegister(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seldon_exporter_windows_missed_total",
			Help: "Windows that were given up, by reason.",
		}, []string{"reason"})),
		invalid: instrument.MustRegister(reg, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "seldon_exporter_invalid_series_total",
			Help: "Series of models' pods that were left out of a window because they hold a value that is not a finite number.",
		})),
	}
	for _, why := range reasons() {
		m.missed.WithLabelValues(string(why))
	}
	for _, result := range results() {
		m.refreshes.WithLabelValues(result)
	}
	return m
}

func (m *metrics) succeeded(took time.Duration) {
	m.refreshes.WithLabelValues(success).Inc()
	m.duration.Observe(took.Seconds())
}

// refreshed records when the newest window was computed. Windows that are caught up do not
// count, because they would hide that the newest one is late.
func (m *metrics) refreshed(now time.Time) { m.lastSuccess.Set(float64(now.UnixMilli()) / 1e3) }

func (m *metrics) show(windows []missing) {
	m.missing.Set(float64(len(windows)))
	m.oldest.Set(0)
	if len(windows) > 0 {
		m.oldest.Set(float64(windows[0].End.Unix()))
	}
}

func (m *metrics) gaveUp(why reason, windows int64) {
	m.missed.WithLabelValues(string(why)).Add(float64(windows))
}

func (m *metrics) failed(result string) { m.refreshes.WithLabelValues(result).Inc() }
