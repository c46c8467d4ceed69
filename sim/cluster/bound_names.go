package cluster

import (
	"math"
	"time"
)

// namesake is a container of another pod, which kube-state-metrics cannot tell from the
// share's own.
type namesake struct {
	share
	container *Container
	edge      time.Duration // of it, beside an edge of the share's own
}

// namesakes returns the containers of the model's other pods of that name, where some
// kube-state-metrics tells no uids.
func (s share) namesakes(c *Container) []namesake {
	if !s.unnamed() {
		return nil
	}
	var out []namesake
	for _, o := range s.sameName() {
		for _, own := range s.h.owners(o) {
			if own.model != s.model {
				continue
			}
			twin := s
			twin.pod, twin.owned, twin.ksms, twin.kubelets = o, own.when, s.knowing(o), s.of(o)
			for j := range o.Containers {
				if o.Containers[j].Name == c.Name && o.Containers[j].Role != Init {
					out = append(out, namesake{share: twin, container: &o.Containers[j]})
				}
			}
		}
	}
	return out
}

// sameName returns the other pods of the pod's name.
func (s share) sameName() []*Pod {
	var out []*Pod
	for i := range s.h.Pods {
		o := &s.h.Pods[i]
		if o != s.pod && o.Cluster == s.pod.Cluster && o.Namespace == s.pod.Namespace && o.Name == s.pod.Name {
			out = append(out, o)
		}
	}
	return out
}

// unnamed says whether any kube-state-metrics that knows the pod tells no uid of it.
func (s share) unnamed() bool {
	for i := range s.h.KSMs {
		if k := &s.h.KSMs[i]; k.Knows(s.pod) && (k.NoUID || k.Version != KSM2) {
			return true
		}
	}
	return false
}

// anonymous says whether no row tells whose it is.
func (s share) anonymous() bool {
	for i := range s.h.Kubelets {
		if k := &s.h.Kubelets[i]; k.Endpoint == CAdvisor && !k.DropID && !k.CRI {
			return false
		}
	}
	return true
}

// hidden returns what a counter does not show that has begun again while its kubelets were out of
// reach, and is no lower at their next scrape than it was at their last, where no row tells one
// container from the next.
func (s share) hidden(c *Container, m Metric) float64 {
	if m != CPUUsage || !s.anonymous() {
		return 0
	}
	used := func(span Span) (sum float64) {
		for _, r := range c.Runs {
			sum += c.CPU.Integral(r.And(span))
		}
		return sum
	}
	counted := func(t time.Duration) float64 {
		for _, r := range c.Runs {
			if r.Holds(t) {
				return c.CPU.Integral(Span{r.From, t})
			}
		}
		return 0
	}
	var most float64
	for _, g := range s.kubelets.usage {
		var sum float64
		until := Beginning // the counter is compared up to here
		for _, r := range c.Runs {
			hole := Span{g.before(r.To), g.after(r.To)}
			if hole.From < until || regular(hole, g.Every) || hole.And(s.window).Length() == 0 {
				continue
			}
			until = hole.To
			if rise := counted(hole.To) - counted(hole.From); rise >= 0 {
				sum += used(hole) - rise
			}
		}
		most = max(most, sum)
	}
	return most
}

// seenRange returns within which bounds the namesake was seen to use a resource.
func (o namesake) seenRange(m Metric) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, r := range o.container.Runs {
		for _, span := range o.seen(r, m) {
			l, h := o.container.usage(m).Range(span)
			lo, hi, ok = min(lo, l), max(hi, h), true
		}
	}
	return lo, hi, ok
}

// relief returns the namesake that ended or began beside an edge of the container's, so
// that no kube-state-metrics was scraped in between.
func (s share) relief(c *Container, t time.Duration) (namesake, bool) {
	for _, o := range s.namesakes(c) {
		for _, r := range o.container.Runs {
			between, edge := Span{r.To, t}, r.To
			if r.From >= t {
				between, edge = Span{t, r.From}, r.From
			}
			if between.From > between.To {
				continue
			}
			scraped := false
			for _, g := range s.ksms {
				scraped = scraped || g.count(between, 1) > 0
			}
			if !scraped && between.To < Forever {
				o.edge = edge
				return o, true
			}
		}
	}
	return namesake{}, false
}

// highest returns what is used at most around an edge: by the container, be it the model's
// then or not, and by who has the pod's name before or after it, where kube-state-metrics tells no
// uids, or the rows do not: those may then be of the container, which has started again.
func (s share) highest(c *Container, r Run, silence Span, m Metric) float64 {
	_, hi := c.usage(m).Range(r.And(silence))
	for _, o := range s.sameName() {
		if !s.unnamed() && !(s.anonymous() && o.Node == s.pod.Node) {
			continue
		}
		for j := range o.Containers {
			if o.Containers[j].Name != c.Name {
				continue
			}
			for _, r := range o.Containers[j].Runs {
				if in := r.And(silence); in.Length() > 0 {
					_, h := o.Containers[j].usage(m).Range(in)
					hi = max(hi, h)
				}
			}
		}
	}
	return hi
}

// strangers returns what other pods of the name used while no kube-state-metrics was there
// to say that the name is theirs, at either end of the share: where it tells no uids, or the
// rows do not, that may be taken for the model's.
func (s share) strangers(c *Container, m Metric) float64 {
	nameless := s.unnamed()
	if !nameless && !s.anonymous() {
		return 0
	}
	var sum float64
	for _, o := range s.sameName() {
		if !nameless && o.Node != s.pod.Node {
			continue // a pod that is known by its uid does not change its node
		}
		for _, t := range []time.Duration{s.pod.Life.From, s.pod.Life.To} {
			if s.ksms.awake(t, 0) {
				continue
			}
			unheard := Spans{s.ksms.silence(t)}.And(s.observed.cadvisor)
			for j := range o.Containers {
				if o.Containers[j].Name != c.Name {
					continue
				}
				for _, r := range o.Containers[j].Runs {
					_, hi := o.Containers[j].usage(m).Range(r.Span)
					upTo := Span{min(t, r.From), max(t, r.To)} // a pause between may go unnoticed
					sum += Spans{upTo}.And(unheard).Without(Spans{s.pod.Life}).Seconds() * hi
				}
			}
		}
	}
	return sum
}
