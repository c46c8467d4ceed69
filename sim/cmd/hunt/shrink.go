package main

import (
	"context"
	"encoding/json"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// shrink returns a history as simple as it gets whose values are off in one of the ways in
// which the history's are.
func shrink(ctx context.Context, n histories.Named, found outcome, judge judging) (histories.Named, outcome, error) {
	s := shrinker{judge: judge, kinds: found.kinds(), named: n, outcome: found, tried: map[string]bool{text(n): true}}
	for {
		before := text(s.named)
		for _, edits := range stages() {
			for more := true; more; {
				var err error
				if more, err = s.step(ctx, edits(s.named)); err != nil {
					return s.named, s.outcome, err
				}
			}
		}
		if text(s.named) == before {
			return s.named, s.outcome, nil
		}
	}
}

// judging says what comes of each history.
type judging func(context.Context, []histories.Named) ([]outcome, error)

// shrinker is the simplest history so far.
type shrinker struct {
	judge   judging
	kinds   map[string]bool
	named   histories.Named
	outcome outcome
	tried   map[string]bool
}

// step tries each edit alone, then those together that do no harm alone: all of them, or as
// many of the first ones as possible.
func (s *shrinker) step(ctx context.Context, edits []edit) (bool, error) {
	var alone []histories.Named
	var of []edit
	for _, e := range edits {
		if c, ok := apply(s.named, e); ok && !s.tried[text(c)] {
			s.tried[text(c)] = true
			alone, of = append(alone, c), append(of, e)
		}
	}
	wrong, outcomes, err := s.still(ctx, alone)
	if err != nil || len(wrong) == 0 {
		return false, err
	}
	var harmless []edit
	for _, i := range wrong {
		harmless = append(harmless, of[i])
	}
	var together []histories.Named
	for n := len(harmless); n > 1; n = n * 2 / 3 {
		if c, ok := apply(s.named, harmless[:n]...); ok {
			together = append(together, c)
		}
	}
	first := wrong[0]
	s.named, s.outcome = alone[first], outcomes[first]
	wrong, outcomes, err = s.still(ctx, together)
	if err != nil || len(wrong) == 0 {
		return true, err
	}
	s.named, s.outcome = together[wrong[0]], outcomes[wrong[0]]
	return true, nil
}

// still returns which of some histories are wrong in one of the ways.
func (s *shrinker) still(ctx context.Context, all []histories.Named) ([]int, []outcome, error) {
	if len(all) == 0 {
		return nil, nil, nil
	}
	outcomes, err := s.judge(ctx, all)
	var wrong []int
	for i, o := range outcomes {
		if o.like(s.kinds) {
			wrong = append(wrong, i)
		}
	}
	return wrong, outcomes, err
}

// apply returns an edited copy, if the edits changed something and what they made is possible.
func apply(n histories.Named, edits ...edit) (histories.Named, bool) {
	var c histories.Named
	if err := json.Unmarshal([]byte(text(n)), &c); err != nil {
		panic(err) // it is plain data
	}
	changed := false
	for _, e := range edits {
		changed = e(&c) || changed
	}
	return c, changed && c.History.Check() == nil
}

func text(n histories.Named) string {
	out, err := json.Marshal(n)
	if err != nil {
		panic(err) // it is plain data
	}
	return string(out)
}
