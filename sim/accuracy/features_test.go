package accuracy

import (
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// featuresTogether is how many features a history of the covering array has at most. With more
// of them, fewer histories cover every three, and each allows larger errors.
const featuresTogether = 10

// presetVariation chooses the features' moments.
const presetVariation = 1

// TestPairsOfFeatures computes a history for every two features that compose.
func TestPairsOfFeatures(t *testing.T) {
	judgeFeatures(t, "pairs of features, and single ones", histories.Pairs(), both())
}

// TestThreesOfFeatures computes histories that have many features each, so that every three
// that compose are in one of them. It takes long: each version is read over one transport.
func TestThreesOfFeatures(t *testing.T) {
	sets := slices.DeleteFunc(histories.Covering(featuresTogether), func(names []string) bool {
		n, err := histories.Compose(names, presetVariation)
		return err == nil && slices.Contains(notExplained(), n.Name)
	})
	judgeFeatures(t, "sets that have every three features together", sets, []fetch.Transport{fetch.RemoteRead})
}

// notExplained are the compositions that are wrong, over both transports on both versions, and
// of which it is not known yet whether the exporter is wrong or the bound is too narrow. None
// is to be added: hunt's -only shrinks each.
func notExplained() []string {
	return []string{
		"deleted+both-kinds+dots-in-names+node-joins+ksm-rescheduled-with-a-gap+second-cadvisor-job+without-id+no-memory@1",
		"every-10s+deleted+taken-by-a-stranger+moved+released+finished+prometheus-restarts+ksm-resharded+ksm-1.9+no-memory@1",
		"every-10s+released+lent+restarts+out-of-memory+no-up+ksm-rescheduled-with-a-gap+resource-in-its-own-job+without-id+cgroupfs@1",
		"every-60s+deleted+restarts+nested-cgroups+node-joins+ksm-sharded+ksm-out+resource-too+cgroupfs+kubelet-job-out@1",
		"every-60s+released+nested-cgroups+guaranteed+prometheus-down+ksm-sharded+ksm-rescheduled-with-a-gap+ksm-1.9+resource-only+cgroupfs@1",
		"late+replaced-after-a-pause+taken-over+moved+relabelled+scrapes-of-kubelets-fail+prometheus-down+everything-scraped-twice+without-id+rows-linger@1",
		"mixed-intervals+another-label-changes+nested-cgroups+idle+node-leaves+ksm-upgraded+resource-in-its-own-job+without-id+timestamps+cadvisor-exported-labels@1",
		"mixed-intervals+late+relabelled-to-another-kind+both-kinds+restarts+guaranteed+node-out+everything-scraped-twice+ksm-rescheduled+cgroupfs@1",
		"mixed-intervals+replaced-after-a-pause+relabelled-to-another-kind+lent+out-of-memory+prometheus-restarts+ksm-upgraded+resource-in-its-own-job+without-id+cadvisor-exported-labels@1",
		"moved+brief+resized+guaranteed+node-leaves+node-joins+ksm-rescheduled-with-a-gap+scrapes-of-ksm-fail+second-cadvisor-job+cadvisor-exported-labels@1",
		"moved+relabelled+relabelled-to-another-kind+released+same-name-elsewhere+node-leaves+two-ksm-replicas+ksm-without-uid+resource-too+cri-rows@1",
		"relabelled-to-another-kind+crash-loop+idle+resized+prometheus-down+everything-scraped-twice+ksm-1.x+ksm-exported-labels+without-id+cadvisor-exported-labels@1",
		"replaced-after-a-pause+node-out+node-leaves+node-joins+scrapes-of-kubelets-fail+ksm-rescheduled-with-a-gap+ksm-exported-labels+resource-in-its-own-job+resource-only+docker@1",
		"replaced-after-a-pause+relabelled+released+both-kinds+pending+ksm-upgraded+resource-too+cri-rows+no-memory+kubelet-job-out@1",
		"replaced-at-once+moved+relabelled+native-sidecar+node-out+node-joins+ksm-sharded+ksm-rescheduled-with-a-gap+resource-too+without-id@1",
		"replaced-at-once+relabelled+relabelled-to-another-kind+pending+moving+prometheus-down+no-up+ksm-upgraded+second-cadvisor-job+docker@1",
		"taken-over+relabelled+lent+dots-in-names+moving+resized+ksm-out+resource-too+without-id+timestamps@1",
	}
}

func judgeFeatures(t *testing.T, what string, sets [][]string, transports []fetch.Transport) {
	variation := setting(t, "SIM_VARIATION", presetVariation)
	placed := Lay(compose(t, sets, variation))
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	say(t, "%d %s, of %d, SIM_VARIATION=%d", len(sets), what, len(histories.Features()), variation)
	var tallies []*Tally
	t.Run("Prometheus "+prom.Version, func(t *testing.T) {
		tallies = append(tallies, judgeAll(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, transports)...)
	})
	if len(transports) == 1 {
		transports = []fetch.Transport{fetch.PromQL}
	}
	t.Run("Prometheus 2 of Debian", func(t *testing.T) {
		version := promtest.Debian(t).Version
		tallies = append(tallies, judgeAll(t, placed, promtest.StartDebian(t, dir), version, transports)...)
	})
	say(t, "%s", Summary(tallies))
}

// compose makes the histories of one variation.
func compose(t *testing.T, sets [][]string, variation uint64) []histories.Named {
	t.Helper()
	var out []histories.Named
	for _, names := range sets {
		n, err := histories.Compose(names, variation)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}
