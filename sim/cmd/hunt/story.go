package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

func at(t time.Duration) string {
	switch {
	case t >= cluster.Forever:
		return "end"
	case t <= cluster.Beginning:
		return "beginning"
	}
	return t.String()
}

func sp(s cluster.Span) string { return at(s.From) + ".." + at(s.To) }

func story(n histories.Named, o outcome) string {
	var b strings.Builder
	h := n.History
	fmt.Fprintf(&b, "%s window %s NoUp=%v outages %v\n", n.Name, n.Window.To, h.NoUp, h.Outages)
	for _, x := range h.Nodes {
		fmt.Fprintf(&b, "  node %s life %s holes %v linger %s driver %v runtime %v\n", x.Name, sp(x.Life), x.Holes, x.Linger, x.Driver, x.Runtime)
	}
	for _, x := range h.KSMs {
		fmt.Fprintf(&b, "  ksm %s every %s offset %s life %s holes %v shard %d/%d v%d nouid=%v honor=%v\n", x.Instance, x.Every, x.Offset, sp(x.Life), x.Holes, x.Shard, x.Shards, x.Version, x.NoUID, x.HonorLabels)
	}
	for _, x := range h.Kubelets {
		fmt.Fprintf(&b, "  kubelet %s every %s offset %s spread %s life %s holes %v ep %v ts=%v dropid=%v dropmem=%v honor=%v path=%v\n", x.Job, x.Every, x.Offset, x.Spread, sp(x.Life), x.Holes, x.Endpoint, x.Timestamps, x.DropID, x.DropMemory, x.HonorLabels, x.PathLabel)
	}
	for _, p := range h.Pods {
		fmt.Fprintf(&b, "  pod %s/%s %s on %s life %s unsched %s\n", p.Namespace, p.Name, p.UID[:8], p.Node, sp(p.Life), p.Unscheduled)
		for _, l := range p.Labels {
			fmt.Fprintf(&b, "    labels %s %v\n", at(l.At), l.Set)
		}
		for _, l := range p.Phases {
			fmt.Fprintf(&b, "    phase %s %v\n", at(l.At), l.Name)
		}
		for _, c := range p.Containers {
			var runs []string
			for _, r := range c.Runs {
				runs = append(runs, sp(r.Span))
			}
			j, _ := json.Marshal([]cluster.Curve{c.CPU, c.Memory, c.CPURequest, c.CPULimit, c.MemoryRequest, c.MemoryLimit})
			fmt.Fprintf(&b, "    container %s role %d nested %v runs %v %s\n", c.Name, c.Role, c.Nested, runs, strings.ReplaceAll(string(j), `,"Slope":0,"Swing":0,"Period":0`, ""))
		}
	}
	if o.err != nil {
		fmt.Fprintln(&b, "  !!", o.err)
	}
	for _, d := range o.deviations {
		fmt.Fprintln(&b, "  !!", d)
	}
	return b.String()
}
