package timeline

import (
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLife: what was there when, of pods that some targets show. A scrape interval is 10.
func TestLife(t *testing.T) {
	whole := Span{0, 100}
	a, b, next := Target{Instance: "a"}, Target{Instance: "b"}, Target{Instance: "c"}
	elsewhere := Target{Cluster: "other", Instance: "c"}
	always := every(10, 5, 95)

	for _, c := range []struct {
		name    string
		targets map[Target]*Scrapes
		pod     Sightings // the scrapes that showed the pod
		byUID   bool
		what    Sightings // the scrapes that showed what is asked about; the pod if nil
		want    Spans
		known   Spans // where it is not all of the span
	}{
		{
			name:    "one target that shows it always",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: always},
			want:    Spans{whole},
		}, {
			name:    "never seen",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{},
			want:    nil,
		}, {
			name:    "a change lies half-way between two scrapes",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: every(10, 35, 65)},
			want:    Spans{{30, 70}},
		}, {
			name:    "seen once",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: {45}},
			want:    Spans{{40, 50}},
		}, {
			name:    "seen by the first scrape only: there from the span's edge on",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: {5}},
			want:    Spans{{0, 10}},
		}, {
			name:    "seen by the last scrape only: there up to the span's edge",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: {95}},
			want:    Spans{{90, 100}},
		}, {
			name:    "a failed scrape shows nothing, and denies nothing",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always).failing(Span{40, 50})},
			pod:     Sightings{a: {5, 15, 25, 35, 55, 65, 75, 85, 95}},
			want:    Spans{whole},
		}, {
			name:    "a failed scrape before the pod's first: half of what is not known",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always).failing(Span{40, 50})},
			pod:     Sightings{a: every(10, 55, 95)},
			want:    Spans{{45, 100}},
		}, {
			name:    "absent in between, as one without a uid may be",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: {5, 15, 25, 65, 75, 85, 95}},
			want:    Spans{{0, 30}, {60, 100}},
		}, {
			name:    "with a uid, it was there in between all the same",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: {5, 15, 25, 65, 75, 85, 95}},
			byUID:   true,
			want:    Spans{whole},
			known:   Spans{{0, 25}, {65, 100}}, // nobody shows what its containers did
		}, {
			name:    "a container that ran for a part of the pod's life",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: every(10, 25, 95)},
			what:    Sightings{a: every(10, 45, 65)},
			want:    Spans{{40, 70}},
		}, {
			name:    "replicas count once",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: always, b: every(10, 8, 98)},
			want:    Spans{whole},
		}, {
			name:    "of replicas that saw a change at different times, one decides",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: always, b: every(10, 8, 98)},
			what:    Sightings{a: every(10, 55, 95), b: every(10, 38, 98)},
			want:    Spans{{50, 100}},
		}, {
			name:    "of replicas, the one that saw it most often",
			targets: map[Target]*Scrapes{a: scrapedAt(20, every(20, 5, 85)), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: every(20, 5, 85), b: every(10, 8, 98)},
			what:    Sightings{a: every(20, 5, 85), b: every(10, 8, 38)},
			want:    Spans{{0, 43}},
		}, {
			name:    "handed over from one instance to the next",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     Sightings{a: every(10, 5, 45), b: every(10, 63, 93)},
			want:    Spans{whole},
		}, {
			name:    "both show it for a while at the handover",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 65)), b: scrapedAt(10, every(10, 43, 93))},
			pod:     Sightings{a: every(10, 5, 65), b: every(10, 43, 93)},
			want:    Spans{whole},
		}, {
			name:    "gone when the next instance came",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     Sightings{a: every(10, 5, 45)},
			want:    Spans{{0, 54}},
		}, {
			name:    "a next instance less than an interval later says that it is gone, where the first is not scraped again",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 53, 93))},
			pod:     Sightings{a: every(10, 5, 45)},
			want:    Spans{{0, 49}},
		}, {
			name:    "but it has taken over where pods are known by uid",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 53, 93))},
			pod:     Sightings{a: every(10, 5, 45)},
			byUID:   true,
			want:    Spans{{0, 49}},
			known:   Spans{{0, 63}}, // and what was later is not asked
		}, {
			name:    "came with the next instance",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     Sightings{b: every(10, 63, 93)},
			want:    Spans{{54, 100}},
		}, {
			name:    "a stranger that did not show it says nothing while its own instance is there",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: always},
			want:    Spans{whole},
		}, {
			name:    "a shard whose instance is down: nobody else knows",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always).failing(Span{30, 70}), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: {5, 15, 25, 75, 85, 95}},
			want:    Spans{whole},
			known:   Spans{{0, 25}, {75, 100}},
		}, {
			name:    "a shard's instance that came back without the pod",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always).failing(Span{30, 70}), b: scrapedAt(10, every(10, 8, 98))},
			pod:     Sightings{a: {5, 15, 25}},
			want:    Spans{{0, 50}},
			known:   Spans{{0, 25}, {75, 100}},
		}, {
			name:    "an instance gone before its turn in the span: another's does not speak for it",
			targets: map[Target]*Scrapes{a: {Before: []int64{-5}, Tried: []int64{-5}, Interval: 10}, b: scrapedAt(10, []int64{2}), next: scrapedAt(10, every(10, 23, 93)), elsewhere: scrapedAt(10, always)},
			pod:     Sightings{next: every(10, 23, 93)},
			want:    Spans{whole},
		}, {
			name:    "had it shown something else in the span, the pod would not have been there",
			targets: map[Target]*Scrapes{a: scrapedAt(10, []int64{1}), b: scrapedAt(10, []int64{2}), next: scrapedAt(10, every(10, 23, 93)), elsewhere: scrapedAt(10, always)},
			pod:     Sightings{next: every(10, 23, 93)},
			want:    Spans{{12, 100}},
		}, {
			name:    "another cluster's instance has no say, even when its own is gone",
			targets: map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 45)), elsewhere: scrapedAt(10, every(10, 3, 93))},
			pod:     Sightings{a: every(10, 5, 45)},
			want:    Spans{whole},
			known:   Spans{{0, 45}},
		}, {
			name:    "a server's samples somewhat beside another's are of the same scrapes",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: always},
			what:    Sightings{a: every(10, 38, 68)},
			want:    Spans{{30, 70}},
		}, {
			name:    "but not half an interval beside",
			targets: map[Target]*Scrapes{a: scrapedAt(10, always)},
			pod:     Sightings{a: always},
			what:    Sightings{a: {40}},
			want:    nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewTargets(whole, c.targets)
			ResolveLifetimes(s)
			w := NewPresence(s, c.pod, c.byUID)
			what := c.what
			if what == nil {
				what = c.pod
			}
			sameSpans(t, w.Life(what), c.want)
			known := c.known
			if known == nil {
				known = Spans{whole}
			}
			sameSpans(t, w.Known, known)
		})
	}
}

// TestLifeIsDividedWithoutRest: whatever is asked about one pod is judged on the same grid, so
// that the times of complementary lives add up to the span.
func TestLifeIsDividedWithoutRest(t *testing.T) {
	whole := Span{0, 400}
	a, b := Target{Instance: "a"}, Target{Instance: "b"}
	ofA, ofB := every(10, 5, 395), every(10, 8, 398)
	check(t, "one and the other", func(seed []bool) bool {
		s := NewTargets(whole, map[Target]*Scrapes{a: scrapedAt(10, ofA), b: scrapedAt(10, ofB)})
		ResolveLifetimes(s)
		w := NewPresence(s, Sightings{a: slices.Clone(ofA), b: slices.Clone(ofB)}, false)
		one, other := Sightings{}, Sightings{}
		for who, times := range (Sightings{a: ofA, b: ofB}) {
			for i, at := range times {
				if i < len(seed) && seed[i] {
					one[who] = append(one[who], at)
				} else {
					other[who] = append(other[who], at)
				}
			}
		}
		x, y := w.Life(one), w.Life(other)
		return x.Union(y).Are(whole) && len(x.Intersect(y)) == 0
	})
}

// shownAt are scrapes of one target, of which some showed something.
type shownAt struct {
	Times []int64
	Shown []bool
}

// Generate implements quick.Generator. Scrapes are late, and lost, now and then.
func (shownAt) Generate(r *rand.Rand, _ int) reflect.Value {
	var s shownAt
	for t := r.Int63n(10); t < 300; t += 8 + r.Int63n(5) {
		if r.Intn(8) > 0 {
			s.Times, s.Shown = append(s.Times, t), append(s.Shown, r.Intn(3) > 0)
		}
	}
	return reflect.ValueOf(s)
}

// TestLifeBesideTheNearestScrape: the slow twin of Life asks for each millisecond which scrape
// is nearest, and what that showed.
func TestLifeBesideTheNearestScrape(t *testing.T) {
	whole, a := Span{0, 300}, Target{Instance: "a"}
	check(t, "of one target", func(in shownAt) bool {
		s := NewTargets(whole, map[Target]*Scrapes{a: scrapedAt(10, in.Times)})
		ResolveLifetimes(s)
		var shown []int64
		for i, t := range in.Times {
			if in.Shown[i] {
				shown = append(shown, t)
			}
		}
		if len(in.Times) == 0 {
			return true
		}
		var want []Span
		for t := range whole.To {
			nearest := 0
			for i := range in.Times {
				before, after := in.Times[nearest], in.Times[i]
				if 2*t >= before+after-(before+after)%2 {
					nearest = i
				}
			}
			if in.Shown[nearest] {
				want = append(want, Span{t, t + 1})
			}
		}
		got := NewPresence(s, Sightings{a: shown}, false).Life(Sightings{a: shown})
		return cmp.Equal(got, NewSpans(want...))
	})
}

// TestBesideAllScrapes: the slow twin of a presence that is known by its uid looks at all
// scrapes, however far from its life.
func TestBesideAllScrapes(t *testing.T) {
	whole := Span{0, 300}
	check(t, "of three targets", func(of [3]shownAt, from, length uint16, shards bool) bool {
		targets, seen := map[Target]*Scrapes{}, Sightings{}
		life := Span{int64(from % 300), int64(from%300) + int64(length%120)}
		for i, in := range of {
			by := Target{Job: "ksm", Instance: string(rune('a' + i))}
			var ok, tried []int64
			for n, t := range in.Times {
				if tried = append(tried, t); in.Shown[n] || n%3 > 0 {
					ok = append(ok, t)
					if i < 2 && life.Contains(t) && (n%5 > 0 || i == 0) {
						seen.Add(by, t)
					}
				}
			}
			if i == 1 {
				ok, tried = ok[len(ok)/2:], tried[len(tried)/2:]
				seen[by] = slices.DeleteFunc(seen[by], func(t int64) bool { return !slices.Contains(ok, t) })
				if len(seen[by]) == 0 {
					delete(seen, by)
				}
			}
			targets[by] = &Scrapes{OK: ok, Tried: tried, Interval: 10}
		}
		s := NewTargets(whole, targets)
		ResolveLifetimes(s)
		for by := range s.Scrapes {
			s.Shards[by] = shards
		}
		if len(seen) == 0 {
			return true
		}
		fast, slow := NewPresence(s, seen, true), presenceOfAll(s, seen)
		got, want := fast.Life(seen), slow.Life(seen)
		holes := func(p *Presence) (out Spans) {
			for _, hole := range p.Known.Complement(whole) {
				if want.Meet(hole) {
					out = append(out, hole)
				}
			}
			return out
		}
		return cmp.Equal(got, want) && cmp.Equal(holes(fast), holes(slow))
	})
}

func presenceOfAll(s *Targets, seen Sightings) *Presence {
	p := &Presence{span: s.Span, margins: map[Target]int64{}}
	runs := runsOf(s, seen)
	life := seen.Span()
	for _, r := range runs {
		for _, t := range r.times {
			p.grid = append(p.grid, scrape{t, r.by})
		}
	}
	others := s.others(seen, runs, true)
	for by, sc := range s.Scrapes {
		p.margins[by] = sc.Interval / 2
		margin := sc.Interval
		if seen[by] == nil {
			margin = 0
		}
		before, during, after := s.without(by, seen[by], runs, life.To, true)
		for _, t := range slices.Concat(before, during, after) {
			if (t < life.From || t > life.To) && (seen[by] != nil || others(by, t)) && !s.contradicted(runs, scrape{t, by}, margin) {
				p.grid = append(p.grid, scrape{t, by})
			}
		}
	}
	p.order(s)
	return p
}

// TestMissedBesideALoop: its slow twin looks at every time.
func TestMissedBesideALoop(t *testing.T) {
	check(t, "of sorted times", func(in shownAt, from, to uint16) bool {
		f, u := int64(from%320)-10, int64(to%320)-10
		return Missed(in.Times, f, u) == slices.ContainsFunc(in.Times, func(t int64) bool { return f < t && t < u })
	})
}

// TestShards: whether a target knows some of the pods only is a question about all of them.
func TestShards(t *testing.T) {
	whole, a, b, next := Span{0, 200}, Target{Job: "ksm", Instance: "a"}, Target{Job: "ksm", Instance: "b"}, Target{Job: "ksm", Instance: "next"}
	targets := NewTargets(whole, map[Target]*Scrapes{
		a:    scrapedAt(10, every(10, 5, 195)),
		b:    scrapedAt(10, every(10, 8, 28)),
		next: scrapedAt(10, every(10, 183, 193)),
	})
	ResolveLifetimes(targets)
	once := Sightings{b: {28}}
	sameSpans(t, NewPresence(targets, once, true).Life(once), Spans{{23, 31}}) // a may be a replica, and nothing else is known
	targets.NoteShards(Sightings{a: every(10, 5, 195), b: every(10, 8, 28), next: every(10, 183, 193)})
	if targets.Shards[a] {
		t.Error("a pod that all show makes none a shard")
	}
	targets.NoteShards(Sightings{b: every(10, 8, 28)})
	if !targets.Shards[a] || !targets.Shards[b] || !targets.Shards[next] {
		t.Errorf("only %v are shards", targets.Shards)
	}
	sameSpans(t, NewPresence(targets, once, true).Life(once), Spans{{23, 105}}) // until its next shard comes, without it
	t.Run("a name that another shard's pod has from some moment on", func(t *testing.T) {
		both := Sightings{b: every(10, 8, 28), a: every(10, 105, 195)}
		p := NewPresence(targets, both, false)
		sameSpans(t, p.Life(Sightings{b: both[b]}), Spans{{0, 66}})
		sameSpans(t, p.Life(Sightings{a: both[a]}), Spans{{66, 200}})
	})
	t.Run("and that nobody has when that has gone", func(t *testing.T) {
		both := Sightings{b: every(10, 8, 28), a: every(10, 105, 145)}
		sameSpans(t, NewPresence(targets, both, false).Life(both), Spans{{0, 150}})
	})
}
