// The cost command measures what one refresh of the exporter costs a Prometheus, beside
// textbook recording rules for the same seven metrics, on a cluster of 1,000 models.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

func main() {
	var s size
	flag.IntVar(&s.Models, "models", 1000, "how many models there are")
	flag.IntVar(&s.Pods, "pods", 2, "pods of each model")
	flag.IntVar(&s.Others, "others", 8000, "pods that are no model's")
	flag.IntVar(&s.Replaced, "replaced", 0, "measure only the cluster in which one in so many of the models' pods is replaced")
	rounds := flag.Int("rounds", 5, "how often each is measured; the median counts")
	writeTo := flag.String("write", "", "only write the cluster's samples into a TSDB `directory`")
	serveFrom := flag.String("serve", "", "only serve a TSDB `directory`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	switch {
	case *writeTo != "":
		err = write(ctx, *writeTo, s)
	case *serveFrom != "":
		err = serve(ctx, *serveFrom)
	case s.Replaced > 0:
		err = compare(ctx, s, *rounds, os.Stdout)
	default:
		churn := s
		churn.Replaced = 10
		err = errors.Join(compare(ctx, s, *rounds, os.Stdout), compare(ctx, churn, *rounds, os.Stdout))
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// compare measures both ways on one cluster, on every Prometheus there is.
func compare(ctx context.Context, s size, rounds int, out io.Writer) (err error) {
	fmt.Fprintf(out, "\n%s\n", s)
	dir, err := os.MkdirTemp("", "cost-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	writing := exec.CommandContext(ctx, self, "-write", dir, fmt.Sprint("-models=", s.Models),
		fmt.Sprint("-pods=", s.Pods), fmt.Sprint("-others=", s.Others), fmt.Sprint("-replaced=", s.Replaced))
	writing.Stderr = os.Stderr
	if err := writing.Run(); err != nil {
		return fmt.Errorf("write the samples: %w", err)
	}
	for _, start := range []func(context.Context, string) (server, error){startCurrent, startDebian} {
		srv, err := start(ctx, dir)
		if errors.Is(err, debian.ErrNone) {
			fmt.Fprintln(out, "Left out:", err)
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(compareOn(ctx, srv, s, rounds, out), srv.close()); err != nil {
			return err
		}
	}
	return nil
}

func compareOn(ctx context.Context, srv server, s size, rounds int, out io.Writer) error {
	// An empty cluster has the same window, and no weight in this process's memory.
	w := fixture(size{}).Span()
	if err := forgetPeak(); err != nil {
		return err
	}
	var ours, theirs []cost
	for i := range rounds + 1 {
		a, err := measure(ctx, srv, w, exporter)
		if err != nil {
			return err
		}
		b, err := measure(ctx, srv, w, textbook)
		if err != nil {
			return err
		}
		if i > 0 { // the first round warms the caches
			ours, theirs = append(ours, a), append(theirs, b)
		}
	}
	peak, err := ownPeak()
	if err != nil {
		return err
	}
	placed := fixture(s)
	judged, err := accuracy.NewExporter(srv.url, false)
	if err != nil {
		return err
	}
	_, verdict, err := accuracy.Try(ctx, placed, judged)
	if err != nil {
		return err
	}
	if _, err := out.Write(table(srv.version, rounds, median(ours), median(theirs))); err != nil {
		return err
	}
	fmt.Fprintf(out, "exporter: %d of %d values are within their bounds; client's peak memory %.0f MiB\n",
		verdict.Values-len(verdict.Deviations), verdict.Values, peak)
	if !verdict.Right() {
		return fmt.Errorf("%d values are wrong, the first: %s", len(verdict.Deviations), verdict.Deviations[0])
	}
	return nil
}

func table(version string, rounds int, ours, theirs cost) []byte {
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, format string, a, b float64) {
		fmt.Fprintf(t, "%s\t"+format+"\t"+format+"\t%.2fx\t\n", name, a, b, a/b)
	}
	fmt.Fprintf(t, "\nPrometheus %s, median of %d\texporter\ttextbook rules\tratio\t\n", version, rounds)
	row("samples read", "%.0f", float64(ours.samples), float64(theirs.samples))
	row("largest peakSamples", "%.0f", float64(ours.peak), float64(theirs.peak))
	row("queries", "%.0f", float64(ours.queries), float64(theirs.queries))
	row("Prometheus CPU, s", "%.2f", ours.serverCPU, theirs.serverCPU)
	row("client CPU, s", "%.2f", ours.clientCPU, theirs.clientCPU)
	t.Flush()
	return text.Bytes()
}
