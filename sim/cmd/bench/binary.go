package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// running is the exporter's own binary, once it serves its first values.
type running struct {
	process *process.Process
	url     *url.URL
	run
}

// run is what it took to get there.
type run struct {
	cpu     time.Duration
	peak    int64         // bytes of memory
	took    time.Duration // from the start of the process to the first values
	waited  time.Duration // of that, while at least one query was under way
	answers int64         // bytes, as they came over the wire
	server  time.Duration // CPU of the Prometheus
}

// startExporter runs the binary on the newest settled hour, and waits for its values.
func (b *bench) startExporter(ctx context.Context, s server, settle time.Duration, args ...string) (*running, error) {
	upstream := newMeter(s.url)
	defer upstream.close()
	server, err := process.CPU(s.ID())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	p, base, err := startServer(ctx, process.Command{Path: b.exporter, Args: append([]string{
		"--prometheus.url=" + upstream.server.URL,
		"--time-period=1h",
		"--settle-delay=" + model.Duration(settle).String(),
		"--web.listen-address=127.0.0.1:0",
	}, args...)})
	if err != nil {
		return nil, fmt.Errorf("start the exporter: %w", err)
	}
	r := &running{process: p, url: base}
	err = r.awaitValues(ctx)
	r.took = time.Since(began)
	r.waited, r.answers = upstream.total()
	if err == nil {
		err = r.weigh(s, server)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return r, nil
}

// weigh takes down what the run has used, by which the Prometheus had so much CPU time
// at its start.
func (r *running) weigh(s server, server time.Duration) (err error) {
	if r.cpu, err = process.CPU(r.process.ID()); err != nil {
		return err
	}
	if r.peak, err = peakOf(r.process.ID()); err != nil {
		return err
	}
	if r.server, err = process.CPU(s.ID()); err != nil {
		return err
	}
	r.server -= server
	return nil
}

const (
	valuesTimeout = 5 * time.Minute
	valuesPoll    = 5 * time.Millisecond
)

// awaitValues waits until the exporter is ready, which it is when it serves a window.
func (r *running) awaitValues(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, valuesTimeout)
	defer cancel()
	poll := time.NewTicker(valuesPoll)
	defer poll.Stop()
	for {
		status, _, err := get(ctx, r.url.JoinPath("-/ready"), "")
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-poll.C:
		case <-r.process.Done():
			return r.process.Err()
		case <-ctx.Done():
			return fmt.Errorf("the exporter has no values after %s", valuesTimeout)
		}
	}
}

// get reads a page, in an encoding if one is named, and returns its length.
func get(ctx context.Context, u *url.URL, encoding string) (status int, length int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, 0, err
	}
	if encoding == "" {
		encoding = "identity"
	}
	req.Header.Set("Accept-Encoding", encoding) // set by us, it is not undone by the client
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Encoding"); resp.StatusCode == http.StatusOK && encoding != "identity" && got != encoding {
		return 0, 0, fmt.Errorf("%s: asked for %s, got %q", u, encoding, got)
	}
	length, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, length, err
}

// valueAt returns the value of a series on a page.
func valueAt(ctx context.Context, page *url.URL, series string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	found, err := 0.0, fmt.Errorf("%s has no %s", page, series)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() { // to the end, so that the connection is used again
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			found, err = strconv.ParseFloat(value, 64)
		}
	}
	return found, errors.Join(err, lines.Err())
}

// meter stands before a Prometheus, and measures for how long it is asked something.
type meter struct {
	server *httptest.Server

	mu       sync.Mutex
	underWay int
	since    time.Time // when underWay became one
	busy     time.Duration
	bytes    int64
}

func newMeter(to *url.URL) *meter {
	m := &meter{}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // the exporter tells what failed
	}
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.enter()
		defer m.leave()
		proxy.ServeHTTP(&counted{w, m}, r)
	}))
	return m
}

func (m *meter) enter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.underWay == 0 {
		m.since = time.Now()
	}
	m.underWay++
}

func (m *meter) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.underWay--
	if m.underWay == 0 {
		m.busy += time.Since(m.since)
	}
}

func (m *meter) total() (busy time.Duration, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.busy, m.bytes
}

func (m *meter) close() { m.server.Close() }

// counted counts an answer's bytes.
type counted struct {
	http.ResponseWriter
	m *meter
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.m.mu.Lock()
	c.m.bytes += int64(n)
	c.m.mu.Unlock()
	return n, err
}
