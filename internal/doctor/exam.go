package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// exam is what the checks share: what one has found out, the others do not ask again.
type exam struct {
	Config

	unmet    map[string]string // why what needs a check is skipped, for those that failed or were skipped
	refused  error             // the failure of the first query
	surveyed bool
	window   window.Window
	found    *inventory.Inventory // in the window
	averages *ledger.Averages
	failure  error // of the window
	cost     *Cost
	nodes    []promapi.Series // kube_node_info, now
	calendar *Calendar
	tried    time.Time // when a sample was written to the receiver
}

// longestSurvey is how much of a window is computed at most: the rest costs as much for each
// such part.
const longestSurvey = 24 * time.Hour

// now is the upstream's time.
func (e *exam) now() time.Time {
	if t, ok := e.Server.ServerNow(); ok {
		return t
	}
	return e.Now()
}

// ask evaluates a query now.
func (e *exam) ask(ctx context.Context, expr string) ([]promapi.Series, error) {
	return instant(ctx, e.Server, expr, e.now())
}

// stored evaluates a query now, where the averages are stored.
func (e *exam) stored(ctx context.Context, expr string) ([]promapi.Series, error) {
	return instant(ctx, e.Stored, expr, e.now())
}

func instant(ctx context.Context, q Querier, expr string, at time.Time) ([]promapi.Series, error) {
	a, err := q.Instant(ctx, expr, at)
	if err != nil {
		return nil, err
	}
	return a.Series, nil
}

// number returns the value of the only series, 0 if there is none.
func number(rows []promapi.Series) float64 {
	if len(rows) == 0 {
		return 0
	}
	return valueOf(rows[0])
}

func valueOf(row promapi.Series) float64 { return row.Samples[len(row.Samples)-1].V }

// survey computes the newest settled window once, for all checks that look at what it shows.
func (e *exam) survey(ctx context.Context) error {
	if e.surveyed {
		return e.failure
	}
	e.surveyed = true
	part := min(e.Period, longestSurvey)
	e.window = window.Settled(e.now(), part, e.SettleDelay)
	begin, before := e.Now(), e.Server.Received()
	e.found, e.averages, e.failure = e.Surveyor.Survey(ctx, e.window)
	if e.failure == nil {
		parts := int64((e.Period + part - 1) / part)
		c := e.averages.Cost
		e.cost = &Cost{
			Queries: c.Queries * int(parts), Samples: c.SamplesRead * parts, Bytes: (e.Server.Received() - before) * parts,
			Took: e.Now().Sub(begin) * time.Duration(parts), Estimated: parts > 1,
		}
	}
	return e.failure
}

// nothingThere says whether the window failed for lack of kube-state-metrics.
func (e *exam) nothingThere() bool { return errors.Is(e.failure, downsample.ErrNoSources) }

// nodeRows returns kube_node_info as it is now.
func (e *exam) nodeRows(ctx context.Context) ([]promapi.Series, error) {
	if e.nodes == nil {
		rows, err := e.ask(ctx, "kube_node_info")
		if err != nil {
			return nil, err
		}
		e.nodes = rows
	}
	return e.nodes, nil
}

// somePods returns pods of the window, so many that one query can name them.
func (e *exam) somePods() []*inventory.Pod {
	const most = 100
	return e.found.Pods[:min(most, len(e.found.Pods))]
}

// either is PromQL for what any of the selectors selects.
func either(selectors []promapi.Selector) string {
	var all []string
	for _, s := range selectors {
		all = append(all, s.String())
	}
	return strings.Join(all, " or ")
}

// labelled are PromQL selectors of kube_pod_labels with a model's labels.
func labelled(kinds []workload.Kind) []promapi.Selector {
	var all []promapi.Selector
	for _, r := range workload.Rules(kinds) {
		s := promapi.Selector{{Name: "__name__", Value: "kube_pod_labels"}, {Type: promapi.MatchNotEqual, Name: r.Label}}
		for _, w := range r.Where {
			s = append(s, promapi.Matcher{Name: w[0], Value: w[1]})
		}
		all = append(all, s)
	}
	return all
}

// Advice returns what to do about a fault: the remedy and its settings.
func (f Fault) Advice(kinds []workload.Kind) string {
	if f.Settings == "" {
		return f.Remedy
	}
	return f.Remedy + "\n\n" + f.SettingsFor(kinds)
}

// SettingsFor returns the settings for some kinds of models.
func (f Fault) SettingsFor(kinds []workload.Kind) string {
	return strings.ReplaceAll(f.Settings, "{labels}", workload.AllowList(kinds))
}

// plain returns Markdown without its marks.
func plain(markdown string) string {
	text := regexp.MustCompile(`\[([^\[\]]*)\]\([^()]*\)`).ReplaceAllString(markdown, "$1")
	return strings.ReplaceAll(text, "`", "")
}

func pass(format string, args ...any) (Finding, error) {
	return Finding{Found: fmt.Sprintf(format, args...)}, nil
}

func fault(name, format string, args ...any) (Finding, error) {
	return Finding{Fault: name, Found: fmt.Sprintf(format, args...)}, nil
}

func skip(format string, args ...any) (Finding, error) {
	return Finding{Found: fmt.Sprintf(format, args...), skipped: true}, nil
}

// printable replaces control characters, which labels and answers may contain.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// count writes a number with its noun.
func count[N int | int64 | float64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%v %ss", n, noun)
}

// some lists the first few of many.
func some[T cmp.Ordered](all []T) string {
	const most = 3
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	var texts []string
	for _, x := range all[:min(most, len(all))] {
		texts = append(texts, fmt.Sprint(x))
	}
	if n := len(all) - most; n > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(texts, ", ")
}
