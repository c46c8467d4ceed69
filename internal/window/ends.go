package window

import "time"

// Ends is a set of windows of one period, identified by their ends.
type Ends map[int64]struct{}

// EndsOf returns the set of the given windows.
func EndsOf(windows ...Window) Ends {
	e := Ends{}
	for _, w := range windows {
		e.Add(w.End)
	}
	return e
}

// Add adds the window that ends at a time.
func (e Ends) Add(end time.Time) { e[end.UnixMilli()] = struct{}{} }

// Has says whether the window that ends at a time is in the set.
func (e Ends) Has(end time.Time) bool {
	_, ok := e[end.UnixMilli()]
	return ok
}
