// The hunt command computes random compositions of features, and random histories, on an
// in-process Prometheus, and shrinks each one that the product gets wrong to a history that
// is as simple as it gets. It goes on where it ended.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

func main() {
	var h hunt
	flag.Uint64Var(&h.count, "n", 1000, "how many more histories to compute")
	flag.Uint64Var(&h.seed, "seed", 1, "the first one's seed; those that were computed before are skipped")
	flag.IntVar(&h.shrink, "shrink", 20, "how many distinct failures to shrink")
	flag.BoolVar(&h.pairs, "pairs", false, "compute every pair of features instead, with the seed as variation")
	flag.DurationVar(&h.window, "window", 0, "compute each in a window of this length, if -every is set too")
	flag.DurationVar(&h.every, "every", 0, "scrape everything at this interval")
	flag.BoolVar(&h.replicas, "replicas", false, "let two Prometheus servers, whose samples are read together, watch each")
	flag.StringVar(&h.state, "state", "", "where to remember what was computed; default: hunt in the project's cache")
	without := flag.String("without", "", "features that compositions are to go without, separated by commas")
	only := flag.String("only", "", "shrink this history alone: a seed, features@variation as they are printed, or the name of a story")
	flag.Parse()
	h.without = strings.Split(*without, ",")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := h.run(ctx, *only, os.Stdout)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hunt is what to look for.
type hunt struct {
	count, seed uint64
	shrink      int
	pairs       bool
	state       string
	without     []string
	setting
}

// batchSize is how many histories one TSDB holds.
const batchSize = 100

func (h hunt) run(ctx context.Context, only string, out io.Writer) error {
	if only != "" {
		f, err := named(only)
		if err != nil {
			return err
		}
		wrong, err := h.judgeFindings(ctx, []finding{f})
		if len(wrong) == 0 && err == nil {
			fmt.Fprintln(out, "nothing is wrong")
		}
		return errors.Join(err, h.examine(ctx, wrong, out))
	}
	if h.pairs {
		return h.inBatches(ctx, h.wanted(pairs(h.seed)), nil, out)
	}
	if h.state == "" {
		cache, err := debian.CacheDir()
		if err != nil {
			return err
		}
		h.state = filepath.Join(cache, "hunt")
	}
	st, err := loadState(filepath.Join(h.state, h.setting.String()))
	if err != nil {
		return err
	}
	seeds := st.undone(h.seed, h.count)
	all := make([]finding, len(seeds))
	for i, seed := range seeds {
		all[i] = random(seed)
	}
	return h.inBatches(ctx, h.wanted(all), st, out)
}

// wanted leaves out what has features that are not wanted.
func (h hunt) wanted(all []finding) []finding {
	return slices.DeleteFunc(all, func(f finding) bool {
		return slices.ContainsFunc(f.features, func(name string) bool { return slices.Contains(h.without, name) })
	})
}

// inBatches judges histories, a batch on each core, and shrinks what fails when all are
// judged.
func (h hunt) inBatches(ctx context.Context, all []finding, st *state, out io.Writer) error {
	var mu sync.Mutex
	var failed []finding
	done, begun := 0, time.Now()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for batch := range slices.Chunk(all, batchSize) {
		g.Go(func() error {
			wrong, err := h.judgeFindings(gctx, batch)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			failed, done = append(failed, wrong...), done+len(batch)
			each := (time.Since(begun) / time.Duration(done)).Round(time.Millisecond)
			fmt.Fprintf(out, "%d of %d histories, %d wrong, %s each\n", done, len(all), len(failed), each)
			if st == nil {
				return nil
			}
			return st.add(batch, wrong)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortFunc(failed, func(a, b finding) int { return len(a.features) - len(b.features) })
	return h.examine(ctx, failed, out)
}

// examine shrinks what failed, one history of each kind, and prints it.
func (h hunt) examine(ctx context.Context, failed []finding, out io.Writer) error {
	seen := map[string]int{}
	for _, f := range failed {
		small, err := h.dropFeatures(ctx, f)
		if err != nil {
			return err
		}
		if seen[small.kind()]++; seen[small.kind()] > 1 {
			continue
		}
		fmt.Fprintf(out, "\n%s\n%s", f.named.Name, deviations(f.outcome, "  "))
		if small.named.Name != f.named.Name {
			fmt.Fprintf(out, "also %s\n%s", small.named.Name, deviations(small.outcome, "  "))
		}
		if len(seen) > h.shrink {
			continue
		}
		least, outcome, err := shrink(ctx, h.of(small.named), small.outcome, h.judge)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n%s\n", story(least), deviations(outcome, "// "))
	}
	for _, kind := range slices.Sorted(maps.Keys(seen)) {
		fmt.Fprintf(out, "%d x %s\n", seen[kind], kind)
	}
	return nil
}
