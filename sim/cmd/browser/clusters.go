package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/live"
)

// site is an exporter over a cluster, by the name under which the tests find it.
type site struct {
	name    string
	options live.Options
	past    func(*live.System, context.Context) error // how the Prometheus has the averages of the past; nil if it has none
}

func sites() []site {
	return []site{
		{"town", live.Options{Cluster: live.Town(), Past: live.TownPast, Period: 10 * time.Minute, SettleDelay: 20 * time.Second, Scrape: 15 * time.Second}, (*live.System).Record},
		{"outage", live.Options{Cluster: live.Outage(), Past: live.TownPast, Period: 30 * time.Minute, SettleDelay: time.Minute, RemoteWrite: true}, (*live.System).Deliver},
		{"hostile", live.Options{Cluster: live.Hostile(), Past: 2 * time.Hour, Period: 10 * time.Minute, SettleDelay: time.Minute, Scrape: time.Minute}, (*live.System).Record},
		{"unrecorded", live.Options{Cluster: live.Outage(), Past: time.Hour, Period: 10 * time.Minute, SettleDelay: time.Minute}, nil},
		{"empty", live.Options{Cluster: live.Empty(), Past: time.Hour, Period: 10 * time.Minute, SettleDelay: time.Minute}, nil},
		{"large", live.Options{Cluster: live.Large(10_000), Past: 15 * time.Minute, Period: 5 * time.Minute, SettleDelay: time.Minute}, nil},
		{"down", live.Options{Cluster: live.Empty(), Past: time.Minute, Period: 10 * time.Minute, SettleDelay: time.Minute, Unreachable: true}, nil},
		{"several", live.Options{Cluster: live.Outage(), Past: time.Hour, Period: 10 * time.Minute, SettleDelay: time.Minute, Upstreams: severalNames()}, nil},
	}
}

// severalNames are of upstreams, so many that their states are folded; one is as long as it may be.
func severalNames() []string {
	return []string{"eu", "us", "asia-southeast1", strings.Repeat("long-name", 7), "africa"}
}

// choose returns the sites of the given names, separated by commas.
func choose(names string) ([]site, error) {
	if names == "" {
		return sites(), nil
	}
	var chosen []site
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(sites(), func(s site) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only=%q: there is no cluster %q", names, name)
		}
		chosen = append(chosen, sites()[i])
	}
	return chosen, nil
}

// systems are the sites that run.
type systems map[string]*live.System

// start starts sites, two at a time.
func start(ctx context.Context, exporter string, chosen []site) (systems, error) {
	started := make([]*live.System, len(chosen))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, s := range chosen {
		g.Go(func() error {
			s.options.Exporter = exporter
			system, err := live.Start(ctx, s.options)
			if err != nil {
				return fmt.Errorf("cluster %s: %w", s.name, err)
			}
			started[i] = system
			if !s.options.Unreachable {
				if err := system.Ready(ctx); err != nil {
					return fmt.Errorf("cluster %s: %w", s.name, err)
				}
			}
			if s.past != nil {
				if err := s.past(system, ctx); err != nil {
					return fmt.Errorf("cluster %s: %w", s.name, err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	all := systems{}
	for i, system := range started {
		if system != nil {
			all[chosen[i].name] = system
		}
	}
	return all, err
}

// live lets time go on in all clusters, until ctx ends.
func (s systems) live(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for name, system := range s {
			select {
			case <-system.Exporter.Done():
				return fmt.Errorf("cluster %s: the exporter: %w", name, system.Exporter.Err())
			default:
			}
			if err := system.Advance(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("cluster %s: %w", name, err)
			}
		}
	}
}

// addresses returns the URLs of the exporters.
func (s systems) addresses() map[string]string {
	all := map[string]string{}
	for name, system := range s {
		all[name] = system.URL()
	}
	return all
}

// Close ends all.
func (s systems) Close() error {
	var errs []error
	for name, system := range s {
		if err := system.Close(); err != nil {
			errs = append(errs, fmt.Errorf("cluster %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
