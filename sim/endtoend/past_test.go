package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// past is a Prometheus that holds some histories, one after the other, and what the
// exporter is told to compute all their windows.
type past struct {
	placed   []accuracy.Placed
	url      *url.URL
	from, to time.Time
	period   time.Duration
}

// remember stores the histories of the given names, all of which have windows of one period.
func remember(t *testing.T, names ...string) past {
	t.Helper()
	var chosen []histories.Named
	for _, n := range histories.All() {
		if slices.Contains(names, n.Name) {
			chosen = append(chosen, n)
		}
	}
	if len(chosen) != len(names) {
		t.Fatalf("there are %d histories of the names %v", len(chosen), names)
	}
	p := past{placed: accuracy.Lay(chosen)}
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, p.placed); err != nil {
		t.Fatal(err)
	}
	p.url = promtest.Start(t, prom.Options{Dir: dir}).URL()
	p.from = p.placed[0].Span().Start
	p.to = p.placed[len(p.placed)-1].Span().End
	p.period = p.placed[0].Span().Period()
	for _, placed := range p.placed {
		if placed.Span().Period() != p.period {
			t.Fatalf("the window of %s is %s long, and others %s", placed.Name, placed.Span().Period(), p.period)
		}
	}
	return p
}

// command is the exporter's command with what is common to all.
func (p past) command(ctx context.Context, binary, command string, args ...string) *exec.Cmd {
	args = append([]string{command, "--prometheus.url=" + p.url.String(), "--time-period=" + model.Duration(p.period).String()}, args...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{}
	return cmd
}

// backfill is the command backfill over all the windows.
func (p past) backfill(ctx context.Context, binary string, args ...string) *exec.Cmd {
	args = append([]string{"--from=" + p.from.Format(time.RFC3339), "--to=" + strconv.FormatInt(p.to.Unix(), 10)}, args...)
	return p.command(ctx, binary, "backfill", args...)
}

func output(t *testing.T, cmd *exec.Cmd) (stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &log)
	}
	return out.String(), log.String()
}

func TestOnce(t *testing.T) {
	p := remember(t, "rolling-update", "no-limits")
	binary := soak.Build(t)
	for _, placed := range p.placed {
		stdout, _ := output(t, p.command(t.Context(), binary, "once", "--end="+placed.Span().End.Format(time.RFC3339)))
		judge(t, placed, parse(t, []byte(stdout)))
	}
}

func judge(t *testing.T, placed accuracy.Placed, result accuracy.Result) {
	t.Helper()
	verdict := accuracy.Judge(placed, result)
	if verdict.Values == 0 {
		t.Fatalf("%s has no models", placed.Name)
	}
	for _, d := range verdict.Deviations {
		t.Errorf("%s: %s", placed.Name, d)
	}
}

// TestExplain compares what is explained of each model with what is served.
func TestExplain(t *testing.T) {
	p := remember(t, "rolling-update")
	binary := soak.Build(t)
	end := "--end=" + p.to.Format(time.RFC3339)
	served, _ := output(t, p.command(t.Context(), binary, "once", end))
	for m, values := range parse(t, []byte(served)).Values {
		model := "--model=" + m.Namespace + "/" + m.Name
		var explained struct {
			Values []struct {
				Metric string
				Value  *float64
				Terms  []struct{ Share float64 }
			}
		}
		stdout, _ := output(t, p.command(t.Context(), binary, "explain", end, model, "--type="+m.Type, "--output=json"))
		if err := json.Unmarshal([]byte(stdout), &explained); err != nil {
			t.Fatal(err)
		}
		for metric, v := range explained.Values {
			want := values[metric]
			var sum float64
			for _, term := range v.Terms {
				sum += term.Share
			}
			if (v.Value != nil) != want.OK || want.OK && (math.Abs(*v.Value-want.V) > 1e-9*want.V || math.Abs(sum-want.V) > 1e-9*want.V) {
				t.Errorf("%v: %s is explained as %v, the sum of %v, and served as %v", m, v.Metric, v.Value, sum, want)
			}
		}
		text, _ := output(t, p.command(t.Context(), binary, "explain", end, model, "--type="+m.Type))
		if n := strings.Count(text, "\n"+strings.Repeat(" ", 52)+"sum "); n != len(explained.Values) {
			t.Errorf("%v: %d sums in the text, want %d:\n%s", m, n, len(explained.Values), text)
		}
		for line := range strings.Lines(text) {
			if len(line) > 81 {
				t.Errorf("%d columns: %s", len(line)-1, line)
			}
		}
	}
}

// TestBackfillOpenMetrics writes windows as OpenMetrics, to standard output and to files,
// and reads them back from blocks, made by Prometheus' own parser and by promtool.
func TestBackfillOpenMetrics(t *testing.T) {
	p := remember(t, "rolling-update", "no-limits", "prometheus-down-twice", "ksm-rescheduled")
	binary := soak.Build(t)
	stdout, stderr := output(t, p.backfill(t.Context(), binary))
	if !strings.Contains(stderr, "Nothing is known of windows") {
		t.Errorf("windows between the histories are not told of:\n%s", stderr)
	}
	series := parseOpenMetrics(t, stdout)

	t.Run("blocks", func(t *testing.T) {
		dir := t.TempDir()
		if err := prom.WriteBlock(t.Context(), dir, series); err != nil {
			t.Fatal(err)
		}
		p.judgeStored(t, promtest.Start(t, prom.Options{Dir: dir}).URL())
	})
	t.Run("promtool", func(t *testing.T) {
		promtool := promtest.Debian(t).Promtool()
		dir := t.TempDir()
		file := filepath.Join(dir, "averages.om")
		output(t, p.backfill(t.Context(), binary, "--output="+file))
		blocks := filepath.Join(dir, "blocks")
		if out, err := exec.CommandContext(t.Context(), promtool, "tsdb", "create-blocks-from", "openmetrics", file, blocks).CombinedOutput(); err != nil {
			t.Fatalf("promtool: %v\n%s", err, out)
		}
		p.judgeStored(t, promtest.Start(t, prom.Options{Dir: blocks}).URL())
	})
	t.Run("dry run", func(t *testing.T) {
		dir := t.TempDir()
		stdout, _ := output(t, p.backfill(t.Context(), binary, "--dry-run", "--output="+filepath.Join(dir, "averages.om")))
		windows := int(p.to.Sub(p.from) / p.period)
		if want := strconv.Itoa(windows) + " are to be computed."; !strings.Contains(stdout, want) {
			t.Errorf("it does not say that %s\n%s", want, stdout)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it leaves %v behind (%v)", left, err)
		}
	})
	t.Run("killed", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "averages.om")
		inJournal := func() int {
			journal, _ := os.ReadFile(filepath.Join(file+".partial", "journal")) // not there at first
			return bytes.Count(journal, []byte("\n")) - 1
		}
		for kills := 1; !killed(t, p.backfill(t.Context(), binary, "--output="+file), inJournal, kills); kills++ {
			if exists(file) {
				t.Error("the file is there before it is complete")
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if exists(file + ".partial") {
			t.Error("what is not complete is left behind")
		}
		same(t, series, parseOpenMetrics(t, string(text)))
	})
}

// TestBackfillRemoteWrite delivers windows to a receiver, is killed meanwhile, and goes on.
func TestBackfillRemoteWrite(t *testing.T) {
	p := remember(t, "rolling-update", "no-limits", "prometheus-down-twice", "ksm-rescheduled")
	binary := soak.Build(t)
	receiver := promtest.Start(t, prom.Options{Dir: t.TempDir()}).URL()
	backfill := func() *exec.Cmd {
		return p.backfill(t.Context(), binary, "--remote-write.url="+receiver.JoinPath("api/v1/write").String(), "--remote-write.query-url="+receiver.String())
	}
	marked := func() int {
		answer, err := accuracy.Ask(t.Context(), receiver, fmt.Sprintf("count_over_time(seldon_exporter_window_delivered_timestamp_seconds[%s])", model.Duration(p.to.Sub(p.from)+time.Hour)), p.to)
		if err != nil || answer.Error != "" {
			t.Fatal(err, answer.Error)
		}
		if len(answer.Data.Result) == 0 {
			return 0
		}
		n, err := answer.Data.Result[0].Number()
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	for kills := 1; !killed(t, backfill(), marked, kills); kills++ {
	}
	p.judgeStored(t, receiver)
	there := marked()
	_, stderr := output(t, backfill())
	if marked() != there || strings.Contains(stderr, "Window computed") {
		t.Errorf("what was delivered is computed again:\n%s", stderr)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// killed lets a backfill run until there are so many windows, and kills it. It says whether
// the backfill was complete before.
func killed(t *testing.T, cmd *exec.Cmd, windows func() int, most int) bool {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return true
		case <-poll.C:
			if windows() >= most {
				cmd.Process.Kill()
				<-ended
				return false
			}
		}
	}
}

// judgeStored holds what a Prometheus has of the histories' windows against the truth.
func (p past) judgeStored(t *testing.T, base *url.URL) {
	t.Helper()
	for _, placed := range p.placed {
		result, err := accuracy.Stored(t.Context(), base, placed.Span())
		if err != nil {
			t.Fatal(err)
		}
		judge(t, placed, result)
	}
}

// parseOpenMetrics reads the text by Prometheus' own parser, and sees to it that each
// family and each series is in one piece, and that times rise.
func parseOpenMetrics(t *testing.T, text string) []cluster.Series {
	t.Helper()
	if !strings.HasSuffix(text, "\n# EOF\n") {
		t.Fatalf("it does not end with # EOF: ...%q", text[max(0, len(text)-100):])
	}
	parser := textparse.NewOpenMetricsParser([]byte(text), promlabels.NewSymbolTable())
	var all []cluster.Series
	seen, families := map[string]bool{}, map[string]bool{}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry == textparse.EntryType {
			name, kind := parser.Type()
			if families[string(name)] || kind != "gauge" {
				t.Errorf("the family %s comes twice, or is a %s", name, kind)
			}
			families[string(name)] = true
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, at, v := parser.Series()
		var ls promlabels.Labels
		parser.Labels(&ls)
		if at == nil {
			t.Fatalf("%s has no time", ls)
		}
		if key := ls.String(); len(all) == 0 || labelsOf(all[len(all)-1]) != key {
			if seen[key] {
				t.Errorf("%s is not in one piece", ls)
			}
			seen[key] = true
			var s cluster.Series
			ls.Range(func(l promlabels.Label) { s.Labels = append(s.Labels, cluster.Label{Name: l.Name, Value: l.Value}) })
			all = append(all, s)
		}
		s := &all[len(all)-1]
		if n := len(s.Samples); n > 0 && s.Samples[n-1].T >= *at {
			t.Errorf("%s goes back in time", ls)
		}
		s.Samples = append(s.Samples, cluster.Sample{T: *at, V: v})
	}
}

func labelsOf(s cluster.Series) string {
	var b promlabels.ScratchBuilder
	for _, l := range s.Labels {
		b.Add(l.Name, l.Value)
	}
	b.Sort()
	ls := b.Labels()
	return ls.String()
}

// same compares the series of two computations, which may differ in their last bits.
func same(t *testing.T, want, got []cluster.Series) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d series, want %d", len(got), len(want))
	}
	for i := range want {
		if !slices.Equal(got[i].Labels, want[i].Labels) || len(got[i].Samples) != len(want[i].Samples) {
			t.Fatalf("%v is %d samples, want %v of %d", got[i].Labels, len(got[i].Samples), want[i].Labels, len(want[i].Samples))
		}
		for n, w := range want[i].Samples {
			g := got[i].Samples[n]
			if g.T != w.T || max(g.V-w.V, w.V-g.V) > 1e-9*max(w.V, -w.V) {
				t.Errorf("%v is %v, want %v", got[i].Labels, g, w)
			}
		}
	}
}
