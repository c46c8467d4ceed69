package histories

import (
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
