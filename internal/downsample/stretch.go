package downsample

import (
	"context"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// part is a window, or of a long one a part, whose samples are measured at once.
type part struct {
	span   timeline.Span
	since  int64 // from when on counters count: the start of the window
	ledger *ledger.Ledger
	models bool // there were pods of models

	measurer measure.Measurer
	entered  *ledger.Ledger // the part's own evidence, until it is complete

	mu      sync.Mutex
	lacking inventory.Shown // targets that the inventory lacks, nil if it lacks none
}

// lacks enters that a series shows a target that the part's inventory lacks.
func (p *part) lacks(source int, target timeline.Target, row promapi.Series) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lacking == nil {
		p.lacking = make(inventory.Shown, len(p.measurer.Inventory.Targets))
	}
	p.lacking.Add(p.measurer.Inventory, source, target, row)
}

// parts cuts a window.
func parts(w window.Window, l *ledger.Ledger) []*part {
	var all []*part
	whole := timeline.Span{From: w.Start.UnixMilli(), To: w.End.UnixMilli()}
	for _, span := range whole.Cut(longestSpan.Milliseconds()) {
		all = append(all, &part{span: span, since: whole.From, ledger: l})
	}
	return all
}

// gather enters the evidence on some of the models' pods. Parts that lie within longestSpan
// are read together. It fails if the server lacks something that it does not say of its answers.
func (d *Downsampler) gather(ctx context.Context, f *fetch.Window, parts []*part, mine func(*inventory.Pod) bool) error {
	for len(parts) > 0 {
		n := 1
		for n < len(parts) && parts[n].span.To-parts[0].span.From <= longestSpan.Milliseconds() {
			n++
		}
		if err := d.stretch(ctx, f, parts[:n], mine); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return d.Fetcher.Whole(ctx)
}

// stretch enters the evidence on some pods over parts that are read together. The series of a
// pod may show a target that a part's inventory lacks: then the part is measured once more,
// with that target. Of one that is still lacking nothing is known in the part.
func (d *Downsampler) stretch(ctx context.Context, f *fetch.Window, parts []*part, mine func(*inventory.Pod) bool) error {
	for again := false; len(parts) > 0; again = true {
		for _, p := range parts {
			inv, err := d.finder.Find(ctx, f, p.span, p.lacking)
			if err != nil {
				return err
			}
			p.measurer = measure.Measurer{Table: d.Table, Inventory: inv, Since: p.since}
			p.models, p.lacking = len(inv.Pods) > 0, nil
			p.entered = p.ledger.Empty()
			p.entered.Observe(inv)
		}
		if err := d.read.measure(ctx, f, parts, mine); err != nil {
			return err
		}
		var incomplete []*part
		for _, p := range parts {
			if p.lacking != nil && !again {
				incomplete = append(incomplete, p)
				continue
			}
			p.ledger.Add(p.entered)
		}
		parts = incomplete
	}
	return nil
}
