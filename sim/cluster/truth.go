package cluster

import (
	"slices"
)

// Truth returns the exact averages of every model over a window, by integration.
//
// A container's part of a value is the mean of what was seen of it, times its life in
// the observed time, divided by the observed time.
func Truth(h *History, window Span) map[Model]Values {
	w := newWatch(h)
	sums := make(map[Model]*[NumMetrics]sum)
	w.each(window, func(s share) {
		acc := sums[s.model]
		if acc == nil {
			acc = new([NumMetrics]sum)
			sums[s.model] = acc
		}
		for m := range NumMetrics {
			acc[m].add(s.part(m))
		}
	})
	out := make(map[Model]Values, len(sums))
	observed := w.observed(window)
	for model, acc := range sums {
		var values Values
		for m := range NumMetrics {
			if acc[m].known {
				values[m] = Value{acc[m].v / observed.of(m).Seconds(), true}
			}
		}
		out[model] = values
	}
	return out
}

// Covered returns how much of a window each kind of source observed.
func Covered(h *History, window Span) Coverage {
	o := newWatch(h).observed(window)
	return Coverage{
		KSM:      o.ksm.Seconds() / window.Length().Seconds(),
		CAdvisor: o.cadvisor.Seconds() / window.Length().Seconds(),
	}
}

// observed is the part of a window that each kind of source observed.
type observed struct{ ksm, cadvisor Spans }

func (w *watch) observed(window Span) observed {
	return observed{
		ksm:      w.watching(Containers).observed(window),
		cadvisor: w.watching(CPUUsage).observed(window),
	}
}

func (o observed) of(m Metric) Spans {
	if m == CPUUsage || m == MemoryUsage {
		return o.cadvisor
	}
	return o.ksm
}

// sum is an integral over the window, in units times seconds, if anything is known.
type sum struct {
	v     float64
	known bool
}

func (s *sum) add(o sum) { s.v, s.known = s.v+o.v, s.known || o.known }

// share is one pod's time as one model's: what the model's values are made of.
type share struct {
	*watch
	window   Span
	observed observed
	model    Model
	pod      *Pod
	owned    Spans // when it is the model's, deleted or not
	ksms     targets
	kubelets kubeletTargets
}

// each hands out every pod's shares that kube-state-metrics had a chance to see within
// the window: who owned the others, nobody knows.
func (w *watch) each(window Span, f func(share)) {
	o := w.observed(window)
	for i := range w.h.Pods {
		p := &w.h.Pods[i]
		if p.Life.And(window).Length() == 0 {
			continue
		}
		owners := w.h.owners(p)
		if len(owners) == 0 {
			continue
		}
		s := share{watch: w, window: window, observed: o, pod: p, ksms: w.knowing(p), kubelets: w.of(p)}
		known := s.ksms.scraped().And(Spans{window})
		for _, own := range owners {
			s.model, s.owned = own.model, own.when
			if s.owned.And(known).Length() > 0 {
				f(s)
			}
		}
	}
}

type ownership struct {
	model Model
	when  Spans
}

// owners returns the models that a pod belonged to, and when.
func (h *History) owners(p *Pod) []ownership {
	var out []ownership
	for i, l := range p.Labels {
		when := Span{l.At, p.Life.To}
		if i+1 < len(p.Labels) {
			when.To = p.Labels[i+1].At
		}
		m, ok := h.owner(p.Namespace, l.Set)
		if h.Clusters() > 1 {
			m.Cluster = p.Cluster
		}
		if when = when.And(p.Life); !ok || when.Length() == 0 {
			continue
		}
		at := slices.IndexFunc(out, func(o ownership) bool { return o.model == m })
		if at < 0 {
			out = append(out, ownership{m, Spans{when}})
			continue
		}
		out[at].when = Union(append(slices.Clone(out[at].when), when)...)
	}
	return out
}

// owner returns the model that pod labels name: of the first kind whose label is set.
func (h *History) owner(namespace string, labels map[string]string) (Model, bool) {
	kinds := h.Kinds
	if len(kinds) == 0 {
		kinds = DefaultKinds()
	}
	for _, k := range kinds {
		lacks := false
		for l, value := range k.Where {
			lacks = lacks || labels[l] != value
		}
		for _, l := range k.Labels {
			if labels[l] != "" && !lacks {
				return Model{Namespace: namespace, Type: k.Name, Name: labels[l]}, true
			}
		}
	}
	return Model{}, false
}

// part returns what the share adds to a metric's integral.
func (s share) part(m Metric) sum {
	var out sum
	if m == Containers {
		out.known = true // a pod whose containers never ran counts, as none
	}
	for i := range s.pod.Containers {
		c := &s.pod.Containers[i]
		if c.Role == Init {
			continue
		}
		switch m {
		case Containers:
			out.v += s.running(c).And(s.observed.ksm).Seconds()
		case CPUUsage, MemoryUsage:
			out.add(s.usage(c, m))
		default:
			out.add(s.setting(c.setting(m)))
		}
	}
	return out
}

// setting returns the integral of a request or limit while the pod may use it.
func (s share) setting(c Curve) sum {
	when := s.active().And(s.observed.ksm)
	if c == nil || when.Length() == 0 {
		return sum{}
	}
	out := sum{known: true}
	for _, span := range when {
		out.v += c.Integral(span)
	}
	return out
}

// setting returns the request or limit that a metric averages.
func (c *Container) setting(m Metric) Curve {
	switch m {
	case CPURequests:
		return c.CPURequest
	case CPULimits:
		return c.CPULimit
	case MemoryRequests:
		return c.MemoryRequest
	case MemoryLimits:
		return c.MemoryLimit
	}
	return nil
}

// active returns when the pod is the model's and Pending or Running.
func (s share) active() Spans {
	var spans []Span
	for i, ph := range s.pod.Phases {
		span := Span{ph.At, s.pod.Life.To}
		if i+1 < len(s.pod.Phases) {
			span.To = s.pod.Phases[i+1].At
		}
		if ph.Name == Pending || ph.Name == Running {
			spans = append(spans, span.And(s.pod.Life))
		}
	}
	return Union(spans...).And(s.owned)
}

// running returns when kube-state-metrics calls the model's container running.
func (s share) running(c *Container) Spans {
	var spans []Span
	for _, r := range c.Runs {
		spans = append(spans, Span{r.From, r.To + r.Ghost}.And(s.pod.Life))
	}
	return Union(spans...).And(s.owned)
}

// usage returns the integral of what the container used over its life.
func (s share) usage(c *Container, m Metric) sum {
	var seen float64 // seconds
	var used float64 // in them
	var life float64
	for _, r := range c.Runs {
		life += Spans{r.Span}.And(s.owned).And(s.observed.cadvisor).Seconds()
		for _, span := range s.seen(r, m) {
			seen += span.Length().Seconds()
			used += c.usage(m).Integral(span)
		}
	}
	if seen == 0 {
		return sum{} // nothing is known of it
	}
	return sum{used / seen * life, true}
}

// usage returns the curve that a metric averages.
func (c *Container) usage(m Metric) Curve {
	if m == CPUUsage {
		return c.CPU
	}
	return c.Memory
}

// seen returns the part of a run that its kubelet's targets saw of the model's container.
// A counter shows afterwards what was used while its node was out of reach, since its own
// beginning if that was then; memory does not. Neither shows anything across an outage of all kubelets.
func (s share) seen(r Run, m Metric) Spans {
	life := Spans{r.Span}.And(s.owned).And(s.observed.cadvisor)
	if m == MemoryUsage {
		return life.And(s.kubelets.full.scraped())
	}
	reach := s.kubelets.usage.scraped()
	var out Spans
	for _, span := range life {
		if in := reach.And(Spans{span}); len(in) > 0 {
			shown := Span{in[0].From, in[len(in)-1].To}
			if span.From == r.From && s.window.Holds(r.From) {
				shown.From = r.From // the counter began there, at zero
			}
			out = append(out, shown)
		}
	}
	return out
}
