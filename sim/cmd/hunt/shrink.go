package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// edit makes a history simpler in one respect, and says whether there was anything to do.
// It names what it edits by name, as edits are tried alone and then together.
type edit func(*histories.Named) bool

// shrink returns a history as simple as it gets whose values are off in one of the ways in
// which the history's are.
func shrink(ctx context.Context, n histories.Named, found outcome) (histories.Named, outcome, error) {
	kinds := found.kinds()
	fails := func(candidates []histories.Named) ([]bool, []outcome, error) {
		if len(candidates) == 0 {
			return nil, nil, nil
		}
		out, err := judge(ctx, candidates)
		if err != nil {
			return nil, nil, err
		}
		same := make([]bool, len(out))
		for i, o := range out {
			for kind := range o.kinds() {
				same[i] = same[i] || kinds[kind]
			}
		}
		return same, out, nil
	}
	seen := map[string]bool{}
	for {
		before := text(n)
		for _, edits := range stages {
			for {
				all := edits(n)
				var candidates []histories.Named
				var tried []edit
				for _, e := range all {
					if c, ok := apply(n, e); ok && !seen[text(c)] {
						seen[text(c)] = true
						candidates, tried = append(candidates, c), append(tried, e)
					}
				}
				same, outs, err := fails(candidates)
				if err != nil {
					return n, found, err
				}
				var good []edit
				var first int
				for i, ok := range same {
					if ok {
						if good == nil {
							first = i
						}
						good = append(good, tried[i])
					}
				}
				if good == nil {
					break
				}
				// Together if that still fails, else as many of the first ones as do.
				var joint []histories.Named
				for k := len(good); k > 1; k = k * 2 / 3 {
					if c, ok := apply(n, good[:k]...); ok {
						joint = append(joint, c)
					}
				}
				next, at := candidates[first], outs[first]
				jsame, jouts, err := fails(joint)
				if err != nil {
					return n, found, err
				}
				for i, ok := range jsame {
					if ok {
						next, at = joint[i], jouts[i]
						break
					}
				}
				n, found = next, at
			}
		}
		if text(n) == before {
			return n, found, nil
		}
	}
}

// apply returns an edited copy, if the edits changed something and it is possible.
func apply(n histories.Named, edits ...edit) (histories.Named, bool) {
	c := clone(n)
	changed := false
	for _, e := range edits {
		changed = e(&c) || changed
	}
	return c, changed && c.History.Check() == nil
}

func clone(n histories.Named) histories.Named {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // plain data
	}
	var out histories.Named
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

func text(n histories.Named) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// moments hands out every moment of a history.
func moments(h *cluster.History, f func(*time.Duration)) {
	span := func(s *cluster.Span) { f(&s.From); f(&s.To) }
	spans := func(s cluster.Spans) {
		for i := range s {
			span(&s[i])
		}
	}
	spans(h.Outages)
	for i := range h.Nodes {
		span(&h.Nodes[i].Life)
		spans(h.Nodes[i].Holes)
	}
	for i := range h.KSMs {
		span(&h.KSMs[i].Life)
		spans(h.KSMs[i].Holes)
	}
	for i := range h.Kubelets {
		span(&h.Kubelets[i].Life)
		spans(h.Kubelets[i].Holes)
	}
	for i := range h.Pods {
		p := &h.Pods[i]
		span(&p.Life)
		for j := range p.Labels {
			f(&p.Labels[j].At)
		}
		for j := range p.Phases {
			f(&p.Phases[j].At)
		}
		for j := range p.Containers {
			c := &p.Containers[j]
			for k := range c.Runs {
				span(&c.Runs[k].Span)
			}
			for _, curve := range []cluster.Curve{c.CPU, c.Memory, c.CPURequest, c.CPULimit, c.MemoryRequest, c.MemoryLimit} {
				for k := range curve {
					f(&curve[k].At)
				}
			}
		}
	}
}
