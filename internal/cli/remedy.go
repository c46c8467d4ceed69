package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// advise adds to a server's failure which setting to change. The chain of the error says which
// server it was: a delivery that failed for a query is one of the Prometheus that is asked for
// what was delivered. Being stopped has no remedy.
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

// advisedComputer is the loop's, whose errors are logged and shown with their remedy.
type advisedComputer struct {
	schedule.Computer
	*session
}

func (a advisedComputer) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	averages, err := a.Computer.Compute(ctx, w)
	return averages, a.advise(ctx, err)
}

// advisedDeliverer is the loop's, likewise.
type advisedDeliverer struct {
	schedule.Deliverer
	*session
}

func (a advisedDeliverer) Deliver(ctx context.Context, averages *ledger.Averages) error {
	return a.advise(ctx, a.Deliverer.Deliver(ctx, averages))
}

func (a advisedDeliverer) Delivered(ctx context.Context, from, to time.Time) (window.Ends, error) {
	ends, err := a.Deliverer.Delivered(ctx, from, to)
	return ends, a.advise(ctx, err)
}
