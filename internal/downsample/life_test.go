package downsample

import (
	"slices"
	"testing"
)

// TestLife: what was there when, of pods that some targets show. A scrape interval is 10.
func TestLife(t *testing.T) {
	slice := span{0, 100}
	a, b, next := target{instance: "a"}, target{instance: "b"}, target{instance: "c"}
	elsewhere := target{cluster: "other", instance: "c"}
	type shown = map[target][]int64
	always := every(10, 5, 95)

	for _, c := range []struct {
		name    string
		targets map[target]*scrapes
		pod     shown // the scrapes that showed the pod
		byUID   bool
		what    shown // the scrapes that showed what is asked about; the pod if nil
		want    spans
		known   spans // where it is not the whole slice
	}{
		{
			name:    "one target that shows it always",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: always},
			want:    spans{slice},
		}, {
			name:    "never seen",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{},
			want:    nil,
		}, {
			name:    "a change lies half-way between two scrapes",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: every(10, 35, 65)},
			want:    spans{{30, 70}},
		}, {
			name:    "seen once",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: {45}},
			want:    spans{{40, 50}},
		}, {
			name:    "seen by the first scrape only: there from the slice's edge on",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: {5}},
			want:    spans{{0, 10}},
		}, {
			name:    "seen by the last scrape only: there up to the slice's edge",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: {95}},
			want:    spans{{90, 100}},
		}, {
			name:    "a failed scrape shows nothing, and denies nothing",
			targets: map[target]*scrapes{a: scrapedAt(10, always).failing(span{40, 50})},
			pod:     shown{a: {5, 15, 25, 35, 55, 65, 75, 85, 95}},
			want:    spans{slice},
		}, {
			name:    "a failed scrape before the pod's first: half of what is not known",
			targets: map[target]*scrapes{a: scrapedAt(10, always).failing(span{40, 50})},
			pod:     shown{a: every(10, 55, 95)},
			want:    spans{{45, 100}},
		}, {
			name:    "absent in between, as one without a uid may be",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: {5, 15, 25, 65, 75, 85, 95}},
			want:    spans{{0, 30}, {60, 100}},
		}, {
			name:    "with a uid, it was there in between all the same",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: {5, 15, 25, 65, 75, 85, 95}},
			byUID:   true,
			want:    spans{slice},
			known:   spans{{0, 25}, {65, 100}}, // nobody tells what its containers did
		}, {
			name:    "a container that ran for a part of the pod's life",
			targets: map[target]*scrapes{a: scrapedAt(10, always)},
			pod:     shown{a: every(10, 25, 95)},
			what:    shown{a: every(10, 45, 65)},
			want:    spans{{40, 70}},
		}, {
			name:    "replicas count once",
			targets: map[target]*scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: always, b: every(10, 8, 98)},
			want:    spans{slice},
		}, {
			name:    "of replicas that saw a change at different times, one's word holds",
			targets: map[target]*scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: always, b: every(10, 8, 98)},
			what:    shown{a: every(10, 55, 95), b: every(10, 38, 98)},
			want:    spans{{50, 100}},
		}, {
			name:    "of replicas, the one that saw it most often",
			targets: map[target]*scrapes{a: scrapedAt(20, every(20, 5, 85)), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: every(20, 5, 85), b: every(10, 8, 98)},
			what:    shown{a: every(20, 5, 85), b: every(10, 8, 38)},
			want:    spans{{0, 43}},
		}, {
			name:    "handed over from one instance to the next",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     shown{a: every(10, 5, 45), b: every(10, 63, 93)},
			want:    spans{slice},
		}, {
			name:    "both show it for a while at the handover",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 65)), b: scrapedAt(10, every(10, 43, 93))},
			pod:     shown{a: every(10, 5, 65), b: every(10, 43, 93)},
			want:    spans{slice},
		}, {
			name:    "gone when the next instance came",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     shown{a: every(10, 5, 45)},
			want:    spans{{0, 54}},
		}, {
			name:    "a next instance less than an interval later may not have heard of it yet",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 53, 93))},
			pod:     shown{a: every(10, 5, 45)},
			want:    spans{{0, 54}},
		}, {
			name:    "but it has taken over where pods are known by uid",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 53, 93))},
			pod:     shown{a: every(10, 5, 45)},
			byUID:   true,
			want:    spans{{0, 49}},
		}, {
			name:    "came with the next instance",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), b: scrapedAt(10, every(10, 63, 93))},
			pod:     shown{b: every(10, 63, 93)},
			want:    spans{{54, 100}},
		}, {
			name:    "a stranger that did not show it says nothing while its own instance is there",
			targets: map[target]*scrapes{a: scrapedAt(10, always), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: always},
			want:    spans{slice},
		}, {
			name:    "a shard whose instance is down: nobody else knows",
			targets: map[target]*scrapes{a: scrapedAt(10, always).failing(span{30, 70}), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: {5, 15, 25, 75, 85, 95}},
			want:    spans{slice},
			known:   spans{{0, 25}, {75, 100}},
		}, {
			name:    "a shard's instance that came back without the pod",
			targets: map[target]*scrapes{a: scrapedAt(10, always).failing(span{30, 70}), b: scrapedAt(10, every(10, 8, 98))},
			pod:     shown{a: {5, 15, 25}},
			want:    spans{{0, 50}},
			known:   spans{{0, 25}, {75, 100}},
		}, {
			name:    "an instance gone before its turn in the slice: another's word is not its",
			targets: map[target]*scrapes{a: {before: []int64{-5}, tried: []int64{-5}, interval: 10}, b: scrapedAt(10, []int64{2}), next: scrapedAt(10, every(10, 23, 93)), elsewhere: scrapedAt(10, always)},
			pod:     shown{next: every(10, 23, 93)},
			want:    spans{slice},
		}, {
			name:    "had it told something else in the slice, the pod would not have been there",
			targets: map[target]*scrapes{a: scrapedAt(10, []int64{1}), b: scrapedAt(10, []int64{2}), next: scrapedAt(10, every(10, 23, 93)), elsewhere: scrapedAt(10, always)},
			pod:     shown{next: every(10, 23, 93)},
			want:    spans{{12, 100}},
		}, {
			name:    "another cluster's instance has no say, even when its own is gone",
			targets: map[target]*scrapes{a: scrapedAt(10, every(10, 5, 45)), elsewhere: scrapedAt(10, every(10, 3, 93))},
			pod:     shown{a: every(10, 5, 45)},
			want:    spans{slice},
			known:   spans{{0, 45}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSource(slice, c.targets)
			comeAndGo(s)
			w := newWitness(s, c.pod, c.byUID)
			what := c.what
			if what == nil {
				what = c.pod
			}
			sameSpans(t, w.life(what), c.want)
			known := c.known
			if known == nil {
				known = spans{slice}
			}
			sameSpans(t, w.known, known)
		})
	}
}

// TestLifeIsDividedWithoutRest: whatever is asked about one pod is judged on the same grid, so
// that the times of complementary lives add up to the slice.
func TestLifeIsDividedWithoutRest(t *testing.T) {
	slice := span{0, 400}
	a, b := target{instance: "a"}, target{instance: "b"}
	ofA, ofB := every(10, 5, 395), every(10, 8, 398)
	check(t, "one and the other", func(seed []bool) bool {
		s := newSource(slice, map[target]*scrapes{a: scrapedAt(10, ofA), b: scrapedAt(10, ofB)})
		comeAndGo(s)
		w := newWitness(s, map[target][]int64{a: slices.Clone(ofA), b: slices.Clone(ofB)}, false)
		one, other := map[target][]int64{}, map[target][]int64{}
		for who, times := range map[target][]int64{a: ofA, b: ofB} {
			for i, at := range times {
				if i < len(seed) && seed[i] {
					one[who] = append(one[who], at)
				} else {
					other[who] = append(other[who], at)
				}
			}
		}
		x, y := w.life(one), w.life(other)
		return x.union(y).is(slice) && len(x.intersect(y)) == 0
	})
}

func TestNear(t *testing.T) {
	times := []int64{100, 200, 300}
	for _, c := range []struct {
		name      string
		t, margin int64
		want      bool
	}{
		{"equal", 200, 15, true},
		{"equal, without a margin", 200, 0, true},
		{"somewhat before", 186, 15, true},
		{"somewhat after", 214, 15, true},
		{"a margin before", 185, 15, false},
		{"a margin after", 215, 15, false},
		{"before all", 80, 15, false},
		{"just before the first", 90, 15, true},
		{"just after the last", 310, 15, true},
		{"after all", 320, 15, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if near(times, c.t, c.margin) != c.want {
				t.Errorf("near(%v, %d, %d) = %t", times, c.t, c.margin, !c.want)
			}
		})
	}
	if near(nil, 5, 10) {
		t.Error("something is near where there is nothing")
	}
}
