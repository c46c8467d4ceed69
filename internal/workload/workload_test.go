package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelect(t *testing.T) {
	ray := Kind{Name: "RayService", Labels: []string{"ray.io/serve-app"}}
	kinds, err := Select([]string{"InferenceService", " SeldonDeployment", "InferenceService", "RayService"}, []Kind{ray})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(kinds, ", "); got != "InferenceService, SeldonDeployment, RayService" {
		t.Errorf("got %s: the order given is the order of precedence, each kind once", got)
	}
	for _, bad := range [][]string{{"Deployment"}, {""}, {}, {"seldondeployment"}, {"RayService"}} {
		if _, err := Select(bad, nil); err == nil {
			t.Errorf("%q is accepted", bad)
		} else if !strings.Contains(err.Error(), "SeldonDeployment, InferenceService, LLMInferenceService") {
			t.Errorf("%q: %v does not say what to choose from", bad, err)
		}
	}
}

func TestRendered(t *testing.T) {
	for label, want := range map[string]string{
		"seldon-deployment-id":                  "label_seldon_deployment_id",
		"serving.kserve.io/inferenceservice":    "label_serving_kserve_io_inferenceservice",
		"app.kubernetes.io/part-of":             "label_app_kubernetes_io_part_of",
		"ray.io/serveApp":                       "label_ray_io_serve_app",
		"serving.kubeflow.org/inferenceservice": "label_serving_kubeflow_org_inferenceservice",
	} {
		if got := Rendered(label); got != want {
			t.Errorf("%s is rendered as %s, want %s", label, got, want)
		}
	}
}

func TestOwner(t *testing.T) {
	rules := Rules(Kinds())
	for _, c := range []struct {
		name       string
		labels     map[string]string
		kind, want string
	}{
		{"one label", map[string]string{"label_seldon_deployment_id": "wine"}, "SeldonDeployment", "wine"},
		{"the first kind wins", map[string]string{"label_serving_kserve_io_inferenceservice": "beer", "label_seldon_deployment_id": "wine"}, "SeldonDeployment", "wine"},
		{"the first label wins", map[string]string{"label_serving_kubeflow_org_inferenceservice": "old", "label_serving_kserve_io_inferenceservice": "new"}, "InferenceService", "new"},
		{"a name that is everybody's", map[string]string{"label_app_kubernetes_io_name": "wine"}, "", ""},
		{"with another value beside it", map[string]string{"label_app_kubernetes_io_name": "wine", "label_app_kubernetes_io_part_of": "shop"}, "", ""},
		{"with the value beside it", map[string]string{"label_app_kubernetes_io_name": "wine", "label_app_kubernetes_io_part_of": "llminferenceservice"}, "LLMInferenceService", "wine"},
		{"a server of Seldon Core 2", map[string]string{"label_app_kubernetes_io_name": "seldon-server", "label_seldon_server_name": "mlserver"}, "Server", "mlserver"},
		{"none", nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, name := Owner(rules, func(l string) string { return c.labels[l] })
			if kind != c.kind || name != c.want {
				t.Errorf("got %q %q, want %q %q", kind, name, c.kind, c.want)
			}
		})
	}
}

func TestAllowList(t *testing.T) {
	kinds, err := Select(strings.Split(Defaults(), ","), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "pods=[seldon-deployment-id,serving.kserve.io/inferenceservice,serving.kubeflow.org/inferenceservice]"
	if got := AllowList(kinds); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want = "pods=[app.kubernetes.io/name,app.kubernetes.io/part-of,seldon-server-name]"
	if kinds, err = Select([]string{"LLMInferenceService", "Server"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := AllowList(kinds); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseKind(t *testing.T) {
	got, err := ParseKind("RayService=ray.io/serve-app, app.kubernetes.io/component=serve")
	want := Kind{Name: "RayService", Labels: []string{"ray.io/serve-app"}, Where: map[string]string{"app.kubernetes.io/component": "serve"}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":                     "names no pod label",
		"RayService":           "names no pod label",
		"ray=ray.io/app":       `has the kind "ray"`,
		"Ray Service=x":        `has the kind "Ray Service"`,
		"RayService=":          `has the label ""`,
		"RayService=-x":        `has the label "-x"`,
		"RayService=x,y":       `has "y" where a further label`,
		"RayService=x,y=":      `has "y=" where a further label`,
		"RayService=x,y= z":    `has "y= z" where a further label`,
		`RayService=x",y="z`:   `has the label "x\""`,
		"RayService=a/b/c,x=y": `has the label "a/b/c"`,
	} {
		if _, err := ParseKind(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
