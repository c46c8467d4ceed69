package downsample

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// row is one series of cAdvisor for a container.
type row struct {
	id      string // the cgroup; where that label is missing, kubelet and name behind anonymous
	target  target
	samples []promapi.Sample
}

// anonymous begins the id of rows that come without: from /metrics/resource, or because the
// label was dropped.
const anonymous = "?"

// idOf returns a row's cgroup, or what comes closest to it: one kubelet has one container of
// a name in one pod at a time.
func idOf(l promapi.Labels) string {
	if id := l.Get("id"); id != "" {
		return id
	}
	return anonymous + l.Get("instance") + l.Get("name")
}

// genuine drops the rows that show a container a second time: those without an id where
// others have one, and those of a cgroup below another's.
func genuine(ids []string) []string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	isAnonymous := func(id string) bool { return strings.HasPrefix(id, anonymous) }
	if slices.ContainsFunc(ids, func(id string) bool { return !isAnonymous(id) }) {
		ids = slices.DeleteFunc(ids, isAnonymous)
	}
	var out []string
	for _, id := range ids {
		nested := slices.ContainsFunc(ids, func(o string) bool { return strings.HasPrefix(id, o+"/") })
		if !nested {
			out = append(out, id)
		}
	}
	return out
}

// podCgroup matches the pod's uid in a cgroup's id; systemd's driver writes it with underscores.
var podCgroup = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})`)

// uidOf returns the uid of the pod that a cgroup belongs to, "" where its id does not tell.
func uidOf(id string) string {
	if m := podCgroup.FindStringSubmatch(id); m != nil {
		return strings.ReplaceAll(m[1], "_", "-")
	}
	return ""
}

// instance is one life of a container, from a start to the end or the next restart.
type instance struct {
	id          string
	cpu, memory []promapi.Sample
	fresh       bool // no other of the container's instances was seen before it
	outlived    int  // samples from after its successor began

	// The scrapes of its targets before and after it that did not show it, 0 where not known.
	before, after int64
}

func (i *instance) first() int64 {
	return min(firstOf(i.cpu), firstOf(i.memory))
}

func (i *instance) last() int64 {
	return max(lastOf(i.cpu), lastOf(i.memory))
}

func firstOf(s []promapi.Sample) int64 {
	if len(s) == 0 {
		return 1<<63 - 1
	}
	return s[0].T
}

func lastOf(s []promapi.Sample) int64 {
	if len(s) == 0 {
		return -1 << 63
	}
	return s[len(s)-1].T
}

// rise is how much CPU the instance was seen to use.
func (i *instance) rise() float64 {
	if len(i.cpu) == 0 {
		return 0
	}
	return i.cpu[len(i.cpu)-1].V - i.cpu[0].V
}

// instances sorts a container's rows into its lives, in the order in which they began, and
// ends each where the next begins: the kubelet may go on showing a dead one for minutes.
func instances(slice span, interval int64, cpu, memory []row) []*instance {
	var ids []string
	for _, r := range slices.Concat(cpu, memory) {
		ids = append(ids, r.id)
	}
	var out []*instance
	for _, id := range genuine(ids) {
		i := &instance{id: id}
		i.cpu = once(cpu, id, interval)
		i.memory = once(memory, id, interval)
		out = append(out, i)
	}
	if len(out) > 0 && strings.HasPrefix(out[0].id, anonymous) {
		out = separated(out)
	}
	// Those there from the start on began before it, in an order that how they end tells:
	// the dead one's row goes first, or at least stands still. A pod's all go before those
	// of the pod that has its name after it.
	begin := func(i *instance) int64 { return max(i.first(), slice.from+interval*3/2) }
	podBegin := map[string]int64{}
	for _, i := range out {
		uid := uidOf(i.id)
		if t, ok := podBegin[uid]; !ok || begin(i) < t {
			podBegin[uid] = begin(i)
		}
	}
	slices.SortFunc(out, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(podBegin[uidOf(a.id)], podBegin[uidOf(b.id)]), cmp.Compare(begin(a), begin(b)),
			cmp.Compare(a.last(), b.last()), cmp.Compare(a.rise(), b.rise()), cmp.Compare(a.id, b.id))
	})
	if len(out) > 0 {
		out[0].fresh = true
	}
	for n := 0; n+1 < len(out); n++ {
		end := span{-1 << 63, out[n+1].first()}
		cpu, memory := inside(out[n].cpu, end), inside(out[n].memory, end)
		out[n].outlived = len(out[n].cpu) - len(cpu) + len(out[n].memory) - len(memory)
		out[n].cpu, out[n].memory = cpu, memory
	}
	return slices.DeleteFunc(out, func(i *instance) bool { return len(i.cpu)+len(i.memory) == 0 })
}

// absent notes which scrapes of a row's target did not show it yet, and no longer. A sample
// with a timestamp of its own may be older than its scrape by what housekeeping takes.
func (i *instance) absent(row []promapi.Sample, scraped []int64) {
	first, shown := slices.BinarySearch(scraped, firstOf(row))
	_, alsoShown := slices.BinarySearch(scraped, lastOf(row))
	var late int64
	if !shown || !alsoShown {
		late = housekeeping
	}
	if first > 0 {
		i.before = max(i.before, scraped[first-1]-late)
	}
	next, _ := slices.BinarySearch(scraped, lastOf(row)+late+1)
	if next < len(scraped) && (i.after == 0 || scraped[next] < i.after) {
		i.after = scraped[next]
	}
}

// separated splits rows without ids, one for each kubelet, where a pod of the name went to
// another kubelet and one came back later, and where the counter begins anew: that is
// another container, or the same one restarted.
func separated(all []*instance) []*instance {
	var out []*instance
	for n, i := range all {
		others := sampleTimes(slices.Concat(all[:n], all[n+1:]))
		mine := sampleTimes([]*instance{i})
		from := int64(-1 << 63)
		cut := func(to int64) {
			life := span{from, to}
			out = append(out, &instance{id: i.id, cpu: inside(i.cpu, life), memory: inside(i.memory, life)})
			from = to
		}
		for k := 1; k < len(mine); k++ {
			if missed(others, mine[k-1], mine[k]) || i.resetAt(mine[k]) {
				cut(mine[k])
			}
		}
		cut(1<<63 - 1)
	}
	return out
}

// resetAt says whether the counter has fallen at its sample of a moment.
func (i *instance) resetAt(t int64) bool {
	n, found := slices.BinarySearchFunc(i.cpu, t, func(s promapi.Sample, t int64) int { return cmp.Compare(s.T, t) })
	return found && n > 0 && i.cpu[n].V < i.cpu[n-1].V
}

// once merges what several targets show of one cgroup: the one with the most samples,
// and the others' where that has a hole.
func once(rows []row, id string, interval int64) []promapi.Sample {
	var all []row
	for _, r := range rows {
		if r.id == id && len(r.samples) > 0 {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b row) int {
		return cmp.Or(len(b.samples)-len(a.samples), a.target.compare(b.target))
	})
	merged := all[0].samples
	for _, r := range all[1:] {
		var filling []promapi.Sample
		for _, x := range r.samples {
			i, _ := slices.BinarySearchFunc(merged, x.T, func(s promapi.Sample, t int64) int { return cmp.Compare(s.T, t) })
			var hole int64
			switch {
			case i == 0:
				hole = 2 * (merged[0].T - x.T)
			case i == len(merged):
				hole = 2 * (x.T - merged[i-1].T)
			default:
				hole = merged[i].T - merged[i-1].T
			}
			if float64(hole) > outageIntervals*float64(interval) {
				filling = append(filling, x)
			}
		}
		if len(filling) > 0 {
			merged = slices.Concat(merged, filling)
			slices.SortFunc(merged, func(a, b promapi.Sample) int { return cmp.Compare(a.T, b.T) })
		}
	}
	return merged
}

// sampleTimes returns when any instance was seen.
func sampleTimes(all []*instance) []int64 {
	var times []int64
	for _, i := range all {
		for _, s := range slices.Concat(i.cpu, i.memory) {
			times = append(times, s.T)
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// shares divides a life among the instances: each has it up to half-way between its last
// sample and the next one's first, of the part in which no scrape shows that it had ended
// or that the next had not begun.
func shares(all []*instance, life spans, slice span) []spans {
	out := make([]spans, len(all))
	from := slice.from
	for n, i := range all {
		to := slice.to
		if n+1 < len(all) {
			next := all[n+1]
			last, first := max(min(i.last(), next.first()), next.before), next.first()
			if i.after > 0 {
				first = min(first, i.after)
			}
			to = max(from, middle(last, first))
		}
		out[n] = life.intersect(spans{{from, to}})
		from = to
	}
	return out
}

// integrate extends what was seen of each instance to its share of the life.
func integrate(all []*instance, life spans, slice span, seen func(*instance) evidence) evidence {
	sum := evidence{life: float64(life.length())}
	for n, share := range shares(all, life, slice) {
		if e := seen(all[n]); e.seen > 0 {
			part := float64(share.length())
			sum.seen += part
			sum.integral += e.integral / e.seen * part
		}
	}
	return sum
}

// cpuSeen adds up what a counter rose between successive samples since a moment, of a pair
// that reaches back before the slice or across a hole the part in the container's life: it
// rose while the container ran. A pair of neighbours across an edge of the life is left out:
// who knows on which side the rise was.
func (i *instance) cpuSeen(since int64, life, ran spans, slice span, interval int64) (e evidence) {
	samples := i.cpu
	if began, ok := i.began(ran, slice, interval); ok {
		samples = slices.Concat([]promapi.Sample{{T: began}}, samples)
	}
	for n := 1; n < len(samples); n++ {
		a, b := samples[n-1], samples[n]
		rise, inside := b.V-a.V, span{max(a.T, slice.from), b.T}
		if a.T < since || rise < 0 || inside.from >= inside.to {
			continue // a reset says nothing of what was used in between
		}
		counted := life.intersect(spans{inside})
		if hole := b.T-a.T > 3*interval/2; !hole && !life.holds(inside.from, inside.to) || len(counted) > 1 {
			continue
		}
		part := float64(counted.length())
		rising := part + float64(inside.from-a.T)
		if ran := float64(ran.intersect(spans{inside}).length()) + float64(inside.from-a.T); ran > rising {
			rising = ran
		}
		if rising == 0 {
			continue
		}
		e.seen += part
		e.integral += rise * 1000 * part / rising // core-milliseconds
	}
	return e
}

// began returns when the counter was zero, if kube-state-metrics saw the container start
// within the slice. A first sample soon after says little more than that; one after a hole
// tells what was used in it.
func (i *instance) began(ran spans, slice span, interval int64) (int64, bool) {
	if len(i.cpu) == 0 || !i.fresh {
		return 0, false
	}
	for _, r := range ran {
		if first := i.cpu[0].T; slice.from < r.from && r.from+3*interval/2 < first && first <= r.to {
			return r.from, true
		}
	}
	return 0, false
}

// memorySeen takes each sample in the life to speak for one scrape interval.
func (i *instance) memorySeen(life spans, interval int64) (e evidence) {
	for _, s := range i.memory {
		if life.holds(s.T, s.T) {
			e.seen += float64(interval)
			e.integral += s.V * float64(interval)
		}
	}
	return e
}
