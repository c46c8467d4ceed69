package cluster

// Bound returns the error that the contract allows for every model over a window.
func Bound(h *History, window Span) map[Model]Errors {
	return nil
}
