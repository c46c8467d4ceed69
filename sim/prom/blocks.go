// Package prom runs a real Prometheus in process, from its own TSDB, PromQL engine,
// scrape manager and HTTP API, over samples that a simulated cluster's observers would
// have stored.
package prom

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// samplesPerCommit bounds what an appender holds before it is committed.
const samplesPerCommit = 100_000

// WriteBlock stores the series as one block under dir, a TSDB's directory. Any span of
// time may be one block, but no two blocks should cover the same time.
func WriteBlock(ctx context.Context, dir string, series []cluster.Series) error {
	first, last, n := extent(series)
	if n == 0 {
		return nil
	}
	// A head refuses samples older than half its range behind its newest one. Series are
	// written one after another, each from the first moment on, so the range is twice the span.
	return writeBlock(ctx, dir, 2*(last-first+1), slices.Values([][]cluster.Series{series}))
}

// WriteParts stores a block whose chunks are those of a Prometheus that compacts every two
// hours. Samples come in parts, in order of time but for Disorder.
func WriteParts(ctx context.Context, dir string, parts iter.Seq[[]cluster.Series]) error {
	return writeBlock(ctx, dir, tsdb.DefaultBlockDuration, parts)
}

// Disorder is by how much a sample may be older than one that came before it, of another
// series: a head refuses more.
const Disorder = time.Duration(tsdb.DefaultBlockDuration/2) * time.Millisecond

func writeBlock(ctx context.Context, dir string, chunkRange int64, parts iter.Seq[[]cluster.Series]) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w, err := tsdb.NewBlockWriter(promslog.NewNopLogger(), dir, chunkRange)
	if err != nil {
		return fmt.Errorf("block writer in %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for series := range parts {
		if err := appendAll(ctx, w, series, inOrder); err != nil {
			return err
		}
	}
	if _, err := w.Flush(ctx); err != nil {
		return fmt.Errorf("write block in %s: %w", dir, err)
	}
	return nil
}

// WriteHead stores samples, which come as for WriteParts, where a Prometheus that runs has
// its newest ones: in the head, as it leaves that in dir when it ends.
func WriteHead(ctx context.Context, dir string, parts iter.Seq[[]cluster.Series]) (err error) {
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0 // for ever
	db, err := tsdb.Open(dir, promslog.NewNopLogger(), nil, options, nil)
	if err != nil {
		return fmt.Errorf("open TSDB in %s: %w", dir, err)
	}
	db.DisableCompactions()
	defer func() { err = errors.Join(err, db.Close()) }()
	for series := range parts {
		if err := appendAll(ctx, db, series, inOrder); err != nil {
			return err
		}
	}
	return nil
}

// Link makes dst a TSDB directory that holds src's blocks and head, as hard links: nothing of
// it is ever written again, so two servers can read it, each with a directory to itself. No
// server may have run in src.
func Link(dst, src string) error {
	entries, err := os.ReadDir(src)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := linkTree(filepath.Join(dst, e.Name()), filepath.Join(src, e.Name())); err != nil {
			return fmt.Errorf("link TSDB: %w", err)
		}
	}
	return nil
}

// LinkBlocks makes dst a TSDB directory that holds src's blocks, as hard links: blocks
// never change, so two servers can read them, each with a directory to itself.
func LinkBlocks(dst, src string) error {
	metas, err := filepath.Glob(filepath.Join(src, "*", "meta.json"))
	if err != nil {
		return err
	}
	for _, meta := range metas {
		block := filepath.Dir(meta)
		if err := linkTree(filepath.Join(dst, filepath.Base(block)), block); err != nil {
			return fmt.Errorf("link block: %w", err)
		}
	}
	return nil
}

func linkTree(dst, src string) error {
	if err := os.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(src)
	if err != nil {
		return err
	}
	for _, e := range entries {
		link := os.Link
		if e.IsDir() {
			link = func(from, to string) error { return linkTree(to, from) }
		}
		if err := link(filepath.Join(src, e.Name()), filepath.Join(dst, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// inOrder refuses samples that are older than the newest of their series.
const inOrder = true

// appendAll stores every sample of the series, in batches.
func appendAll(ctx context.Context, to storage.AppendableV2, series []cluster.Series, ordered bool) error {
	app, pending := to.AppenderV2(ctx), 0
	for _, s := range series {
		ls := labelsOf(s)
		var ref storage.SeriesRef
		for _, sample := range s.Samples {
			var err error
			ref, err = app.Append(ref, ls, 0, sample.T, sample.V, nil, nil, storage.AOptions{RejectOutOfOrder: ordered})
			if err != nil {
				return rollback(app, fmt.Errorf("store %s at %d: %w", ls, sample.T, err))
			}
		}
		if pending += len(s.Samples); pending >= samplesPerCommit {
			if err := app.Commit(); err != nil {
				return fmt.Errorf("commit samples: %w", err)
			}
			app, pending = to.AppenderV2(ctx), 0
		}
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("commit samples: %w", err)
	}
	return nil
}

func rollback(app storage.AppenderV2, err error) error { return errors.Join(err, app.Rollback()) }

func labelsOf(s cluster.Series) labels.Labels {
	b := labels.NewScratchBuilder(len(s.Labels))
	for _, l := range s.Labels {
		b.Add(l.Name, l.Value)
	}
	b.Sort()
	return b.Labels()
}

// extent returns the first and last moment of the series, and how many samples they hold.
func extent(series []cluster.Series) (first, last int64, n int) {
	for _, s := range series {
		for _, sample := range s.Samples {
			if n == 0 || sample.T < first {
				first = sample.T
			}
			if n == 0 || sample.T > last {
				last = sample.T
			}
			n++
		}
	}
	return first, last, n
}
