package config

import (
	"reflect"
	"slices"
)

// Equal says whether both have the same settings, and the same content of files that are read
// with them.
func (c *Config) Equal(other *Config) bool {
	return c.Upstream == other.Upstream && slices.EqualFunc(c.Upstreams, other.Upstreams, (*Config).Equal) && len(c.differing(other)) == 0 &&
		reflect.DeepEqual(c.Prometheus, other.Prometheus) && reflect.DeepEqual(c.RemoteWrite, other.RemoteWrite)
}

// NeedsRestart names the settings that differ and that cannot change while the exporter runs, as
// they are given in next.
func (c *Config) NeedsRestart(next *Config) []string {
	var names []string
	for _, s := range c.differing(next) {
		if s.fixed {
			names = append(names, s.name())
		}
	}
	return names
}

// differing returns the settings of other that are not as those of c, in the order of --help.
func (c *Config) differing(other *Config) []*setting {
	var all []*setting
	for _, s := range inOrder(other.settings) {
		if s.raw != c.settings[s.flag].raw {
			all = append(all, s)
		}
	}
	return all
}

// SameWindows says whether both deliver the same windows to the same place.
func (c *Config) SameWindows(other *Config) bool {
	return c.Upstream == other.Upstream && c.Period == other.Period && c.CatchUp == other.CatchUp && c.ClusterLabel == other.ClusterLabel &&
		c.Shard == other.Shard && c.OwnKinds() == other.OwnKinds() && reflect.DeepEqual(c.RemoteWrite, other.RemoteWrite)
}
