package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// finding is a history with what came of it.
type finding struct {
	seed      uint64
	features  []string // none for histories.Random
	variation uint64
	named     histories.Named
	outcome   outcome
}

// random returns the history of a seed: mostly a few features, sometimes whatever comes.
func random(seed uint64) finding {
	r := rand.New(rand.NewPCG(seed, 0x4075))
	if r.IntN(4) == 0 {
		return finding{seed: seed, named: histories.Random(seed)}
	}
	all := histories.Features()
	for {
		var names []string
		for _, i := range r.Perm(len(all))[:2+r.IntN(5)] {
			names = append(names, all[i].Name)
		}
		if f, err := composed(names, seed); err == nil {
			f.seed = seed
			return f
		}
	}
}

func composed(names []string, variation uint64) (finding, error) {
	n, err := histories.Compose(names, variation)
	return finding{features: names, variation: variation, named: n}, err
}

// named returns the history of a seed, or of the name that a story or a composition has.
func named(name string) (finding, error) {
	if seed, err := strconv.ParseUint(name, 10, 64); err == nil {
		return random(seed), nil
	}
	if number, ok := strings.CutPrefix(name, "random-"); ok {
		if seed, err := strconv.ParseUint(number, 10, 64); err == nil {
			return finding{named: histories.Random(seed)}, nil
		}
	}
	told := histories.All()
	if i := slices.IndexFunc(told, func(n histories.Named) bool { return n.Name == name }); i >= 0 {
		return finding{named: told[i]}, nil
	}
	features, variation, _ := strings.Cut(name, "@")
	v, err := strconv.ParseUint(variation, 10, 64)
	if err != nil {
		return finding{}, fmt.Errorf("-only=%q is no seed, no features@variation and no story's name: write 42, late+no-up@42 or quiet", name)
	}
	return composed(strings.Split(features, "+"), v)
}

// pairs returns every pair of features, and each feature alone.
func pairs(variation uint64) []finding {
	all := histories.Features()
	var out []finding
	for i, a := range all {
		for _, b := range all[:i+1] {
			if f, err := composed(slices.Compact([]string{a.Name, b.Name}), variation); err == nil {
				out = append(out, f)
			}
		}
	}
	return out
}

// judgeFindings returns those that are wrong.
func (s setting) judgeFindings(ctx context.Context, all []finding) ([]finding, error) {
	hs := make([]histories.Named, len(all))
	for i, f := range all {
		hs[i] = s.of(f.named)
	}
	outcomes, err := s.judge(ctx, hs)
	if err != nil {
		return nil, err
	}
	var wrong []finding
	for i, f := range all {
		if f.outcome = outcomes[i]; f.outcome.failed() {
			wrong = append(wrong, f)
		}
	}
	return wrong, nil
}

// dropFeatures leaves out features as long as values are off in one of the same ways.
func (s setting) dropFeatures(ctx context.Context, f finding) (finding, error) {
	for len(f.features) > 1 {
		var fewer []finding
		for i := range f.features {
			if g, err := composed(slices.Delete(slices.Clone(f.features), i, i+1), f.variation); err == nil {
				fewer = append(fewer, g)
			}
		}
		wrong, err := s.judgeFindings(ctx, fewer)
		if err != nil {
			return f, err
		}
		i := slices.IndexFunc(wrong, func(g finding) bool { return g.outcome.like(f.outcome.kinds()) })
		if i < 0 {
			break
		}
		f = wrong[i]
	}
	return f, nil
}

// kind names findings that are likely the same.
func (f finding) kind() string {
	features := slices.Clone(f.features)
	slices.Sort(features)
	if features == nil {
		features = []string{f.named.Name}
	}
	return strings.Join(features, "+") + ": " + strings.Join(slices.Sorted(maps.Keys(f.outcome.kinds())), ", ")
}
