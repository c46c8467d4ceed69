package config

import (
	"fmt"
	"slices"
	"strings"
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
		"Length of the windows that are averaged over, and so how often there is a new one: 1m to 31d.")
	settle := f.add("settle-delay", "SETTLE_DELAY", "1m",
		"How long after its end a window is computed, so that late scrapes are included.")
	names := f.add("kinds", "KINDS", presetKinds,
		"Kubernetes kinds that are models, separated by commas, in order of precedence: a pod that carries the labels of several belongs to the first. Known are "+strings.Join(namesOf(workload.Kinds()), ", ")+", and those of --custom-kind.")
	custom := f.addList("custom-kind", "CUSTOM_KINDS", "<name=label>", ";",
		"Further kind for --kinds: its name, the pod label that names the model, and other labels that a pod must carry, as RayService=ray.io/serve,tier=models. The flag can be repeated; semicolons separate several.")
	cluster := f.add("cluster-label", "CLUSTER_LABEL", "<name>",
		"Label that distinguishes the clusters in a Prometheus that holds several. Models then carry the label cluster.")
	shard := f.add("shard", "SHARD", "0/1",
		"Share of the models, by namespace, that this exporter computes: i/n is share i of n, counted from 0. 0/1 is all of them.")
	return func(c *checker, cfg *Config) {
		cfg.Period = parse(c, period, durationBetween(MinPeriod, MaxPeriod))
		cfg.SettleDelay = parse(c, settle, durationBetween(0, MaxPeriod))
		cfg.CustomKinds = parse(c, custom, customKinds)
		cfg.Kinds = parse(c, names, kinds(cfg.CustomKinds))
		for _, k := range cfg.CustomKinds {
			if len(cfg.Kinds) > 0 && !slices.Contains(namesOf(cfg.Kinds), k.Name) {
				c.failf("%s adds a kind that %s does not list: list %s there", custom, names, k.Name)
			}
		}
		cfg.ClusterLabel = parse(c, cluster, orNothing(labelName))
		cfg.Shard = parse(c, shard, workload.ParseShard)
		if cfg.Period > 0 && cfg.SettleDelay > cfg.Period {
			c.failf("%s is longer than the period of %s: choose a shorter delay", settle, model.Duration(cfg.Period))
		}
	}
}

// kinds reads names of kinds, which the custom ones are among.
func kinds(custom []Kind) func(string) ([]workload.Kind, error) {
	return func(s string) ([]workload.Kind, error) {
		found, err := selectKinds(parts(s, ","), custom)
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %w", err)
		}
		return found, nil
	}
}

func customKinds(s string) ([]Kind, error) {
	var all []Kind
	for _, text := range parts(s, ";") {
		k, err := parseKind(text)
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %q %w", text, err)
		}
		all = append(all, k)
	}
	return all, nil
}

// parts returns what is between separators, without what is empty.
func parts(s, separator string) []string {
	var all []string
	for part := range strings.SplitSeq(s, separator) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
