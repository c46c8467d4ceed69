package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// story returns a history as one of sim/histories: told to a builder, ready to be pasted.
func story(n histories.Named) string {
	h := &n.History
	t := &teller{}
	if n.Window.To != 20*time.Minute {
		t.say("b.window = %s", duration(n.Window.To))
	}
	if len(h.Outages) > 0 {
		t.say("b.Outages = %s", spans(h.Outages))
	}
	if h.NoUp {
		t.say("b.NoUp = true")
	}
	t.nodes(h.Nodes)
	t.ksms(h.KSMs)
	t.kubelets(h.Kubelets)
	for i := range h.Pods {
		t.pod(i, &h.Pods[i], h)
	}
	return fmt.Sprintf("{%q, \"\", func(b *builder) {\n%s}},", n.Name, t.String())
}

// teller writes a story.
type teller struct{ strings.Builder }

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t, "\t"+format+"\n", args...) }

// differ says that a field is to be another one.
func differ[T comparable](t *teller, what string, v, usual T, show func(T) string) {
	if v != usual {
		t.say("%s = %s", what, show(v))
	}
}

func literal[T any](v T) string { return fmt.Sprintf("%#v", v) }

func (t *teller) nodes(nodes []cluster.Node) {
	for i, n := range nodes {
		name := fmt.Sprintf("b.Nodes[%d]", i)
		if i > 1 {
			t.say("b.node(%q)", n.Name)
		} else {
			differ(t, name+".Name", n.Name, nodeName(i), literal)
		}
		differ(t, name+".Life", n.Life, cluster.Always(), span)
		differ(t, name+".Linger", n.Linger, 0, duration)
		differ(t, name+".Driver", n.Driver, cluster.Systemd, func(cluster.CgroupDriver) string { return "cluster.Cgroupfs" })
		differ(t, name+".Runtime", n.Runtime, cluster.Containerd, func(cluster.Runtime) string { return "cluster.Docker" })
		if len(n.Holes) > 0 {
			t.say("%s.Holes = %s", name, spans(n.Holes))
		}
	}
	if len(nodes) < 2 {
		t.say("b.Nodes = b.Nodes[:%d]", len(nodes))
	}
}

func (t *teller) schedule(name string, s cluster.Schedule, offset time.Duration) {
	differ(t, name+".Every", s.Every, 30*time.Second, duration)
	differ(t, name+".Offset", s.Offset, offset, duration)
}

func (t *teller) target(name string, labels []cluster.Label, honor bool) {
	if len(labels) > 0 {
		t.say("%s.Target = %s", name, strings.ReplaceAll(fmt.Sprintf("%#v", labels), "cluster.Label{N", "{N"))
	}
	differ(t, name+".HonorLabels", honor, true, literal)
}

func (t *teller) ksms(ksms []cluster.KSM) {
	versions := []string{"cluster.KSM2", "cluster.KSM1", "cluster.KSM19"}
	for i, k := range ksms {
		name := fmt.Sprintf("b.KSMs[%d]", i)
		if i > 0 {
			t.say("b.ksm(%q)", strings.TrimSuffix(k.Instance, ":8080"))
		}
		t.schedule(name, k.Schedule, ksmOffset(i))
		differ(t, name+".Life", k.Life, cluster.Always(), span)
		differ(t, name+".Version", k.Version, cluster.KSM2, func(v cluster.KSMVersion) string { return versions[v] })
		differ(t, name+".NoUID", k.NoUID, false, literal)
		if k.Shards > 0 {
			t.say("%s.Shard, %s.Shards = %d, %d", name, name, k.Shard, k.Shards)
		}
		if len(k.Holes) > 0 {
			t.say("%s.Holes = %s", name, spans(k.Holes))
		}
		t.target(name, k.Target, k.HonorLabels)
	}
	if len(ksms) == 0 {
		t.say("b.KSMs = nil")
	}
}

func (t *teller) kubelets(kubelets []cluster.Kubelet) {
	for i, k := range kubelets {
		name := fmt.Sprintf("b.Kubelets[%d]", i)
		if i > 0 {
			t.say("b.kubelets(%q)", k.Job)
		} else {
			differ(t, name+".Job", k.Job, "kubelet", literal)
		}
		t.schedule(name, k.Schedule, kubeletOffset(i))
		differ(t, name+".Spread", k.Spread, usualSpread, duration)
		differ(t, name+".Life", k.Life, cluster.Always(), span)
		differ(t, name+".Endpoint", k.Endpoint, cluster.CAdvisor, func(cluster.Endpoint) string { return "cluster.ResourceAPI" })
		differ(t, name+".PathLabel", k.PathLabel, true, literal)
		differ(t, name+".Timestamps", k.Timestamps, false, literal)
		differ(t, name+".CRI", k.CRI, false, literal)
		differ(t, name+".DropID", k.DropID, false, literal)
		differ(t, name+".KeepName", k.KeepName, false, literal)
		differ(t, name+".DropMemory", k.DropMemory, false, literal)
		if len(k.Holes) > 0 {
			t.say("%s.Holes = %s", name, spans(k.Holes))
		}
		t.target(name, k.Target, k.HonorLabels)
	}
	if len(kubelets) == 0 {
		t.say("b.Kubelets = nil")
	}
}

func (t *teller) pod(i int, p *cluster.Pod, h *cluster.History) {
	parts := []string{fmt.Sprintf("%q", p.Name)}
	if p.Namespace != "models" {
		parts = append(parts, fmt.Sprintf("in(%q)", p.Namespace))
	}
	parts = append(parts, fmt.Sprintf("on(%q)", p.Node), fmt.Sprintf("lives(%s, %s)", moment(p.Life.From), moment(p.Life.To)))
	if p.Unscheduled > 0 {
		parts = append(parts, fmt.Sprintf("unscheduled(%s)", duration(p.Unscheduled)))
	}
	parts = append(parts, labels(p)...)
	for _, ph := range p.Phases {
		parts = append(parts, fmt.Sprintf("phase(%s, cluster.%s)", moment(ph.At), ph.Name))
	}
	text := "b.pod(" + strings.Join(parts, ", ")
	for _, c := range p.Containers {
		text += ",\n\t\t" + container(&c)
	}
	text += ")"
	if p.UID != usualUID(i, p) && sharded(h) {
		text += fmt.Sprintf(".UID = %q", p.UID)
	}
	t.say("%s", text)
}

func sharded(h *cluster.History) bool {
	return slices.ContainsFunc(h.KSMs, func(k cluster.KSM) bool { return k.Shards > 0 })
}

// labels are a pod's, each where it changes.
func labels(p *cluster.Pod) []string {
	var out []string
	last := map[string]string{}
	for i, l := range p.Labels {
		at := moment(l.At)
		if i == 0 {
			at = "cluster.Beginning"
		}
		all := maps.Clone(last)
		maps.Copy(all, l.Set)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if key != "app" && l.Set[key] != last[key] {
				out = append(out, fmt.Sprintf("labelFrom(%s, %q, %q)", at, key, l.Set[key]))
			}
		}
		last = l.Set
	}
	return out
}

func container(c *cluster.Container) string {
	parts := []string{fmt.Sprintf("%q", c.Name), fmt.Sprintf("moves(%s, %s)", curve(c.CPU), curve(c.Memory))}
	switch c.Role {
	case cluster.Init:
		parts = append(parts, "role(cluster.Init)")
	case cluster.Sidecar:
		parts = append(parts, "role(cluster.Sidecar)")
	}
	var ghost time.Duration
	ran := make([]string, len(c.Runs))
	for i, r := range c.Runs {
		ran[i], ghost = span(r.Span), r.Ghost
	}
	parts = append(parts, "runs("+strings.Join(ran, ", ")+")")
	var sets []string
	for _, s := range []struct {
		name  string
		curve cluster.Curve
	}{{"CPURequest", c.CPURequest}, {"CPULimit", c.CPULimit}, {"MemoryRequest", c.MemoryRequest}, {"MemoryLimit", c.MemoryLimit}} {
		if s.curve != nil {
			sets = append(sets, fmt.Sprintf("c.%s = %s", s.name, curve(s.curve)))
		}
	}
	if c.Nested {
		sets = append(sets, "c.Nested = true")
	}
	if ghost > 0 {
		sets = append(sets, fmt.Sprintf("c.Runs[%d].Ghost = %s", len(c.Runs)-1, duration(ghost)))
	}
	if len(sets) > 0 {
		parts = append(parts, "func(c *cluster.Container) { "+strings.Join(sets, "; ")+" }")
	}
	return "container(" + strings.Join(parts, ", ") + ")"
}

// deviations are what is off, a line each.
func deviations(o outcome, before string) string {
	var b strings.Builder
	if o.err != nil {
		fmt.Fprintf(&b, "%s%v\n", before, o.err)
	}
	for _, d := range o.deviations {
		fmt.Fprintf(&b, "%s%s\n", before, d)
	}
	return b.String()
}
