package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

func upstreamChecks() []Check {
	return []Check{
		{
			Name:     "reachable",
			Question: "Does the Prometheus answer queries?",
			Judged:   "by the query `vector(1)`.",
			Faults: []Fault{{Name: "unreachable", Status: Fail, Means: "There is no answer, or not a Prometheus' answer.",
				Remedy: "The kind of the failure says what to change: see [why a window failed](#why-a-window-failed)."}},
			run: reachable,
		},
		{
			Name:     "credentials",
			Question: "Are the credentials accepted?",
			Judged:   "by the same query: 401 and 403 are refusals.",
			Needs:    []string{"reachable"},
			Faults: []Fault{
				{Name: "refused", Status: Fail, Means: "The credentials were refused, or there are none and some are needed.",
					Remedy: "Set or renew `PROMETHEUS_SELDON_TOKEN`, `--prometheus.token-file` or `--prometheus.config-file`."},
				{Name: "unverified", Status: Warn, Means: "The TLS certificate is not verified: anyone who can intercept the connection can read the credentials.",
					Remedy: "Remove `--prometheus.insecure-skip-verify`, and give the CA in `--prometheus.config-file` (`tls_config`)."},
			},
			run: credentials,
		},
		{
			Name:     "server",
			Question: "Which server is it, and which version?",
			Judged:   "by `/api/v1/status/buildinfo`, which a proxy need not allow.",
			Needs:    []string{"reachable", "credentials"},
			Faults: []Fault{{Name: "old", Status: Warn, Means: "It is a Prometheus before 2.42, the oldest version that this exporter is tested with.",
				Remedy: "Upgrade it, or compare some values with a dashboard before you rely on them."}},
			run: server,
		},
		{
			Name:     "clock",
			Question: "Do the clocks agree?",
			Judged:   "by the `Date` of the Prometheus' answers, to two seconds.",
			Needs:    []string{"reachable", "credentials"},
			Faults: []Fault{{Name: "skew", Status: Warn, Means: "This machine's clock and the Prometheus' differ. Windows follow the latter.",
				Remedy: "Synchronize the clocks (NTP)."}},
			run: clock,
		},
		{
			Name:     "window",
			Question: "Can the newest window be computed, and what does one cost?",
			Judged:   "by computing it, and a day of it if it is longer. The checks below look at what that showed.",
			Needs:    []string{"reachable", "credentials"},
			Faults: []Fault{
				{Name: "failed", Status: Fail, Means: "The window failed.",
					Remedy: "The kind of the failure says what to change: see [why a window failed](#why-a-window-failed)."},
				{Name: "slow", Status: Warn, Means: "It takes longer than a tenth of the period.",
					Remedy: "Raise `--query.concurrency`, share the models between exporters with `--shard`, or choose a longer `--time-period`."},
			},
			run: computable,
		},
		{
			Name:     "transport",
			Question: "Are samples read in the way that costs the server least?",
			Judged:   "by how that window was read.",
			Needs:    []string{"reachable", "credentials"},
			Faults: []Fault{
				{Name: "promql", Status: Warn, Means: "The server has remote read or, as VictoriaMetrics, a native export, but that is not allowed or does not work. The values are the same, and cost the server more.",
					Remedy: "Let the proxy before the server allow `POST /api/v1/read` (VictoriaMetrics: `POST /api/v1/export/native`), or set `--query.transport` to `promql` to accept it."},
				{Name: "not-offered", Status: Fail, Means: "What `--query.transport` names is not offered.",
					Remedy: "Set `--query.transport` to `auto` or `promql`."},
			},
			run: transport,
		},
	}
}

func reachable(ctx context.Context, e *exam) (Finding, error) {
	begin := e.Now()
	_, err := e.ask(ctx, "vector(1)")
	e.refused = err
	switch promapi.KindOf(err) {
	case "":
		if err != nil {
			return Finding{}, err
		}
		return pass("it answers within %s", e.Now().Sub(begin).Round(time.Millisecond))
	case promapi.Unauthorized:
		return pass("it answers")
	}
	f, _ := fault("unreachable", "%v", err)
	f.Remedy = e.Remedy(err)
	return f, nil
}

func credentials(_ context.Context, e *exam) (Finding, error) {
	switch {
	case e.refused != nil:
		return fault("refused", "%v", e.refused)
	case e.Unverified:
		return fault("unverified", "the TLS certificate of the Prometheus is not verified")
	case e.Credentials:
		return pass("they are accepted")
	}
	return pass("none are set, and none are needed")
}

// oldestTested is the oldest Prometheus in the tests.
const oldestTested = "2.42"

func server(ctx context.Context, e *exam) (Finding, error) {
	build, err := e.Server.BuildInfo(ctx)
	engine := e.Server.Engine(ctx)
	switch {
	case err != nil:
		return pass("%s: it does not say which version (%v)", engine.Name, promapi.KindOf(err))
	case engine.Name == "prometheus" && older(build.Version, oldestTested):
		return fault("old", "prometheus %s", build.Version)
	case engine.Borrowed:
		return pass("%s, which does not say which version", engine.Name)
	}
	return pass("%s %s", engine.Name, build.Version)
}

// older compares two versions by their major and minor numbers.
func older(a, b string) bool {
	aMajor, aMinor, ok := numbers(a)
	bMajor, bMinor, _ := numbers(b)
	return ok && cmp.Or(cmp.Compare(aMajor, bMajor), cmp.Compare(aMinor, bMinor)) < 0
}

func numbers(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(parts[1])
	return major, minor, err == nil
}

// skewTolerance is the error of a Date header: it has whole seconds, and takes time to arrive.
const skewTolerance = 2 * time.Second

func clock(_ context.Context, e *exam) (Finding, error) {
	there, ok := e.Server.ServerNow()
	if !ok {
		return pass("not known: the answers have no date")
	}
	ahead := e.Now().Round(0).Sub(there.Round(0))
	switch {
	case ahead > skewTolerance:
		return fault("skew", "this machine's clock is %s ahead", ahead.Round(time.Second))
	case ahead < -skewTolerance:
		return fault("skew", "this machine's clock is %s behind", -ahead.Round(time.Second))
	}
	return pass("they agree")
}

func computable(ctx context.Context, e *exam) (Finding, error) {
	err := e.survey(ctx)
	if err != nil {
		f, _ := fault("failed", "%v", err)
		f.Remedy = e.Remedy(err)
		return f, nil
	}
	text := fmt.Sprintf("one window of %s: %s", model.Duration(e.Period), e.cost)
	if e.cost.Took > e.Period/10 {
		return fault("slow", "%s", text)
	}
	return pass("%s", text)
}

func (c *Cost) String() string {
	about := ""
	if c.Estimated {
		about = "about "
	}
	took := fmt.Sprintf("%.2g s", c.Took.Seconds())
	if c.Took > 10*time.Second {
		took = fmt.Sprintf("%.0f s", c.Took.Seconds())
	}
	return fmt.Sprintf("%s%s, %s, %s, %s", about, count(c.Queries, "request"), count(c.Samples, "sample"), bytesOf(c.Bytes), took)
}

// bytesOf writes a size with a unit.
func bytesOf(n int64) string {
	const kibi = 1 << 10
	v, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB"} {
		if v < kibi {
			break
		}
		v, unit = v/kibi, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

func transport(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); promapi.KindOf(err) == promapi.NotOffered {
		return fault("not-offered", "%v", err)
	} else if err != nil && !e.nothingThere() {
		return skip("it needs a window")
	}
	engine := e.Server.Engine(ctx)
	switch by := e.ReadBy(ctx); {
	case by == fetch.RemoteRead:
		return pass("by remote read")
	case by == fetch.Export:
		return pass("by its native export")
	case e.Transport == string(fetch.PromQL):
		return pass("by PromQL, as it is set")
	case engine.RemoteRead:
		return fault("promql", "by PromQL: remote read is not offered")
	case engine.Export:
		return fault("promql", "by PromQL: its native export is not offered, or in another format")
	}
	return pass("by PromQL: this server has no remote read")
}
