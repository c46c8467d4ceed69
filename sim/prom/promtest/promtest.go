// Package promtest starts real Prometheus servers for tests, and ends them with the test.
package promtest

import (
	"errors"
	"net/url"
	"os"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// Start serves the options' TSDB by the current Prometheus until the test ends.
func Start(t testing.TB, o prom.Options) *prom.Server {
	t.Helper()
	s, err := prom.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// StartDebian serves the blocks in dir by Debian's Prometheus 2.x until the test ends, with
// more flags if there are any. The test is skipped where there is none to be had, except in
// CI, where that is a failure.
func StartDebian(t testing.TB, dir string, flags ...string) *url.URL {
	t.Helper()
	pkg := Debian(t)
	own := t.TempDir()
	if err := prom.LinkBlocks(own, dir); err != nil {
		t.Fatal(err)
	}
	p, err := debian.Start(t.Context(), pkg, own, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p.URL()
}

// Debian returns Debian's package of Prometheus 2.x, or skips the test as StartDebian does.
func Debian(t testing.TB) debian.Package {
	t.Helper()
	cache, err := debian.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := debian.Fetch(t.Context(), cache)
	if errors.Is(err, debian.ErrNone) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
