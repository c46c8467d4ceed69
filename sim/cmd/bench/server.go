package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// server is a Prometheus in a process of its own, so that its CPU time is its own.
type server struct {
	*process.Process
	version string
	url     *url.URL
}

// serve is what the process of the current Prometheus does: it logs its address, and
// answers until it is to end.
func serve(ctx context.Context, dir string) error {
	s, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return err
	}
	logAddress(s.URL().Host)
	<-ctx.Done()
	return s.Close()
}

// logAddress logs where a server listens, as package process reads it.
func logAddress(address string) {
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("Listening on", "address", address)
}

// startCurrent runs the current Prometheus over what is stored in dir, until the group ends.
func (b *bench) startCurrent(ctx context.Context, dir string) (server, error) {
	own, err := b.linked(dir)
	if err != nil {
		return server{}, err
	}
	p, u, err := b.startSelf(ctx, "-serve", own)
	if err != nil {
		return server{}, fmt.Errorf("start Prometheus %s: %w", prom.Version, err)
	}
	return server{p, prom.Version, u}, nil
}

// startSelf runs this program as a server, until the group ends.
func (b *bench) startSelf(ctx context.Context, args ...string) (*process.Process, *url.URL, error) {
	p, u, err := startServer(ctx, process.Command{Path: b.self, Args: args})
	if err == nil {
		b.ends = append(b.ends, p.Close)
	}
	return p, u, err
}

func startServer(ctx context.Context, c process.Command) (*process.Process, *url.URL, error) {
	p, err := process.Start(c)
	if err != nil {
		return nil, nil, err
	}
	address, err := p.Address(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, p.Close())
	}
	return p, &url.URL{Scheme: "http", Host: address}, nil
}

// startDebian runs Debian's Prometheus over the same, until the group ends.
func (b *bench) startDebian(ctx context.Context, dir string) (server, error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return server{}, err
	}
	pkg, err := debian.Fetch(ctx, cache)
	if err != nil {
		return server{}, err
	}
	own, err := b.linked(dir)
	if err != nil {
		return server{}, err
	}
	p, err := debian.Start(ctx, pkg, own)
	if err != nil {
		return server{}, err
	}
	b.ends = append(b.ends, p.Close)
	return server{p.Process, pkg.Version, p.URL()}, nil
}

// linked returns a directory of a server's own that holds what is stored in dir.
func (b *bench) linked(dir string) (string, error) {
	own, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		return "", err
	}
	return own, prom.Link(own, dir)
}
