package schedule

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Deliverer delivers windows to where they are stored.
type Deliverer interface {
	// Deliver returns when the window is stored, even if another exporter delivered it.
	Deliver(context.Context, *ledger.Averages) error
	// Delivered returns the ends of the stored windows that end in (from, to].
	Delivered(ctx context.Context, from, to time.Time) (window.Ends, error)
}

// noDelivery is the Deliverer of an exporter that only serves windows.
type noDelivery struct{}

func (noDelivery) Deliver(context.Context, *ledger.Averages) error { return nil }

func (noDelivery) Delivered(context.Context, time.Time, time.Time) (window.Ends, error) {
	return nil, nil
}

// check finds out which of the missing windows are already delivered.
func (l *Loop) check(ctx context.Context) {
	b := &l.state.backlog
	oldest, newest := b.windows[0], b.windows[len(b.windows)-1]
	there, err := l.deliverer.Delivered(ctx, oldest.Start, newest.End)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.deliveryFailed(oldest.Window, err)
		return
	}
	b.checked(there)
	if n := len(b.windows); n > 1 && b.pause.failures == 0 {
		l.log.Info("Windows are missing", "from", b.windows[0].Start, "to", b.windows[n-1].End, "windows", n)
	}
}

// deliver delivers one missing window. The averages of the newest one are held; another is
// computed first.
func (l *Loop) deliver(ctx context.Context, w window.Window) {
	l.state.refreshed = false
	averages := l.held
	if !w.Equal(l.state.held) {
		var err error
		averages, err = l.compute(ctx, w)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.notComputed(w, err)
			return
		}
	}
	finishing, cancel := outlast(ctx, finishTime)
	defer cancel()
	// A receiver that hangs must not delay the next window to serve.
	delivering, stop := context.WithTimeout(finishing, l.plan.deliveryTime(l.now(), l.state.progress))
	defer stop()
	err := l.deliverer.Deliver(delivering, averages)
	if err != nil && ctx.Err() != nil {
		return
	}
	if err != nil {
		l.deliveryFailed(w, err)
		return
	}
	if l.deliverer == (noDelivery{}) {
		l.state.backlog.remove(w)
		return
	}
	l.state.backlog.delivered(w, l.now().Add(lookAfter))
	l.update(func(s *Status) { s.DeliveryError, s.DeliveryErrorTime = "", time.Time{} })
}

// finishTime is how long a delivery may take to finish when the loop stops. One that is cut in
// two is completed later, but a receiver may refuse or store twice what it has by then.
const finishTime = 2 * time.Second

// outlast returns a context that is done some time after ctx is.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		nap(longer, by)
		cancel(context.Cause(ctx))
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}

// notComputed plans what follows when a missing window cannot be computed.
func (l *Loop) notComputed(w window.Window, err error) {
	now, b := l.now(), &l.state.backlog
	if errors.Is(err, downsample.ErrNoSources) {
		if b.find(w).noDataAt.IsZero() {
			b.empty(w)
		} else {
			b.drop(w, noData)
		}
		l.log.Debug("Window without data", "window", w, "err", err)
		return
	}
	attempt, until := 0, time.Time{}
	if promapi.KindOf(err).HitsEveryQuery() {
		attempt, until = l.plan.paused(now, b, promapi.RetryAfterOf(err))
	} else {
		attempt, until = l.plan.postponed(now, b, w)
	}
	l.log.Warn("Window failed", failure(w, resultOf(err), err, attempt, until.Sub(now))...)
}

// deliveryFailed plans what follows when a window was not accepted.
func (l *Loop) deliveryFailed(w window.Window, err error) {
	now, b, kind := l.now(), &l.state.backlog, remotewrite.KindOf(err)
	l.update(func(s *Status) { s.DeliveryError, s.DeliveryErrorTime = err.Error(), now })
	if kind == remotewrite.TooOld {
		b.drop(w, tooOld)
		b.setting = settingOf(err)
		l.log.Debug("Window is too old for the receiver", "window", w, "err", err)
		return
	}
	attempt, until := 0, time.Time{}
	if ofWindow(err) {
		attempt, until = l.plan.postponed(now, b, w)
	} else {
		attempt, until = l.plan.paused(now, b, retryAfterOf(err))
	}
	l.log.Warn("Delivery failed", failure(w, string(kind), err, attempt, until.Sub(now))...)
}

// ofWindow says whether the window's content made the delivery fail, so that others may succeed.
func ofWindow(err error) bool {
	e, ok := errors.AsType[*remotewrite.Error](err)
	if !ok {
		return false
	}
	switch e.Kind {
	case remotewrite.Partial, remotewrite.Conflict:
		return true
	case remotewrite.Refused:
		return e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusUnprocessableEntity
	}
	return false
}

func retryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*remotewrite.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// settingOf returns the receiver's setting that a refusal is about, "" if it is unknown.
func settingOf(err error) string {
	if e, ok := errors.AsType[*remotewrite.Error](err); ok {
		return e.Setting
	}
	return ""
}

// reportAbandoned logs the windows that were given up, in one line for consecutive ones.
func (l *Loop) reportAbandoned() {
	for _, why := range reasons() {
		for _, s := range window.Join(l.state.backlog.abandoned[why]) {
			l.metrics.gaveUp(why, s.Windows)
			l.log.Warn("Windows missed", "from", s.Start, "to", s.End, "windows", s.Windows, "reason", why, "remedy", l.remedy(why))
		}
	}
	l.state.backlog.abandoned = nil
}

// remedy says how to avoid that more windows are missed for the same reason.
func (l *Loop) remedy(why reason) string {
	switch {
	case why == tooOld:
		setting := cmp.Or(l.state.backlog.setting, "out_of_order_time_window on the receiver (storage.tsdb, in its configuration file),")
		return "set " + setting + " to " + model.Duration(l.plan.maxAge+l.plan.period).String() + " or more"
	case why == noData:
		return "none if the Prometheus or kube-state-metrics was down; otherwise check the retention of the Prometheus"
	case why == lost:
		return lostRemedy
	case l.deliverer == noDelivery{}:
		return "set --remote-write.url: only delivered windows are caught up"
	}
	return "raise --catch-up.max-age"
}
