package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"
)

func TestNothingIsDeliveredByDefault(t *testing.T) {
	rw := mustLoad(t, nil).RemoteWrite
	if rw.Receiver.URL != nil || len(rw.Labels) > 0 || rw.Message != remote.WriteV1MessageType || rw.Timeout != 30*time.Second {
		t.Errorf("%+v", rw)
	}
}

func TestRemoteWrite(t *testing.T) {
	const url = "--remote-write.url=http://receiver:9090/api/v1/write"
	file := write(t, "authorization: {credentials: s3cret}\n")
	for name, test := range map[string]struct {
		env   map[string]string
		args  []string
		check func(RemoteWrite) bool
	}{
		"url": {args: []string{url}, check: func(rw RemoteWrite) bool {
			return rw.Receiver.URL.String() == "http://receiver:9090/api/v1/write" && !rw.Receiver.HTTP.FollowRedirects
		}},
		"read back where it reads": {args: []string{url, "--prometheus.url=http://joe:s3cret@prom"}, check: func(rw RemoteWrite) bool {
			return rw.Query.URL.String() == "http://prom" && rw.Query.HTTP.BasicAuth.Username == "joe" && rw.Receiver.HTTP.BasicAuth == nil
		}},
		"read back elsewhere": {args: []string{url, "--remote-write.query-url=http://other/api/v1", "--remote-write.config-file=" + file}, check: func(rw RemoteWrite) bool {
			return rw.Query.URL.String() == "http://other" && rw.Query.HTTP.Authorization.Credentials == "s3cret" && rw.Receiver.HTTP.Authorization.Credentials == "s3cret"
		}},
		"user in the url": {args: []string{"--remote-write.url=http://joe:s3cret@receiver/w?tenant=a"}, check: func(rw RemoteWrite) bool {
			return rw.Receiver.HTTP.BasicAuth.Username == "joe" && rw.Receiver.Redacted() == "http://receiver/w?..."
		}},
		"label flags": {args: []string{url, "--remote-write.label=cluster=a", "--remote-write.label= env = b , zone=c=d"}, check: func(rw RemoteWrite) bool {
			return cmp.Equal(rw.Labels, map[string]string{"cluster": "a", "env": "b", "zone": "c=d"})
		}},
		"label variable": {env: map[string]string{"REMOTE_WRITE_LABELS": "cluster=a,env=b,"}, check: func(rw RemoteWrite) bool {
			return cmp.Equal(rw.Labels, map[string]string{"cluster": "a", "env": "b"})
		}},
		"flag wins": {env: map[string]string{"REMOTE_WRITE_LABELS": "cluster=a"}, args: []string{"--remote-write.label=env=b"}, check: func(rw RemoteWrite) bool {
			return cmp.Equal(rw.Labels, map[string]string{"env": "b"})
		}},
		"version 2": {args: []string{"--remote-write.protobuf-message=io.prometheus.write.v2.Request"}, check: func(rw RemoteWrite) bool {
			return rw.Message == remote.WriteV2MessageType
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if rw := mustLoad(t, test.env, test.args...).RemoteWrite; !test.check(rw) {
				t.Errorf("%+v", rw)
			}
		})
	}
}

func TestBadRemoteWrite(t *testing.T) {
	file := write(t, "authorization: {credentials: s3cret}\n")
	for arg, want := range map[string]string{
		"--remote-write.url=receiver:9090":                       `--remote-write.url="receiver:9090" does not begin with http:// or https://: write it like http://prometheus:9090/api/v1/write`,
		"--remote-write.url=http://receiver:9090/":               `--remote-write.url="http://receiver:9090/" has no path: write it like http://prometheus:9090/api/v1/write`,
		"--remote-write.url=http://joe:s3cret@receiver":          `--remote-write.url="http://..." (the rest is hidden) has no path: write it like http://prometheus:9090/api/v1/write`,
		"--remote-write.url=http://joe:s3cret@receiver/w":        `--remote-write.config-file and the user in --remote-write.url hold credentials for the remote-write receiver: keep one of them`,
		"--remote-write.query-url=prom":                          `--remote-write.query-url="prom" does not begin with http:// or https://: write it like http://prometheus:9090`,
		"--remote-write.query-url=http://joe:s3cret@other":       `--remote-write.config-file and the user in --remote-write.query-url hold credentials for the remote-write receiver: keep one of them`,
		"--remote-write.label=cluster":                           `--remote-write.label="cluster" cannot be used: "cluster" is not a label: write cluster=prod`,
		"--remote-write.label=cluster=":                          `--remote-write.label="cluster=" cannot be used: the label "cluster" has no value: write cluster=prod`,
		"--remote-write.label==prod":                             `--remote-write.label="=prod" cannot be used: "" is not a label name: use letters, digits and _, with no digit first`,
		"--remote-write.label=my-cluster=prod":                   `--remote-write.label="my-cluster=prod" cannot be used: "my-cluster" is not a label name: use letters, digits and _, with no digit first`,
		"--remote-write.label=__name__=x":                        `--remote-write.label="__name__=x" cannot be used: "__name__" begins with __, which is reserved by Prometheus: choose another name`,
		"--remote-write.label=a=b,namespace=x":                   `--remote-write.label="a=b,namespace=x" cannot be used: "namespace" is a label that this exporter's series have already: choose another name`,
		"--remote-write.label=a=b,a=c":                           `--remote-write.label="a=b,a=c" cannot be used: the label "a" is given twice: keep one`,
		"--remote-write.label=a=b\xff":                           `--remote-write.label="a=b\xff" cannot be used: the value of "a" is not UTF-8`,
		"--remote-write.protobuf-message=prometheus.WriteReques": `--remote-write.protobuf-message="prometheus.WriteReques" is unknown: choose prometheus.WriteRequest, io.prometheus.write.v2.Request`,
		"--remote-write.timeout=0":                               `--remote-write.timeout="0" is zero: choose from 1s to 10m`,
	} {
		t.Run(arg, func(t *testing.T) {
			_, err := load(t, map[string]string{"REMOTE_WRITE_CONFIG_FILE": file}, arg)
			want = strings.ReplaceAll(want, "--remote-write.config-file", "REMOTE_WRITE_CONFIG_FILE")
			if err == nil {
				t.Fatal("was accepted")
			}
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOwnKinds(t *testing.T) {
	for given, want := range map[string]string{
		"":                                    "",
		"SeldonDeployment, InferenceService":  "",
		"InferenceService,SeldonDeployment":   "InferenceService,SeldonDeployment",
		"InferenceService":                    "InferenceService",
		"InferenceService, InferenceService,": "InferenceService",
	} {
		if got := mustLoad(t, map[string]string{"KINDS": given}).OwnKinds(); got != want {
			t.Errorf("KINDS=%q is %q, want %q", given, got, want)
		}
	}
}

// FuzzLabels: labels that are accepted survive being written and read again, and are valid
// labels of a series.
func FuzzLabels(f *testing.F) {
	for _, s := range []string{"cluster=prod", "a=b,c=d", " a = b ,", "a=b=c", "a", "=b", "a=\xff", "__a=b", "a=b,a=b", "\t,,", "name=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := labels(s)
		if err != nil {
			return
		}
		var pairs []string
		for name, value := range got {
			if name == "" || value == "" || strings.ContainsAny(name, " -.=,\"") {
				t.Errorf("%q became %q=%q", s, name, value)
			}
			pairs = append(pairs, name+"="+value)
		}
		again, err := labels(strings.Join(pairs, ","))
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%q: %v, %s", s, err, diff)
		}
	})
}
