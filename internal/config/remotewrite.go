package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/model"
)

// RemoteWrite is where windows are delivered.
type RemoteWrite struct {
	Receiver Prometheus // its URL includes the path; nil for no delivery
	Query    Prometheus // from which delivered windows can be read
	Labels   map[string]string
	Message  remote.WriteMessageType
	Timeout  time.Duration
}

// messages returns the protobuf messages of remote write; the first is the default.
func messages() []string {
	return remote.MessageTypes{remote.WriteV1MessageType, remote.WriteV2MessageType}.Strings()
}

// clusterLabel is the label of models if there are several clusters.
const clusterLabel = "cluster"

// ownLabels are the labels that delivered series have already.
var ownLabels = []string{"namespace", "type", "name", "source", "period", "shard", "kinds", "labels", "upstream"}

// remoteWriteFlags defines the settings of delivery.
func remoteWriteFlags(f Flags) Check {
	receiverAt := f.addURL("remote-write.url", "REMOTE_WRITE_URL", "<url>", "remote-write.config-file",
		"URL of a remote-write receiver to which each window is delivered with its end as timestamp, such as http://prometheus:9090/api/v1/write. Without it, nothing is delivered.")
	file := f.addFile("remote-write.config-file", "REMOTE_WRITE_CONFIG_FILE",
		"YAML file with HTTP client settings for the receiver, as in --prometheus.config-file.")
	queryAt := f.addURL("remote-write.query-url", "REMOTE_WRITE_QUERY_URL", "<url>", "remote-write.config-file",
		"URL of the Prometheus from which delivered windows can be read, with the receiver's HTTP client settings. The default is --prometheus.url with its settings.")
	added := f.addList("remote-write.label", "REMOTE_WRITE_LABELS", "<name=value>", ",",
		"Label to add to everything that is delivered, such as cluster=prod. The flag can be repeated; commas separate several.")
	message := f.add("remote-write.protobuf-message", "REMOTE_WRITE_PROTOBUF_MESSAGE", messages()[0],
		"Protobuf message to send: "+strings.Join(messages(), " or ")+".")
	timeout := f.add("remote-write.timeout", "REMOTE_WRITE_TIMEOUT", "30s",
		"How long one request to the receiver may take.")
	return func(c *checker, cfg *Config) {
		rw := RemoteWrite{
			Query:   cfg.Prometheus,
			Labels:  parse(c, added, labels),
			Message: remote.WriteMessageType(parse(c, message, choice(messages()...))),
			Timeout: parse(c, timeout, durationBetween(time.Second, 10*time.Minute)),
		}
		if _, ok := rw.Labels[clusterLabel]; ok && cfg.Clusters() {
			with := "upstreams"
			if cfg.ClusterLabel != "" {
				with = f.settings["cluster-label"].String()
			}
			c.failf("%s cannot be used: with %s, models have a label %q already: choose another name", added, with, clusterLabel)
		}
		if cfg.Upstream != "" && receiverAt.raw != "" && queryAt.raw == "" {
			c.failf("%s is one receiver of several upstreams: set %s to where delivered windows can be read", receiverAt.name(), queryAt.name())
		}
		receiver := newServer("the remote-write receiver")
		receiver.readFile(c, file)
		if queryAt.raw != "" {
			query := receiver
			query.credentials = slices.Clone(receiver.credentials)
			query.readURL(c, queryAt, baseURL)
			rw.Query = query.checked(c)
		}
		if receiverAt.raw != "" {
			receiver.readURL(c, receiverAt, receiverURL)
			rw.Receiver = receiver.checked(c)
		}
		cfg.RemoteWrite = rw
	}
}

func receiverURL(raw string) (*url.URL, error) {
	const example = "http://prometheus:9090/api/v1/write"
	u, err := serverURL(raw, example)
	if err == nil && strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("has no path: write it like %s", example)
	}
	return u, err
}

// labels reads name=value pairs, separated by commas.
func labels(s string) (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range parts(s, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return nil, fmt.Errorf("cannot be used: %q is not a label: write cluster=prod", pair)
		case value == "":
			return nil, fmt.Errorf("cannot be used: the label %q has no value: write cluster=prod", name)
		case !utf8.ValidString(value):
			return nil, fmt.Errorf("cannot be used: the value of %q is not UTF-8", name)
		}
		if _, err := labelName(name); err != nil {
			return nil, fmt.Errorf("cannot be used: %q %w", name, err)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("cannot be used: the label %q is given twice: keep one", name)
		}
		all[name] = value
	}
	return all, nil
}

// labelName reads a label name that is not on this exporter's series already.
func labelName(name string) (string, error) {
	switch {
	case !model.LegacyValidation.IsValidLabelName(name):
		return "", errors.New("is not a label name: use letters, digits and _, with no digit first")
	case strings.HasPrefix(name, model.ReservedLabelPrefix):
		return "", errors.New("begins with __, which is reserved by Prometheus: choose another name")
	case slices.Contains(ownLabels, name):
		return "", errors.New("is a label that this exporter's series have already: choose another name")
	}
	return name, nil
}
