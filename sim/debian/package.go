// Package debian has programs of Debian's packages, fetched and unpacked without root: its
// Prometheus 2.x as a real process, started on a port of its own, and a browser.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNone tells that this machine cannot have Debian's Prometheus 2.x.
var ErrNone = errors.New("no Prometheus 2.x from a Debian package")

// Package is Debian's package of Prometheus, unpacked.
type Package struct {
	Dir     string
	Version string
}

// Prometheus returns the server's path.
func (p Package) Prometheus() string { return filepath.Join(p.Dir, "usr", "bin", "prometheus") }

// Promtool returns promtool's path.
func (p Package) Promtool() string { return filepath.Join(p.Dir, "usr", "bin", "promtool") }

// CacheDir returns the one directory outside the checkout in which this project keeps things.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no directory for a cache: set XDG_CACHE_HOME or HOME: %w", err)
	}
	return filepath.Join(dir, "seldon-prometheus-exporter"), nil
}

// Fetch returns Debian's Prometheus 2.x. The error is ErrNone where the system has none.
func Fetch(ctx context.Context, cache string) (Package, error) {
	tree, err := Unpack(ctx, cache, "prometheus")
	if err != nil {
		return Package{}, err
	}
	if !strings.HasPrefix(tree.Version, "2.") {
		return Package{}, fmt.Errorf("%w: this release's is %s", ErrNone, tree.Version)
	}
	return Package{Dir: tree.Dir, Version: upstreamVersion(tree.Version)}, nil
}

// upstreamVersion turns 2.42.0+ds-5+deb12u1 into 2.42.0.
func upstreamVersion(debian string) string {
	version, _, _ := strings.Cut(debian, "+")
	version, _, _ = strings.Cut(version, "-")
	return version
}
