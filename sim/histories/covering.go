package histories

import (
	"math/rand/v2"
	"slices"
)

// Pairs returns every two features that make a history together, and each by itself.
func Pairs() [][]string {
	all := Features()
	var out [][]string
	for i, a := range all {
		for _, b := range all[:i+1] {
			if names := slices.Compact([]string{a.Name, b.Name}); Conflict(names...) == "" {
				out = append(out, names)
			}
		}
	}
	return out
}

// Covering returns sets of so many features at most in which every three that make a history
// together are in one at least: a covering array of strength three, made greedily and the
// same each time.
func Covering(size int) [][]string {
	all := Features()
	r := rand.New(rand.NewPCG(3, uint64(size)))
	compatible := conflictsByIndex(all)
	uncovered := map[[3]int]bool{}
	var order [][3]int
	for a := range all {
		for b := range a {
			for c := range b {
				if t := [3]int{a, b, c}; compatible(t[:]) {
					uncovered[t] = true
					order = append(order, t)
				}
			}
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var out [][]string
	for _, first := range order {
		if !uncovered[first] {
			continue
		}
		set := slices.Clone(first[:])
		for len(set) < size {
			best, most := -1, 0
			for _, f := range r.Perm(len(all))[:min(24, len(all))] {
				if slices.Contains(set, f) || !compatible(append(slices.Clone(set), f)) {
					continue
				}
				if n := newTriples(uncovered, set, f); n > most {
					best, most = f, n
				}
			}
			if best < 0 {
				break
			}
			set = append(set, best)
		}
		cover(uncovered, set)
		var names []string
		for _, f := range set {
			names = append(names, all[f].Name)
		}
		out = append(out, names)
	}
	return out
}

// newTriples counts the triples of a set and one more feature that nothing covers yet.
func newTriples(uncovered map[[3]int]bool, set []int, more int) int {
	n := 0
	for i, a := range set {
		for _, b := range set[:i] {
			if uncovered[triple(a, b, more)] {
				n++
			}
		}
	}
	return n
}

func cover(uncovered map[[3]int]bool, set []int) {
	for i, a := range set {
		for j, b := range set[:i] {
			for _, c := range set[:j] {
				delete(uncovered, triple(a, b, c))
			}
		}
	}
}

func triple(a, b, c int) [3]int {
	t := []int{a, b, c}
	slices.Sort(t)
	return [3]int{t[2], t[1], t[0]}
}

// conflictsByIndex is Conflict over the places of features, which is asked very often.
func conflictsByIndex(all []Feature) func([]int) bool {
	at := map[string]int{}
	for i, f := range all {
		at[f.Name] = i
	}
	var sets [][]int
	for _, c := range conflicts() {
		var set []int
		for _, name := range c.names {
			set = append(set, at[name])
		}
		sets = append(sets, set)
	}
	return func(set []int) bool {
		for i, a := range set {
			for _, b := range set[:i] {
				if g := all[a].Group; g != "" && g == all[b].Group {
					return false
				}
			}
		}
		return !slices.ContainsFunc(sets, func(c []int) bool {
			return !slices.ContainsFunc(c, func(f int) bool { return !slices.Contains(set, f) })
		})
	}
}
