package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// advise adds to a server's failure which setting to change. The chain of the error says which
// server it was: a delivery that failed for a query is one of the Prometheus that is asked for
// what was delivered. Who was told to stop has nothing to change.
func (s *session) advise(ctx context.Context, err error) error {
	var remedy string
	delivery, delivering := errors.AsType[*remotewrite.Error](err)
	kind := promapi.KindOf(err)
	switch {
	case delivering && kind != "":
		remedy = s.Remedy(config.Delivered, string(kind))
	case delivering:
		remedy = s.Remedy(config.Receiver, kindOfDelivery(delivery))
	case kind != "":
		remedy = s.Remedy(config.Upstream, string(kind))
	}
	if remedy == "" || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// kindOfDelivery divides the kinds of failed deliveries where they have several remedies.
func kindOfDelivery(err *remotewrite.Error) string {
	switch status := err.Status; {
	case err.Kind == remotewrite.Transient && status == 0:
		return "unreachable"
	case err.Kind == remotewrite.Refused && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		return "unauthorized"
	case err.Kind == remotewrite.Refused && (status == http.StatusNotFound || status/100 == 3):
		return "not_found"
	}
	return string(err.Kind)
}

// advisedComputer is a Downsampler whose errors say what to change.
type advisedComputer struct {
	*downsample.Downsampler
	advise    func(context.Context, error) error
	serverNow func() (time.Time, bool) // the clock of the Prometheus that is read
}

// Compute computes a window.
func (c *advisedComputer) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	a, err := c.Downsampler.Compute(ctx, w)
	return a, c.advise(ctx, err)
}

// Explain says what one model's values of a window are made of.
func (c *advisedComputer) Explain(ctx context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
	x, err := c.Downsampler.Explain(ctx, w, m)
	return x, c.advise(ctx, err)
}

// advisedWriter is a Writer whose errors say what to change.
type advisedWriter struct {
	*remotewrite.Writer
	advise func(context.Context, error) error
}

// Deliver delivers a window.
func (w *advisedWriter) Deliver(ctx context.Context, a *ledger.Averages) error {
	return w.advise(ctx, w.Writer.Deliver(ctx, a))
}

// Delivered returns the ends of the windows that are there.
func (w *advisedWriter) Delivered(ctx context.Context, from, to time.Time) (window.Ends, error) {
	ends, err := w.Writer.Delivered(ctx, from, to)
	return ends, w.advise(ctx, err)
}

// Stored returns what is stored of a window.
func (w *advisedWriter) Stored(ctx context.Context, of window.Window) (*ledger.Averages, error) {
	a, err := w.Writer.Stored(ctx, of)
	return a, w.advise(ctx, err)
}

// Replace writes what of a window is not as stored.
func (w *advisedWriter) Replace(ctx context.Context, stored, a *ledger.Averages) error {
	return w.advise(ctx, w.Writer.Replace(ctx, stored, a))
}
