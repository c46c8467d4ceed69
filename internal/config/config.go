// Package config turns flags, environment variables and a file into one checked Config.
// Nothing else in the exporter reads them.
package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Name is the program's name, as users type it.
const Name = "seldon-prometheus-exporter"

// Config holds all settings, checked. Settings of one command are zero for the others.
type Config struct {
	Command      string
	File         string    // the configuration file, "" for none
	CheckOnly    bool      // nothing is to be run
	Upstream     string    // its name, where the file lists several; models without a cluster label have it as cluster
	Upstreams    []*Config // of all upstreams that the file lists, each as if it were the only one; nil if it lists none
	Prometheus   Prometheus
	Period       time.Duration
	SettleDelay  time.Duration
	Kinds        []workload.Kind // in order of precedence
	ClusterLabel string          // distinguishes clusters, "" for one
	Shard        workload.Shard
	Sources      map[string]func(label func(string) string) bool // which targets are a source's, where that is set
	Query        Query
	Web          *web.FlagConfig
	Pages        bool   // serve pages for people
	DoctorPage   bool   // one of them has the checks of doctor
	GrafanaURL   string // that pages link to, "" for none
	Timestamps   bool   // expose models' metrics with their window's end as timestamp
	Lifecycle    bool   // settings can be read again by HTTP
	Log          *promslog.Config
	RemoteWrite  RemoteWrite
	CatchUp      time.Duration // maximum age of a window that is delivered
	Once         Once
	Backfill     Backfill
	Explain      Explain
	Doctor       Doctor

	settings map[string]*setting // by flag
}

// Each returns the settings of each upstream: those that the file lists, or else c.
func (c *Config) Each() []*Config {
	if len(c.Upstreams) == 0 {
		return []*Config{c}
	}
	return c.Upstreams
}

// Clusters says whether models have the label cluster.
func (c *Config) Clusters() bool { return c.ClusterLabel != "" || c.Upstream != "" }

// inOrder returns settings in the order of --help.
func inOrder(settings map[string]*setting) []*setting {
	return slices.SortedFunc(maps.Values(settings), func(a, b *setting) int { return cmp.Compare(a.number, b.number) })
}

// SettingName returns the name by which the user gave a setting: its environment variable, its
// place in the file, or else its flag.
func (c *Config) SettingName(flag string) string {
	if s := c.settings[flag]; s != nil {
		return s.name()
	}
	return "--" + flag
}

// KindNames lists the kinds for display.
func (c *Config) KindNames() string { return strings.Join(namesOf(c.Kinds), ", ") }

// OwnKinds lists the kinds, as they distinguish the windows of two exporters: "" for the
// default kinds.
func (c *Config) OwnKinds() string {
	if names := strings.Join(namesOf(c.Kinds), ","); names != workload.Defaults() {
		return names
	}
	return ""
}

func namesOf(kinds []workload.Kind) []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}
