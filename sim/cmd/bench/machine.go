package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// machine is what was measured on.
type machine struct {
	cpu      string
	cores    int
	memory   int64 // bytes
	versions []string
}

func thisMachine(ctx context.Context) machine {
	m := machine{cpu: "an unknown CPU", cores: runtime.NumCPU(), versions: []string{"Go " + strings.TrimPrefix(runtime.Version(), "go"), "Prometheus " + prom.Version}}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if kib, err := procField("/proc/meminfo", "MemTotal"); err == nil {
		m.memory = kib << 10
	}
	cache, err := debian.CacheDir()
	if err == nil {
		var pkg debian.Package
		if pkg, err = debian.Fetch(ctx, cache); err == nil {
			m.versions = append(m.versions, "Prometheus "+pkg.Version)
		}
	}
	if errors.Is(err, debian.ErrNone) {
		m.versions = append(m.versions, "no older Prometheus")
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s of memory, %s/%s; %s", m.cpu, m.cores,
		megabytes(m.memory), runtime.GOOS, runtime.GOARCH, strings.Join(m.versions, ", "))
}
