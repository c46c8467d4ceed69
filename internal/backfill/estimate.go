package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Estimate computes one of the missing windows, and prints what all of them would cost at
// most: several together cost less. It delivers nothing.
func Estimate(ctx context.Context, c Computer, span Span, missing []window.Span, out io.Writer) error {
	all, n := span.Windows().Windows, window.Count(missing)
	fmt.Fprintf(out, "From %s to %s there are %d windows of %s.\n", span.From.Format(time.RFC3339), span.To.Format(time.RFC3339), all, model.Duration(span.Period))
	fmt.Fprintf(out, "%d exist already, %d are to be computed.\n", all-n, n)
	if n == 0 {
		return nil
	}
	var probe window.Window
	var a *ledger.Averages
	var took time.Duration
	err := downsample.ErrNoSources
	for _, probe = range []window.Window{window.At(missing, n-1), window.At(missing, n/2), window.At(missing, 0)} {
		begin := time.Now()
		var results []downsample.Result
		if results, err = c.ComputeAll(ctx, []window.Window{probe}); err == nil {
			a, err = results[0].Averages, results[0].Err
		}
		took = time.Since(begin)
		if !errors.Is(err, downsample.ErrNoSources) {
			break
		}
		fmt.Fprintf(out, "Nothing is known of %s.\n", probe)
	}
	if errors.Is(err, downsample.ErrNoSources) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("window %s: %w", probe, err)
	}
	fmt.Fprintf(out, "\nOne of them was computed to estimate the cost, %s:\n", probe)
	row := func(what string, one, each string) { fmt.Fprintf(out, "  %-14s %14s %14s\n", what, one, each) }
	row("", "one window", "all, at most")
	row("models", fmt.Sprint(len(a.Models)), "")
	row("values", fmt.Sprint(values(a)), fmt.Sprint(n*int64(values(a))))
	row("queries", fmt.Sprint(a.Cost.Queries), fmt.Sprint(n*int64(a.Cost.Queries)))
	row("samples read", fmt.Sprint(a.Cost.SamplesRead), fmt.Sprint(n*a.Cost.SamplesRead))
	row("time", took.Round(time.Millisecond).String(), (time.Duration(n) * took).Round(time.Second).String())
	return nil
}

// values counts the known values of the models.
func values(a *ledger.Averages) int {
	n := 0
	for _, m := range a.Models {
		for _, v := range m.Values {
			if v.OK {
				n++
			}
		}
	}
	return n
}
