package histories

import (
	"reflect"
	"testing"
)

func TestNamedHistoriesArePossible(t *testing.T) {
	seen := make(map[string]bool)
	for _, n := range All() {
		if err := n.History.Check(); err != nil {
			t.Errorf("%s: %v", n.Name, err)
		}
		if seen[n.Name] || n.About == "" {
			t.Errorf("%s: twice, or without a word on what it is about", n.Name)
		}
		seen[n.Name] = true
	}
}

func TestRandomHistoriesArePossibleAndTheSameEachTime(t *testing.T) {
	for seed := range uint64(2000) {
		n := Random(seed)
		if err := n.History.Check(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if again := Random(seed); !reflect.DeepEqual(n, again) {
			t.Errorf("seed %d: another history the second time", seed)
		}
	}
}
