package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/model"
)

// RemoteWrite is where windows are delivered to.
type RemoteWrite struct {
	Receiver Prometheus // its URL is whole, with the path; nil for no delivery
	Query    Prometheus // where what was delivered can be read
	Labels   map[string]string
	Message  remote.WriteMessageType
	Timeout  time.Duration
}

// messages are the protobuf messages of remote write; the first is the preset one.
func messages() []string {
	return remote.MessageTypes{remote.WriteV1MessageType, remote.WriteV2MessageType}.Strings()
}

// ownLabels are those that delivered series have already.
var ownLabels = []string{"namespace", "type", "name", "source", "period", "shard", "kinds", "labels"}

// remoteWriteFlags are the settings of delivery.
type remoteWriteFlags struct {
	url, file, query, labels, message, timeout *setting
}

func (g group) addRemoteWrite() remoteWriteFlags {
	return remoteWriteFlags{
		url: g.add("remote-write.url", "REMOTE_WRITE_URL", "<url>",
			"Remote-write receiver to which each window is delivered with its own time, such as http://prometheus:9090/api/v1/write. Without it, nothing is delivered."),
		file: g.add("remote-write.config-file", "REMOTE_WRITE_CONFIG_FILE", "<file>",
			"YAML file with HTTP client settings for the receiver, as --prometheus.config-file."),
		query: g.add("remote-write.query-url", "REMOTE_WRITE_QUERY_URL", "<url>",
			"Prometheus in which what was delivered can be read, with the receiver's HTTP client settings. By default, it is the one of --prometheus.url."),
		labels: g.addList("remote-write.label", "REMOTE_WRITE_LABELS", "<name=value>",
			"Label to add to all that is delivered, such as cluster=prod. The flag can be repeated; commas separate several."),
		message: g.add("remote-write.protobuf-message", "REMOTE_WRITE_PROTOBUF_MESSAGE", messages()[0],
			"Protobuf message to send: "+strings.Join(messages(), " or ")+"."),
		timeout: g.add("remote-write.timeout", "REMOTE_WRITE_TIMEOUT", "30s",
			"How long one request to the receiver may take."),
	}
}

func (f remoteWriteFlags) check(c *checker, read Prometheus) RemoteWrite {
	rw := RemoteWrite{
		Query:   read,
		Labels:  parse(c, f.labels, labels),
		Timeout: parse(c, f.timeout, durationBetween(time.Second, 10*time.Minute)),
	}
	parse(c, f.message, oneOf(func(s string) error {
		rw.Message = remote.WriteMessageType(s)
		return rw.Message.Validate()
	}, messages()))
	receiver := newServer("the remote-write receiver")
	receiver.readFile(c, f.file)
	if f.query.raw != "" {
		query := receiver
		query.credentials = slices.Clone(receiver.credentials)
		query.readURL(c, f.query, baseURL)
		rw.Query = query.checked(c)
	}
	if f.url.raw != "" {
		receiver.readURL(c, f.url, receiverURL)
		rw.Receiver = receiver.checked(c)
	}
	return rw
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
	for pair := range strings.SplitSeq(s, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return nil, fmt.Errorf("cannot be used: %q is no label: write cluster=prod", pair)
		case !model.LegacyValidation.IsValidLabelName(name):
			return nil, fmt.Errorf("cannot be used: %q is no label's name: use letters, digits and _, with no digit first", name)
		case strings.HasPrefix(name, model.ReservedLabelPrefix):
			return nil, fmt.Errorf("cannot be used: %q begins with __, which is Prometheus' own: choose another name", name)
		case slices.Contains(ownLabels, name):
			return nil, fmt.Errorf("cannot be used: delivered series have a label %q already: choose another name", name)
		case value == "":
			return nil, fmt.Errorf("cannot be used: the label %q has no value: write cluster=prod", name)
		case !utf8.ValidString(value):
			return nil, fmt.Errorf("cannot be used: the value of %q is not UTF-8", name)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("cannot be used: the label %q is there twice: keep one", name)
		}
		all[name] = value
	}
	return all, nil
}
