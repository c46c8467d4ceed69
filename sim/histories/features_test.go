package histories

import (
	"reflect"
	"slices"
	"testing"
)

func TestCompositionsArePossibleAndTheSameEachTime(t *testing.T) {
	all := Features()
	for i, a := range all {
		if a.About == "" || slices.ContainsFunc(all[:i], func(f Feature) bool { return f.Name == a.Name }) {
			t.Errorf("%s: twice, or without a word on what it is about", a.Name)
		}
		for _, b := range all[:i+1] {
			names := slices.Compact([]string{a.Name, b.Name})
			for variation := range uint64(5) {
				n, err := Compose(names, variation)
				if err != nil {
					if Conflict(names...) == "" {
						t.Errorf("%q: %v", names, err)
					}
					continue
				}
				if err := n.History.Check(); err != nil {
					t.Errorf("%s: %v", n.Name, err)
				}
				if again, _ := Compose(names, variation); !reflect.DeepEqual(n, again) {
					t.Errorf("%s: another history the second time", n.Name)
				}
			}
		}
	}
}

func TestConflictsNameFeatures(t *testing.T) {
	for _, c := range conflicts() {
		if _, err := Compose(c.names, 1); err == nil || Conflict(c.names[:1]...) != "" {
			t.Errorf("%q: no conflict, or one of a single feature", c.names)
		}
		for _, name := range c.names {
			if !slices.ContainsFunc(Features(), func(f Feature) bool { return f.Name == name }) {
				t.Errorf("%s is no feature", name)
			}
		}
	}
}
