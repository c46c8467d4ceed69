package backfill

import (
	"context"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// looks are the waits before each check of the delivered windows: a receiver may take a while
// to make them visible.
func looks() []time.Duration {
	return []time.Duration{0, time.Second, 4 * time.Second, 25 * time.Second}
}

// confirm returns an error unless the delivered windows are stored: a receiver may accept
// samples that it does not store.
func confirm(ctx context.Context, in Inventory, delivered []window.Span) error {
	for _, wait := range looks() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		var lost []window.Span
		for _, s := range delivered {
			missing, _, err := split(ctx, in, s)
			if err != nil {
				return err
			}
			lost = append(lost, missing...)
		}
		if delivered = lost; len(lost) == 0 {
			return nil
		}
	}
	return fmt.Errorf("the receiver accepted %d windows that are not found there, the first %s: check whether it stores what it accepts (VictoriaMetrics drops what is older than its -retentionPeriod), and whether --remote-write.query-url reads the same server",
		window.Count(delivered), delivered[0].At(0))
}
