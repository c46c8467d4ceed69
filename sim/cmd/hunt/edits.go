package main

import (
	"reflect"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// edit makes a history simpler in one respect, and says whether it changed anything. It
// finds what it edits by its name, as edits are tried alone and then several in a row.
type edit func(*histories.Named) bool

// stages are edits in the order in which they are tried: what makes most of a difference
// first.
func stages() []func(histories.Named) []edit {
	return []func(histories.Named) []edit{editPods, editWatchers, shorten, editContainers, editPlaces, round}
}

// set gives a field a value, and says whether it had another.
func set[T any](field *T, v T) bool {
	if reflect.DeepEqual(*field, v) {
		return false
	}
	*field = v
	return true
}

// list is where a history keeps items of one type.
type list[T any] func(*cluster.History) *[]T

func pods(h *cluster.History) *[]cluster.Pod         { return &h.Pods }
func nodes(h *cluster.History) *[]cluster.Node       { return &h.Nodes }
func ksms(h *cluster.History) *[]cluster.KSM         { return &h.KSMs }
func kubelets(h *cluster.History) *[]cluster.Kubelet { return &h.Kubelets }

// drop leaves out an item.
func drop[T any](from list[T], same func(T) bool) edit {
	return func(n *histories.Named) bool {
		items := from(&n.History)
		before := len(*items)
		*items = slices.DeleteFunc(*items, same)
		return len(*items) < before
	}
}

// each makes edits of one item.
func each[T any](of list[T], same func(T) bool, changes ...func(*T) bool) []edit {
	out := make([]edit, len(changes))
	for n, change := range changes {
		out[n] = func(n *histories.Named) bool {
			items := *of(&n.History)
			i := slices.IndexFunc(items, same)
			return i >= 0 && change(&items[i])
		}
	}
	return out
}

// all makes an edit of every item at once: two that must be alike are changed together.
func all[T any](of list[T], change func(*T) bool) edit {
	return func(n *histories.Named) bool {
		changed := false
		for i := range *of(&n.History) {
			changed = change(&(*of(&n.History))[i]) || changed
		}
		return changed
	}
}

func without(s cluster.Spans, x cluster.Span) cluster.Spans {
	out := slices.DeleteFunc(slices.Clone(s), func(o cluster.Span) bool { return o == x })
	if len(out) == 0 {
		return nil
	}
	return out
}
