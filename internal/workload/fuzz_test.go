package workload

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
)

// FuzzParseKind: whatever is taken comes back the same when it is written down again, and the
// labels that kube-state-metrics makes of its labels are such that every Prometheus takes.
func FuzzParseKind(f *testing.F) {
	for _, s := range []string{
		"RayService=ray.io/serve-app", "RayService=ray.io/serve-app,app.kubernetes.io/component=serve", "A=a, b=c ,d=e,", "A=a,b=c,b=d", "A=serveApp",
		"", "=", ",", "A", "A=", "=a", "A=a,b", "A=a,b=", "A=a,=b", "A=a=b", `A=a",b="c`, "A=\xff", "Ä=a", "A=a/b/c", "A=/a", "A=a,b=c=d", " A = a", "A=a,b= c", "A=a\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKind(text)
		if err != nil {
			return
		}
		parts := []string{k.Name + "=" + strings.Join(k.Labels, "")}
		for _, label := range slices.Sorted(maps.Keys(k.Where)) {
			parts = append(parts, label+"="+k.Where[label])
		}
		again, err := ParseKind(strings.Join(parts, ","))
		if diff := cmp.Diff(k, again); err != nil || diff != "" {
			t.Errorf("%q, written as %q: %v, %s", text, parts, err, diff)
		}
		r := Rules([]Kind{k})[0]
		carried := map[string]string{r.Label: "iris"}
		for _, w := range r.Where {
			carried[w[0]] = w[1]
		}
		for label := range carried {
			if !model.LegacyValidation.IsValidLabelName(label) {
				t.Errorf("%q: the label %q", text, label)
			}
		}
		alike := len(carried) <= len(r.Where) // two labels are shown as one, which has one value
		if kind, name := Owner([]Rule{r}, func(label string) string { return carried[label] }); !alike && (kind != k.Name || name != carried[r.Label]) {
			t.Errorf("%q: a pod that carries its labels is of the model %q of the kind %q", text, name, kind)
		}
		if selected, err := Select([]string{k.Name}, []Kind{k}); err != nil || !cmp.Equal(selected, []Kind{k}) {
			t.Errorf("%q: selected %v, %v", text, selected, err)
		}
	})
}
