package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/pages"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// advise adds the setting to change to the failure of a server. The error's chain says which
// server failed: if a delivery failed because of a query, it was the Prometheus that has the
// delivered windows. A stopped command has no remedy.
func (s *session) advise(ctx context.Context, err error) error {
	remedy := s.remedy(err)
	if remedy == "" || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// remedy returns the setting to change, "" if that is unknown.
func (s *session) remedy(err error) string {
	delivery, delivering := errors.AsType[*remotewrite.Error](err)
	kind := promapi.KindOf(err)
	switch {
	case delivering && kind != "":
		return s.Remedy(config.Delivered, string(kind))
	case delivering && delivery.Setting != "":
		return "raise " + delivery.Setting
	case delivering:
		return s.Remedy(config.Receiver, kindOfDelivery(delivery))
	case kind != "":
		return s.Remedy(config.Upstream, string(kind))
	}
	return ""
}

// kindOfDelivery distinguishes failed deliveries of one kind that have different remedies.
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

// advisedComputer is the loop's Computer. It adds remedies to errors.
type advisedComputer struct {
	schedule.Computer
	*session
}

func (a advisedComputer) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	averages, err := a.Computer.Compute(ctx, w)
	return averages, a.advise(ctx, err)
}

// advisedRanger is what pages read past windows from. It adds remedies to errors.
type advisedRanger struct {
	pages.Ranger
	of config.Server
	*session
}

func (a advisedRanger) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error) {
	answer, err := a.Ranger.Range(ctx, expr, from, to, step)
	if remedy := a.Remedy(a.of, string(promapi.KindOf(err))); err != nil && remedy != "" {
		err = fmt.Errorf("%w: %s", err, remedy)
	}
	return answer, err
}

// advisedDeliverer is the loop's Deliverer. It adds remedies to errors.
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
