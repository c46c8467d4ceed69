package cluster

import (
	"errors"
	"fmt"
	"time"
)

// Check returns what makes a history impossible, or impossible to compute exactly.
func (h *History) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	nodes := make(map[nodeKey]Node)
	for _, n := range h.Nodes {
		key := nodeKey{n.Cluster, n.Name}
		if _, twice := nodes[key]; twice {
			fail("node %s is there twice", n.Name)
		}
		nodes[key] = n
	}
	for _, k := range h.KSMs {
		if k.Every <= 0 || k.Shards > 0 && k.Shard >= k.Shards {
			fail("kube-state-metrics %s: every %s, shard %d of %d", k.Instance, k.Every, k.Shard, k.Shards)
		}
	}
	for _, k := range h.Kubelets {
		if k.Every <= 0 {
			fail("kubelet job %s: every %s", k.Job, k.Every)
		}
	}
	type name struct{ cluster, namespace, pod string }
	named := make(map[name][]Span)
	uids := make(map[string]bool)
	for i := range h.Pods {
		p := &h.Pods[i]
		if err := p.check(nodes); err != nil {
			fail("pod %s/%s: %w", p.Namespace, p.Name, err)
		}
		if uids[p.UID] {
			fail("pod %s/%s: uid %q is another's", p.Namespace, p.Name, p.UID)
		}
		uids[p.UID] = true
		key := name{p.Cluster, p.Namespace, p.Name}
		for _, other := range named[key] {
			if other.And(p.Life).Length() > 0 {
				fail("pod %s/%s: two of them live at once", p.Namespace, p.Name)
			}
		}
		named[key] = append(named[key], p.Life)
	}
	return errors.Join(errs...)
}

func (p *Pod) check(nodes map[nodeKey]Node) error {
	if p.Life.Length() == 0 || p.Life.From == Beginning {
		return fmt.Errorf("life %v has no length or no beginning", p.Life)
	}
	if len(p.Phases) == 0 || p.Phases[0].At != p.Life.From {
		return errors.New("no phase from its creation on")
	}
	if len(p.Labels) == 0 || p.Labels[0].At > p.Life.From {
		return errors.New("no labels from its creation on")
	}
	for i := 1; i < len(p.Phases); i++ {
		if p.Phases[i].At <= p.Phases[i-1].At {
			return errors.New("phases out of order")
		}
	}
	for i := 1; i < len(p.Labels); i++ {
		if p.Labels[i].At <= p.Labels[i-1].At {
			return errors.New("labels out of order")
		}
	}
	may := p.Life
	if node, ok := nodes[nodeKey{p.Cluster, p.Node}]; ok {
		may = may.And(node.Life)
	} else if p.Node != "" {
		return fmt.Errorf("no node %q", p.Node)
	}
	_, placed := p.places()
	may = may.And(placed)
	names := make(map[string]bool)
	for i := range p.Containers {
		c := &p.Containers[i]
		if names[c.Name] {
			return fmt.Errorf("two containers %s", c.Name)
		}
		names[c.Name] = true
		var last time.Duration = Beginning
		for _, r := range c.Runs {
			if r.Length() == 0 || r.From < last || r.From < may.From || r.To > may.To {
				return fmt.Errorf("container %s: run %v is empty, out of order, or outside of %v", c.Name, r.Span, may)
			}
			if r.Ghost > 0 && r.To != nodes[nodeKey{p.Cluster, p.Node}].Life.To {
				return fmt.Errorf("container %s: called running after %v, though its node is there", c.Name, r.Span)
			}
			last = r.To
		}
	}
	return nil
}
