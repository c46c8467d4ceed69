package exposition

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// pageOf returns a page of an upstream, of the hour that ends some hours after noon. Each model
// has the value in its containers.
func pageOf(t *testing.T, upstream string, hours int, value float64, models ...workload.Model) *Page {
	t.Helper()
	end := noon.Add(time.Duration(hours) * time.Hour)
	a := &ledger.Averages{Upstream: upstream, Window: window.Window{Start: end.Add(-time.Hour), End: end}, Metrics: metric.Default().Metrics, Coverage: coverage()}
	for _, m := range models {
		a.Models = append(a.Models, ledger.Model{Model: m, Values: only("model_containers_average", value)})
	}
	p, err := Encode(a, end.Add(67*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func of(cluster, name string) workload.Model {
	return workload.Model{Cluster: cluster, Namespace: "n", Type: "T", Name: name}
}

// shownAs returns what a board shows as text, without comments.
func shownAs(t *testing.T, b *Board, encoding Encoding) string {
	t.Helper()
	head, err := b.Head(Form{expfmt.FmtText, encoding})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := head.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	return strings.Join(rows, "\n")
}

// slotsOf arranges a board for some upstreams.
func slotsOf(b *Board, names ...string) []*Slot {
	var slots []*Slot
	for _, name := range names {
		slots = append(slots, b.Slot(name))
	}
	b.Arrange(slots)
	return slots
}

// TestUpstreamsTogether: each family is there once with the rows of all, and each upstream's
// page comes, expires and goes by itself.
func TestUpstreamsTogether(t *testing.T) {
	now := noon.Add(time.Minute)
	b := NewBoard(func() time.Time { return now })
	slots := slotsOf(b, "eu", "us")
	window := func(upstream string, hours, models int) string {
		end := noon.Add(time.Duration(hours) * time.Hour).Unix()
		return fmt.Sprintf("%s %d of %d", upstream, models, end)
	}
	// told returns the models' rows, and for each upstream how many models its window has.
	told := func() string {
		var rows []string
		count := map[string]string{}
		for row := range strings.SplitSeq(shownAs(t, b, Identity), "\n") {
			var upstream string
			var value float64
			if strings.HasPrefix(row, "model_") {
				rows = append(rows, row)
			} else if _, err := fmt.Sscanf(row, `seldon_exporter_models{upstream=%q} %g`, &upstream, &value); err == nil {
				count[upstream] = fmt.Sprint(value)
			} else if _, err := fmt.Sscanf(row, `seldon_exporter_window_end_timestamp_seconds{upstream=%q} %g`, &upstream, &value); err == nil {
				rows = append(rows, fmt.Sprintf("%s %s of %.0f", upstream, count[upstream], value))
			}
		}
		return strings.Join(rows, "\n")
	}
	expect := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(strings.Join(want, "\n"), told()); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	const eu, us = `model_containers_average{cluster="eu",name="a",namespace="n",type="T"} 1`, `model_containers_average{cluster="us",name="a",namespace="n",type="T"} 2`
	expect("at first")
	slots[1].Publish(pageOf(t, "us", 0, 2, of("us", "a")))
	expect("of one", us, window("us", 0, 1))
	slots[0].Publish(pageOf(t, "eu", 0, 1, of("eu", "a")))
	expect("of both, in the order of the slots", eu, us, window("eu", 0, 1), window("us", 0, 1))
	if first, again := b.selection(), b.selection(); first != again {
		t.Error("what has not changed is put together again")
	}
	now = noon.Add(61 * time.Minute)
	slots[0].Publish(pageOf(t, "eu", 1, 1, of("eu", "a")))
	expect("of two windows", eu, us, window("eu", 1, 1), window("us", 0, 1))
	now = noon.Add(67 * time.Minute)
	expect("when one has expired", eu, window("eu", 1, 1))

	// Arranged again, pages stay with their upstreams.
	after := slotsOf(b, "asia", "eu")
	if after[1] != slots[0] {
		t.Error("an upstream has another slot than before")
	}
	expect("arranged again", eu, window("eu", 1, 1))
	slotsOf(b, "asia")
	expect("when the last one is gone")
}

// TestModelsOfTwoUpstreams: of a model that two upstreams have, the first one's values are
// served, and the others are counted and logged once.
func TestModelsOfTwoUpstreams(t *testing.T) {
	now := noon.Add(time.Minute)
	var log bytes.Buffer
	b := NewBoard(func() time.Time { return now })
	b.Log = slog.New(slog.NewTextHandler(&log, nil))
	slots := slotsOf(b, "one", "two", "three")
	slots[1].Publish(pageOf(t, "two", 0, 2, of("x", "a"), of("x", "b"), of("x", "c"), of("z", "a")))
	slots[2].Publish(pageOf(t, "three", 0, 3, of("y", "a"), of("z", "a")))
	slots[0].Publish(pageOf(t, "one", 0, 1, of("x", "a"), of("x", "c"), of("y", "b")))
	for range 2 {
		text := shownAs(t, b, Identity)
		for row, want := range map[string]bool{
			`model_containers_average{cluster="x",name="a",namespace="n",type="T"} 1`: true,
			`model_containers_average{cluster="x",name="b",namespace="n",type="T"} 2`: true,
			`model_containers_average{cluster="x",name="c",namespace="n",type="T"} 1`: true,
			`model_containers_average{cluster="y",name="a",namespace="n",type="T"} 3`: true,
			`model_containers_average{cluster="y",name="b",namespace="n",type="T"} 1`: true,
			`model_containers_average{cluster="z",name="a",namespace="n",type="T"} 2`: true,
			DuplicateModels + `{upstream="one"} 0`:                                    true,
			DuplicateModels + `{upstream="two"} 2`:                                    true,
			DuplicateModels + `{upstream="three"} 1`:                                  true,
			`seldon_exporter_models{upstream="two"} 2`:                                true,
			`model_containers_average{cluster="x",name="a",namespace="n",type="T"} 2`: false,
			`model_containers_average{cluster="z",name="a",namespace="n",type="T"} 3`: false,
		} {
			if strings.Contains(text, row) != want {
				t.Errorf("%s is served: %t", row, !want)
			}
		}
		if n := strings.Count(text, "model_containers_average{"); n != 6 {
			t.Errorf("%d rows", n)
		}
		now = now.Add(time.Minute)
		slots[0].Publish(pageOf(t, "one", 0, 1, of("x", "a"), of("x", "c"), of("y", "b"))) // as after a reload
	}
	models := 0
	for _, p := range b.Pages() {
		models += len(p.Averages().Models)
	}
	if models != 6 {
		t.Errorf("the pages have %d models", models)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "cluster=x namespace=n type=T name=a served=one left_out=two") {
		t.Errorf("%d lines: %s", n, &log)
	}
}

// TestHistoryOfAnUpstream: what is stored of a window says of which upstream its coverage is.
func TestHistoryOfAnUpstream(t *testing.T) {
	a := averages()
	a.Upstream = "eu"
	families, err := History(a)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, families); !strings.Contains(got, fmt.Sprintf(`seldon_exporter_window_coverage_ratio{source="cadvisor",upstream="eu"} 0.5 %d`, noon.UnixMilli())) {
		t.Error(got)
	}
}
