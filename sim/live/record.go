package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const job = "seldon-prometheus-exporter"

// Deliver has the exporter compute every window of the past, and deliver it by remote write.
func (s *System) Deliver(ctx context.Context) error {
	_, err := s.backfill(ctx, "--remote-write.url="+s.receiver())
	return err
}

// Record has the exporter compute every window of the past, and gives the Prometheus the samples
// that it would have if it had scraped the exporter all the time.
func (s *System) Record(ctx context.Context) error {
	text, err := s.backfill(ctx, "--output=-")
	if err != nil {
		return err
	}
	series, err := s.scraped(text, time.Now())
	if err != nil {
		return fmt.Errorf("what the exporter wrote: %w", err)
	}
	return s.Prometheus.Insert(ctx, series)
}

func (s *System) backfill(ctx context.Context, destination string) ([]byte, error) {
	from := s.origin.Truncate(s.Period).Add(s.Period)
	cmd := exec.CommandContext(ctx, s.Options.Exporter, append([]string{
		"backfill", "--from=" + from.UTC().Format(time.RFC3339), destination,
	}, s.common()...)...)
	cmd.Env = []string{}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("backfill: %w: %s", err, bytes.TrimSpace(log.Bytes()))
	}
	return out, nil
}

// scraped returns the series that a Prometheus has by now of the windows in an OpenMetrics text:
// each value from when its window has settled until the next one has. The newest window is among
// them, because its time may be over before the exporter, which has just started, is scraped.
func (s *System) scraped(text []byte, now time.Time) ([]cluster.Series, error) {
	var all []cluster.Series
	parser := textparse.NewOpenMetricsParser(text, labels.NewSymbolTable())
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case entry != textparse.EntrySeries:
			continue
		}
		_, end, value := parser.Series()
		if end == nil {
			return nil, errors.New("a sample without a timestamp")
		}
		served := time.UnixMilli(*end).Add(s.SettleDelay)
		until := served.Add(s.Period)
		if until.After(now) {
			until = now
		}
		var of labels.Labels
		parser.Labels(&of)
		one := cluster.Series{Labels: []cluster.Label{{Name: "instance", Value: s.ExporterAddress}, {Name: "job", Value: job}}}
		of.Range(func(l labels.Label) { one.Labels = append(one.Labels, cluster.Label{Name: l.Name, Value: l.Value}) })
		for at := served.Add(s.Scrape / 2); at.Before(until); at = at.Add(s.Scrape) {
			one.Samples = append(one.Samples, cluster.Sample{T: at.UnixMilli(), V: value})
		}
		all = append(all, one)
	}
}
