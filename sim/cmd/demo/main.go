// The demo command runs a simulated cluster, a real Prometheus that watches it, and the
// exporter between the two, until it is stopped.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/live"
)

const (
	period      = 2 * time.Minute  // TIME_PERIOD: short, so that there is something to see
	settleDelay = 20 * time.Second // a scrape interval and a little
	scrapeBack  = 5 * time.Second  // how often the Prometheus scrapes the exporter
)

func main() {
	exporter := flag.String("exporter", "", "the exporter's binary")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *exporter, os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string, getenv func(string) string, out io.Writer) (err error) {
	seconds, err := strconv.Atoi(cmp.Or(getenv("DEMO_SECONDS"), "0"))
	if err != nil || seconds < 0 {
		return fmt.Errorf("DEMO_SECONDS=%q is not a number of seconds", getenv("DEMO_SECONDS"))
	}
	if seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
	}
	prometheusAddr, err := address(ctx, getenv, "DEMO_PROMETHEUS_PORT", "8080")
	if err != nil {
		return err
	}
	exporterAddr, err := address(ctx, getenv, "DEMO_EXPORTER_PORT", "8000")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Writing a day of a simulated cluster's history into a Prometheus ...")
	system, err := live.Start(ctx, live.Options{
		Exporter: binary, Cluster: live.Town(), Past: live.TownPast,
		Period: period, SettleDelay: settleDelay, Scrape: scrapeBack,
		PrometheusAddress: prometheusAddr, ExporterAddress: exporterAddr, Index: index,
	})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := system.Close(); err == nil {
			err = cerr
		}
	}()
	client, err := api.NewClient(api.Config{Address: system.Prometheus.URL().String()})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
  %s/
      the exporter: new averages every %s, at /metrics for a Prometheus
  http://%s/
      the Prometheus that it reads, and that scrapes it

Ctrl-C ends everything.

`, system.URL(), model.Duration(period), prometheusAddr)
	d := demo{System: system, api: v1.NewAPI(client), out: out}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.live(ctx, seconds > 0) })
	g.Go(func() error { return d.history(ctx) })
	return g.Wait()
}

// demo is what runs.
type demo struct {
	*live.System
	api v1.API
	out io.Writer
}

// history has the day before computed, for the plots: as if the exporter had run all the time.
func (d demo) history(ctx context.Context) error {
	began := time.Now()
	err := d.Record(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "The plots have the averages of the last 24 h now, too: that took %s.\n\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// live lets time go on, and prints each window's averages once they have come back. Where
// the demo was given a time, none having come back by then is a failure.
func (d demo) live(ctx context.Context, limited bool) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var shown time.Time
	for {
		select {
		case <-ctx.Done():
			if limited && shown.IsZero() && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return errors.New("no averages came back into the Prometheus in DEMO_SECONDS")
			}
			fmt.Fprintln(d.out, "\nThe demo has ended.")
			return nil
		case <-d.Exporter.Done():
			return fmt.Errorf("the exporter: %w", d.Exporter.Err())
		case <-tick.C:
		}
		err := d.Advance(ctx)
		var v values
		if err == nil {
			v, err = readBack(ctx, d.api)
		}
		if ctx.Err() != nil {
			continue
		}
		if err != nil {
			return err
		}
		if v.complete() && v.end.After(shown) {
			v.print(d.out)
			shown = v.end
		}
	}
}

// address returns where to listen, having seen that nothing else does.
func address(ctx context.Context, getenv func(string) string, variable, preset string) (string, error) {
	port := cmp.Or(getenv(variable), preset)
	addr := net.JoinHostPort("127.0.0.1", port)
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("port %s cannot be had: set %s to a free one: %w", port, variable, err)
	}
	return addr, l.Close()
}

var page = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en">
<title>Demo: a Prometheus over a simulated cluster</title>
<body style="font-family: sans-serif; max-width: 45em; margin: 2em auto">
<h1>A real Prometheus over a simulated cluster</h1>
<p>Its TSDB, PromQL engine and HTTP API are here; its web pages are not part of the Go module.</p>
<ul>
<li><a href="/api/v1/query?query=model_cpu_usage_seconds_total">model_cpu_usage_seconds_total</a>, scraped from the exporter</li>
<li><a href="/api/v1/query?query=count(kube_pod_labels)">count(kube_pod_labels)</a>, what the exporter reads</li>
<li><a href="/api/v1/targets">targets</a>, <a href="/metrics">its own metrics</a></li>
<li><a href="http://{{.}}/">the exporter</a></li>
</ul>
`))

func index(exporter string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, exporter) // the browser has left
	})
}
