package histories

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Feature is one thing that happens in clusters, as an edit of a cluster. Features compose:
// where named histories have what somebody thought of, compositions have every pair.
type Feature struct {
	Name, About string // as a history's
	// Group holds features that decide the same thing: a history has one of them at most.
	Group string
	edit  func(*scene)
}

// Features returns every feature, in the order in which they edit a cluster: first the scrape
// intervals, then the lives of pods, what happens in those, and who watches.
func Features() []Feature {
	return slices.Concat(intervalFeatures(), lifeFeatures(), ownerFeatures(), containerFeatures(), settingFeatures(),
		outageFeatures(), ksmFeatures(), kubeletFeatures())
}

// conflict is features that make no history together, and why.
type conflict struct {
	names  []string
	reason string
}

// conflicts are what groups do not say.
func conflicts() []conflict {
	const (
		nothingSays = "kube-state-metrics 1.x does not say which init containers keep running"
		whoLeft     = "without up, a target that is out of reach looks like one that left"
		bothDecide  = "both decide when a kube-state-metrics goes"
		noMemory    = "there is no memory usage anyway"
		upgrade     = "an upgrade is a matter of one kube-state-metrics"
	)
	return []conflict{
		{[]string{"native-sidecar", "ksm-1.x"}, nothingSays},
		{[]string{"native-sidecar", "ksm-1.9"}, nothingSays},
		{[]string{"native-sidecar", "ksm-upgraded"}, nothingSays},
		{[]string{"no-up", "node-out"}, whoLeft},
		{[]string{"no-up", "kubelet-job-out"}, whoLeft},
		{[]string{"no-up", "ksm-out", "ksm-sharded"}, whoLeft},
		{[]string{"no-up", "ksm-out", "ksm-resharded"}, whoLeft},
		{[]string{"ksm-resharded", "ksm-rescheduled"}, bothDecide},
		{[]string{"ksm-resharded", "ksm-rescheduled-overlapping"}, bothDecide},
		{[]string{"ksm-resharded", "ksm-rescheduled-with-a-gap"}, bothDecide},
		{[]string{"ksm-resharded", "ksm-upgraded"}, bothDecide},
		{[]string{"ksm-upgraded", "ksm-rescheduled"}, bothDecide},
		{[]string{"ksm-upgraded", "ksm-rescheduled-overlapping"}, bothDecide},
		{[]string{"ksm-upgraded", "ksm-rescheduled-with-a-gap"}, bothDecide},
		{[]string{"ksm-upgraded", "ksm-sharded"}, upgrade},
		{[]string{"ksm-upgraded", "two-ksm-replicas"}, upgrade},
		{[]string{"ksm-upgraded", "everything-scraped-twice"}, upgrade},
		{[]string{"no-memory", "resource-only"}, noMemory},
	}
}

// Conflict returns why features cannot be in one history together, "" if they can.
func Conflict(names ...string) string {
	groups := map[string]string{}
	for _, f := range Features() {
		if !slices.Contains(names, f.Name) || f.Group == "" {
			continue
		}
		if other := groups[f.Group]; other != "" {
			return fmt.Sprintf("%s and %s both decide %s", other, f.Name, f.Group)
		}
		groups[f.Group] = f.Name
	}
	for _, c := range conflicts() {
		all := true
		for _, name := range c.names {
			all = all && slices.Contains(names, name)
		}
		if all {
			return fmt.Sprintf("%s: %s", strings.Join(c.names, " and "), c.reason)
		}
	}
	return ""
}

// Compose returns the history that has some features. The variation chooses their moments,
// for each feature by itself: without one of them, the others stay where they are.
func Compose(names []string, variation uint64) (Named, error) {
	if reason := Conflict(names...); reason != "" {
		return Named{}, fmt.Errorf("no history has them all: %s", reason)
	}
	c := newScene(variation)
	var about []string
	var found []string
	for _, f := range Features() {
		if slices.Contains(names, f.Name) {
			c.Rand = c.dice(f.Name)
			f.edit(c)
			about, found = append(about, f.About), append(found, f.Name)
		}
	}
	if len(found) != len(names) {
		return Named{}, fmt.Errorf("of the features %q there are only %q", names, found)
	}
	return Named{
		Name:    fmt.Sprintf("%s@%d", strings.Join(found, "+"), variation),
		About:   strings.Join(about, "; "),
		History: c.History,
		Window:  span(0, c.window),
	}, nil
}

// scene is the cluster that features edit: two nodes, one kube-state-metrics, one cAdvisor
// job, a quiet model, a pod that is no model's, and the subject, which is whatever pods go
// by its name.
type scene struct {
	*builder
	*rand.Rand
	variation uint64
	around    []time.Duration // moments near which things tend to happen
}

// subject is the pod name to which features happen.
const subjectName = "serving-0"

func newScene(variation uint64) *scene {
	c := &scene{builder: newBuilder(false), variation: variation}
	c.Rand = c.dice("")
	c.window = 10 * m
	c.around = []time.Duration{c.second(span(1*m, 9*m)), c.second(span(1*m, 9*m))}
	for i := range c.KSMs {
		c.KSMs[i].Schedule = c.schedule(30 * s)
	}
	for i := range c.Kubelets {
		c.Kubelets[i].Schedule, c.Kubelets[i].Spread = c.schedule(30*s), time.Duration(c.IntN(9000))*time.Millisecond
	}
	c.pod(subjectName, append(c.owned("wine"), on("node-1"))...)
	c.pod("iris-0", kserve("iris"), on("node-2"),
		container("kserve-container", uses(0.25, 700*Mi), requests(1, 1*Gi), limits(2, 2*Gi)))
	c.pod("postgres-0", on("node-2"), container("postgres", uses(1.5, 4*Gi), requests(2, 4*Gi)))
	return c
}

// dice returns the random numbers of one feature.
func (c *scene) dice(feature string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(feature))
	return rand.New(rand.NewPCG(c.variation, h.Sum64()))
}

// owned returns what a pod of the subject is made of. No two use alike, so that who takes
// another's part is seen.
func (c *scene) owned(model string) []podPart {
	n := float64(len(c.Pods))
	cores, bytes := 0.4+0.3*n, (200+170*n)*Mi
	parts := []podPart{
		container("classifier", uses(cores, bytes), requests(cores+0.1, bytes), limits(cores+1, 2*bytes)),
		container("agent", uses(0.1+0.04*n, (50+20*n)*Mi), requests(0.2, 64*Mi)),
	}
	if model != "" {
		parts = append(parts, seldon(model))
	}
	return parts
}

func (c *scene) oneIn(n int) bool { return c.IntN(n) == 0 }

// second returns a whole second of a span.
func (c *scene) second(in cluster.Span) time.Duration {
	return in.From + time.Duration(c.Int64N(max(1, int64(in.Length()/s))))*s
}

// schedule returns scrapes at a random offset, off the seconds on which things happen.
func (c *scene) schedule(every time.Duration) cluster.Schedule {
	return cluster.Schedule{Every: every, Offset: c.second(span(0, every)) + time.Duration(1+c.IntN(998))*time.Millisecond}
}

// oneOf returns one of some values.
func oneOf[T any](c *scene, of ...T) T { return of[c.IntN(len(of))] }

// moment returns a whole second of the window, mostly near others' moments.
func (c *scene) moment() time.Duration {
	if c.oneIn(3) {
		return c.second(span(0, c.window))
	}
	near := oneOf(c, c.around...)
	return min(max(1*s, near+c.second(span(-100*s, 100*s))), c.window-1*s)
}

// silence returns a time of three to five minutes that begins or ends at a moment.
func (c *scene) silence() cluster.Span {
	length := c.second(span(3*m+1*s, 5*m))
	at := c.moment()
	if c.oneIn(2) {
		at -= length
	}
	return span(at, at+length)
}

// failure returns a single failed scrape of what is scraped so often.
func (c *scene) failure(every time.Duration) cluster.Span {
	at := c.moment()
	return span(at, at+every)
}

// subjects returns the subject's pods.
func (c *scene) subjects() []*cluster.Pod {
	var out []*cluster.Pod
	for i := range c.Pods {
		if c.Pods[i].Name == c.Pods[0].Name && c.Pods[i].Namespace == c.Pods[0].Namespace {
			out = append(out, &c.Pods[i])
		}
	}
	return out
}

// subject returns one of the subject's pods, and a moment at which it is there.
func (c *scene) subject() (*cluster.Pod, time.Duration) {
	at := c.moment()
	pods := c.subjects()
	for _, p := range pods {
		if p.Life.From+boot+1*s < at && at < p.Life.To-1*s {
			return p, at
		}
	}
	p := pods[c.IntN(len(pods))]
	return p, c.second(p.Life.And(span(0, c.window)))
}
