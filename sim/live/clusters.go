package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Hostile is a cluster whose models have the names that nobody would give them, but for
// somebody who wants pages, files or queries to do what they should not.
func Hostile() *cluster.History {
	b := newBuilder(1)
	for i, name := range HostileNames() {
		b.pod("hostile", fmt.Sprintf("pod-%d", i), seldon(name), cluster.Always(), b.container("classifier", 0.1, 200*mebi, 0.2, 256*mebi))
	}
	b.pod(`<img src=x onerror="alert(1)">`, "pod", kserve("in-a-hostile-namespace"), cluster.Always(), b.container("kserve-container", 0.1, 200*mebi, 0.2, 256*mebi))
	return b.History
}

// HostileNames returns the names of Hostile's models.
func HostileNames() []string {
	return []string{
		`<script>alert("name")</script>`,
		`"><svg onload=alert(1)>`,
		`' or "1"="1`,
		`back\slash\n`,
		"two\nlines",
		`a/b?c=d#e&f=g%2Fh`,
		`..`,
		`.*`,
		`{{.}}${x}`,
		`=1+1`,
		`@SUM(A1)`,
		"right\u202eto-left\u2066",
		"zero\u200bwidth\ufeff",
		"e\u0301\u4e2d\u6587\U0001F600",
		`javascript:alert(1)`,
		strings.Repeat("long-", 60),
	}
}

// Outage is a cluster whose Prometheus was down for three hours, half a day ago.
func Outage() *cluster.History {
	b := newBuilder(1)
	b.Outages = cluster.Spans{{From: TownPast - 13*time.Hour, To: TownPast - 10*time.Hour}}
	b.pod("seldon", "iris-0", seldon("iris"), cluster.Always(), b.container("classifier", 0.1, 200*mebi, 0.2, 256*mebi))
	b.pod("seldon", "short-0", seldon("short"), cluster.Span{From: 3 * time.Hour, To: cluster.Forever}, b.container("classifier", 0.1, 200*mebi, 0.2, 256*mebi))
	free := b.container("classifier", 0.3, gibi, 0, 0)
	free.CPURequest, free.CPULimit, free.MemoryRequest, free.MemoryLimit = nil, nil, nil, nil
	b.pod("seldon", "free-0", seldon("without-limits"), cluster.Always(), free)
	return b.History
}

// Empty is a cluster without models.
func Empty() *cluster.History {
	b := newBuilder(1)
	b.pod("infra", "postgres-0", nil, cluster.Always(), b.container("postgres", 0.5, gibi, 0.5, 4*gibi))
	return b.History
}

// Large is a cluster of so many models, in twenty namespaces, watched once a minute.
func Large(models int) *cluster.History {
	b := newBuilder(models/100 + 1)
	b.KSMs[0].Every, b.Kubelets[0].Every = time.Minute, time.Minute
	for i := range models {
		name := fmt.Sprintf("model-%05d", i)
		labels := seldon(name)
		if i%3 == 0 {
			labels = kserve(name)
		}
		cpu := 0.01 * float64(1+i%97)
		b.pod(fmt.Sprintf("team-%02d", i%20), name+"-0", labels, cluster.Always(), b.container("classifier", cpu, float64(1+i%11)*64*mebi, 2*cpu, 512*mebi))
	}
	return b.History
}
