package remotewrite

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"google.golang.org/protobuf/encoding/protowire"
)

// encode makes a request of samples that the API can send.
func encode(message remote.WriteMessageType, id identity, samples []sample, at time.Time) any {
	if message == remote.WriteV2MessageType {
		return encodeV2(id, samples, at)
	}
	return encodeV1(id, samples, at)
}

func encodeV2(id identity, samples []sample, at time.Time) *writev2.Request {
	symbols := writev2.NewSymbolTable()
	req := &writev2.Request{Timeseries: make([]*writev2.TimeSeries, len(samples))}
	for i, s := range samples {
		// No metadata: a receiver may turn it into labels, and version 1 has none.
		series := &writev2.TimeSeries{Samples: []*writev2.Sample{{Value: s.value, Timestamp: at.UnixMilli()}}}
		for _, l := range id.labels(s) {
			series.LabelsRefs = append(series.LabelsRefs, symbols.Symbolize(l.name), symbols.Symbolize(l.value))
		}
		req.Timeseries[i] = series
	}
	req.Symbols = symbols.Symbols()
	return req
}

// encodeV1 writes a prometheus.WriteRequest. Its generated types are only in Prometheus' own
// module:
//
//	WriteRequest { repeated TimeSeries timeseries = 1; }
//	TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
//	Label        { string name = 1; string value = 2; }
//	Sample       { double value = 1; int64 timestamp = 2; }
func encodeV1(id identity, samples []sample, at time.Time) encoded {
	var request, series, field []byte
	for _, s := range samples {
		series = series[:0]
		for _, l := range id.labels(s) {
			field = protowire.AppendTag(field[:0], 1, protowire.BytesType)
			field = protowire.AppendString(field, l.name)
			field = protowire.AppendTag(field, 2, protowire.BytesType)
			field = protowire.AppendString(field, l.value)
			series = protowire.AppendTag(series, 1, protowire.BytesType)
			series = protowire.AppendBytes(series, field)
		}
		field = protowire.AppendTag(field[:0], 1, protowire.Fixed64Type)
		field = protowire.AppendFixed64(field, math.Float64bits(s.value))
		field = protowire.AppendTag(field, 2, protowire.VarintType)
		field = protowire.AppendVarint(field, uint64(at.UnixMilli()))
		series = protowire.AppendTag(series, 2, protowire.BytesType)
		series = protowire.AppendBytes(series, field)
		request = protowire.AppendTag(request, 1, protowire.BytesType)
		request = protowire.AppendBytes(request, series)
	}
	return request
}

// encoded is a message that the API sends unchanged. It looks for vtprotobuf's methods.
type encoded []byte

// SizeVT is the message's length.
func (e encoded) SizeVT() int { return len(e) }

// MarshalToSizedBufferVT writes the message.
func (e encoded) MarshalToSizedBufferVT(buf []byte) (int, error) { return copy(buf, e), nil }
