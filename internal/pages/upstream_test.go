package pages

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// severalUpstreams are eu, us, whose models' clusters a label says, and asia without a window.
// Asked collects who was asked for what.
func severalUpstreams(asked *[]string) func(*Config) {
	in := func(cluster string, m ledger.Model) ledger.Model {
		m.Cluster = cluster
		return m
	}
	served := map[string]*ledger.Averages{
		"eu": averages(in("eu", modelOf("fraud", "SeldonDeployment", "scorer", 1, 1, 1, 1, 1, 1, 1))),
		"us": averages(
			in("east", modelOf("fraud", "SeldonDeployment", "scorer", 2, 2, 2, 2, 2, 2, 2)),
			in("west", modelOf("fraud", "SeldonDeployment", "scorer", 3, 3, 3, 3, 3, 3, 3)),
		),
	}
	return func(c *Config) {
		c.Clusters, c.Upstreams = true, nil
		for _, name := range []string{"eu", "us", "asia"} {
			report := examined()
			report.URL = "http://" + name
			state := State{Upstream: "http://" + name, Transport: "promql", Period: "1h", Kinds: "SeldonDeployment", Next: noon}
			if name == "asia" {
				state.Error, state.ErrorTime = "unreachable: no", noon
			}
			c.Upstreams = append(c.Upstreams, Upstream{
				Name: name, Labeled: name == "us", SettleDelay: time.Minute, Doctor: checks{report: report},
				State:    func() State { return state },
				Averages: func() *ledger.Averages { return served[name] },
				Recorded: Recorded{API: recorded(func(expr string, _, _ time.Time, _ time.Duration) (*promapi.Answer, error) {
					_, cluster, _ := strings.Cut(expr, `cluster="`)
					cluster, _, _ = strings.Cut(cluster, `"`)
					*asked = append(*asked, name+" for "+cluster)
					return &promapi.Answer{}, nil
				})},
				Explain: func(context.Context, window.Window, workload.Model) (*ledger.Explanation, error) {
					*asked = append(*asked, name+" for why")
					return nil, errors.New("no")
				},
			})
		}
	}
}

// TestModelsOfSeveralUpstreams: the list has the models of all, and the state of each.
func TestModelsOfSeveralUpstreams(t *testing.T) {
	h := newSite(t, nil, severalUpstreams(new([]string)))
	w := get(t, h, "/")
	has(t, w, `id="state-eu"`, `id="state-us"`, `id="state-asia"`, `id="error-asia"`, "<strong>asia: The last attempt failed</strong>", "http://us", "1–3 of 3",
		`href="./model/fraud/SeldonDeployment/scorer?cluster=west"`, `<td role="cell" class="cluster">eu</td>`)
	if strings.Contains(w.Body.String(), `id="error-eu"`) || strings.Contains(w.Body.String(), "<details") {
		t.Error("eu has an error, or the few upstreams are folded")
	}
	var got struct {
		State struct {
			Upstreams []struct {
				Name, Upstream, Error string
				Window                *struct{ End string }
			}
		}
		Models []map[string]any
	}
	if err := json.Unmarshal(get(t, h, "/?format=json").Body.Bytes(), &got); err != nil || len(got.Models) != 3 || len(got.State.Upstreams) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if eu, asia := got.State.Upstreams[0], got.State.Upstreams[2]; eu.Name != "eu" || eu.Window == nil || asia.Window != nil || asia.Error != "unreachable: no" || got.Models[2]["cluster"] != "west" {
		t.Errorf("%+v", got)
	}
	if rows := strings.Split(get(t, h, "/?format=csv&sort=-cluster").Body.String(), "\n"); len(rows) != 5 || !strings.HasPrefix(rows[1], "west,fraud,") {
		t.Errorf("%q", rows)
	}
	many := newSite(t, nil, severalUpstreams(new([]string)), func(c *Config) { c.Upstreams = append(c.Upstreams, c.Upstreams...) })
	has(t, get(t, many, "/"), `<details id="upstreams"><summary>6 upstreams</summary>`)
}

// TestModelOfAnUpstream: a model's page asks the upstream that has it, and no other.
func TestModelOfAnUpstream(t *testing.T) {
	for cluster, want := range map[string][]string{
		"eu":   {"eu for eu", "eu for why"},
		"east": {"us for east", "us for why"},
		"west": {"us for west", "us for why"},
		"asia": {"asia for asia"}, // without a window
		"gone": {"us for gone"},   // it may have had one
	} {
		var asked []string
		h := newSite(t, nil, severalUpstreams(&asked))
		w := get(t, h, scorer+"?explain=1&cluster="+cluster)
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("%s: %s", cluster, diff)
		}
		if served := len(want) == 2; (w.Code == http.StatusOK) != served || served && strings.Count(w.Body.String(), `<ul id="state-`) != 1 {
			t.Errorf("%s: status %d", cluster, w.Code)
		}
	}
	unlabeled := newSite(t, nil, severalUpstreams(new([]string)), func(c *Config) { c.Upstreams[1].Labeled = false })
	if w := get(t, unlabeled, scorer+"?cluster=gone"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
	has(t, get(t, unlabeled, scorer), "is unknown: choose eu, us, asia")
}

// TestAnUpstreamThatHangs: pages about another one do not wait for it.
func TestAnUpstreamThatHangs(t *testing.T) {
	begun := make(chan struct{})
	h := newSite(t, nil, severalUpstreams(new([]string)), func(c *Config) {
		c.Upstreams[0].Recorded.API = hanging{begun}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r, _ := http.NewRequestWithContext(ctx, "GET", scorer+"?cluster=eu", nil)
		h.ServeHTTP(discard{}, r)
	}()
	<-begun
	if w := get(t, h, scorer+"?cluster=west"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `id="problem"`) {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	cancel()
	<-ended
}

type hanging struct{ begun chan struct{} }

func (h hanging) Range(ctx context.Context, _ string, _, _ time.Time, _ time.Duration) (*promapi.Answer, error) {
	close(h.begun)
	<-ctx.Done()
	return nil, ctx.Err()
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// TestDoctorOfAnUpstream: the checks are of the upstream that was chosen.
func TestDoctorOfAnUpstream(t *testing.T) {
	h := newSite(t, nil, severalUpstreams(new([]string)))
	has(t, get(t, h, "/doctor"), "http://eu", `<a href="?upstream=eu" aria-current="true">eu</a>`, `<a href="?upstream=us">us</a>`)
	has(t, get(t, h, "/doctor?upstream=us"), "http://us", `<a href="?upstream=us" aria-current="true">us</a>`)
	w := get(t, h, "/doctor?upstream=x")
	if has(t, w, "is unknown: choose eu, us, asia"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
	only := newSite(t, some(), func(c *Config) { c.Upstreams[0].Doctor = checks{report: new(doctor.Report)} })
	if w := get(t, only, "/doctor?upstream=eu"); w.Code != http.StatusBadRequest {
		t.Errorf("without names, it answers %d", w.Code)
	}
	if w := get(t, only, "/doctor"); strings.Contains(w.Body.String(), `id="upstreams"`) {
		t.Error("there is something to choose where there is one upstream")
	}
}
