package remotewrite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// decoded is a series of one sample as a receiver reads it.
type decoded struct {
	Labels []string // names and values in turn
	Value  float64
	T      int64
}

// TestLabelsReadBack: whatever a model is called, each message has it. Labels are sorted, and
// an empty one is none.
func TestLabelsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	parts := []string{"\n", "\r", "\x00", "\x7f", `"`, `\`, "{", "}", ",", "=", "a", "income", "\u2028", "\uFFFD", "é", "😀", "\U0010ffff", strings.Repeat("x", 64<<10)}
	nasty := func() string {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String()
	}
	at := time.UnixMilli(-5)
	for range 200 {
		id := newIdentity(Config{Period: time.Hour, Labels: map[string]string{"zone": nasty(), "env": nasty()}, Clusters: true})
		var samples []sample
		var want []decoded
		for n := range r.IntN(5) {
			m := workload.Model{Cluster: nasty(), Namespace: nasty(), Type: nasty(), Name: nasty()}
			samples = append(samples, sample{"m", id.model(m), float64(n)})
			series := decoded{Value: float64(n), T: at.UnixMilli()}
			for _, l := range []label{
				{"__name__", "m"}, {"cluster", m.Cluster}, {"env", id.added[0].value}, {"name", m.Name}, {"namespace", m.Namespace}, {"type", m.Type}, {"zone", id.added[1].value},
			} {
				if l.value != "" {
					series.Labels = append(series.Labels, l.name, l.value)
				}
			}
			want = append(want, series)
		}
		for _, message := range []remote.WriteMessageType{remote.WriteV1MessageType, remote.WriteV2MessageType} {
			got, err := decode(encode(message, id, samples, at))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: %s", message, diff)
			}
		}
	}
}

// decode reads a message as it goes over the wire.
func decode(message any) (all []decoded, err error) {
	switch m := message.(type) {
	case encoded:
		bytes := make([]byte, m.SizeVT())
		if _, err := m.MarshalToSizedBufferVT(bytes); err != nil {
			return nil, err
		}
		for _, series := range fieldsOf(bytes, 1) {
			var d decoded
			for _, l := range fieldsOf(series, 1) {
				d.Labels = append(d.Labels, string(slices.Concat(fieldsOf(l, 1)...)), string(slices.Concat(fieldsOf(l, 2)...)))
			}
			for _, s := range fieldsOf(series, 2) {
				bits, n := protowire.ConsumeFixed64(s[1:])
				ms, _ := protowire.ConsumeVarint(s[1+n+1:])
				d.Value, d.T = math.Float64frombits(bits), int64(ms)
			}
			all = append(all, d)
		}
		return all, nil
	case *writev2.Request:
		bytes, err := m.MarshalVT()
		if err != nil {
			return nil, err
		}
		read := &writev2.Request{}
		if err := read.UnmarshalVT(bytes); err != nil {
			return nil, err
		}
		for _, series := range read.Timeseries {
			d := decoded{Value: series.Samples[0].Value, T: series.Samples[0].Timestamp}
			for _, ref := range series.LabelsRefs {
				d.Labels = append(d.Labels, read.Symbols[ref])
			}
			all = append(all, d)
		}
		return all, nil
	}
	return nil, fmt.Errorf("no message is a %T", message)
}

// fieldsOf returns the values of a field that holds bytes.
func fieldsOf(message []byte, number protowire.Number) (all [][]byte) {
	for len(message) > 0 {
		n, wire, length := protowire.ConsumeTag(message)
		message = message[length:]
		length = protowire.ConsumeFieldValue(n, wire, message)
		if n == number && wire == protowire.BytesType {
			b, _ := protowire.ConsumeBytes(message)
			all = append(all, b)
		}
		message = message[length:]
	}
	return all
}
