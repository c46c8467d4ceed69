package engines

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// servePrometheus is the first argument of a process that is nothing but a Prometheus, so that
// its CPU time is its own. The directory of its TSDB and its address follow.
const servePrometheus = "serve-prometheus"

func TestMain(m *testing.M) {
	if len(os.Args) != 4 || os.Args[1] != servePrometheus {
		os.Exit(m.Run())
	}
	if err := serve(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(dir, address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := prom.Start(ctx, prom.Options{Dir: dir, Address: address, External: map[string]string{"prometheus": "monitoring/k8s", "replica": "0"}})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return s.Close()
}
