package engines

import (
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// lab is an engine that holds a history, to which the exporter's binary delivers the windows.
type lab struct {
	*soak.Soak
	receiver
	engine server
}

// newLab stores a history in an engine.
func newLab(t *testing.T, r receiver, engine server) lab {
	t.Helper()
	placed := soak.History(t)
	fill(t, engine.write, []accuracy.Placed{placed})
	awaitShown(t, r, engine)
	l := lab{soak.New(t, placed, engine.read), r, engine}
	l.Tenant = tenant
	return l
}

// awaitShown waits until queries find what was written a moment ago. An exporter reads what is
// older than its settle delay.
func awaitShown(t *testing.T, r receiver, engine server) {
	t.Helper()
	switch r.engine {
	case "victoriametrics":
		flush(t, engine.read)
	case "thanos":
		query := engine.read.JoinPath("api/v1/query")
		query.RawQuery = "query=" + url.QueryEscape("count(last_over_time(kube_pod_labels[2h]))")
		for !strings.Contains(string(ask(t, query)), `"metric"`) {
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// to returns where a run delivers its own windows.
func (l lab) to(run string) soak.Receiver {
	return soak.Receiver{Write: l.engine.write, Query: l.engine.read, Run: run}
}

// judge compares what is stored with the truth.
func (l lab) judge(t *testing.T, r soak.Receiver) {
	t.Helper()
	if l.receiver.engine == "victoriametrics" {
		flush(t, l.engine.read)
	}
	l.Judge(t, r)
}

// TestKilled kills the exporter by SIGKILL at requests of its delivery, and at any time: after
// it is back, every window is there, once, and right. SOAK_KILLS says how often, SOAK_SEED when.
func TestKilled(t *testing.T) {
	kills, seed := soak.Setting(t, "SOAK_KILLS", 4), soak.Setting(t, "SOAK_SEED", 1)
	each(t, receivers(), func(t *testing.T, r receiver) {
		random := rand.New(rand.NewPCG(uint64(seed), 2))
		l := newLab(t, r, r.accepting(t))
		began := time.Now()
		l.Finish(t, l.to("whole"))
		took := time.Since(began)
		l.judge(t, l.to("whole"))

		trap := newTrap(t, l.engine.write)
		for i := range kills {
			to := l.to(strconv.Itoa(i))
			if at := []moment{before, during, after, ""}[i%4]; at != "" {
				to.Write = trap.url
				request := 1 + random.Int64N(int64(3*len(l.Windows)))
				t.Logf("killed %s request %d", at, request)
				p := l.Start(t, to, "")
				trap.set(at, request, p.Kill)
				awaitEnd(t, p)
			} else {
				moment := time.Duration(random.Int64N(int64(took)))
				t.Logf("killed after %s of %s", moment.Round(time.Millisecond), took.Round(time.Millisecond))
				l.Kill(t, to, moment)
			}
			l.Finish(t, to)
			l.judge(t, to)
		}
	})
}

func awaitEnd(t *testing.T, p *process.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(2 * time.Minute):
		p.Kill()
		t.Fatal("it was not killed")
	}
}

// backfill computes and delivers the windows from one on, counted from 0.
func (l lab) backfill(t *testing.T, to soak.Receiver, first int) (string, error) {
	t.Helper()
	from, until := l.Windows[first].Span().Start, l.Windows[len(l.Windows)-1].Span().End
	return l.Output(t.Context(), append([]string{"backfill", "--from=" + from.Format(time.RFC3339), "--to=" + until.Format(time.RFC3339)}, l.Args(t, to)...)...)
}

// TestBackfill computes the newer windows of a history, and then all: the older ones are late.
// Without the setting that the engine needs for that, it is named by the command, and in the
// exporter's log.
func TestBackfill(t *testing.T) {
	each(t, receivers(), func(t *testing.T, r receiver) {
		fillLate := func(t *testing.T, l lab) (string, error) {
			if out, err := l.backfill(t, l.to("late"), 6); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return l.backfill(t, l.to("late"), 0)
		}
		l := newLab(t, r, r.accepting(t))
		if out, err := fillLate(t, l); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if missing := l.Missing(t, l.to("late")); missing > 0 {
			t.Errorf("%d windows are missing", missing)
		}
		l.judge(t, l.to("late"))
		if r.late == "" {
			return
		}
		l = newLab(t, r, r.start(t))
		out, err := fillLate(t, l)
		if err == nil || !strings.Contains(out, "raise "+r.late+" ") {
			t.Errorf("without the setting: %v\n%s", err, out)
		}
		log := filepath.Join(t.TempDir(), "log")
		p := l.Start(t, l.to("late"), log)
		defer p.Close()
		line := soak.AwaitLine(t, p, log, "Windows missed")
		if !strings.Contains(line, "reason=too_old") || !strings.Contains(line, "set "+r.late+" ") {
			t.Error(line)
		}
	})
}

// TestTooOld: what an engine drops or refuses because it is too old, whatever it has, is not
// found, or refused, and the setting for that is named.
func TestTooOld(t *testing.T) {
	limits := map[string]struct{ flag, named string }{
		"victoriametrics":                 {"-retentionPeriod=1d", "-retentionPeriod"},
		"victoriametrics, 1.79 of Debian": {"-retentionPeriod=1d", "-retentionPeriod"},
		"mimir":                           {"-validation.past-grace-period=1h", "-validation.past-grace-period"},
		"cortex":                          {"-validation.reject-old-samples.max-age=1h", "-validation.reject-old-samples.max-age"},
	}
	placed := soak.History(t)
	placed.Origin = placed.Origin.Add(-48 * time.Hour)
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, []accuracy.Placed{placed}); err != nil {
		t.Fatal(err)
	}
	source := promtest.Start(t, prom.Options{Dir: dir}).URL()
	each(t, receivers(), func(t *testing.T, r receiver) {
		limit, has := limits[r.name]
		if !has {
			t.Skip("it has no such setting")
		}
		flags := []string{limit.flag}
		if r.engine == "cortex" {
			flags = append(flags, "-validation.reject-old-samples=true")
		}
		l := lab{soak.New(t, placed, source), r, r.start(t, flags...)}
		l.Tenant = tenant
		out, err := l.backfill(t, l.to("old"), 0)
		if err == nil || !strings.Contains(out, limit.named) {
			t.Errorf("%v\n%s", err, out)
		}
		t.Log(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:])
	})
}
