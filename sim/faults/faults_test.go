package faults

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

func TestThePrometheusIsDown(t *testing.T) {
	t.Run("for three windows, which it has nothing of", func(t *testing.T) {
		history := histories.Hours(10, cluster.Span{From: hours(3.4), To: hours(6.7)})
		l := newLab(t, history, prom.Options{})
		l.prometheusDown(hours(3.4), hours(6.7))
		l.run(hours(1.1), hours(9.1))
		l.expect(1, 2, 3, 4, 7, 8, 9)
		l.expectLogged(`windows=2 reason=no_data`, 1)
		l.expectLogged(`reason=too_`, 0)
	})
	t.Run("while scrapes go on, as another replica makes them", func(t *testing.T) {
		l := newLab(t, histories.Hours(10), prom.Options{})
		l.prometheusDown(hours(3.4), hours(6.7))
		l.run(hours(1.1), hours(9.1))
		l.expect(from(1, 9)...)
		l.expectLogged("reason=too_", 0)
	})
}

// A receiver that takes nothing backwards gets everything once it is back.
func TestTheReceiverIsDown(t *testing.T) {
	const hanging = "it hangs"
	for name, fault := range map[string]http.HandlerFunc{
		"500":                                  answers(http.StatusInternalServerError),
		"429":                                  answers(http.StatusTooManyRequests),
		"400":                                  answers(http.StatusBadRequest),
		hanging:                                hangs,
		"it cuts the connection after reading": cutsTheConnection,
		"it writes, and the answer does not come": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, histories.Hours(11), prom.Options{})
			if name == hanging {
				l.timeout = 30 * time.Millisecond
			}
			if fault == nil {
				fault = func(w http.ResponseWriter, r *http.Request) {
					l.receiver.pass(&lost{}, r)
					panic(http.ErrAbortHandler)
				}
			}
			l.when(hours(2.5), func() {
				l.receiver.meet(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/write") {
						fault(w, r)
						return
					}
					l.receiver.pass(w, r)
				})
			})
			l.when(hours(8.5), func() { l.receiver.meet(nil) })
			l.run(hours(1.1), hours(10.1))
			l.expect(from(1, 10)...)
			l.expectLogged("reason=too_", 0)
		})
	}
}

// lost is an answer that does not come.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header {
	if l.header == nil {
		l.header = http.Header{}
	}
	return l.header
}
func (*lost) Write(p []byte) (int, error) { return len(p), nil }
func (*lost) WriteHeader(int)             {}

// Where a window takes longer than a period, windows are computed in turn, and what is
// behind is told.
func TestAWindowTakesLongerThanAPeriod(t *testing.T) {
	l := newLab(t, histories.Hours(14), prom.Options{})
	slow := true
	var running atomic.Int32
	l.computes = func(window.Window) error {
		if running.Add(1) > 1 {
			t.Error("two refreshes at once")
		}
		defer running.Add(-1)
		if slow {
			l.sleep(t.Context(), hours(1.5))
		}
		return nil
	}
	l.when(hours(8), func() { slow = false })
	x := l.exporter(0)
	l.now = l.at(hours(4.1))
	x.until(hours(7.9))
	if n := x.value("seldon_exporter_windows_missing"); n < 2 {
		t.Errorf("%v windows are missing", n)
	}
	if end := x.value("seldon_exporter_oldest_missing_window_timestamp_seconds"); end >= float64(l.at(hours(6)).Unix()) {
		t.Errorf("the oldest missing window ends at %v", end)
	}
	x.until(hours(13.1))
	l.expect(from(1, 13)...)
	if n := x.value("seldon_exporter_windows_missing"); n != 0 {
		t.Errorf("%v windows are missing", n)
	}
}

func TestAMiddleWindowFailsFiveTimes(t *testing.T) {
	for name, test := range map[string]struct {
		receiver prom.Options
		want     []int
		missed   int
	}{
		"with an out-of-order window": {prom.Options{OutOfOrder: 25 * time.Hour}, from(1, 10), 0},
		"without":                     {prom.Options{}, slices.Concat(from(1, 5), from(7, 10)), 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, histories.Hours(11), test.receiver)
			cursed := 0
			l.computes = func(w window.Window) error {
				if w.End.Equal(l.at(hours(6))) && cursed < 5 {
					cursed++
					return errors.New("this window is cursed")
				}
				return nil
			}
			l.run(hours(9.1), hours(10.1))
			l.expect(test.want...)
			l.expectLogged("this window is cursed", 5)
			l.expectLogged(`windows=1 reason=too_old remedy="set out_of_order_time_window`, test.missed)
		})
	}
}

// An hour in which the sources are gone is no hour of zeros.
func TestEmptyAnswers(t *testing.T) {
	l := newLab(t, histories.Hours(9), prom.Options{OutOfOrder: 25 * time.Hour})
	l.when(hours(3.5), func() { l.source.meet(empty) })
	l.when(hours(4.5), func() {
		l.expect(from(1, 3)...)
		l.source.meet(nil)
	})
	l.run(hours(1.1), hours(8.1))
	l.expect(from(1, 8)...)
}

// What comes two minutes late counts, if the settle delay is longer.
func TestLateData(t *testing.T) {
	history := histories.Hours(6)
	l := emptyLab(t, history, prom.Options{})
	l.settle = 3 * time.Minute
	server := promtest.Start(t, prom.Options{Dir: t.TempDir(), OutOfOrder: 10 * time.Minute})
	l.source = newGate(t, server.URL())
	ksms, kubelets := l.history.History, l.history.History
	ksms.Kubelets, kubelets.KSMs = nil, nil
	start := history.Feed().From
	prompt, late := cluster.NewScraper(&ksms, l.origin, start), cluster.NewScraper(&kubelets, l.origin, start)
	for at := hours(0.5); at < hours(5.5); at += 30 * time.Second {
		l.when(at, func() {
			if err := errors.Join(server.Append(t.Context(), prompt.Scrape(at)), server.Append(t.Context(), late.Scrape(at-2*time.Minute))); err != nil {
				t.Fatal(err)
			}
		})
	}
	l.run(hours(0.6), hours(5.2))
	l.expect(from(1, 5)...)
}

// The clock goes wrong, and is put right: every window is there once.
func TestTheClockJumps(t *testing.T) {
	for name, jumps := range map[string][]time.Duration{
		"hours of suspension":      {hours(4)},
		"back by half an hour":     {-hours(0.5)},
		"back by hours":            {-hours(3)},
		"to another day, and back": {hours(72), -hours(72)},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, histories.Hours(13), prom.Options{})
			x := l.exporter(0)
			l.now = l.at(hours(6.2))
			x.until(hours(6.5))
			for _, jump := range jumps {
				l.now = l.now.Add(jump)
				x.until(l.now.Add(10 * time.Minute).Sub(l.origin))
			}
			x.until(hours(12.1))
			l.expect(from(1, 12)...)
		})
	}
}

// Two replicas read the same Prometheus and write to the same receiver. Either may die.
func TestTwoReplicas(t *testing.T) {
	l := newLab(t, histories.Hours(12), prom.Options{})
	a, b := l.exporter(0.1), l.exporter(0.9)
	l.now = l.at(hours(2.2))
	turns := func(first, last float64, replicas ...*exporter) {
		for at := first; at < last; at += 0.25 {
			for _, x := range replicas {
				l.now = l.at(hours(at))
				x.until(hours(at + 0.25))
			}
		}
	}
	turns(2.2, 5, a, b)
	turns(5, 7, a)
	turns(7, 9, b)
	turns(9, 11.1, a, b)
	l.expect(from(1, 11)...)

	w := window.Containing(l.at(hours(4.5)), time.Hour)
	one, err := a.Compute(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Compute(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Models) == 0 || len(one.Models) != len(other.Models) {
		t.Fatalf("%d models and %d", len(one.Models), len(other.Models))
	}
	for i, m := range one.Models {
		for metric, v := range m.Values {
			o := other.Models[i].Values[metric]
			if o.OK != v.OK || o.V-v.V > 1e-9*v.V || v.V-o.V > 1e-9*v.V {
				t.Errorf("%v: %v and %v", m.Model, v, o)
			}
		}
	}
}
