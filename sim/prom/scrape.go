package prom

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
)

// Target is a job with one instance, scraped at /metrics.
type Target struct {
	Job      string
	Address  string // host:port
	Interval time.Duration
	Protocol string // the only one of scrape_protocols; default: all
}

// scraper is Prometheus' scrape manager, with its targets told instead of discovered.
type scraper struct {
	manager *scrape.Manager
	config  *config.Config
	targets map[string][]*targetgroup.Group
	done    chan struct{}
}

func newScraper(to storage.AppendableV2, targets []Target, external map[string]string, reg prometheus.Registerer, log *slog.Logger) (*scraper, error) {
	s := &scraper{targets: map[string][]*targetgroup.Group{}, done: make(chan struct{})}
	var err error
	if s.config, err = config.Load(scrapeConfig(targets, external), log); err != nil {
		return nil, fmt.Errorf("scrape configuration: %w", err)
	}
	for _, t := range targets {
		s.targets[t.Job] = []*targetgroup.Group{{
			Source:  t.Job,
			Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(t.Address)}},
		}}
	}
	s.manager, err = scrape.NewManager(&scrape.Options{DiscoveryReloadOnStartup: true}, log, nil, nil, to, reg)
	if err != nil {
		return nil, fmt.Errorf("scrape manager: %w", err)
	}
	if err := s.manager.ApplyConfig(s.config); err != nil {
		return nil, fmt.Errorf("scrape configuration: %w", err)
	}
	return s, nil
}

func scrapeConfig(targets []Target, external map[string]string) string {
	text := "global:\n  scrape_interval: 15s\n"
	if len(external) > 0 {
		text += "  external_labels:\n"
	}
	for _, name := range slices.Sorted(maps.Keys(external)) {
		text += fmt.Sprintf("    %s: %q\n", name, external[name])
	}
	text += "scrape_configs:\n"
	for _, t := range targets {
		timeout := min(t.Interval, 10*time.Second)
		text += fmt.Sprintf("- {job_name: %q, scrape_interval: %s, scrape_timeout: %s", t.Job, model.Duration(t.Interval), model.Duration(timeout))
		if t.Protocol != "" {
			text += fmt.Sprintf(", scrape_protocols: [%s]", t.Protocol)
		}
		text += "}\n"
	}
	return text
}

func (s *scraper) start() {
	sets := make(chan map[string][]*targetgroup.Group, 1)
	sets <- s.targets
	go func() {
		defer close(s.done)
		_ = s.manager.Run(sets) // it ends with stop, and never with an error
	}()
}

func (s *scraper) stop() {
	s.manager.Stop()
	<-s.done
}
