package histories

import (
	"fmt"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// The decisions that are a group each.
const (
	ksmCount    = "how many kube-state-metrics there are"
	ksmTurnover = "how a kube-state-metrics is rescheduled"
	ksmVersion  = "which version kube-state-metrics is of"
	usageRows   = "which rows tell of usage"
	runtimes    = "what runs the containers"
	intervals   = "how often everything is scraped"
)

// ksmFeatures are about kube-state-metrics.
func ksmFeatures() []Feature {
	return []Feature{
		{Name: "two-ksm-replicas", Group: ksmCount, About: "two kube-state-metrics know everything", edit: func(c *scene) {
			c.another(c.KSMs[0])
		}},
		{Name: "ksm-sharded", Group: ksmCount, About: "two kube-state-metrics know half of the pods each", edit: func(c *scene) {
			c.another(c.KSMs[0])
			c.shards(0, 2)
		}},
		{Name: "ksm-resharded", Group: ksmCount, About: "two shards become three, or one", edit: func(c *scene) {
			at := c.moment()
			c.another(c.KSMs[0])
			c.shards(0, 2)
			then := oneOf(c, 1, 3)
			for range then {
				c.another(c.KSMs[0])
			}
			if c.shards(2, then); then == 1 {
				c.KSMs[2].Shards = 0
			}
			for i := range c.KSMs {
				if i < 2 {
					c.KSMs[i].Life.To = at
				} else {
					c.KSMs[i].Life.From = at + oneOf(c, 0, 17*s)
				}
			}
		}},
		{Name: "everything-scraped-twice", Group: ksmCount, About: "a label of its own tells the second targets apart", edit: func(c *scene) {
			c.KSMs = append(c.KSMs, c.KSMs[0])
			c.KSMs[1].Schedule = c.schedule(c.KSMs[0].Every)
			c.Kubelets = append(c.Kubelets, c.Kubelets[0])
			c.Kubelets[1].Schedule = c.schedule(c.Kubelets[0].Every)
			for i, monitor := range []string{"a", "b"} {
				target := []cluster.Label{{Name: "monitor", Value: monitor}}
				c.KSMs[i].Target, c.Kubelets[i].Target = target, target
			}
		}},
		{Name: "ksm-rescheduled", Group: ksmTurnover, About: "a kube-state-metrics is replaced within a minute", edit: func(c *scene) {
			c.handover(c.moment(), c.second(span(1*s, 59*s)))
		}},
		{Name: "ksm-rescheduled-overlapping", Group: ksmTurnover, About: "a kube-state-metrics is replaced, the new one first", edit: func(c *scene) {
			c.handover(c.moment(), -c.second(span(5*s, 2*m)))
		}},
		{Name: "ksm-rescheduled-with-a-gap", Group: ksmTurnover, About: "a kube-state-metrics is replaced after some minutes", edit: func(c *scene) {
			c.handover(c.moment(), c.second(span(2*m+40*s, 5*m)))
		}},
		{Name: "ksm-1.x", Group: ksmVersion, About: "resource and unit are in the metric's name, no uid", edit: func(c *scene) {
			c.version(cluster.KSM1, false)
		}},
		{Name: "ksm-1.9", Group: ksmVersion, About: "each request is there in both forms, no uid", edit: func(c *scene) {
			c.version(cluster.KSM19, false)
		}},
		{Name: "ksm-without-uid", Group: ksmVersion, About: "kube-state-metrics tells no uids", edit: func(c *scene) {
			c.version(cluster.KSM2, true)
		}},
		{Name: "ksm-upgraded", Group: ksmVersion, About: "kube-state-metrics 1.x is replaced by 2.x", edit: func(c *scene) {
			c.version(cluster.KSM1, false)
			c.handover(c.moment(), c.second(span(1*s, 59*s))).Version = cluster.KSM2
		}},
		{Name: "ksm-out", About: "a kube-state-metrics is out of reach for some minutes", edit: func(c *scene) {
			k := &c.KSMs[c.IntN(len(c.KSMs))]
			k.Holes = cluster.Spans{c.silence()}
		}},
		{Name: "scrapes-of-ksm-fail", About: "single scrapes of kube-state-metrics fail", edit: func(c *scene) {
			for i := range c.KSMs {
				c.KSMs[i].Holes = cluster.Union(append(c.KSMs[i].Holes, c.failure(c.KSMs[i].Every))...)
			}
		}},
		{Name: "ksm-exported-labels", About: "namespace, pod and container name kube-state-metrics itself", edit: func(c *scene) {
			own := make([][]cluster.Label, len(c.KSMs))
			for i := range c.KSMs {
				own[i] = c.KSMs[i].Target
			}
			c.dishonor()
			for i := range c.KSMs {
				c.KSMs[i].Target = slices.Concat(c.KSMs[i].Target, own[i])
			}
		}},
	}
}

// another adds a kube-state-metrics like one that there is.
func (c *scene) another(like cluster.KSM) *cluster.KSM {
	like.Instance = fmt.Sprintf("ksm-%d:8080", len(c.KSMs)+1)
	like.Schedule = c.schedule(like.Every)
	c.KSMs = append(c.KSMs, like)
	return &c.KSMs[len(c.KSMs)-1]
}

// handover ends one kube-state-metrics, and begins another one in its place after a pause.
func (c *scene) handover(at, pause time.Duration) *cluster.KSM {
	i := c.IntN(len(c.KSMs))
	next := c.another(c.KSMs[i])
	c.KSMs[i].Life.To, next.Life.From = at, at+pause
	return next
}

func (c *scene) version(v cluster.KSMVersion, noUID bool) {
	for i := range c.KSMs {
		c.KSMs[i].Version, c.KSMs[i].NoUID = v, noUID
	}
}
