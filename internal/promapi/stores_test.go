package promapi

import (
	"net/http"
	"strings"
	"testing"
)

// TestWhole goes through what a Thanos Query lists while its stores come and go.
func TestWhole(t *testing.T) {
	var listed, flags string
	up, _ := client(t, answers(map[string]http.HandlerFunc{
		"status/buildinfo": success(`{"version":"0.42.2"}`),
		"stores":           func(w http.ResponseWriter, r *http.Request) { success(listed)(w, r) },
		"status/flags":     func(w http.ResponseWriter, r *http.Request) { success(flags)(w, r) },
	}), auto)
	const (
		a0    = `{"name":"a0","lastError":null,"labelSets":[{"cluster":"a","replica":"0"}]}`
		a1    = `{"name":"a1","lastError":null,"labelSets":[{"cluster":"a","replica":"1"}]}`
		a1bad = `{"name":"a1","lastError":"connection refused","labelSets":[{"cluster":"a","replica":"1"}]}`
		b     = `{"name":"b","lastError":null,"labelSets":[{"cluster":"b"}]}`
	)
	for _, c := range []struct {
		name, sidecars, flags, stores, says string
	}{
		{"two replicas and another", a0 + "," + a1 + "," + b, "[replica]", "", ""},
		{"a replica does not answer", a0 + "," + a1bad + "," + b, "[replica]", "", "the store a1 (sidecar) does not answer"},
		{"it is forgotten, and the other one has the same", a0 + "," + b, "[replica]", "", ""},
		{"the other cluster is forgotten", a0, "[replica]", "", `{cluster="b"}`},
		{"and again", a0, "[replica]", "", `{cluster="b"}`},
		{"it is back", a1 + "," + b, "[replica]", "", ""},
		{"a store of blocks does not answer", a1 + "," + b, "replica,x", `{"name":"s","lastError":{"x":1},"labelSets":[]}`, "the store s (store) does not answer"},
		{"it is gone", a1 + "," + b, "replica,x", "", ""},
	} {
		listed = `{"sidecar":[` + c.sidecars + `],"store":[` + c.stores + `]}`
		flags = `{"query.replica-label":"` + c.flags + `"}`
		err := up.Whole(t.Context())
		if c.says == "" && err != nil || c.says != "" && (KindOf(err) != Partial || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// TestWholeElsewhere: only an engine with stores is asked, and a proxy may hide them.
func TestWholeElsewhere(t *testing.T) {
	prometheus, _ := client(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	thanos, _ := client(t, answers(nil), func(c *Config) { c.Engine = "thanos" })
	for _, c := range []*Client{prometheus, thanos} {
		if err := c.Whole(t.Context()); err != nil {
			t.Error(err)
		}
	}
	down, _ := client(t, answer(503, ""), func(c *Config) { c.Engine = "thanos" })
	if err := down.Whole(t.Context()); KindOf(err) != Unavailable {
		t.Error(err)
	}
}
