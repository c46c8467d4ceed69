package monitoring

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	sdk "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	tablepanel "github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// TestTyped reads the dashboard by Grafana's own types, which know the options of each kind of
// panel: a field that they do not know would have no effect, and a wrong one is refused.
func TestTyped(t *testing.T) {
	runtime := cog.NewRuntime()
	runtime.RegisterDataqueryVariant(sdk.VariantConfig())
	for _, panel := range []variants.PanelcfgConfig{bargauge.VariantConfig(), stat.VariantConfig(), tablepanel.VariantConfig(), timeseries.VariantConfig()} {
		runtime.RegisterPanelcfgVariant(panel)
	}
	text := content(t, filepath.Join(canonical, "dashboard.json"))
	check(t, "dashboard", new(dashboard.Dashboard).UnmarshalJSONStrict(text))
	var d dashboard.Dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}

	var want, got []string
	for _, p := range New().Panels {
		want = append(want, p.Type+" "+p.Title)
		for _, target := range p.Targets {
			query, err := json.Marshal(target)
			if err != nil {
				t.Fatal(err)
			}
			check(t, p.Title, new(sdk.Dataquery).UnmarshalJSONStrict(query))
			want = append(want, target.Expr)
		}
	}
	for _, p := range d.Panels {
		switch {
		case p.Panel != nil:
			got = append(got, p.Panel.Type+" "+*p.Panel.Title)
			for _, target := range p.Panel.Targets {
				query, ok := target.(*sdk.Dataquery)
				if !ok {
					t.Fatalf("%s: a query is a %T", *p.Panel.Title, target)
				}
				got = append(got, query.Expr)
			}
		case p.RowPanel != nil:
			got = append(got, p.RowPanel.Type+" "+*p.RowPanel.Title)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what Grafana reads is not what was written (-want +got):\n%s", diff)
	}
}

// check reports what Grafana's types say against a text, but for what is left out of it: there
// Grafana puts its defaults.
func check(t *testing.T, what string, err error) {
	t.Helper()
	many, ok := errors.AsType[cog.BuildErrors](err)
	if !ok && err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for _, e := range many {
		if !strings.HasSuffix(e.Error(), "required field is missing from input") {
			t.Errorf("%s: %v", what, e)
		}
	}
}
