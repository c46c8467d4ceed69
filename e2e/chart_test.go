package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sigs.k8s.io/yaml"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
)

const chart = "../helm/seldon-prometheus-exporter"

// TestChart takes a release through its life, with every optional object at once.
func TestChart(t *testing.T) {
	c := startControlPlane(t)
	must(t, c.CreateNamespace(t.Context(), namespace, nil))
	c.installOperatorCRDs(t)

	for _, h := range []programs.Program{programs.Helm, programs.Helm3} {
		t.Run(h.Name, func(t *testing.T) {
			run := func(args ...string) string {
				t.Helper()
				out, err := helmRun(t, h, c, append(args, "--namespace="+namespace)...)
				if err != nil {
					t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
				}
				return out
			}
			run("install", release, chart)
			if objects := objectsOf(run("get", "manifest", release)); !slices.Equal(objects, []string{"ConfigMap", "Deployment", "Service", "ServiceAccount"}) {
				t.Errorf("by default there are %v", objects)
			}
			run("upgrade", release, chart, "--values=testdata/everything.yaml")
			manifest := run("get", "manifest", release) + run("get", "hooks", release)
			for _, template := range templates(t) {
				if !strings.Contains(manifest, template) {
					t.Errorf("nothing comes of %s", template)
				}
			}
			if d := c.deployment(t); *d.Spec.Replicas != 2 {
				t.Errorf("there are %d replicas after the upgrade, want 2", *d.Spec.Replicas)
			}
			for _, monitor := range []string{"servicemonitors", "podmonitors"} {
				path := "/apis/monitoring.coreos.com/v1/namespaces/" + namespace + "/" + monitor + "/" + release
				body, err := c.Client.CoreV1().RESTClient().Get().AbsPath(path).DoRaw(t.Context())
				if err != nil || !strings.Contains(string(body), `"honorLabels":true`) {
					t.Errorf("%s: %v: %s", monitor, err, body)
				}
			}
			run("rollback", release, "1")
			if d := c.deployment(t); *d.Spec.Replicas != 1 {
				t.Errorf("there are %d replicas after the rollback, want 1", *d.Spec.Replicas)
			}
			_, err := c.Client.PolicyV1().PodDisruptionBudgets(namespace).Get(t.Context(), release, metav1.GetOptions{})
			if !apierrors.IsNotFound(err) {
				t.Errorf("the disruption budget is still there after the rollback: %v", err)
			}
			run("uninstall", release)
			_, err = c.Client.AppsV1().Deployments(namespace).Get(t.Context(), release, metav1.GetOptions{})
			if !apierrors.IsNotFound(err) {
				t.Errorf("the deployment is still there after all: %v", err)
			}
		})
	}
}

// TestChartRefuses: what cannot be meant is refused before anything is installed, by name.
func TestChartRefuses(t *testing.T) {
	for _, test := range []struct{ set, want string }{
		{"timePeriod=1hour", "timePeriod"},
		{"timePeriod=", "timePeriod"},
		{"timePeriod=0", "timePeriod"},
		{"timePeriod=0s", "timePeriod"},
		{"settleDelay=soon", "settleDelay"},
		{"prometheus.url=https://me:s3cret@prometheus", "prometheus.url holds a user or a password"},
		{"remoteWrite.url=https://me:s3cret@receiver/api/v1/write", "remoteWrite.config.secretName"},
		{"remoteWrite.queryUrl=https://me@receiver", "remoteWrite.queryUrl"},
		{"nameOverride=Exporter", "nameOverride"},
		{"fullnameOverride=1exporter", "fullnameOverride"},
		{"fullnameOverride=seldon_exporter", "fullnameOverride"},
		{"serviceAccount.name=a b", "serviceAccount/name"},
		{"prometheus.tokenSecret.name=Token", "prometheus/tokenSecret/name"},
		{"prometheus.config.key=a/b", "prometheus/config/key"},
		{"remoteWrite.config.secretName=-x", "remoteWrite/config/secretName"},
		{"priorityClassName=Very High", "priorityClassName"},
		{"imagePullSecrets[0].name=A", "imagePullSecrets/0/name"},
		{"podLabels.a b=x", "a b"},
		{"extraEnv[0].name=TIME_PERIOD,extraEnv[0].value=1d", "extraEnv sets TIME_PERIOD"},
		{"extraEnv[0].name=KIND,extraEnv[0].value=a,ownKinds={B=b}", "extraEnv sets KIND"},
		{"remoteWrite.url=http://r/w,remoteWrite.labels.a=b,extraEnv[0].name=REMOTE_WRITE_LABELS,extraEnv[0].value=c=d", "extraEnv sets REMOTE_WRITE_LABELS"},
		{"extraEnv[0].value=1d", "extraEnv/0"},
		{"config.time-period=1d", "config sets time-period"},
		{"config.log.level=debug", "config sets log.level"},
		{`config.prometheus\.url=http://p`, "config sets prometheus.url"},
		{"config.web.listen-address=:1", "config sets web.listen-address"},
		{"config=x", "config"},
		{"config.upstreams[0].name=eu,prometheus.token=x", "prometheus.token and config.upstreams are set"},
		{"config.upstreams[0].name=eu,prometheus.config.content.a=b", "prometheus.config.content and config.upstreams are set"},
		{"prometheus.urll=http://prometheus", "urll"},
		{"prometheus.url=prometheus:9090", "prometheus/url"},
		{"kinds={Deployment}", "kinds/0"},
		{"ownKinds={ray}", "ownKinds/0"},
		{"clusterLabel=a-b", "clusterLabel"},
		{"queryEngine=steam", "queryEngine"},
		{"queryTransport=carrier-pigeon", "queryTransport"},
		{"replicaCount=two", "replicaCount"},
		{"image.digest=latest", "image/digest"},
		{"log.level=loud", "log/level"},
		{"extraArgs={query.timeout=1m}", "extraArgs/0"},
		{"podLabels.name=x", "podLabels.name"},
		{"podLabels.type=x", "podLabels.type"},
		{"commonLabels.namespace=x", "commonLabels.namespace"},
		{"remoteWrite.labels.name=x", "remoteWrite.labels.name"},
		{"prometheus.token=x,prometheus.tokenSecret.name=y", "prometheus.tokenSecret.name and prometheus.token"},
		{"prometheus.config.secretName=x,prometheus.config.content.a=b", "prometheus.config.secretName"},
		{"openshift.monitoringView=true,serviceAccount.create=false", "openshift.monitoringView"},
	} {
		t.Run(test.set, func(t *testing.T) {
			out, err := helmRun(t, programs.Helm, nil, "template", release, chart, "--set="+test.set)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(out, test.want) {
				t.Errorf("the refusal does not speak of %s: %s", test.want, out)
			}
		})
	}
	if out, err := helmRun(t, programs.Helm, nil, "lint", "--strict", chart); err != nil {
		t.Errorf("helm lint: %v\n%s", err, out)
	}
}

// TestChartMemory: Go's limit is nine tenths of the container's, and there is a /tmp.
func TestChartMemory(t *testing.T) {
	for set, want := range map[string]string{
		"resources.limits.memory=256Mi":                                   "241591910",
		"resources.limits.memory=1G":                                      "900000000",
		"resources.limits.memory=1.5Gi":                                   "1449551462",
		"resources.limits.memory=1000000000":                              "900000000",
		"resources.limits.memory=1e9":                                     "900000000",
		"resources.limits=null":                                           "",
		"extraEnv[0].name=GOMEMLIMIT,extraEnv[0].value=1GiB":              "1GiB",
		"extraVolumeMounts[0].name=x,extraVolumeMounts[0].mountPath=/tmp": "241591910",
	} {
		t.Run(set, func(t *testing.T) {
			out, err := helmRun(t, programs.Helm, nil, "template", release, chart, "--set="+set)
			must(t, err)
			var got []string
			for _, m := range regexp.MustCompile(`name: GOMEMLIMIT\n +value: "?([^"\n]*)`).FindAllStringSubmatch(out, -1) {
				got = append(got, m[1])
			}
			if strings.Join(got, ",") != want {
				t.Errorf("GOMEMLIMIT is %q, want %q", got, want)
			}
			if n := strings.Count(out, "mountPath: /tmp"); n != 1 {
				t.Errorf("/tmp is mounted %d times", n)
			}
		})
	}
}

// TestChartConfig: the exporter accepts the file that the chart writes, and has each value.
func TestChartConfig(t *testing.T) {
	exporter := filepath.Join(t.TempDir(), "exporter")
	programs.Must(t, buildExporter(t.Context(), exporter))
	for set, want := range map[string][]string{
		"": {"prometheus.url http://seldon-core-analytics-prometheus-seldon.seldon-system", "time-period 1h", "settle-delay 1m", "kinds SeldonDeployment, InferenceService",
			"query.engine auto", "query.transport auto", "web.pages true", "log.level info", "log.format logfmt"},
		`timePeriod=1d,kinds={Server},ownKinds={A=a\,x=y,B=b},clusterLabel=c,sources.cadvisor=job="kubelet",log.format=json`:                     {"time-period 1d", "kinds Server", "kind A=a,x=y, B=b", "cluster-label c", `source.cadvisor job="kubelet"`, "log.format json"},
		"remoteWrite.url=http://r/w,remoteWrite.queryUrl=http://q,remoteWrite.labels.a=b,remoteWrite.labels.c=d,remoteWrite.catchUpMaxAge=2d":    {"remote-write.url http://r/w", "remote-write.query-url http://q", "remote-write.label a=b, c=d", "catch-up.max-age 2d"},
		`pages.enabled=false,pages.grafanaUrl=https://g/d,config.query.concurrency=3,config.web.timestamps=true,config.remote-write\.timeout=1m`: {"web.pages false", "web.grafana-url https://g/d", "query.concurrency 3", "web.timestamps true", "remote-write.timeout 1m"},
		"prometheus.url=http://p/?tenant=a": {"time-period 1h"},
		"config.upstreams[0].name=eu,config.upstreams[0].prometheus.url=http://eu,config.upstreams[1].name=us,config.upstreams[1].prometheus.url=http://us,config.upstreams[1].query.timeout=1m,openshift.serviceCA=true": {
			"time-period 1h", "query.engine auto", "prometheus.url http://eu", "prometheus.url http://us", "query.timeout 1m",
		},
	} {
		t.Run(set, func(t *testing.T) {
			out, err := helmRun(t, programs.Helm, nil, "template", release, chart, "--set="+set)
			if err != nil {
				t.Fatalf("helm template: %v\n%s", err, out)
			}
			if strings.Contains(set, "?") != strings.Contains(out, "- name: PROMETHEUS_URL\n              value: \"http://p/?tenant=a\"") {
				t.Errorf("PROMETHEUS_URL:\n%s", out)
			}
			var file string
			for document := range strings.SplitSeq(out, "\n---\n") {
				var m corev1.ConfigMap
				programs.Must(t, yaml.Unmarshal([]byte(document), &m))
				if content, found := m.Data[configFile]; found {
					file = content
				}
			}
			path := filepath.Join(t.TempDir(), configFile)
			programs.Must(t, os.WriteFile(path, []byte(file), 0o600))
			printed, err := exec.CommandContext(t.Context(), exporter, "--config.check", "--config.file="+path).CombinedOutput()
			if err != nil {
				t.Fatalf("the exporter refuses the file: %s\n%s", printed, file)
			}
			settings := regexp.MustCompile(` in \S+:\d+ +`).ReplaceAllString(string(printed), " ")
			for _, line := range want {
				if !strings.Contains(settings, "\n  "+line+"\n") {
					t.Errorf("there is no %q in\n%s", line, settings)
				}
			}
		})
	}
}

// TestChartPeriod: alerts and dashboard are written for an hour, and rendered for the period.
func TestChartPeriod(t *testing.T) {
	out, err := helmRun(t, programs.Helm, nil, "template", release, chart, "--set=timePeriod=1h30m,prometheusRule.enabled=true,dashboard.enabled=true")
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, out)
	}
	for _, want := range []string{"[5400s]", ")[16200s:5400s]) >= 3", ")[129600s:5400s]) >= 24", "for: 10800s", "for: 15m", `"query": "1h30m"`, `"query": "4500s"`} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if left := regexp.MustCompile(`\[[0-9]+h.*|"(1h|50m)"`).FindString(out); left != "" {
		t.Errorf("%s is still there", left)
	}
}

// objectsOf returns the kinds in a manifest, sorted.
func objectsOf(manifest string) []string {
	var kinds []string
	for line := range strings.Lines(manifest) {
		if kind, found := strings.CutPrefix(line, "kind: "); found {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
	}
	slices.Sort(kinds)
	return kinds
}

// templates returns the chart's templates that make objects, as Helm names them.
func templates(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"templates/*.yaml", "templates/tests/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(chart, pattern))
		must(t, err)
		for _, file := range files {
			names = append(names, strings.TrimPrefix(file, filepath.Dir(chart)+"/"))
		}
	}
	if len(names) == 0 {
		t.Fatal("the chart has no templates")
	}
	return names
}

// installOperatorCRDs installs what ServiceMonitor, PodMonitor and PrometheusRule are.
func (c *cluster) installOperatorCRDs(t *testing.T) {
	t.Helper()
	source, err := programs.PrometheusOperator.Source(t.Context())
	must(t, err)
	for _, kind := range []string{"servicemonitors", "podmonitors", "prometheusrules"} {
		text, err := os.ReadFile(filepath.Join(source.Dir, "example", "prometheus-operator-crd", "monitoring.coreos.com_"+kind+".yaml"))
		must(t, err)
		err = c.Client.CoreV1().RESTClient().Verb(http.MethodPost).AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").
			SetHeader("Content-Type", "application/yaml").Body(text).Do(t.Context()).Error()
		must(t, err)
		programs.Await(t, kind, nil, func() error {
			return c.Client.CoreV1().RESTClient().Get().AbsPath("/apis/monitoring.coreos.com/v1/namespaces/" + namespace + "/" + kind).Do(t.Context()).Error()
		})
	}
}
