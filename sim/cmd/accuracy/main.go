// The accuracy command computes simulated clusters' averages in several ways on a real
// Prometheus, and writes what is right and what is off by how much.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

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
	dir, err := os.MkdirTemp("", "accuracy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	placed := accuracy.Lay(all)
	if err := accuracy.Store(ctx, dir, placed); err != nil {
		return err
	}
	server, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	remoteRead, err := accuracy.NewExporter(server.URL(), fetch.RemoteRead)
	if err != nil {
		return err
	}
	promQL, err := accuracy.NewExporter(server.URL(), fetch.PromQL)
	if err != nil {
		return err
	}
	ways := []accuracy.Way{remoteRead, promQL, accuracy.NewTextbook(server.URL())}
	outcomes := make([]accuracy.Outcome, len(placed))
	var deviations bytes.Buffer
	fmt.Fprintln(&deviations, "history\tway\tnamespace\ttype\tname\tmetric\tgot\twant\tbound")
	for i, p := range placed {
		outcomes[i].History = p
		for _, way := range ways {
			_, verdict, err := accuracy.Try(ctx, p, way)
			if err != nil {
				return err
			}
			outcomes[i].Verdicts = append(outcomes[i].Verdicts, verdict)
			for _, d := range verdict.Deviations {
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
