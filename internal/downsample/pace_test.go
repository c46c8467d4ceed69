package downsample

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// TestPace: an hour's window is to take six minutes at most, and no more queries at once
// than that needs.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, query time.Duration // all of the window before, and one of this
		atOnce        int           // most that ran at one time
		took          time.Duration // sixty queries
	}{
		{"nothing is known yet", 0, time.Second, 4, 15 * time.Second},
		{"one after the other will do", 5 * time.Minute, time.Second, 1, time.Minute},
		{"two at once will", 10 * time.Minute, 5 * time.Second, 2, 150 * time.Second},
		{"all are needed, and would not do", time.Hour, 30 * time.Second, 4, 450 * time.Second},
		{"slower than the one before: in a hurry from half of the time on", time.Minute, 10 * time.Second, 4, 180*time.Second + 110*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				now, most := 0, 0
				f := &fake{answer: func(context.Context, string) ([]promapi.Series, error) {
					mu.Lock()
					now++
					most = max(most, now)
					mu.Unlock()
					time.Sleep(c.query)
					mu.Lock()
					now--
					mu.Unlock()
					return nil, nil
				}}
				r := &refresh{upstream: f, limits: newLimits(), pace: newPace(4, c.before, time.Hour)}
				defer r.pace.hurry(time.Hour)()
				began := time.Now()
				err := inBatches(t.Context(), aSlice(r), question{most: 1, interval: 1000}, numbers(60), func(ctx context.Context, q *querier, batch []int) error {
					_, err := q.over(ctx, q.slice, func(string) string { return fmt.Sprint(batch) })
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); most != c.atOnce || took != c.took {
					t.Errorf("%d at once, %s; want %d, %s", most, took, c.atOnce, c.took)
				}
				if want := 60 * c.query; r.pace.took() != want {
					t.Errorf("the queries took %s, want %s", r.pace.took(), want)
				}
			})
		})
	}
}

// TestPaceEndsWaiting: who is told to stop does not wait for a turn.
func TestPaceEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1, 0, time.Hour)
		if err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.begin(ctx); err == nil {
			t.Error("two have the one slot")
		}
	})
}
