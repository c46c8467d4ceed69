package promapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// stores are those that a Thanos Query had. One that died it names in warnings for a while, and
// then it forgets it, and answers with fewer series.
type stores struct {
	mu   sync.Mutex
	seen map[string]bool // external labels, without those that distinguish replicas
}

// store is one of those that a Thanos Query lists.
type store struct {
	Name      string              `json:"name"`
	LastError any                 `json:"lastError"`
	LabelSets []map[string]string `json:"labelSets"`
}

// Whole fails if a store does not answer that the engine reads from, or one is missing that was
// there before: answers are not whole then, although they may not say so.
func (c *Client) Whole(ctx context.Context) error {
	if !c.Engine(ctx).stores {
		return nil
	}
	var listed map[string][]store
	switch err := c.ask(ctx, question{endpoint: "stores"}, &listed); {
	case err != nil && saysNo(err):
		return nil // a proxy hides them
	case err != nil:
		return err
	}
	var flags map[string]string
	if err := c.ask(ctx, question{endpoint: "status/flags"}, &flags); err != nil && !saysNo(err) {
		return err
	}
	return c.stores.check(listed, replicaLabels(flags))
}

// replicaLabels reads a flag's value, which is a list in brackets or separated by commas.
func replicaLabels(flags map[string]string) []string {
	return strings.FieldsFunc(flags["query.replica-label"], func(r rune) bool { return strings.ContainsRune("[], \n", r) })
}

func (s *stores) check(listed map[string][]store, replica []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[string]bool{}
	var silent error
	for _, kind := range slices.Sorted(maps.Keys(listed)) {
		for _, st := range listed[kind] {
			if st.LastError != nil {
				silent = partial("the store %s (%s) does not answer: %.100v", st.Name, kind, st.LastError)
				continue
			}
			if kind != "sidecar" && kind != "receive" {
				continue // what others have comes and goes with their blocks
			}
			for _, labels := range st.LabelSets {
				there[labelSet(labels, replica)] = true
			}
		}
	}
	var gone []string
	for labels := range s.seen {
		if !there[labels] {
			gone = append(gone, labels)
		}
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	maps.Copy(s.seen, there)
	switch slices.Sort(gone); {
	case len(gone) > 0:
		return partial("no store has the external labels %s, as one had before: if it is not to come back, restart the exporter", strings.Join(gone, " or "))
	default:
		return silent
	}
}

// labelSet writes labels in order, without some.
func labelSet(labels map[string]string, without []string) string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !slices.Contains(without, name) {
			text = append(text, fmt.Sprintf("%s=%q", name, labels[name]))
		}
	}
	return "{" + strings.Join(text, ",") + "}"
}

func partial(format string, args ...any) error {
	return &Error{Kind: Partial, Status: http.StatusOK, Err: fmt.Errorf(format, args...)}
}
