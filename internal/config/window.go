package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// The bounds of the period: a shorter one averages only a few scrapes, a longer one needs more
// history than most servers keep.
const (
	MinPeriod = time.Minute
	MaxPeriod = 31 * 24 * time.Hour
)

// windowFlags defines what is computed, and when.
func windowFlags(f Flags) Check {
	period := f.add("time-period", "TIME_PERIOD", "1h",
		"Length of the windows, and so how often there are new averages: 1m to 31d.")
	settle := f.add("settle-delay", "SETTLE_DELAY", "1m",
		"How long after its end a window is computed, so that late samples are included.")
	names := f.addList("kinds", "KINDS", workload.Defaults(), ",",
		"Kubernetes kinds that are models, separated by commas, in order of precedence: a pod with the labels of several kinds belongs to the first. Known kinds are "+strings.Join(namesOf(workload.Kinds()), ", ")+", and those of --kind.")
	further := f.addList("kind", "KIND", "<name=label>", ";",
		"Additional kind, as RayService=ray.io/serve-app,tier=models: its name, the pod label that names the model, and further labels that a pod must have. It comes after those of --kinds unless it is listed there. The flag can be repeated; semicolons separate several kinds.")
	cluster := f.add("cluster-label", "CLUSTER_LABEL", "<name>",
		"Label that distinguishes the clusters in a Prometheus that holds several. Models then have the label cluster.")
	shard := f.add("shard", "SHARD", "0/1",
		"Share of the models, by namespace, that this exporter computes: i/n is share i of n, counted from 0. 0/1 is all models.")
	within(ofSome, settle, names, further, cluster)
	return func(c *checker, cfg *Config) {
		cfg.Period = parse(c, period, durationBetween(MinPeriod, MaxPeriod))
		cfg.SettleDelay = parse(c, settle, durationBetween(0, MaxPeriod))
		cfg.Kinds = parse(c, names, kinds(parse(c, further, ownKinds)))
		cfg.ClusterLabel = parse(c, cluster, orNothing(labelName))
		cfg.Shard = parse(c, shard, workload.ParseShard)
		if cfg.Period > 0 && cfg.SettleDelay > cfg.Period {
			c.failf("%s is longer than the period of %s: choose a shorter delay", settle, model.Duration(cfg.Period))
		}
	}
}

// kinds reads names of kinds, and adds the user's own kinds that are not listed.
func kinds(own []workload.Kind) func(string) ([]workload.Kind, error) {
	return func(s string) ([]workload.Kind, error) {
		names := parts(s, ",")
		for _, k := range own {
			if !slices.Contains(names, k.Name) && len(names) > 0 {
				names = append(names, k.Name)
			}
		}
		found, err := workload.Select(names, own)
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %w", err)
		}
		return found, nil
	}
}

func ownKinds(s string) ([]workload.Kind, error) {
	var all []workload.Kind
	for _, text := range parts(s, ";") {
		k, err := workload.ParseKind(text)
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %q %w", text, err)
		}
		all = append(all, k)
	}
	return all, nil
}

// parts splits a text at separators, and drops empty parts.
func parts(s, separator string) []string {
	var all []string
	for part := range strings.SplitSeq(s, separator) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
