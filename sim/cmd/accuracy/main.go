// The accuracy command computes simulated clusters' averages in several ways on a real
// Prometheus, and writes what is right and what is off by how much.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

func main() {
	document := flag.String("o", "", "write the `file`, Markdown, instead of standard output")
	failures := flag.String("failures", "", "also write a `file` of every deviation, as tab-separated values")
	seed := flag.Uint64("seed", 1, "the first random history's seed")
	random := flag.Uint64("random", 0, "how many random histories to add")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	all := histories.All()
	for i := range *random {
		all = append(all, histories.Random(*seed+i))
	}
	err := run(ctx, all, *document, *failures)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, all []histories.Named, document, failures string) (err error) {
	placed := accuracy.Lay(all)
	server, stop, err := serve(ctx, placed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	inTheirDays, stop2, err := serve(ctx, accuracy.InTheirDays(placed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop2()) }()

	remoteRead, err := accuracy.NewExporter(server, fetch.RemoteRead)
	if err != nil {
		return err
	}
	promQL, err := accuracy.NewExporter(server, fetch.PromQL)
	if err != nil {
		return err
	}
	ways := []accuracy.Way{
		remoteRead, promQL, accuracy.NewTextbook(server),
		accuracy.NewOpenCost(server), accuracy.NewKoku(server), accuracy.NewSeldonRules(inTheirDays),
	}
	outcomes := make([]accuracy.Outcome, len(placed))
	var deviations bytes.Buffer
	fmt.Fprintln(&deviations, "history\tway\tnamespace\ttype\tname\tmetric\tgot\twant\tbound")
	for i, p := range placed {
		outcomes[i].History = p
		outcomes[i].Verdicts = make([]accuracy.Verdict, len(ways))
		group, groupCtx := errgroup.WithContext(ctx)
		for k, way := range ways {
			group.Go(func() (err error) {
				_, outcomes[i].Verdicts[k], err = accuracy.Try(groupCtx, p, way)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for k, way := range ways {
			for _, d := range outcomes[i].Verdicts[k].Deviations {
				fmt.Fprintf(&deviations, "%s\t%s\t%s\n", p.Name, way.Name(), d.Fields())
			}
		}
	}

	if failures != "" {
		if err := os.WriteFile(failures, deviations.Bytes(), 0o644); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := accuracy.Document(&text, prom.Version, ways, outcomes); err != nil {
		return err
	}
	if document == "" {
		_, err = os.Stdout.Write(text.Bytes())
		return err
	}
	return os.WriteFile(document, text.Bytes(), 0o644)
}

// serve starts a Prometheus over histories, in a directory that goes with it.
func serve(ctx context.Context, placed []accuracy.Placed) (*url.URL, func() error, error) {
	dir, err := os.MkdirTemp("", "accuracy-")
	if err != nil {
		return nil, nil, err
	}
	if err := accuracy.Store(ctx, dir, placed); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	server, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return server.URL(), func() error { return errors.Join(server.Close(), os.RemoveAll(dir)) }, nil
}
