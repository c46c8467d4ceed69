package config

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// The periods that make sense: a shorter one averages a handful of scrapes, a longer
// one asks for more history than most servers keep.
const (
	MinPeriod = time.Minute
	MaxPeriod = 31 * 24 * time.Hour
)

const presetKinds = "SeldonDeployment,InferenceService"

// windowFlags say what is computed, and when.
func windowFlags(f Flags) Check {
	period := f.add("time-period", "TIME_PERIOD", "1h",
		"Length of the windows that are averaged over, and how often there is a new one: 1m to 31d.")
	settle := f.add("settle-delay", "SETTLE_DELAY", "1m",
		"How long after a window's end it is computed, so that late scrapes are in.")
	names := f.add("kinds", "KINDS", presetKinds,
		"Kubernetes kinds that are models, separated by commas. A pod that carries the labels of several belongs to the first.")
	shard := f.add("shard", "SHARD", "0/1",
		"Which of several exporters this one is that share the models between them by namespace: i/n is number i, counted from 0, of n. 0/1 has them all.")
	return func(c *checker, cfg *Config) {
		cfg.Period = parse(c, period, durationBetween(MinPeriod, MaxPeriod))
		cfg.SettleDelay = parse(c, settle, durationBetween(0, MaxPeriod))
		cfg.Kinds = parse(c, names, kinds)
		cfg.Shard = parse(c, shard, workload.ParseShard)
		if cfg.Period > 0 && cfg.SettleDelay > cfg.Period {
			c.failf("%s is longer than the period of %s: choose a shorter delay", settle, model.Duration(cfg.Period))
		}
	}
}
