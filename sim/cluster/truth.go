package cluster

// Truth returns the exact averages of every model over a window.
func Truth(h *History, window Span) map[Model]Values {
	return nil
}

// Covered returns how much of a window each kind of source observed.
func Covered(h *History, window Span) Coverage { return Coverage{} }
