package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

func newSession(t *testing.T, args ...string) *session {
	t.Helper()
	cfg, err := config.Load(args, Commands())
	if err != nil {
		t.Fatal(err)
	}
	return &session{Config: cfg}
}

func TestAdvice(t *testing.T) {
	s := newSession(t, "--remote-write.url=http://r/w", "--remote-write.query-url=http://q")
	query := &promapi.Error{Kind: promapi.NotPrometheus, Err: errors.New("404")}
	delivery := func(kind remotewrite.Kind, status int, err error) error {
		return &remotewrite.Error{Kind: kind, Status: status, Err: err}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, test := range map[string]struct {
		ctx  context.Context
		err  error
		want string
	}{
		"the Prometheus":        {t.Context(), fmt.Errorf("window: %w", query), "window: not_prometheus: 404: --prometheus.url must be the base URL of a Prometheus, its path prefix included"},
		"what was delivered":    {t.Context(), delivery(remotewrite.Transient, 0, query), "transient: not_prometheus: 404: --remote-write.query-url must be the base URL of a Prometheus, its path prefix included"},
		"no receiver":           {t.Context(), delivery(remotewrite.Transient, 0, errors.New("refused")), "transient: refused: check --remote-write.url and --remote-write.timeout"},
		"receiver's login":      {t.Context(), delivery(remotewrite.Refused, 403, errors.New("no")), "refused: no: check the credentials: the user in --remote-write.url, or --remote-write.config-file"},
		"receiver turned off":   {t.Context(), delivery(remotewrite.Refused, 404, errors.New("no")), "refused: no: check --remote-write.url, and that the receiver is turned on (Prometheus: --web.enable-remote-write-receiver)"},
		"receiver out of order": {t.Context(), delivery(remotewrite.TooOld, 400, errors.New("no")), "too_old: no: raise out_of_order_time_window in the receiver's storage.tsdb settings"},
		"its own setting":       {t.Context(), &remotewrite.Error{Kind: remotewrite.TooOld, Setting: "--late of it", Err: errors.New("no")}, "too_old: no: raise --late of it"},
		"nobody's fault":        {t.Context(), errors.New("oops"), "oops"},
		"stopped":               {stopped, query, "not_prometheus: 404"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.advise(test.ctx, test.err)
			if got.Error() != test.want || !errors.Is(got, test.err) {
				t.Errorf("got  %v\nwant %s", got, test.want)
			}
		})
	}
	if err := s.advise(t.Context(), nil); err != nil {
		t.Errorf("success became %v", err)
	}
}

func TestEveryFailureOfAServerHasARemedy(t *testing.T) {
	s := newSession(t)
	for _, kind := range promapi.Kinds() {
		if s.Remedy(config.Upstream, string(kind)) == "" {
			t.Errorf("no remedy for %s", kind)
		}
	}
	for _, kind := range remotewrite.Kinds() {
		if s.Remedy(config.Receiver, string(kind)) == "" {
			t.Errorf("no remedy for %s of the receiver", kind)
		}
	}
}

// TestEnginesCanBeChosen: the setting, which knows no clients, has each engine.
func TestEnginesCanBeChosen(t *testing.T) {
	for _, name := range promapi.EngineNames() {
		cfg, err := config.Load([]string{"serve", "--query.engine=" + name}, Commands())
		if err != nil || cfg.Query.Engine != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
