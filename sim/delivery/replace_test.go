package delivery

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

// TestReplace reads a window back, and writes what has changed of it since.
func TestReplace(t *testing.T) {
	l := start(t, 24*time.Hour)
	w := l.writer(t)
	a := l.averages(1, 1500)
	if stored, err := w.Stored(t.Context(), a.Window); stored != nil || err != nil {
		t.Fatalf("before anything is delivered, there is %v (%v)", stored, err)
	}
	mustDeliver(t, w, a)
	stored, err := w.Stored(t.Context(), a.Window)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(known(a), known(stored)); diff != "" {
		t.Fatal(diff)
	}

	more := l.averages(1, 1501)
	before := l.proxy.requests()
	if err := w.Replace(t.Context(), stored, more); err != nil {
		t.Fatal(err)
	}
	if sent := l.proxy.requests() - before; sent != 1 {
		t.Errorf("%d requests were sent for one new model", sent)
	}
	l.expect(t, more)

	there := l.stored(t)
	other := changed(more, 1)
	other.Models[3].Values[0].V *= 2
	err = w.Replace(t.Context(), more, other)
	expectError(t, err, remotewrite.Refused, "delete_series")
	if !maps.Equal(there, l.stored(t)) {
		t.Error("what is stored has changed")
	}
}

// TestStoredOfAnUpstream: what is read back of one upstream has no model of another's.
func TestStoredOfAnUpstream(t *testing.T) {
	l := start(t, 24*time.Hour)
	for i, name := range []string{"eu", "us"} {
		a := inCluster(changed(l.averages(1, 20), float64(1+i)), name)
		mustDeliver(t, l.writer(t, upstream(name)), a)
	}
	for i, name := range []string{"eu", "us"} {
		a := inCluster(changed(l.averages(1, 20), float64(1+i)), name)
		stored, err := l.writer(t, upstream(name)).Stored(t.Context(), a.Window)
		if err != nil {
			t.Fatal(err)
		}
		if len(stored.Models) != len(a.Models) || stored.Models[0].Cluster != name {
			t.Errorf("%s: %d models, want %d", name, len(stored.Models), len(a.Models))
		}
		if diff := cmp.Diff(known(a), known(stored)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// known is what can be read back of averages.
func known(a *ledger.Averages) map[string]float64 {
	all := map[string]float64{}
	for _, c := range a.Coverage {
		all["of "+c.Source] = c.Ratio
	}
	for _, m := range a.Models {
		for metric, v := range m.Values {
			if v.OK {
				all[fmt.Sprint(m.Model, metric)] = v.V
			}
		}
	}
	return all
}
