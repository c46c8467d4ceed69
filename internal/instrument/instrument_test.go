package instrument

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestRegister(t *testing.T) {
	counter := func() prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "a_total", Help: "A."})
	}
	registry := prometheus.NewRegistry()
	MustRegister(registry, counter()).Inc()
	second := MustRegister(registry, counter())
	second.Inc()
	if got := testutil.ToFloat64(second); got != 2 {
		t.Errorf("the second counts %v, want to count on after the first", got)
	}
	if n, err := testutil.GatherAndCount(registry); n != 1 || err != nil {
		t.Errorf("%d metrics, %v", n, err)
	}
	other := prometheus.NewGauge(prometheus.GaugeOpts{Name: "a_total", Help: "A."})
	if _, err := Register(registry, other); err == nil {
		t.Error("a gauge took the place of a counter")
	}
	if _, err := Register(registry, prometheus.NewGauge(prometheus.GaugeOpts{Name: "a_total", Help: "B."})); err == nil {
		t.Error("a metric of another help was accepted")
	}
}
