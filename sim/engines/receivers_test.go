package engines

import "testing"

// receiver is an engine that windows are delivered to.
type receiver struct {
	name   string
	engine string // of ENGINE
	start  func(t *testing.T, flags ...string) server
	late   string // the flag by which it accepts windows that come late, "" if it always does
}

// receivers are the engines that windows are delivered to.
func receivers() []receiver {
	single := func(path func(*testing.T) string) func(*testing.T, ...string) server {
		return func(t *testing.T, flags ...string) server {
			read := startVictoriaMetrics(t, path(t), t.TempDir(), flags...)
			return server{read, read.JoinPath("api/v1/write")}
		}
	}
	return []receiver{
		{name: "victoriametrics", engine: "victoriametrics", start: single(func(t *testing.T) string { return built(t, victoriaMetrics) })},
		{name: "victoriametrics, 1.79 of Debian", engine: "victoriametrics", start: single(func(t *testing.T) string { return fromDebian(t, "victoria-metrics") })},
		{
			name: "thanos", engine: "thanos", late: "--tsdb.out-of-order.time-window",
			start: func(t *testing.T, flags ...string) server {
				path := built(t, thanos)
				r := startReceive(t, path, t.TempDir(), flags...)
				return server{startQuery(t, path, []storeAPI{r}), r.write}
			},
		},
		{
			name: "mimir", engine: "mimir", late: "-ingester.out-of-order-time-window",
			start: func(t *testing.T, flags ...string) server {
				return startMimir(t, built(t, mimir), t.TempDir(), flags...)
			},
		},
		{
			name: "cortex", engine: "cortex", late: "-ingester.out-of-order-time-window",
			start: func(t *testing.T, flags ...string) server {
				return startCortex(t, built(t, cortex), t.TempDir(), flags...)
			},
		},
	}
}

// accepting starts the receiver so that it accepts windows that come late.
func (r receiver) accepting(t *testing.T) server {
	t.Helper()
	if r.late == "" {
		return r.start(t)
	}
	return r.start(t, r.late+"=100h")
}

// each runs a test on each chosen receiver.
func each(t *testing.T, all []receiver, test func(*testing.T, receiver)) {
	t.Helper()
	t.Parallel()
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			chosen(t, r.engine)
			test(t, r)
		})
	}
}
