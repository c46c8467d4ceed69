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

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
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
	dir, err := os.MkdirTemp("", "demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	fmt.Fprintln(out, "Writing a day of a simulated cluster's history into a Prometheus ...")
	origin := time.Now().Add(-past)
	scraper := cluster.NewScraper(town(), origin, 0)
	if err := prom.WriteBlock(ctx, dir, scraper.Scrape(past)); err != nil {
		return err
	}
	server, err := prom.Start(ctx, prom.Options{
		Dir: dir, Address: prometheusAddr, Index: index(exporterAddr),
		Scrape: []prom.Target{{Job: "seldon-prometheus-exporter", Address: exporterAddr, Interval: scrapeBack}},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	exporter, err := process.Start(process.Command{Path: binary, Args: []string{
		"--prometheus.url=" + server.URL().String(),
		"--time-period=" + model.Duration(period).String(),
		"--settle-delay=" + model.Duration(settleDelay).String(),
		"--web.listen-address=" + exporterAddr,
	}})
	if err != nil {
		return fmt.Errorf("start the exporter: %w", err)
	}
	defer func() {
		if cerr := exporter.Close(); err == nil {
			err = cerr
		}
	}()

	client, err := api.NewClient(api.Config{Address: server.URL().String()})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
  http://%s/metrics   the exporter: new averages every %s
  http://%s/          the Prometheus that it reads, and that scrapes it

Its query API has the averages, too:
  http://%s/api/v1/query?query=model_cpu_usage_seconds_total

Ctrl-C ends everything.
`, exporterAddr, model.Duration(period), prometheusAddr, prometheusAddr)
	d := demo{origin: origin, scraper: scraper, server: server, exporter: exporter, api: v1.NewAPI(client), out: out}
	return d.live(ctx, seconds > 0)
}

// demo is what runs.
type demo struct {
	origin   time.Time
	scraper  *cluster.Scraper
	server   *prom.Server
	exporter *process.Process
	api      v1.API
	out      io.Writer
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
		case <-d.exporter.Done():
			return fmt.Errorf("the exporter: %w", d.exporter.Err())
		case <-tick.C:
		}
		if err := d.server.Append(ctx, d.scraper.Scrape(time.Since(d.origin))); err != nil {
			return err
		}
		v, err := readBack(ctx, d.api)
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
